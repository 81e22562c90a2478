"""A run: the loop that joins flow, fleet and floor, the day around it, and the directory it leaves."""
