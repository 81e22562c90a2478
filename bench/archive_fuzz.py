"""Mutated disc images against the reader: each is read or refused by name; none may crash, hang or write outside.

    python bench/archive_fuzz.py --mutants 100000 --workers 2

Seeds are small real images: the discs of a set with parity, of an encrypted and signed set, an image that is no disc of
ours under RS03, and each without its RS03 layer. A mutant is a seed with bits flipped, bytes overwritten, cut, spliced
with itself or another seed; or with single fields changed where they stand (volume descriptor, directory records, Rock
Ridge entries, index.json and the other texts, RS03 header and CRC sectors), checksums made to fit again. On each the
reader lists and restores; on a share of them (--deep) it verifies, repairs, judges signatures or reads the layout, too.

Counted are the outcomes. A mutant fails when anything but an error of ours comes out, when it takes more than --limit
seconds of a processor or more memory than --memory, when a file appears outside the folder, or when one is restored
with other bytes than were sealed though nobody made the checksums fit.

With --program the program on the discs, `read_discs.py`, is tried instead: it lists and copies; on a share it checks or
mends. It fails when it prints a trace, hangs, takes too much, writes outside its folder, or writes bytes whose SHA-256
no index gives.

Ctrl-C ends it, and what was tried so far is counted. It does not measure speed, and it does not follow coverage:
mutations are drawn blindly.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from fuzzing import program, reader
from fuzzing.ground import make_ground
from fuzzing.mutations import mutate
from fuzzing.workers import fuzz


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1, help="number of the first mutant")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--deep", type=float, default=0.2, help="share on which the slow ways are tried, too")
    parser.add_argument("--limit", type=float, default=20.0, help="processor seconds for one mutant")
    parser.add_argument(
        "--memory", type=int, default=1 << 30, help="bytes a worker may take beyond what it begins with"
    )
    parser.add_argument("--keep", type=Path, help="folder for the mutants that fail")
    parser.add_argument("--program", action="store_true", help="try read_discs.py, the program on the discs")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heliograph-fuzz-") as folder:
        ground = make_ground(Path(folder))
        print(
            f"{len(ground.seeds)} seeds, {min(len(s.data) for s in ground.seeds):,} to "
            f"{max(len(s.data) for s in ground.seeds):,} bytes; mutants {wish.first:,} and on"
        )
        tally = fuzz(
            (program if wish.program else reader).attempt,
            ground,
            wish.first,
            wish.mutants,
            workers=wish.workers,
            limit_s=wish.limit,
            memory=wish.memory,
            deep=wish.deep,
        )
        for number_, _ in tally.failures[:20]:
            print(f"mutant {number_} is {mutate(number_, ground)[2]} of {mutate(number_, ground)[0].name}")
            if wish.keep is not None:
                wish.keep.mkdir(parents=True, exist_ok=True)
                (wish.keep / f"{number_}.iso").write_bytes(mutate(number_, ground)[1])
    tried = tally.mutations.total()
    print(
        f"\n{tried:,} mutants in {tally.wall_s:,.0f} s: {tried / tally.wall_s:,.1f} a second with "
        f"{wish.workers} workers; the slowest took {tally.slowest_s:.1f} s"
    )
    for name, count in [*sorted(tally.mutations.items()), *sorted(tally.outcomes.items())]:
        print(f"  {count:9,}  {name}")
    print(f"{len(tally.failures)} failed")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
