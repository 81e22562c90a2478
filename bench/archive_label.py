"""Labels for a thousand discs: from the facts to the PDF, in each form.

    python bench/archive_label.py

Group: targeted. Made up: 100 sets of 10 discs, with English and Chinese titles in turn and 20 folders on each disc.
Wall seconds and those of this process; the first form pays for finding fonts. Not measured: reading discs.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from heliograph.archive.label import CASES, Face, Facts, Holding, Stickers, write_labels


def main() -> None:
    holds = tuple(Holding(f"photos/{year}/", 1_000, 10**9) for year in range(2001, 2021))
    titles = ("Family photographs and letters, 1998 to 2026", "徐汇车间二〇二六年十一月生产记录与质量追溯档案")
    facts = [
        Facts(
            f"HG{one:09d}",
            f"D{disc:02d}",
            titles[one % 2],
            "2026-11-22",
            "data",
            disc,
            10,
            10,
            f"{one:064x}",
            20_000_000_000,
            "bd-25",
            holds,
        )
        for one in range(100)
        for disc in range(1, 11)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, form in {"stickers": Stickers(), "face": Face(), **CASES}.items():
            out = Path(folder) / f"{name}.pdf"
            begin, begin_cpu = time.perf_counter(), time.process_time()
            labels = write_labels(facts, out, form)
            wall, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
            size = f"{out.stat().st_size / 1e6:.1f} MB"
            print(f"{name}: {len(facts):,} labels, {labels.pages:,} pages, {size}; {wall:.1f} s wall, {cpu:.1f} s here")


if __name__ == "__main__":
    main()
