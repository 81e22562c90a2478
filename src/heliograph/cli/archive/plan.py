"""`heliograph archive plan`: what seal would write, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heliograph.cli.archive.keys import asked_signer, lock_options, planned_holders
from heliograph.cli.archive.wishes import asked_day, asked_medium, asked_title, set_options
from heliograph.cli.show import human_bytes, human_duration, json_option, print_json, print_pairs, print_table, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.seal.forecast import DiscForecast, Forecast

__all__ = ["command"]

SHOWN_SPLIT = 20


@click.command(
    epilog="\b\nExamples:\n  heliograph archive plan data --medium bd-50 --parity 2\n"
    "  heliograph archive plan data --capacity 64MB --burn-speed 18MB --seal-speed 100MB"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@set_options
@click.option(
    "--burn-speed",
    help="Multiple of the medium's 1x, or bytes a second, e.g. 18MB.  [4x; none for --capacity]",
)
@click.option(
    "--seal-speed", help="Bytes of image sealed a second, e.g. 150MB.  [default: measured by sealing 24 MB of noise]"
)
@lock_options
@json_option
def command(
    paths: tuple[Path, ...],
    name: str | None,
    capacity: str | None,
    parity: int,
    redundancy: float,
    title: str,
    date: str | None,
    burn_speed: str | None,
    seal_speed: str | None,
    recipients: tuple[str, ...],
    recipients_files: tuple[Path, ...],
    by_passphrase: bool,
    passphrase_file: Path | None,
    sign: Path | None,
    sign_password_file: Path | None,
    as_json: bool,
) -> None:
    """Say how many discs the files and folders PATH... need, how full each is, and what the set survives.

    The sizes are those that seal, with the same options, then writes, to the byte. Names and sizes are read, no
    contents, and nothing is written but a sample in the folder for temporary files, to measure the speed of sealing.
    Times are estimates. With recipients or a passphrase (none is asked for here) it counts what encryption adds, with
    --sign the signatures.
    """
    import time

    from heliograph.archive.medium import of_size
    from heliograph.archive.seal.forecast import forecast
    from heliograph.archive.seal.pace import burn_bytes_s, burn_s, measure_seal_bytes_s

    kind, at = asked_medium(name, capacity), asked_day(date)
    burn_speed = burn_speed or ("4x" if kind.once_bytes_s else None)
    burn = burn_bytes_s(burn_speed, kind) if burn_speed else None
    given = float(of_size(seal_speed).bytes) if seal_speed else None
    holders = planned_holders(recipients, recipients_files, by_passphrase, passphrase_file)
    signer = asked_signer(sign, sign_password_file)
    with progress("planning", quiet=as_json) as tell:
        began_s = time.perf_counter()
        plan = forecast(
            paths,
            date=at,
            medium=kind,
            parity=parity,
            redundancy=redundancy,
            title=asked_title(title, () if holders else paths),
            holders=holders,
            signer=signer,
        )
        plan_s = time.perf_counter() - began_s
        tell(0.5, "measuring the speed of sealing")
        speed = given or measure_seal_bytes_s()
    times: dict[str, Any] = {
        "seal_bytes_s": speed,
        "seal_speed": "given" if given else "measured",
        # Sealing draws the same plan first.
        "seal_s": plan_s + plan.image_bytes / speed,
        "burn_speed": burn_speed,
        "burn_1x_bytes_s": kind.once_bytes_s,
        "burn_bytes_s": burn,
        "burn_s": None if burn is None else burn_s((disc.image_bytes for disc in plan.discs), burn),
    }
    if as_json:
        print_json(_document(plan, times))
        return
    _show(plan, times)


def _document(plan: Forecast, times: dict[str, Any]) -> dict[str, object]:
    survives = plan.survives
    return {
        "title": plan.title,
        "medium": plan.medium.name,
        "medium_bytes": plan.medium.bytes,
        "files": plan.files,
        "file_bytes": plan.file_bytes,
        "encrypted": plan.encryption_bytes > 0,
        "encryption_bytes": plan.encryption_bytes,
        "bytes": plan.image_bytes,
        "parity": plan.parity,
        "redundancy": plan.redundancy,
        "discs": [_plain(disc, plan.medium.bytes) for disc in plan.discs],
        "survives": {
            "discs": plan.parity,
            "random_pct": survives.random_share * 100,
            "scratch_bytes": survives.scratch_bytes,
            "ring_mm_est": survives.ring_mm,
        },
        "split": list(plan.split),
        "times_est": times,
    }


def _plain(disc: DiscForecast, medium: int) -> dict[str, object]:
    amounts = {
        "data": disc.data_bytes,
        "frame": disc.frame_bytes,
        "own_parity": disc.own_parity_bytes,
        "free": disc.free_bytes,
    }
    return {
        "disc": disc.disc,
        "kind": disc.kind,
        "files": disc.files,
        "bytes": disc.image_bytes,
        **{f"{what}_bytes": size for what, size in amounts.items()},
        **{f"{what}_pct": 100 * size / medium for what, size in amounts.items()},
        "survives": {
            "random_pct": disc.survives.random_share * 100,
            "scratch_bytes": disc.survives.scratch_bytes,
            "ring_mm_est": disc.survives.ring_mm,
        },
    }


def _added(plan: Forecast) -> str:
    return f" ({plan.encryption_bytes:,} bytes of it by encryption)" if plan.encryption_bytes else ""


def _show(plan: Forecast, times: dict[str, Any]) -> None:
    whole = plan.medium.bytes

    def share(size: int) -> str:
        return f"{human_bytes(size)} ({size / whole:.1%})"

    print_table(
        ["disc", "files", "data", "file systems, index", "own parity", "free", "image bytes"],
        [
            (
                disc.disc,
                f"{disc.files:,}" if disc.kind == "data" else "parity",
                share(disc.data_bytes),
                share(disc.frame_bytes),
                share(disc.own_parity_bytes),
                share(disc.free_bytes),
                f"{disc.image_bytes:,}",
            )
            for disc in plan.discs
        ],
        title=f"{plan.title}: {counted(plan.files, 'file')}, {human_bytes(plan.file_bytes)}{_added(plan)}, "
        f"on {len(plan.discs)} × {plan.medium.name} ({whole:,} bytes each)",
    )
    least = plan.survives
    ring = "" if least.ring_mm is None else f", or a ring of {least.ring_mm:.2g} mm at the rim (est.)"
    lost = {0: "none", 1: "any one disc"}.get(plan.parity, f"any {plan.parity} discs")
    burn_s = times["burn_s"]
    print_pairs(
        [
            ("lost discs survived", lost),
            ("bad sectors survived", f"{least.random_share:.2%} of each disc's, at random, in 99 of 100 cases"),
            ("scratch survived", f"{human_bytes(least.scratch_bytes)} in a row on each disc{ring}"),
            (
                "sealing",
                f"est. {human_duration(times['seal_s'])}, "
                f"at {human_bytes(times['seal_bytes_s'])}/s ({times['seal_speed']})",
            ),
            (
                "burning",
                f"est. {human_duration(burn_s)}, at {times['burn_speed']}, "
                f"{human_bytes(times['burn_bytes_s'])}/s; without changing and closing discs"
                if burn_s is not None
                else "give --burn-speed in bytes a second",
            ),
        ],
        title="What it survives (each kind of damage alone), and how long it takes",
    )
    if plan.split:
        rows = [(each.file, human_bytes(each.bytes), ", ".join(each.discs)) for each in plan.split[:SHOWN_SPLIT]]
        more = len(plan.split) - SHOWN_SPLIT
        print_table(
            ["split file", "size", "discs, in order"], rows, caption=f"{more:,} more with --json" if more > 0 else ""
        )
