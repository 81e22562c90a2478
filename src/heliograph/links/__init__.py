"""The port to a floor: one contract for the twin and for links to real floors."""
