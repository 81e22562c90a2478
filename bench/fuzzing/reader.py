"""A mutant, read with Heliograph: what came of it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from fuzzing.ground import Ground
from fuzzing.mutations import mutate

__all__ = ["attempt"]


def attempt(number_: int, ground: Ground, folder: Path, deep: float = 1.0) -> str:
    """Read one mutant; what came of it. Anything but an error of ours is raised.

    Args:
        deep: how often the slow ways are tried, too.
    """
    from heliograph.archive.read.reader import find_sets, open_set
    from heliograph.archive.read.restore import restore
    from heliograph.archive.read.trust import judge
    from heliograph.archive.read.unlock import check_contents, unlock
    from heliograph.archive.repair.mend import mend
    from heliograph.archive.rs03 import read_layout
    from heliograph.archive.secret import Keyring
    from heliograph.archive.secret.holders import identity_file
    from heliograph.archive.signing import public_key
    from heliograph.archive.verify.verify import verify
    from heliograph.errors import HeliographError

    seed, data, _, forged = mutate(number_, ground)
    r = random.Random(-1 - number_)
    inside = folder / "in"
    for each in (inside, folder / "out"):
        shutil.rmtree(each, ignore_errors=True)
    inside.mkdir()
    image = inside / seed.name
    image.write_bytes(data)
    if with_mates := r.random() < 0.3:
        for name, mate in seed.mates.items():
            (inside / name).write_bytes(mate)
    (folder / "key").write_text(ground.identity)
    came: list[str] = []

    def tried(what: str, work: Callable[[], object]) -> None:
        try:
            work()
            came.append(f"{what} done")
        except HeliographError as wrong:
            if "Traceback" in wrong.message or len(wrong.message) > 5000:
                raise AssertionError(f"a message of {len(wrong.message)} letters") from wrong
            came.append(f"{what} {type(wrong).__name__}")

    def listing() -> None:
        found = find_sets([inside])
        try:
            for view in found.sets:
                for disc in view.discs.values():
                    disc.files()  # type: ignore[union-attr]
            for wrong in found.unread.values():
                raise wrong
        finally:
            found.close()

    def restoring() -> None:
        ring = Keyring(tuple(identity_file(folder / "key", str)))
        with open_set([inside], mending=lambda image, sector: None) as view:  # as the command does
            restore(unlock(view, ring), folder / "out" / "restored")

    def trusting() -> None:
        with open_set([inside]) as view:
            refused = judge(view, [public_key(ground.signer)]).error()
            if refused is not None:
                raise refused
            check_contents(unlock(view, Keyring(tuple(identity_file(folder / "key", str)))))

    def verifying() -> None:
        wrong = verify([inside if with_mates else image], deep=r.random() < 0.5).error()
        if wrong is not None:
            raise wrong

    tried("ls", listing)
    tried("restore", restoring)
    last: list[tuple[str, Callable[[], object]]] = [
        ("verify", verifying),
        ("repair", lambda: mend([inside if with_mates else image], out=folder / "out" / "mended")),
        ("trust", trusting),
        ("layout", lambda: read_layout(image)),
    ]
    if r.random() < deep:
        tried(*last[r.choices(range(4), (4, 4, 2, 1))[0]])
    beside = {path.name for path in folder.iterdir()} - {"in", "out", "key"}
    assert not beside, f"written outside: {beside}"
    if not forged:
        for path in (folder / "out" / "restored").rglob("*"):
            assert not path.is_file() or path.read_bytes() in ground.contents, f"{path} was restored with other bytes"
    return ", ".join(came)
