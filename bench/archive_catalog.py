"""The catalog of a large archive: enter a million files, find some, plan a restore, in SQLite and in PostgreSQL.

    python bench/archive_catalog.py                                          # SQLite
    python bench/archive_catalog.py --catalog postgresql://me@127.0.0.1/bench

Group: targeted. Made up: 100 sets of 10,000 files each, on 10 data discs and 2 parity discs; every tenth file is a
table of cells. No disc is read (`catalog rebuild` reads one index a disc beside). Seconds of wall time, and of this
process alone; each question is asked three times, the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from heliograph.archive.catalog import Where, enter, find, to_fetch
from heliograph.archive.texts.index import FORMAT, Disc, File, Index, Piece
from heliograph.errors import NotFound

SETS = 100


def made_up(number: int, files: int) -> Index:
    """The index of one set."""
    day = date(2026, 1, 1).toordinal() + number
    stamp = f"SX{date.fromordinal(day):%y%m%d}"
    discs = [Disc(f"D{one:02d}", "data", one) for one in range(1, 11)] + [
        Disc(f"P{one:02d}", "parity", one) for one in (1, 2)
    ]

    def file(one: int) -> File:
        sha256 = f"{number * 2_654_435_761 % 2**32:08x}{one * 2_654_435_761 % 2**32:08x}" + "0" * 48
        folder = "record" if one % 10 == 0 else f"photos/{one % 97:02d}"
        name = f"{folder}/{number:03d}-{one:06d}.{'parquet' if one % 10 == 0 else 'jpg'}"
        piece = Piece(discs[one * 10 // files].name, f"data/{name}", 0, 1_000_000, sha256)
        keys = {"cell": (f"{stamp}-{one // 10:05d}-0001", f"{stamp}-{one // 10:05d}-0980")} if one % 10 == 0 else {}
        return File(name, 1_000_000, sha256, (piece,), keys=keys)

    when = f"{date.fromordinal(day).isoformat()}T00:00:00+00:00"
    made = tuple(file(one) for one in range(files))
    return Index(FORMAT, f"HG{number:09d}", f"Day {number}", when, "bench", 0.15, tuple(discs), made, ())


def clocked(what: Callable[[], object], times: int = 3) -> tuple[float, object]:
    """Median wall seconds, and what came out."""
    spans = []
    for _ in range(times):
        begin = time.perf_counter()
        result = what()
        spans.append(time.perf_counter() - begin)
    return statistics.median(spans), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--catalog", help="postgresql://… of an empty database; a new SQLite file if not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where: Where = given.catalog or Path(folder) / "catalog.sqlite"
        spent, cpu = 0.0, 0.0
        for number in range(SETS):
            index = made_up(number, given.files // SETS)
            begin, begin_cpu = time.perf_counter(), time.process_time()
            enter(where, index, {})
            spent, cpu = spent + time.perf_counter() - begin, cpu + time.process_time() - begin_cpu
        size = f", {where.stat().st_size / 1e6:,.0f} MB" if isinstance(where, Path) else ""
        print(f"enter {given.files:,} files in {SETS} sets: {spent:.1f} s wall, {cpu:.1f} s here{size}")
        one = made_up(42, given.files // SETS).files[1]
        questions: dict[str, Callable[[], object]] = {
            "one name": lambda: find(where, one.path),
            "a folder": lambda: find(where, "photos/42"),
            "a pattern with a beginning": lambda: find(where, "record/042-*.parquet"),
            "a pattern without": lambda: find(where, "*/042-0000[0-4]?.*"),
            "a hash": lambda: find(where, sha256=one.sha256[:16]),
            "a cell": lambda: find(where, cell="SX260212-00042-0123"),
            "a lot": lambda: find(where, lot="SX260212-00042"),
            "days of sealing": lambda: find(where, days=(date(2026, 2, 1), date(2026, 2, 2))),
            "days of the record": lambda: find(where, "record", days=(date(2026, 2, 1),) * 2, of="record"),
            "all files": lambda: find(where),
        }
        for name, question in questions.items():
            try:
                span, hits = clocked(question, 1 if name == "all files" else 3)
            except NotFound:
                span, hits = float("nan"), []
            print(f"find by {name}: {span:.3f} s, {len(hits):,} found")  # type: ignore[arg-type]
        hits = find(where)
        span, fetch = clocked(lambda: to_fetch(where, hits, ["D03"]), 1)
        discs = sum(len(each.discs) for each in fetch)  # type: ignore[attr-defined]
        print(f"plan a restore of all, D03 of each set missing: {span:.1f} s, {discs:,} discs")


if __name__ == "__main__":
    main()
