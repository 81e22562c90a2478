"""Care for a century: what each test of a disc found, where that leads, what is due by which rule, and what it costs.

`register` keeps the tests, `measure` makes a test of what a check found, `trend` reads where they lead, `rules` and
`due` say what must be done when, `cost` counts the energy. Only `register` and the reading of rule files touch files;
nothing here looks at the clock.
"""

from heliograph.archive.care.measure import measured
from heliograph.archive.care.register import DiscId, Register, Shelf, Test
from heliograph.archive.care.trend import Trend, trend

__all__ = ["DiscId", "Register", "Shelf", "Test", "Trend", "measured", "trend"]
