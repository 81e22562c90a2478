"""`heliograph run`: a day of a workshop, recorded, sealed and summed up."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heliograph.cli.show import human_bytes, json_option, note, print_json, print_pairs, print_table, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.plant.read import PlantFiles

__all__ = ["command"]


class _Speed(click.ParamType[float]):
    """1 to 3600, or max, which is 0."""

    name = "speed"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        with contextlib.suppress(ValueError):
            speed = 0.0 if value == "max" else float(value)
            if (speed == 0.0 and value == "max") or 1 <= speed <= 3600:
                return speed
        self.fail(f"{value!r}: expected 1 to 3600, or max", param, ctx)


class _Interrupt:
    """Ctrl-C: the first ends the record at the next moment; once that is whole, it is written to its end and no page
    stays. The second ends the command.
    """

    def __init__(self) -> None:
        self.asked = False
        self.part = "starting"
        """What the command is doing."""

    def __enter__(self) -> _Interrupt:
        self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _heard(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if self.part in ("starting", "simulating"):
            note("stopping: what is recorded is kept (Ctrl-C again to drop it)")
        else:
            note("stopping once the day is written: it is simulated to its end (Ctrl-C again to stop at once)")


@click.command(
    epilog="\b\nExamples:\n  heliograph run topcon\n"
    "  heliograph run small --hours 2 --seed 7 --out out\n"
    "  heliograph run topcon --mishaps --out hard-day\n"
    "  heliograph run my-plant --capacity 64MB --parity 2 --json\n"
    "  heliograph run small --live --speed 60"
)
@click.argument("plant")
@click.option("--hours", default=24.0, show_default=True, help="Length of the record.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same record, byte for byte.")
@click.option("--out", type=click.Path(path_type=Path), help="Directory of the run.  [default: the next under runs/]")
@click.option("--warmup", "warmup_h", type=float, help="Hours that run first, uncounted.  [default: the plant's]")
@click.option("--cold", is_flag=True, help="Start with an empty workshop, without warm-up.")
@click.option("--mishaps", is_flag=True, help="Vehicles stall now and then, and some break down.")
@click.option("--medium", help="cd, dvd, bd-25, bd-50, bd-100 or bd-128.  [default: bd-25]")
@click.option("--capacity", help="A medium of another size instead, e.g. 64MB.")
@click.option(
    "--parity",
    type=click.IntRange(0, 16),
    default=0,
    show_default=True,
    help="Parity discs: so many discs of the set may be lost.",
)
@click.option(
    "--redundancy",
    type=click.FloatRange(0.04, 2.0),
    default=0.15,
    show_default=True,
    help="Parity inside each image, per byte of data.",
)
@click.option("--no-discs", is_flag=True, help="Record and report only.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language the report opens in.  [en]")
@click.option("--live", is_flag=True, help="Serve a page on which the run can be watched, and paced, while it goes on.")
@click.option("--speed", type=_Speed(), default="max", show_default=True, help="1 to 3600 times real time, or max.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen.  [default: a free port]")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than this need a token."
)
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@click.option("--exit-when-done", is_flag=True, help="Do not keep serving the page of a run that is over.")
@json_option
def command(
    plant: str,
    hours: float,
    seed: int,
    out: Path | None,
    warmup_h: float | None,
    cold: bool,
    mishaps: bool,
    medium: str | None,
    capacity: str | None,
    parity: int,
    redundancy: float,
    no_discs: bool,
    lang: str,
    live: bool,
    speed: float,
    port: int,
    host: str,
    no_open: bool,
    exit_when_done: bool,
    as_json: bool,
) -> None:
    """Run PLANT, a shipped plant (topcon, small) or a plant directory, on the twin.

    Writes record/*.parquet, discs/*.iso, report.html and summary.json. The record begins in a warm workshop: a warm-up
    runs first and is not counted. Ctrl-C ends cleanly; the record then says that it is partial.

    With --mishaps, from the record's start, 1 % of all drives from node to node stall for 5 to 60 s; 5 % of the
    vehicles break down once, are towed after 10 minutes and come back 30 minutes later.

    With --live, prints the address of a page on one line once it answers (with --json: on stderr). Watching changes
    nothing in what is written. --speed holds from the record's start; pause, step and another speed are on the page.
    When the run is done the page stays, as a replay of it, until Ctrl-C.
    """
    from heliograph.errors import UsageWrong

    if not live:
        _only_with_live(click.get_current_context())
    if medium and capacity:
        raise UsageWrong("--medium and --capacity: give one of them", hint="--capacity is a medium of any size")
    if not 0 < hours <= 24 * 31:
        raise UsageWrong(f"--hours {hours:g}: expected more than 0 and at most 744 (a month)")
    if cold and warmup_h:
        raise UsageWrong("--cold and --warmup: give one of them", hint="--cold is --warmup 0")
    if warmup_h is not None and not 0 <= warmup_h <= 24 * 7:
        raise UsageWrong(f"--warmup {warmup_h:g}: expected 0 to 168 hours")
    warm_h = 0.0 if cold else warmup_h
    with contextlib.ExitStack() as around:
        watch = None
        if live:  # first of all: it takes as long to start as all that the run needs
            from heliograph.cli.live.watched import Page, What, watched

            what = What(plant=plant, hours=hours, warmup_h=warm_h, seed=seed, mishaps=mishaps)
            show = partial(click.echo, err=as_json)
            watch = around.enter_context(watched(what, Page(host, port, speed, browse=not no_open, show=show)))
        files = _plant(plant, mishaps=mishaps, live=live)
        from heliograph.archive.medium import MEDIA, medium_called, of_size
        from heliograph.errors import RunWrong
        from heliograph.run.day import Day, fingerprint, run_day
        from heliograph.run.folder import Asked, next_folder

        warm_h = files.plant.flow.warmup_h if warm_h is None else warm_h
        folder = out or next_folder(files.plant.name, Asked(fingerprint(files), seed, hours, warm_h, mishaps))
        on = of_size(capacity) if capacity else medium_called(medium) if medium else MEDIA["bd-25"]
        if watch:
            watch.announce()
        with _Interrupt() as interrupt, progress(files.plant.name, quiet=as_json) as tell:

            def tell_all(part: str, done: float, text: str) -> None:
                interrupt.part = part
                tell(done, f"{part} {text}")
                if watch:
                    watch.part(part)

            if watch:
                watch.feed.pace.stop = lambda: interrupt.asked
            day = Day(
                plant=files,
                folder=folder,
                command=shlex.join(["heliograph", *sys.argv[1:]]),
                seed=seed,
                hours=hours,
                warmup_h=warm_h,
                mishaps=mishaps,
                medium=on,
                parity=parity,
                redundancy=redundancy,
                seal=not no_discs,
                lang=lang,
                stop=lambda: interrupt.asked,
                watch=tell_all,
                feed=watch.feed if watch else None,
            )
            try:
                summary = run_day(day)
            except RunWrong as nothing:
                if not interrupt.asked:
                    raise
                note(str(nothing))
                raise SystemExit(130) from None
        if as_json:
            print_json(summary)
        else:
            _show(summary, folder)
        if watch:
            watch.done(folder, stay=not (exit_when_done or summary["partial"] or interrupt.asked))
    if summary["partial"]:
        note(f"stopped: the record ends at {summary['record_end']} and says that it is partial; no discs were sealed")
        raise SystemExit(130)
    if summary["violations"]:
        from heliograph.errors import CheckFailed

        kinds = ", ".join(f"{count} {kind}" for kind, count in summary["violations_by_kind"].items())
        raise CheckFailed(f"{folder}: {kinds}", hint=f"`heliograph check {folder}` names each")


def _plant(name: str, *, mishaps: bool, live: bool) -> PlantFiles:
    """The plant that is to run, if it can run so.

    Raises:
        PlantWrong: it has mistakes. UsageWrong: it has no vehicles, and they are asked for.
    """
    from heliograph.errors import UsageWrong
    from heliograph.plant.read import read_plant

    files = read_plant(name)
    for warning in files.warnings:
        note(f"warning: {warning}")
    if mishaps and files.plant.transport == "direct":
        raise UsageWrong(f"--mishaps: {files.plant.name} has no vehicles to which anything could happen")
    if live and files.plant.transport == "direct":
        raise UsageWrong(f"--live: {files.plant.name} has no vehicles", hint="there is no traffic to watch")
    return files


def _only_with_live(context: click.Context) -> None:
    from heliograph.errors import UsageWrong

    for name in ("speed", "port", "host", "no_open", "exit_when_done"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageWrong(f"--{name.replace('_', '-')}: only with --live", hint="`heliograph run PLANT --live`")


def _show(summary: dict[str, Any], folder: Path) -> None:
    takt, wafers, discs = summary["takt_s"], summary["wafers"], summary["discs"]
    use = summary["vehicle_use"]
    print_pairs(
        [
            ("cells", f"{summary['cells']:,} in {summary['hours']:g} h ({summary['cells_per_day']:,.0f} a day)"),
            ("one cell every", _pace(takt) if summary["cells"] else "no cell came out in this time"),
            ("uptime of the lanes", f"{summary['uptime']['of_lane_takt'] or 0:.1%}"),
            (
                "without planned stops",
                f"{summary['uptime'].get('cells_per_day_without_planned_stops') or 0:,.0f} cells a day (est.)",
            ),
            ("bottleneck", (summary["bottleneck"] or {}).get("reason", "none")),
            ("moves", f"{summary['moves']:,} ({summary['moves_per_vehicle_day']:.0f} a vehicle and day)"),
            ("vehicles", ", ".join(f"{state.replace('_', ' ')} {share:.1%}" for state, share in use.items())),
            *([("mishaps", _mishaps(summary["mishaps"]))] if "mishaps" in summary else []),
            ("work in process", f"{summary['wip_lots']:.0f} lots{_cycle(summary['cycle_time_h'])}"),
            ("energy", _energy(summary)),
            (
                "wafers",
                f"in {wafers['in']:,} = out {wafers['out']:,} + scrapped {wafers['scrapped']:,} "
                f"+ in process {wafers['in_process']:,}{'' if wafers['conserved'] else '  NOT CONSERVED'}",
            ),
            ("violations", f"{summary['violations']:,}"),
            (
                "discs",
                f"{discs['count']} ({discs['parity']} of them parity), {human_bytes(discs['bytes'])}"
                + (", verified" if discs["verified"] else ""),
            ),
            ("warm-up", f"{summary['warmup_h']:g} h, not counted"),
            ("time", f"{summary['wall_s']:.1f} s ({summary['speedup']:,.0f} × real time)"),
            ("written", f"{folder}/ (open {folder / 'report.html'})"),
        ],
        title=f"{summary['title']}, {summary['record_start'][:10]}, seed {summary['seed']}",
    )
    print_table(
        ["reading", "the takt holds for", "cells a day at 100 %", "GW a year", "uptime needed", "uptime this day"],
        [
            [
                reading["reading"],
                "the workshop" if reading["takt_holds_for"] == "workshop" else f"each {reading['takt_holds_for']}",
                round(reading["cells_per_day_at_100_pct"]),
                reading["gw_per_year"],
                _share(reading["uptime_needed"]),
                _share(reading["uptime_this_day"]),
            ]
            for reading in summary["readings"]
        ],
        title="Three ways to read the takt",
    )


def _mishaps(said: dict[str, Any]) -> str:
    stalls = f"{counted(said['stalls'], 'stall')} ({said['stalled_h']:,.1f} h of vehicle time)"
    return f"{stalls}, {counted(said['breakdowns'], 'breakdown')} ({said['down_h']:,.1f} h, {said['down_share']:.2%})"


def _pace(takt: dict[str, float]) -> str:
    return f"{takt['workshop']:.4f} s workshop, {takt['line']:.3f} s line, {takt['lane']:.3f} s lane while it runs"


def _cycle(hours: float | None) -> str:
    return "" if hours is None else f"; cycle time {hours:.1f} h"


def _energy(summary: dict[str, Any]) -> str:
    if not summary["cells"]:
        return f"{summary['kwh']:,.0f} kWh in all"
    per_cell = f"{summary['kwh_per_cell']:.3f} kWh and {summary['kgco2_per_cell']:.3f} kgCO2 a cell"
    return f"{per_cell} ({summary['grid']['source']})"


def _share(share: float | None) -> str:
    if share is None:
        return ""
    return f"{share:.0%}" if share <= 1 else f"{share:.0%}, impossible"
