"""`heliograph fleet`: the fleet planner alone, on any map."""
