"""Which vehicle takes which move, and how it gets there."""

from heliograph.fleet.check import Violation, check_tracks
from heliograph.fleet.fleet import NOT_YET, Fleet
from heliograph.fleet.world import STATES

__all__ = ["NOT_YET", "STATES", "Fleet", "Violation", "check_tracks"]
