"""A recorded day as the page's source: all that a page asks is answered from its arrays and its tables."""

from __future__ import annotations

from functools import cached_property

import msgspec

from heliograph.errors import NotFound
from heliograph.view.charts import Charts, UnitFigures, charts_of, units_of
from heliograph.view.day import Day
from heliograph.view.details import LotRow, cell_of, details_of, lot_of_record, parts_of, use_of
from heliograph.view.figures import Figures, figures_of
from heliograph.view.heat import Heat, heat_of
from heliograph.view.search import find, find_cell
from heliograph.view.source import Hit
from heliograph.view.told import PartTold
from heliograph.view.trace import together_of, trace_of
from heliograph.view.trace.told import Together

__all__ = ["Recorded"]


class Recorded(Day):
    """A day, and what is known of each thing in it; figures are added up when they are first asked for."""

    def details(self, kind: str, thing: str, at_ms: int) -> msgspec.Struct:
        """See `Source`."""
        return cell_of(self, thing) if kind == "cell" else details_of(self, kind, thing, at_ms)

    def parts(self, column: str, thing: str, at_ms: int) -> list[PartTold]:
        """See `details.Known`."""
        return parts_of(self, column, thing)

    def lot_row(self, thing: str) -> LotRow | None:
        """See `details.Known`."""
        return lot_of_record(self, thing)

    def planned(self, vehicle: int, goal: int, *, loaded: bool) -> list[int]:
        """See `details.Known`."""
        return []

    def use(self, vehicle: str) -> dict[str, float]:
        """See `details.Known`."""
        return use_of(self, vehicle)

    def trace(self, thing: str, unit: int | None, from_ms: int | None, to_ms: int | None) -> msgspec.Struct:
        """See `Source`."""
        return trace_of(self, thing, unit, from_ms, to_ms)

    def together(self, machine: str, unit: int, batch: int) -> Together:
        """See `Source`."""
        return together_of(self, machine, unit, batch)

    def search(self, text: str) -> list[Hit]:
        """See `Source`."""
        return [*find_cell(self, text), *find(self, text)]

    @cached_property
    def _figures(self) -> Figures:
        return figures_of(self)

    def figures(self) -> Figures:
        """See `Source`."""
        return self._figures

    @cached_property
    def _charts(self) -> Charts:
        return charts_of(self, self._figures.step_ms)

    def charts(self) -> Charts:
        """See `Source`."""
        return self._charts

    def units(self, step: str) -> list[UnitFigures]:
        """See `Source`."""
        if step not in self.files.plant.route:
            raise NotFound(f"no step {step[:40]!r}", hint=f"the route is {', '.join(self.files.plant.route)}")
        return units_of(self, step)

    def heat(self, from_ms: int, to_ms: int) -> Heat:
        """See `Source`."""
        return heat_of(self, max(from_ms, 0), min(max(to_ms, 0), self.end_ms))
