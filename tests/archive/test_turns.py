"""Discs that come one at a time: each is asked for once, and a file is whole or not there."""

from __future__ import annotations

import io
import json
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from disc_sets import contents, damage, small_set, tool, write_files

from heliograph.archive.read.turns import SKIP, STOP, restore_by_turns
from heliograph.archive.seal.seal import DiscSet
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, Damaged, DiscsLost, NotFound
from heliograph.synced import FileSystem


@pytest.fixture
def shelf(tmp_path: Path) -> DiscSet:
    """Three data discs, one file over all of them, and one parity disc."""
    write_files(tmp_path / "tree", big_bin=4_000_000, c_txt=100, d_bin=0)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs", capacity="3.2MB", parity=1)
    assert [disc.name for disc in sealed.discs] == ["D01", "D02", "D03", "P01"]
    return sealed


class Person:
    """Puts the disc asked for into the drive; or, where `plan` says so, another one, or answers."""

    def __init__(self, sealed: DiscSet, drive: Path, plan: list[str] | None = None) -> None:
        self.images = {disc.name: disc.path for disc in sealed.discs}
        self.drive, self.plan, self.asked = drive, plan or [], list[str]()

    def put(self, disc: str) -> None:
        self.drive.unlink(missing_ok=True)
        shutil.copy(self.images[disc], self.drive)

    def __call__(self, volume: str, instead: str) -> str:
        self.asked.append(volume[-3:])
        do = self.plan.pop(0) if self.plan else (volume[-3:] or "D01")
        if do not in self.images:
            return do
        self.put(do)
        return ""


@pytest.mark.parametrize(
    ("plan", "asked"),
    [
        ([], ["", "D02", "D03"]),
        (["D02"], ["", "D01", "D03"]),
        (["P01", "D03", "D03"], ["", "D01", "D01", "D01", "D02"]),
    ],
)
def test_each_disc_is_asked_for_until_it_came_and_read_once(
    shelf: DiscSet, tmp_path: Path, plan: list[str], asked: list[str]
):
    """In any order, with wrong discs between."""
    person = Person(shelf, tmp_path / "drive.iso", plan)

    back = restore_by_turns([tmp_path / "drive.iso"], tmp_path / "back", person)

    assert person.asked == asked
    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")
    assert (len(back.written), back.bytes) == (3, 4_000_100)


def test_only_discs_that_hold_wanted_files_are_asked_for(shelf: DiscSet, tmp_path: Path):
    person = Person(shelf, tmp_path / "drive.iso")
    person.put("P01")

    restore_by_turns([tmp_path / "*.iso"], tmp_path / "back", person, patterns=["*.txt"])

    assert person.asked == ["D03"]
    assert list(contents(tmp_path / "back")) == ["tree", "tree/c.txt"]


@pytest.mark.parametrize("answer", [SKIP, STOP])
def test_what_a_skipped_disc_holds_is_named_and_nothing_half_is_left(shelf: DiscSet, tmp_path: Path, answer: str):
    person = Person(shelf, tmp_path / "drive.iso", ["D01", "D03", answer])

    with pytest.raises(
        DiscsLost, match=r"1 file cannot be had without disc D02: tree/big.bin; 2 files restored"
    ) as lost:
        restore_by_turns([tmp_path / "drive.iso"], tmp_path / "back", person)

    assert lost.value.fields["discs"] == ["D02"]
    assert list(contents(tmp_path / "back" / "tree")) == ["c.txt", "d.bin"]
    again = Person(shelf, tmp_path / "drive.iso")
    back = restore_by_turns([tmp_path / "drive.iso"], tmp_path / "back", again)
    assert (len(back.written), len(back.already)) == (1, 2)
    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")


def test_ctrl_c_while_a_disc_is_awaited_leaves_nothing_half(shelf: DiscSet, tmp_path: Path):
    def interrupted(volume: str, instead: str) -> str:
        raise KeyboardInterrupt

    Person(shelf, tmp_path / "drive.iso").put("D01")
    with pytest.raises(KeyboardInterrupt):
        restore_by_turns([tmp_path / "drive.iso"], tmp_path / "back", interrupted)

    assert contents(tmp_path / "back") == {"tree": None}


def test_the_small_files_of_a_disc_are_made_sure_of_together_before_the_next_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "tree").mkdir()
    for number in range(60):
        (tmp_path / "tree" / f"{number}.bin").write_bytes(bytes([number]) * 60_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs", capacity="3.2MB")
    made_sure: list[int] = []
    monkeypatch.setattr(FileSystem, "make_sure", lambda _, paths: made_sure.append(len(paths)))
    here: list[int] = []

    def ask(volume: str, instead: str) -> str:
        here.append(len(list((tmp_path / "back").rglob("*.bin"))))
        return person(volume, instead)

    person = Person(sealed, tmp_path / "drive.iso")
    restore_by_turns([tmp_path / "drive.iso"], tmp_path / "back", ask)

    assert len(here) == len(sealed.discs) > 1
    assert all(before < after for before, after in pairwise([*here, 60]))
    assert len(made_sure) == 2 * len(sealed.discs)  # files, then folders
    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")


def test_a_damaged_disc_is_refused_by_name_and_the_rest_restored(shelf: DiscSet, tmp_path: Path):
    """Its file is given up; the other files are not."""
    person = Person(shelf, tmp_path / "drive.iso")
    image = bytearray(shelf.discs[1].path.read_bytes())
    at = image.index((tmp_path / "tree" / "big.bin").read_bytes()[1_800_000:1_800_100])
    image[at : at + 50] = bytes(50)
    shelf.discs[1].path.write_bytes(image)

    with pytest.raises(Damaged, match=r"2 files restored, 1 not"):
        restore_by_turns([tmp_path / "drive.iso"], tmp_path / "back", person)

    assert list(contents(tmp_path / "back" / "tree")) == ["c.txt", "d.bin"]


def test_with_mending_a_damaged_disc_is_read_from_its_parity(shelf: DiscSet, tmp_path: Path):
    """The same damage, and no disc has to be brought twice."""
    person, told = Person(shelf, tmp_path / "drive.iso"), list[int]()
    image = bytearray(shelf.discs[1].path.read_bytes())
    at = image.index((tmp_path / "tree" / "big.bin").read_bytes()[1_800_000:1_800_100])
    image[at : at + 50] = bytes(50)
    shelf.discs[1].path.write_bytes(image)

    restore_by_turns(
        [tmp_path / "drive.iso"], tmp_path / "back", person, mending=lambda image, sector: told.append(sector)
    )

    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")
    assert person.asked == ["", "D02", "D03"]
    assert at // 2048 in told


def test_a_mount_point_serves_and_another_file_is_not_replaced(shelf: DiscSet, tmp_path: Path):
    mount = tmp_path / "mount"

    def swap(volume: str, instead: str) -> str:
        shutil.rmtree(mount, ignore_errors=True)
        tool("7z", "x", "-y", f"-o{mount}", str(next(d.path for d in shelf.discs if d.name == (volume[-3:] or "D01"))))
        return ""

    restore_by_turns([mount], tmp_path / "back", swap)

    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")
    (tmp_path / "back" / "tree" / "c.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="a file of this name is there already"):
        restore_by_turns([mount], tmp_path / "back", swap)


def test_no_disc_at_all_and_no_file_that_matches_are_told(shelf: DiscSet, tmp_path: Path):
    damage(shelf.discs[0].path, 0.9)
    with pytest.raises(NotFound, match="no disc of Heliograph came"):
        restore_by_turns([shelf.discs[0].path], tmp_path / "back", lambda volume, instead: STOP)
    with pytest.raises(NotFound, match="no file matches"):
        restore_by_turns([shelf.discs[1].path], tmp_path / "back", lambda *_: STOP, patterns=["*.doc"])


class _Typist(io.StringIO):
    """Stdin of a person who changes discs between the lines."""

    def __init__(self, person: Person, *, terminal: bool) -> None:
        super().__init__()
        self._person, self._terminal = person, terminal

    def isatty(self) -> bool:
        return self._terminal

    def readline(self, size: int | None = -1, /) -> str:
        if not self._person.plan:
            return ""
        self._person("", "")
        return "\n"


def test_at_a_terminal_it_asks_and_elsewhere_only_when_told(
    shelf: DiscSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    drive = tmp_path / "drive.iso"
    words = ["archive", "restore", str(drive), "--to", str(tmp_path / "back")]

    def run(discs: list[str], *more: str, terminal: bool) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", _Typist(Person(shelf, drive, discs), terminal=terminal))
        code = main([*words, *more])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, _, err = run(["D01"], "--prompt", terminal=False)
    assert (code, "stdin is not a terminal" in err, drive.exists()) == (2, True, False)
    code, _, err = run(["D01"], terminal=True)
    assert (code, "insert" in err) == (6, False)

    code, _, err = run(["D01", "P01"], "--prompt", terminal=True)
    assert code == 9
    assert "insert any disc of the set" in err
    assert f"insert disc {shelf.set_id}_D02, then press Enter" in err
    assert f"there is: {shelf.set_id}_P01" in err
    code, out, _ = run(["D01", "D02", "D03"], "--prompt-always", "--json", terminal=False)
    assert code == 0
    assert json.loads(out)["bytes"] == 4_000_100
    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")
