"""The fleet in steps: all vehicles move at once, and their next steps are planned jointly."""

from heliograph.fleet.steps.lattice import Lattice, grid_lattice, roadmap_lattice
from heliograph.fleet.steps.lifelong import Steps

__all__ = ["Lattice", "Steps", "grid_lattice", "roadmap_lattice"]
