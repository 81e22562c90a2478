"""Which vehicle takes which move, and how it gets there."""

from heliograph.fleet.check import Violation, check_tracks
from heliograph.fleet.fleet import Fleet
from heliograph.fleet.operations import NOT_YET, Way
from heliograph.fleet.world import STATES

__all__ = ["NOT_YET", "STATES", "Fleet", "Violation", "Way", "check_tracks"]
