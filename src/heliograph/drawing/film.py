"""A film of traffic as an animated GIF, which every browser, chat and slide plays."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from heliograph.drawing.canvas import (
    PAPER,
    SHEET_COLOURS,
    arrows,
    colours,
    enlarged,
    frame_panel,
    head,
    lay_ground,
    legend,
    new_sheet,
    style,
    subtitle,
    vehicles,
)
from heliograph.drawing.scene import MOOD_COLOURS, Scene
from heliograph.drawing.words import Language
from heliograph.files import whole_file

__all__ = ["write_film"]

WIDE_PX: Final = 1000
"""Wider films grow too large to send."""
FRAME_MS: Final = 120
_BLENDS: Final = (1.0, 0.75, 0.5, 0.25)
"""Every colour, and its edges where it fades into the paper."""


def write_film(scene: Scene, path: Path, lang: Language = "en") -> None:
    """Draw all frames to `path`, a .gif.

    Raises:
        CannotWrite: the disk is full, or the folder read-only.
        UsageWrong: no font for the language is here.
    """
    with style(lang):
        sheet = new_sheet(scene)
        (panel,) = sheet.panels
        sheet.figure.set_dpi(min(sheet.figure.dpi, WIDE_PX / sheet.figure.get_size_inches()[0]))
        frame_panel(panel, scene, sheet, lang)
        lay_ground(panel, scene.ground, sheet)
        line = head(sheet, getattr(scene.title, lang), "")
        legend(sheet, scene, lang, counts=None, goals=False)
        fleet = vehicles(scene, 0, sheet)
        panel.add_collection(fleet)
        for moving in (fleet, line):
            moving.set_animated(True)
        sheet.canvas.draw()  # type: ignore[no-untyped-call]
        still = sheet.canvas.copy_from_bbox(sheet.figure.bbox)  # type: ignore[no-untyped-call]
        size = scene.length * enlarged(scene, sheet)
        palette = _palette()
        pictures: list[Image.Image] = []
        for frame in range(scene.frames):
            sheet.canvas.restore_region(still)  # type: ignore[no-untyped-call]
            fleet.set_verts(list(arrows(scene, frame, size)))
            fleet.set_facecolor(colours(scene, frame))  # type: ignore[arg-type]
            line.set_text(subtitle(scene, frame, lang))
            panel.draw_artist(fleet)
            sheet.figure.draw_artist(line)
            pixels = np.asarray(sheet.canvas.buffer_rgba())  # type: ignore[no-untyped-call]
            shown = Image.fromarray(pixels).convert("RGB")
            pictures.append(shown.quantize(palette=palette, dither=Image.Dither.NONE))
        with whole_file(path) as aside:
            pictures[0].save(aside, format="GIF", save_all=True, append_images=pictures[1:], duration=FRAME_MS, loop=0)


def _palette() -> Image.Image:
    """All colours of a sheet: chosen ones, because a counted palette would drop those of which there is little."""
    chosen = [to_rgb(colour) for colour in (*MOOD_COLOURS.values(), *SHEET_COLOURS)]
    paper = np.array(to_rgb(PAPER))
    blended = [paper + share * (np.array(colour) - paper) for share in _BLENDS for colour in chosen]
    whole = np.rint(255 * np.array(blended)).astype(int)
    made = Image.new("P", (1, 1))
    made.putpalette(np.unique(whole, axis=0).ravel().tolist())
    return made
