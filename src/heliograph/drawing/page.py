"""A page that plays the traffic: one HTML file, complete in itself, from which no request leaves.

Positions are whole numbers (`scale` to a cell or metre), each frame told as its difference from the one before, vehicle
by vehicle, low bytes and high bytes apart; zlib then finds little left to say. The page unpacks them with the browser's
own DecompressionStream and draws on a canvas. A content policy inside the page forbids all requests.
"""

from __future__ import annotations

import base64
import html
import json
import zlib
from importlib.resources import files as resource_files
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from heliograph.drawing.scene import MOOD_COLOURS, Scene
from heliograph.drawing.still import highest
from heliograph.drawing.words import LANGUAGES, WORDS, Language
from heliograph.files import write_whole

__all__ = ["write_page"]

_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_TAGS: Final = {"en": "en", "zh": "zh-CN"}

NOWHERE: Final = -(1 << 15)
"""A goal of a vehicle that has none."""
_GRID_SCALE: Final = 2
_FLOOR_SCALE: Final = 20
_FARTHEST: Final = 30_000
_SHADES: Final = 64


def write_page(scene: Scene, path: Path, lang: Language = "en", *, heat: bool = False) -> None:
    """Write the page to `path`.

    Args:
        lang: the language that shows first.
        heat: show the heat map of waiting from the start.
    Raises:
        CannotWrite: the disk is full, or the folder read-only.
    """
    package = resource_files("heliograph.drawing")
    head = {**_head(scene), "show": "waiting" if heat else "off"}
    written = json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    body = (package / "page.html").read_text("utf-8")
    parts = [
        f'<!doctype html>\n<html lang="{_TAGS[lang]}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(getattr(scene.title, lang))} · Heliograph</title>",
        f"<style>\n{(package / 'page.css').read_text('utf-8')}</style>",
        f"</head>\n<body>\n{body}",
        f'<script type="application/json" id="head">{written}</script>',
        f'<script type="text/plain" id="frames">{_packed(scene)}</script>',
        f"<script>\n{(package / 'page.js').read_text('utf-8')}</script>",
        "</body>\n</html>\n",
    ]
    write_whole(path, "\n".join(parts))


def _head(scene: Scene) -> dict[str, Any]:
    """All but the frames."""
    ground = scene.ground
    shades = mpl.colormaps["magma_r"](np.linspace(0.0, 0.92, _SHADES))
    return {
        "titles": {lang: getattr(scene.title, lang) for lang in LANGUAGES},
        "words": {lang: {word: getattr(both, lang) for word, both in WORDS.items()} for lang in LANGUAGES},
        "grid": scene.grid,
        "vehicles": scene.x.shape[1],
        "frames": scene.frames,
        "first": scene.first,
        "tick": scene.tick,
        "names": scene.names,
        "length": scene.length,
        "scale": _scale(scene),
        "moods": [{"word": mood, "colour": MOOD_COLOURS[mood]} for mood in scene.moods],
        "done": scene.done.tolist(),
        "bounds": ground.bounds,
        "top": ground.floor_top,
        "rows": []
        if ground.blocked is None
        else ["".join(".#"[cell] for cell in row) for row in ground.blocked.tolist()],
        "ways": _rounded(ground.ways),
        "machines": _rounded(ground.machines),
        "machineNames": [name.rsplit("-", maxsplit=1)[-1] for name in ground.machine_names],
        "parking": _rounded(ground.parking),
        "charging": _rounded(ground.charging),
        "places": [] if scene.grid else _rounded(scene.heat.place),
        "heat": {"visits": round(highest(scene.heat.visits), 2), "waiting": round(highest(scene.heat.waiting), 2)},
        "shades": [to_hex(shade) for shade in shades],
    }


def _rounded(numbers: NDArray[np.float32]) -> list[list[float]]:
    return [[round(number, 2) for number in row] for row in numbers.tolist()]


def _scale(scene: Scene) -> float:
    """Whole numbers to a cell, or to a metre."""
    if scene.grid:
        return _GRID_SCALE
    return min(float(_FLOOR_SCALE), _FARTHEST / max(abs(bound) for bound in scene.ground.bounds))


def _packed(scene: Scene) -> str:
    """x, y, goal x, goal y (two planes each), heading in 256ths, mood, and both heats, compressed, in base64."""
    scale = _scale(scene)
    goals = np.where(np.isnan(scene.goal), NOWHERE / scale, scene.goal)
    packer = zlib.compressobj(6)
    parts = []
    for place in (scene.x, scene.y, goals[..., 0], goals[..., 1]):
        steps = _differences(np.rint(place * scale).astype(np.int16).view(np.uint16))
        parts += [packer.compress((steps & 255).astype(np.uint8).tobytes())]
        parts += [packer.compress((steps >> 8).astype(np.uint8).tobytes())]
    turn = np.rint(scene.heading * (256 / 360)).astype(np.int64) & 255
    for what in (turn.astype(np.uint8), scene.mood):
        parts += [packer.compress(_differences(what).tobytes())]
    for heat in (scene.heat.visits, scene.heat.waiting):
        parts += [packer.compress(np.clip(np.ceil(255 * heat / highest(heat)), 0, 255).astype(np.uint8).tobytes())]
    return base64.b64encode(b"".join([*parts, packer.flush()])).decode()


def _differences(frames: NDArray[Any]) -> NDArray[Any]:
    """(v, f) what each frame adds to the one before, round the end of the number's range."""
    by_vehicle = np.ascontiguousarray(frames.T)
    steps = by_vehicle.copy()
    steps[:, 1:] = by_vehicle[:, 1:] - by_vehicle[:, :-1]
    return steps
