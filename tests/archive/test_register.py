"""The register of tests: whole lines, kept for ever, whoever is killed while writing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heliograph.archive.care.burns import FAILED, Burn, enter_burn, last_burns
from heliograph.archive.care.migrations import repacked
from heliograph.archive.care.register import DiscId, Register, Shelf, Test
from heliograph.errors import CannotWrite, NotFound

DISC = DiscId("HG000000001", "D01")
BURN = Burn(DISC, "ab", 900, datetime(2030, 1, 2, tzinfo=UTC), FAILED, "/dev/sr0", slot=3)


def line(day: str, worst: int | None = 3, **more: object) -> Test:
    """A test of the disc on a day: so many of 32 roots used in the worst block."""
    return Test(
        DISC,
        datetime.fromisoformat(day).replace(tzinfo=UTC),
        "deep",
        "damaged",
        2550,
        5,
        worst,
        32,
        **more,  # type: ignore[arg-type]
    )


def test_what_was_entered_is_read_again_in_the_order_of_dates(tmp_path: Path):
    book = Register(tmp_path / "register.sqlite")
    later = line("2029-01-01", drive="BU40N", medium="shelf A", why="5 sectors", software="heliograph 0.1.0")
    folder = Test(DISC, datetime(2031, 1, 1, tzinfo=UTC), "quick", "good")
    sealed = Shelf(DISC, datetime(2026, 11, 22, tzinfo=UTC), "Family")

    book.enter([sealed], [later, folder])
    book.enter([sealed], [line("2028-01-01")])

    assert book.tests() == {DISC: [line("2028-01-01"), later, folder]}
    assert book.shelves() == [sealed]


def test_margin_is_the_worst_block_and_the_mean_of_all():
    """2,550 sectors are 10 rows of 255: five damaged ones are half a sector a row."""
    assert (line("2028-01-01").worst_share, line("2028-01-01").mean) == (3 / 32, 0.5)
    folder = Test(DISC, datetime(2031, 1, 1, tzinfo=UTC), "deep", "good")
    assert (folder.worst_share, folder.mean) == (None, None)


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE tests SET worst = 0",
        "DELETE FROM tests",
        "INSERT OR REPLACE INTO tests SELECT line, set_id, disc, tested_at, depth, 0, 0, 0, 0, 'good', '', '', '', ''"
        " FROM tests",
        "UPDATE discs SET title = ''",
        "DELETE FROM discs",
    ],
)
def test_no_line_can_be_changed_or_deleted(tmp_path: Path, words: str):
    book = Register(tmp_path / "register.sqlite")
    book.enter([Shelf(DISC, datetime(2026, 11, 22, tzinfo=UTC))], [line("2028-01-01")])

    store = sqlite3.connect(book.path)
    with pytest.raises(sqlite3.IntegrityError, match="the register only grows"):
        store.execute(words)
    store.close()


def test_a_disc_that_is_in_the_register_stays_as_it_was_entered(tmp_path: Path):
    book = Register(tmp_path / "register.sqlite")
    first = Shelf(DISC, datetime(2026, 11, 22, tzinfo=UTC), "Family")
    book.enter([first])
    book.enter([Shelf(DISC, datetime(2030, 1, 1, tzinfo=UTC), "Other")])

    with closing(sqlite3.connect(book.path)) as store, store:
        store.execute("INSERT OR REPLACE INTO discs SELECT set_id, disc, '2030-01-01T00:00:00+00:00', '' FROM discs")
    assert book.shelves() == [first]


def test_other_files_are_refused_and_left_alone(tmp_path: Path):
    text, other, newer = tmp_path / "notes.txt", tmp_path / "other.sqlite", tmp_path / "newer.sqlite"
    text.write_text("not a database, but as long as a header of one: " * 20)
    with sqlite3.connect(other) as store:
        store.execute("CREATE TABLE things (name TEXT)")
    Register(newer).enter()
    with sqlite3.connect(newer) as store:
        store.execute("PRAGMA user_version = 3")
    before = [path.read_bytes() for path in (text, other, newer)]

    for path, said in ((text, "not a database"), (other, "another kind of SQLite file"), (newer, "version 3, newer")):
        with pytest.raises(CannotWrite, match=said):
            Register(path).check()
        with pytest.raises(CannotWrite, match=said):
            Register(path).tests()
    assert [path.read_bytes() for path in (text, other, newer)] == before
    with pytest.raises(NotFound, match="no such register"):
        Register(tmp_path / "nowhere.sqlite").tests()
    with pytest.raises(CannotWrite, match="no such folder"):
        Register(tmp_path / "no folder" / "register.sqlite").check()
    Register(tmp_path / "new.sqlite").check()
    assert not (tmp_path / "new.sqlite").exists()


def test_a_writer_killed_before_its_first_line_leaves_an_empty_register(tmp_path: Path):
    (tmp_path / "register.sqlite").touch()

    assert Register(tmp_path / "register.sqlite").tests() == {}
    assert Register(tmp_path / "register.sqlite").shelves() == []


_WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from heliograph.archive.care.register import DiscId, Register, Test
book = Register(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 10**9):
    day = datetime(2030, 1, 1, tzinfo=UTC)
    book.enter(tests=[Test(DiscId("HG000000001", "D01"), day, "deep", "good", why=str(number))])
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_every_line_that_it_had_finished_and_no_half_one(tmp_path: Path):
    """Fifteen writers, each killed (-9) in the middle of its work, one after the other on one register."""
    path = tmp_path / "register.sqlite"
    lines: list[int] = []
    for kill in range(15):
        after_last = lines[-1] + 1 if lines else 0
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), str(after_last)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        said = [int(writer.stdout.readline())]
        time.sleep(0.001 * kill)
        writer.kill()
        said += [int(line) for line in writer.stdout.read().splitlines()]
        writer.wait()
        writer.stdout.close()

        lines = [int(one.why) for one in Register(path).tests()[DISC]]
        # What it had told stands; at most one more line was finished and not told any more.
        assert lines == list(range(len(lines)))
        assert said[-1] <= lines[-1] <= said[-1] + 1
    with sqlite3.connect(path) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(lines) >= 15


def test_a_register_of_version_1_grows_the_new_tables_and_keeps_its_lines(tmp_path: Path):
    book = Register(tmp_path / "register.sqlite")
    book.enter(tests=[Test(DISC, datetime(2030, 1, 1, tzinfo=UTC), "deep", "good")])
    with sqlite3.connect(book.path) as store:
        store.executescript("DROP TABLE burns; DROP TABLE migrations; PRAGMA user_version = 1;")
    before = book.tests()
    assert (last_burns(book), repacked(book)) == ({}, {})

    enter_burn(book, BURN)

    assert (book.tests(), last_burns(book)) == (before, {"ab": BURN})


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE burns SET state = 'verified'",
        "DELETE FROM burns",
        "INSERT OR REPLACE INTO burns SELECT line, set_id, disc, sha256, sectors, at, 'verified', drive, model, kind,"
        " product, slot, medium, software, why FROM burns",
    ],
)
def test_what_was_burnt_cannot_be_changed_later(tmp_path: Path, change: str):
    book = Register(tmp_path / "register.sqlite")
    enter_burn(book, BURN)

    with sqlite3.connect(book.path) as store, pytest.raises(sqlite3.IntegrityError, match="the register only grows"):
        store.execute(change)

    assert last_burns(book) == {"ab": BURN}
    assert last_burns(book, folders=True) == {}
