"""Paper for a case: cover, back with what is on the disc, and spines; one sheet a disc, to be cut at the marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.archive.label.form import A4, Say
from heliograph.archive.label.pen import MM, Paragraph, Pen, column
from heliograph.errors import UsageWrong

__all__ = ["CASES", "Case"]

_MARK: Final = 4.0
_APART: Final = 6.0


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of case, in mm."""

    cover: tuple[float, float]
    back: tuple[float, float]
    """Without its spines."""
    spine: float
    wrap: bool
    """Cover, spine and back are one piece, with one spine; otherwise the back has a spine on each side."""
    paper: tuple[float, float] = A4
    skip: int = 0

    def __post_init__(self) -> None:
        if not 3 <= self.spine <= 40:
            raise UsageWrong(f"a spine of {self.spine:g} mm: expected 3 to 40 mm")
        wide, high = self._size()
        if wide > self.page[0] or high > self.page[1]:
            raise UsageWrong(
                f"a case of {wide:g} x {high:g} mm does not fit on {self.page[0]:g} x {self.page[1]:g} mm",
                hint="name larger paper with --page, e.g. 297x420 (A3)",
            )

    @property
    def page(self) -> tuple[float, float]:
        """The paper, on its side."""
        return max(self.paper), min(self.paper)

    @property
    def slots(self) -> Sequence[tuple[float, float]]:
        wide, high = self._size()
        return [((self.page[0] - wide) / 2, (self.page[1] - high) / 2)]

    def _size(self) -> tuple[float, float]:
        between = self.spine if self.wrap else _APART + 2 * self.spine
        return self.cover[0] + self.back[0] + between, max(self.cover[1], self.back[1])

    def draw(self, pen: Pen, say: Say, *, outline: bool) -> None:
        high = self.back[1]
        if self.wrap:
            spines = [self.back[0]]
            back, cover = 0.0, self.back[0] + self.spine
            pieces = [(0.0, cover + self.cover[0], high)]
        else:
            cover, left = 0.0, self.cover[0] + _APART
            back = left + self.spine
            spines = [left, back + self.back[0]]
            pieces = [(0.0, self.cover[0], self.cover[1]), (left, self.back[0] + 2 * self.spine, high)]
        for x, wide, tall in pieces:
            _marks(pen, x, wide, tall)
            if outline:
                pen.canvas.rect(x * MM, 0, wide * MM, tall * MM)
        for x in spines:
            _folds(pen, [x, x + self.spine], high)
            _turned(pen, x, high, self.spine, say)
        for x, draw, (wide, tall) in ((cover, _cover, self.cover), (back, _back, self.back)):
            pen.canvas.saveState()
            pen.canvas.translate(x * MM, 0)
            draw(pen, say, wide, tall)
            pen.canvas.restoreState()


CASES: Final = {
    "jewel": Case(cover=(120.0, 120.0), back=(138.0, 118.0), spine=6.5, wrap=False),
    "bd": Case(cover=(129.0, 148.0), back=(129.0, 148.0), spine=12.0, wrap=True),
    "dvd": Case(cover=(129.5, 183.0), back=(129.5, 183.0), spine=14.0, wrap=True),
}
"""By name. Cases differ by a millimetre or two from maker to maker: measure the spine."""


def _cover(pen: Pen, say: Say, wide: float, tall: float) -> None:
    facts, words = say.facts, say.words
    edge, side = 9.0, 34.0
    inside = wide - 2 * edge
    pen.words(edge, tall - edge - 9, facts.disc, 34, bold=True)
    pen.words(wide - edge, tall - edge - 4.5, words.where(facts), 12, align="right")
    pen.badge(wide - edge, tall - edge - 11, words.kind(facts), 9, filled=facts.kind == "parity", align="right")
    pen.rule(edge, tall - edge - 15, inside)
    low = edge + side + 5
    top = tall - edge - 20
    pen.flow(
        [
            Paragraph(facts.title, 26, bold=True, lines=4, least=13),
            Paragraph(words.sealed.format(day=facts.day), 12, gap=3),
            Paragraph(say.medium, 10, gap=0.8, rank=2),
            Paragraph(words.holds(facts), 10, lines=3, gap=3, rank=1, grey=0.15, cut=True),
        ],
        top,
        top - low,
        column(edge, inside),
    )
    pen.rule(edge, low - 3, inside)
    pen.code(wide - edge - side + 2.5, edge - 2.5, side, say.code)
    name, size = pen.fitting(f"{facts.set_id} {facts.disc}", inside - side - 2, 10, 6, bold=True)
    pen.words(edge, edge + side - 7, name, size, bold=True)
    pen.flow(
        [
            Paragraph(words.losses(facts), 8, lines=2, rank=2),
            Paragraph(words.apart if facts.of > 1 else "", 8, lines=2, gap=0.8, rank=1),
            Paragraph(words.read, 8, lines=3, gap=0.8, rank=3),
        ],
        edge + side - 10,
        side - 10,
        column(edge, inside - side - 2),
    )


def _back(pen: Pen, say: Say, wide: float, tall: float) -> None:
    facts, words = say.facts, say.words
    edge = 8.0
    inside = wide - 2 * edge
    title, size = pen.fitting(facts.title, inside, 13, 9, bold=True)
    y = tall - edge - 4.5
    pen.words(edge, y, title, size, bold=True)
    y -= 5
    line = " · ".join((f"{facts.set_id} {facts.disc}", words.where(facts), words.kind(facts), facts.day))
    pen.words(edge, y, *pen.fitting(line, inside, 8, 5))
    how = [Paragraph(text, 7, lines=3, gap=0.9, grey=0.15, rank=4 - number) for number, text in enumerate(words.how)]
    foot = min(tall * 0.36, 44.0)
    pen.rule(edge, edge + foot, inside)
    pen.flow(how, edge + foot - 2.5, foot - 2.5, column(edge, inside))
    y -= 8
    pen.words(edge, y, words.contents, 9, bold=True)
    held = sorted(facts.holds, key=lambda each: -each.bytes)
    if not held or facts.locked:
        pen.words(edge, y - 5, *pen.fitting(words.holds(facts), inside, 8, 5))
        return
    step = 4.3
    room = int((y - edge - foot - 2) / step)
    shown = held if len(held) <= room else held[: max(room - 1, 0)]
    for each in shown:
        y -= step
        amount = words.amount(each)
        pen.words(wide - edge, y, amount, 7.5, align="right", grey=0.25)
        pen.words(edge, y, *pen.fitting(each.name, inside - pen.width(amount, 7.5) - 4, 7.5, 6))
    if len(shown) < len(held):
        more = words.more.format(more=f"{len(held) - len(shown):,}")
        pen.words(edge, y - step, *pen.fitting(more, inside, 7.5, 5), grey=0.25)


def _turned(pen: Pen, x: float, tall: float, spine: float, say: Say) -> None:
    """The spine: read from its upper end down, as it stands on a shelf."""
    facts = say.facts
    pen.canvas.saveState()
    pen.canvas.translate(x * MM, tall * MM)
    pen.canvas.rotate(-90)
    size = min(spine * 0.5 * MM, 17.0)
    base = spine / 2 - size * 0.36 / MM
    pen.words(4, base, facts.disc, size, bold=True)
    end = f"{facts.place}/{facts.of}  {facts.day}"
    small = size * 0.62
    base_small = spine / 2 - small * 0.36 / MM
    pen.words(tall - 4, base_small, end, small, align="right")
    left = 4 + pen.width(facts.disc, size, bold=True) + 4
    title, fits = pen.fitting(facts.title, tall - 4 - pen.width(end, small) - 4 - left, size * 0.8, size * 0.55)
    pen.words(left, spine / 2 - fits * 0.36 / MM, title, fits)
    pen.canvas.restoreState()


def _marks(pen: Pen, x: float, wide: float, tall: float) -> None:
    """Where to cut: short lines at the corners, outside."""
    pen.canvas.setStrokeGray(0)
    pen.canvas.setLineWidth(0.3)
    for at_x, out_x in ((x, -1), (x + wide, 1)):
        for at_y, out_y in ((0.0, -1), (tall, 1)):
            pen.canvas.line((at_x + out_x) * MM, at_y * MM, (at_x + out_x * _MARK / 1.6) * MM, at_y * MM)
            pen.canvas.line(at_x * MM, (at_y + out_y) * MM, at_x * MM, (at_y + out_y * _MARK) * MM)


def _folds(pen: Pen, places: Sequence[float], tall: float) -> None:
    """Where to fold: dashes above and below."""
    pen.canvas.setStrokeGray(0.4)
    pen.canvas.setLineWidth(0.3)
    pen.canvas.setDash(2, 1.5)
    for x in places:
        pen.canvas.line(x * MM, -1 * MM, x * MM, -_MARK * MM)
        pen.canvas.line(x * MM, (tall + 1) * MM, x * MM, (tall + _MARK) * MM)
    pen.canvas.setDash()
