"""The simulated floor: machines, arms, failures, stores, cells and energy, in simulated time."""
