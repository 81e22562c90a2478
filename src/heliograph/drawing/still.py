"""Pictures that stand still: the traffic at one moment, and where it was crowded over a time. PNG or SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from numpy.typing import NDArray

from heliograph.drawing.canvas import (
    INK,
    PAPER,
    SOFT,
    WALL,
    WAY,
    Sheet,
    enlarged,
    frame_panel,
    head,
    lay_ground,
    lay_machines,
    lay_ways,
    legend,
    new_sheet,
    period,
    style,
    subtitle,
    vehicles,
)
from heliograph.drawing.scene import Scene
from heliograph.drawing.words import Language, said
from heliograph.files import whole_file

__all__ = ["highest", "write_heat", "write_still"]

GOALS_UP_TO: Final = 400
"""More goals than this would hide the vehicles."""
HOTTEST: Final = 99.5
"""Percentile of the places with any traffic where the colours end: a single place would wash out the rest."""


def write_still(scene: Scene, path: Path, lang: Language = "en", *, kind: str = "png", frame: int = -1) -> None:
    """Draw one frame to `path`, as png or svg.

    Raises:
        CannotWrite: the disk is full, or the folder read-only.
        UsageWrong: no font for the language is here.
    """
    with style(lang):
        sheet = new_sheet(scene)
        (panel,) = sheet.panels
        frame_panel(panel, scene, sheet, lang)
        lay_ground(panel, scene.ground, sheet)
        goals = scene.x.shape[1] <= GOALS_UP_TO
        if goals:
            size = 72 * sheet.inch * (0.3 if scene.grid else 1.0)
            panel.plot(*scene.goal[frame].T, "D", ms=size, mfc="none", mec=INK, mew=0.8, alpha=0.8, zorder=3)
        panel.add_collection(vehicles(scene, frame, sheet))
        head(sheet, getattr(scene.title, lang), subtitle(scene, frame, lang))
        counts = np.bincount(scene.mood[frame], minlength=len(scene.moods))
        legend(sheet, scene, lang, counts=counts, goals=goals)
        _enlarged_note(scene, sheet, lang)
        _save(sheet, path, kind)


def write_heat(scene: Scene, path: Path, lang: Language = "en", *, kind: str = "png") -> None:
    """Draw traffic and congestion over the whole time of the scene to `path`, as png or svg.

    Raises:
        CannotWrite: the disk is full, or the folder read-only.
        UsageWrong: no font for the language is here.
    """
    with style(lang):
        sheet = new_sheet(scene, panels=2)
        places = "cells" if scene.grid else "nodes"
        for panel, values, word in zip(
            sheet.panels, (scene.heat.visits, scene.heat.waiting), ("visits", "waiting"), strict=True
        ):
            frame_panel(panel, scene, sheet, lang)
            panel.set_title(said(f"{word} {places}", lang), fontsize=sheet.font * 0.95, color=INK, loc="left", pad=8)
            drawn = _cells(panel, scene, values) if scene.grid else _nodes(panel, scene, values, sheet)
            if values.any():
                _colour_bar(sheet, panel, drawn, float(values.max()) > drawn.get_clim()[1])
            else:
                panel.text(0.5, 0.5, said("nothing", lang), transform=panel.transAxes, ha="center", color=SOFT)
        fleet = said("robots" if scene.grid else "vehicles", lang, scene.x.shape[1])
        head(sheet, getattr(scene.title, lang), f"{fleet} · {period(scene, lang)}")
        _save(sheet, path, kind)


def _hot() -> Colormap:
    """From paper to dark: magma backwards, whose lightness alone tells the order."""
    shades = mpl.colormaps["magma_r"](np.linspace(0.0, 0.92, 256))
    shades[0] = (1.0, 1.0, 1.0, 1.0)
    return ListedColormap(shades).with_extremes(bad=WALL, over=tuple(shades[-1]))


def highest(values: NDArray[np.float32]) -> float:
    """Where the colours of a heat map end."""
    return float(np.percentile(values[values > 0], HOTTEST)) if values.any() else 1.0


def _cells(panel: Axes, scene: Scene, values: NDArray[np.float32]) -> Any:
    blocked = scene.ground.blocked
    assert blocked is not None
    height, width = blocked.shape
    picture = np.full(blocked.shape, np.nan)
    picture[~blocked] = values
    return panel.imshow(
        picture, extent=(0, width, height, 0), cmap=_hot(), vmin=0, vmax=highest(values), interpolation="nearest"
    )


def _nodes(panel: Axes, scene: Scene, values: NDArray[np.float32], sheet: Sheet) -> Any:
    lay_machines(panel, scene.ground, sheet)
    lay_ways(panel, scene.ground)
    order = np.argsort(values)
    order = order[values[order] > 0]
    size = (72 * sheet.inch * 2.2) ** 2
    return panel.scatter(
        scene.heat.place[order, 0],
        scene.heat.place[order, 1],
        c=values[order],
        s=size,
        cmap=_hot(),
        vmin=0,
        vmax=highest(values),
        edgecolors=WAY,
        linewidths=0.4,
        zorder=2,
    )


def _colour_bar(sheet: Sheet, panel: Axes, drawn: Any, beyond: bool) -> None:
    box = panel.get_position()
    width, height = sheet.figure.get_size_inches()
    tall = min(box.height, 4.0 / height)
    place = sheet.figure.add_axes((box.x1 + 0.15 / width, box.y1 - tall, 0.14 / width, tall))
    bar = sheet.figure.colorbar(drawn, cax=place, extend="max" if beyond else "neither")
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=sheet.font * 0.78, colors=SOFT, width=0.6, length=3)


def _enlarged_note(scene: Scene, sheet: Sheet, lang: Language) -> None:
    factor = enlarged(scene, sheet)
    if factor > 1.05 and not scene.grid:
        width, height = sheet.figure.get_size_inches()
        sheet.figure.text(
            1 - 0.35 / width,
            0.2 / height,
            said("enlarged", lang, factor),
            fontsize=sheet.font * 0.75,
            color=SOFT,
            ha="right",
        )


def _save(sheet: Sheet, path: Path, kind: str) -> None:
    # Neither dates nor versions in the file: the same run gives the same picture.
    metadata = {"Date": None} if kind == "svg" else {"Software": "Heliograph"}
    with whole_file(path) as aside:
        sheet.figure.savefig(aside, format=kind, facecolor=PAPER, metadata=metadata)
