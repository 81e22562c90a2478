"""`heliograph fleet show`: a picture of traffic, a film of it, or a heat map of where it is crowded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heliograph.cli.show import human_bytes, json_option, note, print_json
from heliograph.cli.show import progress as progress_bar

if TYPE_CHECKING:
    from heliograph.drawing import Scene

__all__ = ["command"]

FORMATS = ("png", "svg", "gif", "html")
RUN_STEPS = 200
RUN_TRIES = 100
"""An instance is run for so many steps, with so many tries in each: the same picture each time."""
MOST_PLACES = 4_000_000
"""So many positions (vehicles times frames) make a page of some megabytes."""
MOST_FRAMES = 3_600
FILM_FRAMES = 100
FLOOR_S = 1_800.0
"""A workshop is shown for half an hour, unless it is said for how long."""


@click.command(
    epilog="\b\nExamples:\n  heliograph fleet show random_100.json -o traffic.png\n"
    "  heliograph fleet show run.npz -o traffic.html --from 400 --to 500\n"
    "  heliograph fleet show runs/topcon-001 -o crowded.png --heat --from 6:00 --to 8:00 --lang zh"
)
@click.argument("what", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    help="png or svg: the moment --to; gif or html: from --from to --to.  [default: as the file's name ends]",
)
@click.option("--heat", is_flag=True, help="Draw where vehicles go and where they wait, from --from to --to.")
@click.option("--from", "start", metavar="T", help="A step; or hours:minutes[:seconds] of a record.  [default: 0]")
@click.option("--to", "end", metavar="T", help="Likewise.  [default: the end, or as much as fits]")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of an instance's run.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the text.")
@json_option
def command(
    what: Path,
    out: Path,
    kind: str | None,
    heat: bool,
    start: str | None,
    end: str | None,
    seed: int,
    lang: Any,
    as_json: bool,
) -> None:
    """Draw the traffic of WHAT: an instance of the League of Robot Runners (INSTANCE.json, run for 200 steps), a run in
    steps (FILE.npz of `heliograph fleet bench --out`), or a run directory of `heliograph run`.

    The page (html) plays in any browser without a network: zoom, follow a vehicle, heat map, English and Chinese.
    """
    from heliograph.errors import UsageWrong

    chosen = kind or out.suffix.removeprefix(".").lower()
    if chosen not in FORMATS:
        raise UsageWrong(
            f"{out}: expected a name that ends in .png, .svg, .gif or .html", hint="name it so, or give --format"
        )
    if heat and chosen == "gif":
        raise UsageWrong("--heat: a heat map does not move", hint="write it as .png, .svg or .html")
    with progress_bar(what.name, quiet=as_json) as tell:
        if what.is_dir():
            scene = _floor(what, start, end, chosen)
        elif what.suffix == ".json":
            scene = _instance(what, start, end, chosen, seed, tell)
        else:
            scene = _recorded(what, start, end, chosen)
        tell(1.0, f"drawing {scene.frames:,} frames")
        _draw(scene, out, chosen, heat, lang)
    size = out.stat().st_size
    if as_json:
        print_json(
            {
                "file": out,
                "format": chosen,
                "heat": heat,
                "vehicles": scene.x.shape[1],
                "frames": scene.frames,
                "from": scene.at(0),
                "to": scene.at(-1),
                "unit": "step" if scene.grid else "s",
                "bytes": size,
            }
        )
    else:
        click.echo(f"{out}: {scene.x.shape[1]:,} vehicles, {_span(scene)}, {human_bytes(size)}")


def _span(scene: Scene) -> str:
    if scene.grid:
        return f"steps {scene.at(0):,.0f} to {scene.at(-1):,.0f}"
    return f"{scene.at(0) / 60:,.0f} to {scene.at(-1) / 60:,.0f} min after the record's start"


def _draw(scene: Scene, out: Path, kind: str, heat: bool, lang: Any) -> None:
    from heliograph.drawing import write_film, write_heat, write_page, write_still

    if kind == "html":
        write_page(scene, out, lang, heat=heat)
    elif kind == "gif":
        write_film(scene, out, lang)
    elif heat:
        write_heat(scene, out, lang, kind=kind)
    else:
        write_still(scene, out, lang, kind=kind)


def _instance(what: Path, start: str | None, end: str | None, kind: str, seed: int, tell: Any) -> Scene:
    """An instance, run as far as is asked for."""
    from heliograph.drawing import grid_scene
    from heliograph.plant.lorr import read_instance
    from heliograph.run.bench import Limit, bench

    instance = read_instance(what)
    for said in instance.notes:
        note(f"note: {said}")
    first = _step(start, "--from", 0)
    last = _step(end, "--to", max(RUN_STEPS, first + 1))
    _in_order(first, last)
    ran = bench(
        instance, last, Limit(tries=RUN_TRIES), seed, lambda step, errands, _: tell(step / last, f"{errands:,} errands")
    )
    return grid_scene(instance, ran.states, *_fitting(first, last, len(instance.starts), kind, start, end))


def _recorded(what: Path, start: str | None, end: str | None, kind: str) -> Scene:
    from heliograph.drawing import grid_scene
    from heliograph.errors import UsageWrong
    from heliograph.run.steps_file import read_steps

    run = read_steps(what)
    steps = len(run.states) - 1
    first, last = _step(start, "--from", 0), _step(end, "--to", steps)
    if last > steps:
        raise UsageWrong(f"--to {last}: {what} has {steps:,} steps", hint=f"--to {steps} is the last")
    _in_order(first, last)
    return grid_scene(run.instance, run.states, *_fitting(first, last, run.states.shape[1], kind, start, end))


def _fitting(first: int, last: int, vehicles: int, kind: str, start: str | None, end: str | None) -> tuple[int, int]:
    """The steps to draw: all that were asked for; else the first ones, as many as a film or a page takes."""
    if kind not in ("gif", "html") or (start is not None and end is not None):
        return first, last
    most = FILM_FRAMES if kind == "gif" else max(1, MOST_PLACES // vehicles)
    return (first, min(last, first + most)) if end is None else (max(first, last - most), last)


def _floor(what: Path, start: str | None, end: str | None, kind: str) -> Scene:
    """A recorded run of a workshop."""
    from heliograph.drawing import floor_scene
    from heliograph.errors import NotFound, UsageWrong
    from heliograph.plant.read import read_plant
    from heliograph.record.store import open_folder
    from heliograph.run.folder import open_run

    open_run(what)
    plant = read_plant(str(what / "plant"))
    if plant.plant.transport == "direct":
        raise NotFound(f"{what}: carriers of this plant move without vehicles", hint="there is no traffic to draw")
    record = open_folder(what)
    length_s = (record.end - record.start).total_seconds()
    first = _seconds(start, "--from", 0.0)
    last = _seconds(end, "--to", min(first + FLOOR_S, length_s))
    if last > length_s:
        raise UsageWrong(f"--to {end}: the record is {length_s / 3600:g} h long", hint="times count from its start")
    _in_order(first, last)
    frames = FILM_FRAMES if kind == "gif" else MOST_FRAMES
    tick_s = max(1.0, (last - first) / frames) if kind in ("gif", "html") else max(1.0, last - first)
    return floor_scene(plant, record, first, last, tick_s)


def _step(text: str | None, option: str, default: int) -> int:
    from heliograph.errors import UsageWrong

    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise UsageWrong(f"{option} {text}: expected a step, from 0", hint=f"for example {option} 100")
    return int(text)


def _seconds(text: str | None, option: str, default: float) -> float:
    from heliograph.errors import UsageWrong

    if text is None:
        return default
    parts = text.split(":")
    good = len(parts) in (2, 3) and all(part.isascii() and part.isdecimal() and len(part) < 5 for part in parts)
    if not good or any(int(part) > 59 for part in parts[1:]):
        raise UsageWrong(
            f"{option} {text}: expected hours:minutes after the record's start", hint=f"for example {option} 6:30"
        )
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    return float(3600 * hours + 60 * minutes + seconds)


def _in_order(first: float, last: float) -> None:
    from heliograph.errors import UsageWrong

    if last <= first:
        raise UsageWrong("--from and --to: expected --from before --to", hint="leave one out for the start, or the end")
