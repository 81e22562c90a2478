"""The sheet that stills, heat maps and films are drawn on: sizes, fonts, the ground, the vehicles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from heliograph.drawing.scene import MOOD_COLOURS, Ground, Scene
from heliograph.drawing.words import Language, said
from heliograph.errors import UsageWrong

__all__ = [
    "INK",
    "PAPER",
    "SHEET_COLOURS",
    "SOFT",
    "WALL",
    "WAY",
    "Sheet",
    "arrows",
    "colours",
    "enlarged",
    "frame_panel",
    "head",
    "lay_ground",
    "lay_machines",
    "lay_ways",
    "legend",
    "new_sheet",
    "period",
    "style",
    "subtitle",
    "vehicles",
]

INK: Final = "#1d2430"
SOFT: Final = "#5d6675"
PAPER: Final = "#ffffff"
WALL: Final = "#c5cbd3"
LINE: Final = "#9aa3ad"
WAY: Final = "#cdd2d9"
MACHINE: Final = "#eef0f3"
MACHINE_EDGE: Final = "#c3c9d1"
PLACE: Final = "#aab2bd"

SHEET_COLOURS: Final = (PAPER, INK, SOFT, WALL, LINE, WAY, MACHINE, MACHINE_EDGE, PLACE)

_LATIN: Final[tuple[str, ...]] = (
    "Inter",
    "Noto Sans",
    "Source Sans 3",
    "Helvetica Neue",
    "Arial",
    "Liberation Sans",
    "DejaVu Sans",
)
_CHINESE: Final[tuple[str, ...]] = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "SimHei",
)

_LEAST_IN, _MOST_IN, _TALLEST_IN = 6.0, 16.0, 12.0
"""How wide and high one panel may be."""
_CELL_IN: Final = 0.25
"""A cell, where there is room."""
_FLOOR_IN: Final = 13.0
_SIDE_BY_SIDE_IN: Final = 10.4
"""A panel beside another one."""
_LEFT_IN, _RIGHT_IN, _BOTTOM_IN, _TOP_IN = 0.75, 0.35, 0.7, 1.2
"""Around the panels: row numbers, nothing, column numbers, titles and legend."""
_BAR_IN: Final = 0.75
"""The scale of a heat map, right of its panel."""
_LEGIBLE_IN: Final = 0.14
"""Vehicles on a floor are drawn at least so long."""
_CELL_LINES_IN: Final = 0.1
"""Smaller cells have no lines between them."""
_FINE_DPI, _DPI = 200, 150
"""Dots per inch, where cells are tiny, and elsewhere."""

# A tag with a point ahead: the heading can be read from a few pixels on. Length 1.
_ARROW: Final = np.array([(-0.5, -0.42), (0.1, -0.42), (0.5, 0.0), (0.1, 0.42), (-0.5, 0.42)])


class Sheet(NamedTuple):
    """A figure whose first panel shows the ground."""

    figure: Figure
    canvas: FigureCanvasAgg
    panels: tuple[Axes, ...]
    font: float
    """Points."""
    inch: float
    """Inches to a cell, or to a metre."""


@contextlib.contextmanager
def style(lang: Language) -> Iterator[None]:
    """Fonts for a language, as long as the block lasts.

    Raises:
        UsageWrong: this machine has no font with Chinese letters.
    """
    known = set(font_manager.get_font_names())
    families = [name for name in _LATIN if name in known][:1]
    if lang == "zh":
        chinese = [name for name in _CHINESE if name in known][:1]
        if not chinese:
            raise UsageWrong(
                "--lang zh: no font with Chinese letters was found here",
                hint="install one (on Debian: fonts-noto-cjk), or draw --format html, which brings none",
            )
        families = chinese + families
    with mpl.rc_context({"font.family": [*families, "DejaVu Sans"], "svg.hashsalt": "heliograph"}):
        yield


def new_sheet(scene: Scene, *, panels: int = 1) -> Sheet:
    """A figure of the right size, with so many panels: side by side where the ground is high, else below each other."""
    width, height = scene.ground.size
    beside = panels > 1 and height > 0.8 * width
    widest = min(max(_CELL_IN * width, _LEAST_IN), _MOST_IN) if scene.grid else _FLOOR_IN
    inch = min((min(widest, _SIDE_BY_SIDE_IN) if beside else widest) / width, _TALLEST_IN / height)
    columns, rows = (panels, 1) if beside else (1, panels)
    wide, high = inch * width, inch * height
    bar = _BAR_IN if panels > 1 else 0.0
    gap_x, gap_y = bar + _LEFT_IN, 1.1
    full_w = max(_LEFT_IN + columns * wide + (columns - 1) * gap_x + bar + _RIGHT_IN, _LEAST_IN + 1.0)
    full_h = _TOP_IN + rows * high + (rows - 1) * gap_y + _BOTTOM_IN
    dpi = _FINE_DPI if scene.grid and inch * _DPI < 8 else _DPI
    figure = Figure(figsize=(full_w, full_h), dpi=dpi, facecolor=PAPER)
    canvas = FigureCanvasAgg(figure)
    axes = []
    for panel in range(panels):
        column, row = (panel, 0) if beside else (0, panel)
        left = _LEFT_IN + column * (wide + gap_x)
        bottom = _BOTTOM_IN + (rows - 1 - row) * (high + gap_y)
        axes.append(figure.add_axes((left / full_w, bottom / full_h, wide / full_w, high / full_h)))
    return Sheet(figure, canvas, tuple(axes), 9.0 + full_w / 5, inch)


def head(sheet: Sheet, title: str, below: str) -> Any:
    """Title and a line below it; gives the line, which films write anew."""
    width, height = sheet.figure.get_size_inches()
    left = _LEFT_IN / width
    sheet.figure.text(left, 1 - 0.36 / height, title, fontsize=sheet.font * 1.35, weight="bold", color=INK)
    return sheet.figure.text(left, 1 - 0.66 / height, below, fontsize=sheet.font, color=SOFT)


def frame_panel(panel: Axes, scene: Scene, sheet: Sheet, lang: Language) -> None:
    """Bounds, ticks and their units."""
    left, top, right, bottom = scene.ground.bounds
    panel.set_xlim(left, right)
    panel.set_ylim(bottom, top)
    panel.set_aspect("equal")
    words = ("column", "row") if scene.grid else ("x m", "y m")
    panel.set_xlabel(said(words[0], lang), fontsize=sheet.font * 0.85, color=SOFT)
    panel.set_ylabel(said(words[1], lang), fontsize=sheet.font * 0.85, color=SOFT)
    panel.tick_params(labelsize=sheet.font * 0.78, colors=SOFT, width=0.6, length=3)
    for spine in panel.spines.values():
        spine.set(color=LINE, linewidth=0.8)
    panel.set_facecolor(PAPER)
    if scene.grid:  # the number of a cell stands below its middle
        for axis, count in ((panel.xaxis, round(right)), (panel.yaxis, round(bottom))):
            step = next(step for step in (1, 5, 10, 20, 50, 100, 200, 500, 10**9) if count <= 12 * step)
            axis.set_ticks(np.arange(0, count, step) + 0.5, [str(number) for number in range(0, count, step)])
    else:  # metres count upwards from the floor's origin, the screen downwards
        step = 25 if bottom - top > 60 else 5
        floor_top = scene.ground.floor_top
        marks = np.arange(np.ceil((floor_top - bottom) / step) * step, floor_top - top, step)
        panel.set_yticks(floor_top - marks, [str(round(mark)) for mark in marks.tolist()])


def lay_ground(panel: Axes, ground: Ground, sheet: Sheet) -> None:
    """Walls, or ways, machines and places."""
    if ground.blocked is not None:
        height, width = ground.blocked.shape
        walls = np.array([to_rgba(PAPER), to_rgba(WALL)])[ground.blocked.astype(int)]
        panel.imshow(walls, extent=(0, width, height, 0), interpolation="nearest", zorder=0)
        if sheet.inch >= _CELL_LINES_IN:
            lines = [[(x, 0), (x, height)] for x in range(1, width)] + [[(0, y), (width, y)] for y in range(1, height)]
            panel.add_collection(LineCollection(lines, colors="#00000012", linewidths=0.5, zorder=1))
        return
    lay_machines(panel, ground, sheet)
    lay_ways(panel, ground)
    spot = sheet.inch * 72
    if len(ground.parking):
        panel.plot(*ground.parking.T, "s", ms=2.0 * spot, mfc="none", mec=PLACE, mew=0.6, zorder=1)
    if len(ground.charging):
        panel.plot(*ground.charging.T, "s", ms=2.0 * spot, mfc="none", mec=MOOD_COLOURS["charging"], mew=1.0, zorder=1)


def lay_ways(panel: Axes, ground: Ground) -> None:
    """The ways of a floor."""
    panel.add_collection(LineCollection(list(ground.ways.reshape(-1, 2, 2)), colors=WAY, linewidths=0.9, zorder=1))


def lay_machines(panel: Axes, ground: Ground, sheet: Sheet) -> None:
    """Boxes around the ports of each machine, with its name where that is legible."""
    boxes = [Rectangle((a, b), c - a, d - b) for a, b, c, d in ground.machines.tolist()]
    panel.add_collection(PatchCollection(boxes, facecolor=MACHINE, edgecolor=MACHINE_EDGE, linewidth=0.6, zorder=0))
    for name, (a, b, c, d) in zip(ground.machine_names, ground.machines.tolist(), strict=True):
        points = min(72 * sheet.inch * (c - a) / 3.2, 72 * sheet.inch * (d - b) / 1.6, 8.0)
        if points >= 3.5:
            short = name.rsplit("-", maxsplit=1)[-1]
            panel.text((a + c) / 2, (b + d) / 2, short, fontsize=points, color=SOFT, ha="center", va="center", zorder=1)


def enlarged(scene: Scene, sheet: Sheet) -> float:
    """By how much vehicles are drawn larger than they are, to be seen."""
    if scene.grid:
        return 1.0 if sheet.inch >= _CELL_LINES_IN else 1.0 / scene.length  # so small that they may fill their cells
    return max(1.0, _LEGIBLE_IN / sheet.inch / scene.length)


def arrows(scene: Scene, frame: int, size: float) -> NDArray[np.float64]:
    """(v, 5, 2) outlines of the vehicles."""
    angle = np.radians(scene.heading[frame].astype(np.float64))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    centre = np.column_stack((scene.x[frame], scene.y[frame]))[:, None, :]
    outlines: NDArray[np.float64] = centre + size * _ARROW @ turn
    return outlines


def vehicles(scene: Scene, frame: int, sheet: Sheet) -> PolyCollection:
    """The vehicles of a frame."""
    edge = 0.5 if sheet.inch * scene.length * enlarged(scene, sheet) >= 0.1 else 0.0
    drawn = PolyCollection(
        list(arrows(scene, frame, scene.length * enlarged(scene, sheet))),
        facecolors=colours(scene, frame),
        edgecolors=PAPER,
        linewidths=edge,
        zorder=4,
    )
    return drawn


def colours(scene: Scene, frame: int) -> NDArray[np.float64]:
    """(v, 4) the colour of each vehicle."""
    table = np.array([to_rgba(MOOD_COLOURS[mood]) for mood in scene.moods])
    chosen: NDArray[np.float64] = table[scene.mood[frame]]
    return chosen


def legend(sheet: Sheet, scene: Scene, lang: Language, *, counts: NDArray[np.int64] | None, goals: bool) -> None:
    """One line below the titles: colours of what vehicles do, and signs on the ground."""
    marks: list[Line2D] = []

    def mark(label: str, **how: Any) -> None:
        marks.append(Line2D([], [], linestyle="none", label=label, **how))

    size = sheet.font * 0.85
    for number, mood in enumerate(scene.moods):
        label = said(mood, lang) if counts is None else f"{said(mood, lang)} {counts[number]:,}"
        mark(label, marker=">", ms=size, mfc=MOOD_COLOURS[mood], mec=PAPER)
    if goals:
        mark(said("goal", lang), marker="D", ms=size * 0.6, mfc="none", mec=INK, mew=0.8)
    if len(scene.ground.parking):
        mark(said("parking", lang), marker="s", ms=size * 0.8, mfc="none", mec=PLACE)
    if len(scene.ground.charging):
        mark(said("charger", lang), marker="s", ms=size * 0.8, mfc="none", mec=MOOD_COLOURS["charging"])
    width, height = sheet.figure.get_size_inches()
    sheet.figure.legend(
        handles=marks,
        loc="center left",
        bbox_to_anchor=((_LEFT_IN - 0.06) / width, 1 - 0.95 / height),
        ncols=len(marks),
        frameon=False,
        fontsize=sheet.font * 0.85,
        labelcolor=INK,
        handletextpad=0.2,
        columnspacing=1.1,
        borderpad=0,
        handlelength=1.2,
    )


def _clock(scene: Scene, at: float, lang: Language) -> str:
    """A time as people say it: a step, or hours and minutes after the record's start."""
    return said("step", lang, round(at)) if scene.grid else _hours(at)


def period(scene: Scene, lang: Language) -> str:
    """From the first frame to the last."""
    first, last = scene.at(0), scene.at(-1)
    if scene.grid:
        return said("steps", lang, round(first), round(last))
    return said("times", lang, _hours(first), _hours(last))


def _hours(seconds: float) -> str:
    """Time of the record: 06:30:00."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def subtitle(scene: Scene, frame: int, lang: Language) -> str:
    """How many vehicles, when, and what they have done."""
    fleet = said("robots" if scene.grid else "vehicles", lang, scene.x.shape[1])
    done = said("errands" if scene.grid else "moves", lang, int(scene.done[frame]))
    return f"{fleet} · {_clock(scene, scene.at(frame), lang)} · {done}"
