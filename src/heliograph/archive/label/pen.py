"""Draws on a page in millimetres from its lower left corner: text that fits, codes, rules.

Text never leaves its room: it is made smaller, then broken into lines, then cut at a letter and ended with an ellipsis;
of several paragraphs those that matter least are left out first.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import segno
from reportlab.pdfgen.canvas import Canvas

from heliograph.archive.label.fonts import Fonts

__all__ = ["MM", "Paragraph", "Pen", "Room", "column"]

MM: Final = 72 / 25.4
"""Points in a millimetre."""
_HAIR: Final = 1e-6
_LEADING: Final = 1.22
_SCALES: Final = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64, 0.58)
_LEAST: Final = 4.4
"""Points: smaller letters are left to nobody's eyes."""
_ELLIPSIS: Final = "…"
_NOT_FIRST: Final = "/，。、；：！？）》」』”’…,.;:!?)]}％%"
_NOT_LAST: Final = "（《「『“‘([{"

Align = Literal["left", "centre", "right"]
Room = Callable[[float, float], tuple[float, float]]
"""Left edge and width, in mm, of what a line may take that begins so many mm below the top and is so many mm high."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some text, and how much of itself it may be."""

    text: str
    size: float
    """Points."""
    bold: bool = False
    lines: int = 1
    """At most."""
    least: float = 0.0
    """Points to which it may shrink by itself before it is cut; 0: it does not."""
    gap: float = 0.0
    """Free mm above it."""
    grey: float = 0.0
    """0 is black, 1 white."""
    rank: int = 0
    """Where there is no room, those with the highest rank are left out first; 0 never is."""
    cut: bool = False
    """Its end may be left out, as that of a rank 0 may."""


_Lines = list[tuple[Paragraph, float, str]]
"""A paragraph in its size, mm from the top to the lower edge of one of its lines, the line."""


def column(left: float, width: float) -> Room:
    """A room with straight sides."""
    return lambda top, height: (left, width)


class Pen:
    """Draws on one canvas."""

    def __init__(self, canvas: Canvas, fonts: Fonts) -> None:
        self.canvas = canvas
        self.fonts = fonts

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        grey: float = 0.0,
        align: Align = "left",
    ) -> None:
        """One line on the base line at `y`; `x` is its left end, its middle or its right end."""
        width = self.fonts.width(text, size, bold=bold)
        at = x * MM - {"left": 0.0, "centre": width / 2, "right": width}[align]
        line = self.canvas.beginText(at, y * MM)
        line.setFillGray(grey)
        line.setStrokeGray(grey)
        for font, part in self.fonts.runs(text, bold=bold):
            line.setFont(font, size)
            thicken = bold and not self.fonts.is_bold(font)
            line.setTextRenderMode(2 if thicken else 0)
            if thicken:
                self.canvas.setLineWidth(size * 0.022)
            line.textOut(part)
        line.setTextRenderMode(0)
        self.canvas.drawText(line)

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """In mm."""
        return self.fonts.width(text, size, bold=bold) / MM

    def fitting(self, text: str, width: float, size: float, least: float, *, bold: bool = False) -> tuple[str, float]:
        """One line no wider than `width` mm: the text, or its beginning, and its size between `least` and `size`."""
        wide = self.width(text, size, bold=bold)
        if wide > width:
            size = max(size * width / wide, least)
        return self._cut(text, width, size, bold), size

    def flow(
        self,
        paragraphs: Sequence[Paragraph],
        top: float,
        height: float,
        room: Room,
        *,
        align: Align = "left",
        sink: float = 0,
    ) -> float:
        """Set paragraphs below each other from `top` down, in `height` mm at most; how far down they came, in mm.

        Args:
            sink: the share of the free height that goes above them: 0 sets them at the top, 1 at the bottom.
        """
        left = [each for each in paragraphs if each.text]
        while left:
            # All letters, in any size, rather than large ones and a title without its end.
            for may_cut in (False, True):
                for scale in _SCALES:
                    down, lines = self._settle([_scaled(each, scale) for each in left], height, room, sink, may_cut)
                    if down >= 0:
                        for paragraph, bottom, text in lines:
                            high = _high(paragraph)
                            self._line(paragraph, top - down - bottom, text, room(down + bottom - high, high), align)
                        return down + lines[-1][1]
            worst = max(each.rank for each in left)
            left = [each for each in left if each.rank < worst] if worst else left[:-1]
        return 0.0

    def _settle(
        self, paragraphs: Sequence[Paragraph], height: float, room: Room, sink: float, may_cut: bool
    ) -> tuple[float, _Lines]:
        """How far down the first line begins, below 0 when there is no room for all; and the lines.

        Where sides are round, the lines depend on how far down they are, and that on how many there are.
        """
        down = height * sink
        for _ in range(5):
            lines = self._set(paragraphs, lambda top, high, down=down: room(down + top, high), may_cut)  # type: ignore[misc]
            used = lines[-1][1] if lines else height + 1
            if used > height:
                break
            if abs(down - (height - used) * sink) < 0.05:
                return down, lines
            down = (height - used) * sink
        return -1.0, []

    def _set(self, paragraphs: Sequence[Paragraph], room: Room, may_cut: bool) -> _Lines:
        """The lines; none when a paragraph would lose words that it must not lose."""
        lines: _Lines = []
        down = 0.0
        for number, paragraph in enumerate(paragraphs):
            down += paragraph.gap if number else 0.0
            sized, texts, whole = self._sized(paragraph, down, room)
            if not whole and not paragraph.cut and (paragraph.rank or not may_cut):
                return []
            for text in texts:
                down += _high(sized)
                lines.append((sized, down, text))
        return lines

    def _sized(self, paragraph: Paragraph, down: float, room: Room) -> tuple[Paragraph, list[str], bool]:
        """A paragraph in its size: rather a little smaller than on another line, rather that than much smaller."""
        for count in range(1, paragraph.lines + 1):
            size, last = paragraph.size, count == paragraph.lines
            floor = (
                min(size, paragraph.least if last else max(paragraph.least, size * 0.8)) if paragraph.least else size
            )
            while True:
                tried = replace(paragraph, size=size, lines=count)
                texts, whole = self._paragraph(tried, down, room)
                if whole or (last and size <= floor):
                    return tried, texts, whole
                if size <= floor:
                    break
                size = max(size * 0.95, floor)
        raise AssertionError("unreachable: the last line takes what there is")

    def _paragraph(self, paragraph: Paragraph, down: float, room: Room) -> tuple[list[str], bool]:
        """The lines of a paragraph that begins so many mm below the top, and whether all of it is in them."""
        texts: list[str] = []
        rest, high = paragraph.text, _high(paragraph)
        for line in range(paragraph.lines):
            _, width = room(down + line * high, high)
            if line + 1 == paragraph.lines:
                last = self._cut(rest, width, paragraph.size, paragraph.bold)
                return [*texts, last], last == rest
            now, rest = self._break(rest, width, paragraph.size, paragraph.bold)
            texts.append(now)
            if not rest:
                break
        return texts, True

    def _line(self, paragraph: Paragraph, y: float, text: str, room: tuple[float, float], align: Align) -> None:
        left, width = room
        x = left + width * {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        base = y + paragraph.size * 0.28 / MM
        self.words(x, base, text, paragraph.size, bold=paragraph.bold, grey=paragraph.grey, align=align)

    def _break(self, text: str, width: float, size: float, bold: bool) -> tuple[str, str]:
        """As much of a text as one line takes, and the rest."""
        if self.width(text, size, bold=bold) <= width + _HAIR:
            return text, ""
        fits = self._letters(text, width, size, bold)
        ends = [end for end in range(fits, 0, -1) if _may_break(text, end)]
        # Between words, if that wastes less than a third of the line; else within a long name; else anywhere.
        at = next((end for end in ends if end > fits * 0.67 and _is_gap(text, end)), next(iter(ends), fits))
        return text[:at].rstrip(), text[at:].lstrip()

    def _cut(self, text: str, width: float, size: float, bold: bool) -> str:
        if self.width(text, size, bold=bold) <= width + _HAIR:
            return text
        fits = self._letters(text, width - self.width(_ELLIPSIS, size, bold=bold), size, bold)
        return text[:fits].rstrip(" ,、，:：") + _ELLIPSIS

    def _letters(self, text: str, width: float, size: float, bold: bool) -> int:
        """How many letters of a text fit; one at least."""
        return max(1, bisect_right(self.fonts.ends(text, bold), width * MM / size + _HAIR))

    def code(self, x: float, y: float, side: float, text: str) -> None:
        """A QR code with its quiet zone, in a white square of `side` mm; mends 15 % of itself, or more."""
        symbol = segno.make(text, error="m", encoding="utf-8", micro=False)
        rows = symbol.matrix
        unit = side / (len(rows) + 8) * MM
        self.canvas.setFillGray(1)
        self.canvas.rect(x * MM, y * MM, side * MM, side * MM, stroke=0, fill=1)
        path = self.canvas.beginPath()
        for number, row in enumerate(rows):
            below = y * MM + side * MM - (number + 5) * unit
            for run in re.finditer(b"\x01+", bytes(row)):
                path.rect(x * MM + (run.start() + 4) * unit, below, (run.end() - run.start()) * unit, unit)
        self.canvas.setFillGray(0)
        self.canvas.drawPath(path, stroke=0, fill=1)

    def badge(self, x: float, y: float, text: str, size: float, *, filled: bool, align: Align = "left") -> float:
        """A word in a pill, white on black or black in a line; its base line is `y`; its width in mm."""
        inside, high = size * 0.45 / MM, size * 1.35 / MM
        wide = self.width(text, size, bold=True) + 2 * inside
        left = x - {"left": 0.0, "centre": wide / 2, "right": wide}[align]
        self.canvas.setLineWidth(0.6)
        self.canvas.setStrokeGray(0)
        self.canvas.setFillGray(0)
        shape = (left * MM, (y - size * 0.34 / MM) * MM, wide * MM, high * MM, high * MM * 0.28)
        self.canvas.roundRect(*shape, stroke=1, fill=int(filled))
        self.words(left + inside, y, text, size, bold=True, grey=1.0 if filled else 0.0)
        return wide

    def rule(self, x: float, y: float, width: float, *, grey: float = 0.6, points: float = 0.5) -> None:
        """A level line."""
        self.canvas.setLineWidth(points)
        self.canvas.setStrokeGray(grey)
        self.canvas.line(x * MM, y * MM, (x + width) * MM, y * MM)


def _scaled(paragraph: Paragraph, scale: float) -> Paragraph:
    def shrunk(size: float) -> float:
        return max(size * scale, min(size, _LEAST))

    least = shrunk(paragraph.least) if paragraph.least else 0.0
    return replace(paragraph, size=shrunk(paragraph.size), least=least, gap=paragraph.gap * scale)


def _high(paragraph: Paragraph) -> float:
    return paragraph.size * _LEADING / MM


def _is_gap(text: str, at: int) -> bool:
    return " " in text[at - 1 : at + 1] or any(
        unicodedata.east_asian_width(each) in "WF" for each in text[at - 1 : at + 1]
    )


def _may_break(text: str, at: int) -> bool:
    """Whether a line may end before letter `at`: at a space, within Chinese, or behind what parts long names."""
    before, after = text[at - 1 : at], text[at : at + 1]
    if after in _NOT_FIRST or before in _NOT_LAST:
        return False
    return (
        after == " " or before in " /-_,–" or any(unicodedata.east_asian_width(each) in "WF" for each in before + after)
    )
