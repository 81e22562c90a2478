"""What is counted is what is drawn, to the sector."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from disc_sets import DATE, ODD_NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.archive.iso.footprint import footprint
from heliograph.archive.iso.image import Layout, lay_out
from heliograph.archive.iso.names import Namer
from heliograph.archive.medium import of_size
from heliograph.archive.rs03.layout import SCRATCH_SECTORS, largest_iso
from heliograph.archive.seal import plan
from heliograph.archive.seal.pack import gather, pack
from heliograph.archive.seal.plan import Wishes, plan_set

SIZES = (0, 1, 2048, 2049, 1_000_000, 0xFFFFF800, 0xFFFFF801, 9_000_000_000)
LETTERS = st.sampled_from(["abcdefgh.", "AB 0", "éüß", "文件名甲乙", "a文😀~"])


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[str]]:
    """Files and folders as they stand on a disc, with names of any length that fits."""
    random = Random(draw(st.integers(0, 1 << 32)))
    letters, longest = draw(LETTERS), draw(st.sampled_from([8, 60, 126, 255]))
    namer = Namer()

    def name() -> str:
        return "".join(random.choices(letters, k=random.randint(1, longest))) + "x"

    folders = ["data"]
    for _ in range(draw(st.sampled_from([0, 1, 6, 40]))):
        folders.append(f"{random.choice(folders)}/{name()}")
    paths = dict.fromkeys(f"{random.choice(folders)}/{name()}" for _ in range(draw(st.sampled_from([0, 1, 20, 200]))))
    files = [(namer.path(path, "file"), random.choice(SIZES)) for path in paths]
    return files, list(dict.fromkeys(namer.path(folder) for folder in folders))


def drawn(files: list[tuple[str, int]], folders: list[str]) -> int:
    return lay_out(files, folders, volume="HG123456789_D01", set_id="HG123456789", at=DATE).sectors


@settings(max_examples=60, deadline=None)
@given(trees())
def test_a_tree_takes_as_many_sectors_as_are_counted(tree: tuple[list[tuple[str, int]], list[str]]):
    """Long and wide names, deep folders, files of many extents."""
    files, folders = tree

    assert footprint(files, folders) == drawn(files, folders)


@pytest.mark.parametrize(
    "letters", ["plain", "of which Rock Ridge keeps the end elsewhere " * 4, "文件" * 30], ids=["plain", "long", "wide"]
)
def test_many_folders_and_files_take_as_many_sectors_as_are_counted(letters: str):
    """Path tables and folders of several sectors, and several sectors of ends of names."""
    namer = Namer()
    files = [(namer.path(f"data/{number % 400}/{letters} {number}.txt"), number) for number in range(1200)]

    assert footprint(files, ["data"]) == drawn(files, ["data"])


def test_names_that_had_to_change_are_counted():
    namer = Namer()
    files = [(namer.path(name), 3000) for name in ODD_NAMES]

    assert footprint(files, ["nothing/in/here"]) == drawn(files, ["nothing/in/here"])


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The volumes that were drawn."""
    volumes: list[str] = []

    def noted(*wanted: Any, volume: str, **more: Any) -> Layout:
        volumes.append(volume)
        return lay_out(*wanted, volume=volume, **more)

    monkeypatch.setattr(plan, "lay_out", noted)
    return volumes


def test_planning_draws_each_disc_once(tmp_path: Path, draws: list[str], monkeypatch: pytest.MonkeyPatch):
    """Though it packs more than once: the index does not fit beside the files at first."""
    for number in range(400):
        (tmp_path / f"{number}").write_bytes(bytes(number * 20))
    rooms = []
    monkeypatch.setattr(plan, "pack", lambda gathered, left: rooms.append(left) or pack(gathered, left))

    made = plan_set(gather([tmp_path]), Wishes(of_size("2.5MB"), "Title", DATE, parity=2), "explained\n" * 60)

    assert len(rooms) > 1
    assert len(made.discs) > 4
    assert sorted(draws) == sorted(f"{made.index.set_id}_{disc.disc.name}" for disc in made.discs)


def test_what_is_drawn_counts_where_it_takes_more_than_was_counted(
    tmp_path: Path, draws: list[str], monkeypatch: pytest.MonkeyPatch
):
    """Another version of pycdlib may put things differently; no disc is over-full then either."""
    for number in range(400):
        (tmp_path / f"{number}").write_bytes(bytes(number * 20))
    wishes = Wishes(of_size("2.5MB"), "Title", DATE, parity=2)
    room = largest_iso(wishes.medium.sectors, redundancy=wishes.redundancy, scratch_sectors=SCRATCH_SECTORS)
    monkeypatch.setattr(plan, "footprint", lambda files, folders: footprint(files, folders) // 2)

    made = plan_set(gather([tmp_path]), wishes)

    assert len(draws) > len(made.discs)
    assert max(disc.layout.sectors for disc in made.discs) <= room
