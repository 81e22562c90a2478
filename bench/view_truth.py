"""Is the view of a recorded day true? Its data at random times, against the tables on the discs read by other code.

    python bench/view_truth.py --day RUN [--times 1000] [--seed 1]

RUN is a directory that `heliograph run topcon` left; only its disc images are read. The server is `heliograph replay`
on them, asked over HTTP for a chunk of each instant. `view_judge.py`, which shares no line with the view, works out
from the tables where every vehicle is and what it does, the state of every machine, the place and lot of every carrier;
and from the layout where every node is. Prints what was compared, and the differences. Exit code 1: there are some.

Not compared: heading and speed of vehicles, which no table holds; what the page draws of the data (tests/view does).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from view_judge import Truth, taken_off
from view_server import asked, asked_json, images_of, served

SHOWN = 20


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--day", type=Path, required=True)
    words.add_argument("--times", type=int, default=1000)
    words.add_argument("--seed", type=int, default=1)
    wish = words.parse_args()
    images = images_of(wish.day)
    with tempfile.TemporaryDirectory() as folder, served(*images) as url:
        truth = Truth(taken_off(images, Path(folder)))
        floor = asked_json(url, "floor")
        chance = random.Random(wish.seed)
        times = [chance.randrange(floor["span"][1]) for _ in range(wish.times)]
        began = time.process_time()
        wrong, compared = truth.wrong(floor, lambda at: asked(url, "chunk", **{"from": at, "to": at}), times)
        used = time.process_time() - began
    told = ", ".join(f"{count:,} of {kind}s" for kind, count in sorted(compared.items()))
    print(f"{len(set(times)):,} times, compared {told}; {used:.1f} s of processor")
    for line in wrong[:SHOWN]:
        print(line)
    print(f"{len(wrong):,} differences")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
