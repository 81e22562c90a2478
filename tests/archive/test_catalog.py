"""The catalog's contract, kept by SQLite, PostgreSQL and memory: each test here that asks for `catalog` runs on all."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from disc_sets import DATE, damage, small_set, write_files

from heliograph.archive.catalog import Where, add, enter, find, rebuild
from heliograph.archive.catalog.tables import TABLES
from heliograph.archive.catalog.where import open_store
from heliograph.archive.medium import of_size
from heliograph.archive.read.identify import identify
from heliograph.archive.seal.seal import DiscSet, seal
from heliograph.archive.texts.custody import Step
from heliograph.archive.texts.index import FORMAT, Disc, File, Index, Piece
from heliograph.errors import CannotWrite, Damaged, DiscWrong, NotFound

lasting = pytest.mark.parametrize("catalog", ["sqlite", "postgres"], indirect=True)
"""What other processes see, and what outlives one."""


def dump(catalog: Where) -> dict[str, list[tuple[object, ...]]]:
    """All that a catalog says."""
    with open_store(catalog).reading() as rows:
        return {table: sorted(rows.ask(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def ask(catalog: Where, sql: str, *values: object) -> list[tuple[object, ...]]:
    with open_store(catalog).reading() as rows:
        return list(rows.ask(sql, *values))


def made_up(number: int, names: int = 50) -> Index:
    """The index of a set that nobody sealed: two discs, a file of two pieces for each name."""
    files = tuple(
        File(
            f"day{number}/{name:04d}.bin",
            20,
            f"{number * names + name:064x}",
            (Piece("D01", f"data/{name}.1", 0, 10, "1" * 64), Piece("D02", f"data/{name}.2", 10, 10, "2" * 64)),
            keys={"cell": (f"SX2611{number:02d}-00001-0001", f"SX2611{number:02d}-00009-0980")},
        )
        for name in range(names)
    )
    discs = (Disc("D01", "data", 1), Disc("D02", "data", 2))
    when = f"2026-11-{number:02d}T00:00:00+00:00"
    return Index(FORMAT, f"HG{number:09d}", f"Day {number}", when, "test", 0.15, discs, files, ())


@pytest.fixture
def sets(tmp_path: Path, catalog: Where) -> list[DiscSet]:
    """Two sealed days in one catalog and one folder; the first file of each stands on two discs."""
    made = []
    for day in (1, 2):
        write_files(tmp_path / f"day{day}", a_bin=2_500_000 + day, b_bin=10)
        made.append(
            seal(
                [tmp_path / f"day{day}"],
                tmp_path / "discs",
                date=DATE,
                medium=of_size("3MB"),
                parity=1,
                title=f"第 {day} 天",
                keys={f"day{day}/a.bin": {"cell": ("A-1", "A-9")}},
                catalog=catalog,
            )
        )
    return made


def test_a_catalog_made_again_from_the_discs_alone_says_the_same(sets: list[DiscSet], catalog: Where, tmp_path: Path):
    before = dump(catalog)
    with open_store(catalog).writing() as rows:
        rows.do("DELETE FROM files")
        rows.do("UPDATE discs SET image = 'elsewhere'")

    entered = rebuild(catalog, [tmp_path / "discs"])

    assert [index.set_id for index in entered.sets] == sorted(one.set_id for one in sets)
    assert not entered.unread and not entered.gone
    assert dump(catalog) == before


def test_the_catalog_answers_which_disc_a_file_is_on(sets: list[DiscSet], catalog: Where):
    pieces = ask(
        catalog,
        "SELECT disc, image, start FROM pieces JOIN discs USING (set_id, disc) WHERE file = ? ORDER BY piece",
        "day1/a.bin",
    )
    keys = ask(catalog, "SELECT file FROM keys WHERE column_name = 'cell' AND ? BETWEEN first AND last", "A-5")

    discs = sets[0].discs[: len(pieces)]
    below = isinstance(catalog, Path)
    assert [row[:2] for row in pieces] == [(disc.name, disc.path.name if below else str(disc.path)) for disc in discs]
    assert len(pieces) > 1
    assert sorted(keys) == [("day1/a.bin",), ("day2/a.bin",)]


def test_discs_that_are_missing_or_unreadable_keep_the_place_where_they_were_seen_unless_it_is_forgotten(
    sets: list[DiscSet], catalog: Where, tmp_path: Path
):
    before = dump(catalog)
    gone, sick, *_ = sets[0].discs
    gone.path.unlink()
    damage(sick.path, 0.9)

    entered = rebuild(catalog, [tmp_path / "discs"])

    assert list(entered.unread) == [sick.path]
    assert dump(catalog) == before
    rebuild(catalog, [tmp_path / "discs"], forget_absent=True)
    places = dict(ask(catalog, "SELECT disc, image FROM discs WHERE set_id = ?", sets[0].set_id))
    assert [disc for disc, place in places.items() if place is None] == ["D01", "D02"]


def test_one_disc_enters_its_whole_set_and_later_ones_add_their_places(
    sets: list[DiscSet], catalog: Where, tmp_path: Path
):
    first, second = (tmp_path / "discs" / f"{sets[0].set_id}-{disc}.iso" for disc in ("D01", "P01"))
    before = dump(catalog)
    rebuild(catalog, [disc.path for disc in sets[1].discs], forget_absent=True)
    assert {set_id for (set_id,) in ask(catalog, "SELECT set_id FROM sets")} == {sets[1].set_id}

    add(catalog, [first])
    assert len(find(catalog, "day1")) == 2
    add(catalog, [second])
    places = dict(ask(catalog, "SELECT disc, image FROM discs WHERE set_id = ?", sets[0].set_id))
    assert [disc for disc, place in sorted(places.items()) if place] == ["D01", "P01"]

    add(catalog, [tmp_path / "discs"])
    assert dump(catalog) == before
    with pytest.raises(NotFound, match="no discs of Heliograph here"):
        add(catalog, [tmp_path / "day1"])
    damage(first, 0.9)
    with pytest.raises((Damaged, DiscWrong)):
        add(catalog, [first])
    assert dump(catalog) == before


def test_a_rebuild_leaves_what_others_entered_and_names_the_sets(sets: list[DiscSet], catalog: Where, tmp_path: Path):
    """Two stations share a catalog. At one of them there are a disc of the first set, and none of the second."""
    before = dump(catalog)
    with open_store(catalog).writing() as rows:
        rows.do("DELETE FROM files WHERE set_id = ?", sets[0].set_id)

    entered = rebuild(catalog, [sets[0].discs[0].path])

    assert (entered.left, entered.gone) == (((sets[1].set_id, "第 2 天"),), ())
    assert dump(catalog) == before


def test_a_rebuild_in_an_empty_folder_takes_nothing_out_unless_told_so(
    sets: list[DiscSet], catalog: Where, tmp_path: Path
):
    (tmp_path / "empty").mkdir()
    before = dump(catalog)

    with pytest.raises(NotFound, match="no discs of Heliograph here"):
        rebuild(catalog, [tmp_path / "empty"])
    assert dump(catalog) == before

    entered = rebuild(catalog, [tmp_path / "empty"], forget_absent=True)
    assert ({one for one, _ in entered.gone}, entered.left) == ({one.set_id for one in sets}, ())
    assert not any(dump(catalog).values())


def test_another_set_under_the_same_id_is_refused(catalog: Where):
    enter(catalog, made_up(1), {})
    before = dump(catalog)

    with pytest.raises(CannotWrite, match="holds another set of the id HG000000001"):
        enter(catalog, msgspec.structs.replace(made_up(1), title="another"), {})

    assert dump(catalog) == before


@pytest.mark.parametrize("more", [{"bytes": 10**30}, {"path": "lone \ud800"}])
def test_what_no_database_holds_is_refused_whole(catalog: Where, more: dict[str, object]):
    """A size or a name that only a tampered disc can have."""
    enter(catalog, made_up(1), {})
    two = made_up(2)
    odd = msgspec.structs.replace(two.files[-1], **more)

    with pytest.raises((CannotWrite, UnicodeError)):
        enter(catalog, msgspec.structs.replace(two, files=(*two.files[:-1], odd)), {})

    assert len(find(catalog)) == 50


def test_names_come_in_the_order_of_their_bytes(catalog: Where):
    """Whatever the alphabet of the database's country says: ranges of cells depend on it."""
    names = ["Z", "a", "a-b", "a_b", "ab", "ß", "é", "中"]
    one = made_up(1)
    files = tuple(msgspec.structs.replace(one.files[0], path=name) for name in reversed(names))
    enter(catalog, msgspec.structs.replace(one, files=files), {})

    assert [hit.file for hit in find(catalog)] == names
    assert [row[0] for row in ask(catalog, "SELECT file FROM files WHERE file > ? ORDER BY file", "ab")] == names[-3:]


def test_writers_at_once_wait_for_each_other_and_lose_nothing(sets: list[DiscSet], catalog: Where, tmp_path: Path):
    """Six sets are entered while two rebuilds run and readers look on."""
    before = dump(catalog)
    indexes = [made_up(number) for number in range(1, 7)]
    seen: list[int] = []

    def look() -> None:
        hits = find(catalog, "day*/*.bin")
        seen.extend(len([hit for hit in hits if hit.set_id == index.set_id]) for index in indexes)

    with ThreadPoolExecutor(12) as crew:
        work = [crew.submit(enter, catalog, index, {}) for index in indexes]
        work += [crew.submit(rebuild, catalog, [tmp_path / "discs"]) for _ in range(2)]
        work += [crew.submit(look) for _ in range(4)]
        for each in work:
            each.result(timeout=60)

    assert set(seen) <= {0, 50}  # a set is there whole, or not yet
    after = dump(catalog)
    assert all(set(before[table]) <= set(after[table]) for table in TABLES)
    assert {len([row for row in after["pieces"] if row[0] == index.set_id]) for index in indexes} == {100}


def test_a_set_that_is_entered_while_a_rebuild_reads_discs_stays(
    sets: list[DiscSet], catalog: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def meanwhile(paths: list[Path], ring: object) -> object:
        enter(catalog, made_up(3), {})
        return identify(paths)

    monkeypatch.setattr("heliograph.archive.catalog.entry.identify", meanwhile)
    rebuild(catalog, [tmp_path / "discs"])

    assert len(find(catalog, "day3")) == 50
    assert len(find(catalog, "day1")) == 2


_HALF = """
import sys, time
from pathlib import Path
import heliograph.archive.catalog.entry as entering
whole = entering._put_files
def half(rows, index):
    whole(rows, index)
    rows.put("files", (("HG999999999", str(one), 1, "0" * 64, "") for one in range(int(sys.argv[3]))))
    print("half", flush=True)
    time.sleep(60)
entering._put_files = half
where = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
entering.rebuild(where, [Path(sys.argv[2])])
"""


@contextmanager
def half_way(catalog: Where, discs: Path, more: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A rebuild in another process that stops in the middle, old rows deleted, new ones and `more` written."""
    words = [sys.executable, "-c", _HALF, str(catalog), str(discs), str(more)]
    at_work = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert at_work.stdout is not None
    try:
        assert at_work.stdout.readline() == "half\n"
        yield at_work
    finally:
        at_work.kill()
        at_work.wait()
        at_work.stdout.close()


@lasting
def test_a_killed_rebuild_leaves_the_catalog_as_it_was(sets: list[DiscSet], catalog: Where, tmp_path: Path):
    """More than SQLite holds in memory: the file has changed, and the next who opens it rolls that back."""
    before = dump(catalog)
    whole = catalog.stat().st_size if isinstance(catalog, Path) else 0

    with half_way(catalog, tmp_path / "discs", 40_000) as at_work:
        if isinstance(catalog, Path):
            assert catalog.stat().st_size > whole
        os.kill(at_work.pid, signal.SIGKILL)
        at_work.wait()

    assert dump(catalog) == before
    rebuild(catalog, [tmp_path / "discs"])
    assert dump(catalog) == before


@lasting
def test_who_reads_while_another_writes_sees_what_was(sets: list[DiscSet], catalog: Where, tmp_path: Path):
    before = dump(catalog)

    with half_way(catalog, tmp_path / "discs"):
        assert dump(catalog) == before


@lasting
def test_who_waits_too_long_is_told(
    sets: list[DiscSet], catalog: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("heliograph.archive.catalog.sqlite.WAIT_S", 1)
    monkeypatch.setattr("heliograph.archive.catalog.postgres.WAIT_S", 1)

    with half_way(catalog, tmp_path / "discs"), pytest.raises(CannotWrite, match="another command has written to it"):
        enter(catalog, made_up(4), {})


def test_images_are_whole_when_the_catalog_fails_at_the_end(
    catalog: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What is said then is what to do."""
    write_files(tmp_path / "tree", a_bin=10)
    monkeypatch.setattr("heliograph.archive.catalog.entry._put_files", lambda rows, index: rows.do("SELECT nonsense"))
    with pytest.raises(CannotWrite, match="nonsense") as refused:
        small_set(tmp_path / "tree", tmp_path / "discs", catalog=catalog)
    monkeypatch.undo()

    assert refused.value.hint.endswith(f"`heliograph archive catalog add {tmp_path / 'discs'}` enters them later")
    add(catalog, [tmp_path / "discs"])
    assert len(find(catalog, "tree")) == 1


def test_more_discs_than_open_files_are_identified(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=10)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    (tmp_path / "many").mkdir()
    for number in range(100):
        (tmp_path / "many" / f"{number}.iso").hardlink_to(sealed.discs[0].path)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 20, before[1]))
    try:
        found = identify([tmp_path / "many"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert not found.unread
    assert [list(here.images) for here in found.sets] == [["D01"]]


def test_where_nothing_was_entered_there_is_no_catalog(catalog: Where):
    with pytest.raises(NotFound, match=r"no (such )?catalog"):
        find(catalog)


def test_an_empty_file_is_found_and_restored_from_no_disc(tmp_path: Path, catalog: Where):
    write_files(tmp_path / "tree", empty_txt=0)
    small_set(tmp_path / "tree", tmp_path / "discs", catalog=catalog)

    (hit,) = find(catalog, "tree/empty.txt")

    assert hit.bytes == 0


# SQLite alone


def test_what_is_no_catalog_is_refused_before_anything_is_sealed_and_left_alone(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=10)
    letter = tmp_path / "c.sqlite"
    letter.write_text("this is a letter, not a database" * 100)

    for attempt in (
        lambda: small_set(tmp_path / "tree", tmp_path / "discs", catalog=letter),
        lambda: rebuild(letter, [tmp_path / "tree"]),
    ):
        with pytest.raises(CannotWrite, match=r"c\.sqlite: file is not a database") as refused:
            attempt()
        assert "move it away" in refused.value.hint

    assert letter.read_text().startswith("this is a letter")
    assert not list(tmp_path.glob("discs/*"))


def test_a_folder_in_the_place_of_the_catalog_is_named(tmp_path: Path):
    (tmp_path / "c.sqlite").mkdir()
    write_files(tmp_path / "tree", a_bin=10)
    small_set(tmp_path / "tree", tmp_path / "discs")

    with pytest.raises(CannotWrite, match=r"c\.sqlite: is a folder"):
        rebuild(tmp_path / "c.sqlite", [tmp_path / "discs"])


def test_a_catalog_without_the_newer_indexes_gets_them(tmp_path: Path):
    """As version 0.1.0 wrote it."""
    enter(tmp_path / "c.sqlite", made_up(1), {})
    with open_store(tmp_path / "c.sqlite").writing() as rows:
        rows.do("DROP INDEX files_by_name")
        rows.do("DROP INDEX keys_by_range")

    assert len(find(tmp_path / "c.sqlite", cell="SX261101-00005-0001")) == 50
    enter(tmp_path / "c.sqlite", made_up(2), {})

    names = ask(tmp_path / "c.sqlite", "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE '%by%'")
    assert sorted(names) == [("files_by_hash",), ("files_by_name",), ("keys_by_range",), ("origins_by_old_set",)]


def migrated(number: int, *old: str) -> Index:
    """The index of a set that was made of others, one after the other."""
    steps = tuple(Step("2036", "repack", "s", one, "t", "2026", "s", "0", 0, 0, ()) for one in old)
    return msgspec.structs.replace(made_up(number), custody=steps)


def test_a_set_is_found_by_the_ids_of_those_that_it_was_made_of(catalog: Where):
    """As their labels have them, too: with the name of a disc."""
    enter(catalog, made_up(1), {})
    enter(catalog, migrated(2, "HG00000000A", "HG00000000B"), {})
    enter(catalog, migrated(3, "HG00000000B"), {})

    def found(set_id: str) -> set[str]:
        return {hit.set_id for hit in find(catalog, set_id=set_id)}

    assert found("HG00000000A") == {"HG000000002"}
    assert found("hg00000000b-D07") == {"HG000000002", "HG000000003"}
    assert found("HG000000003_P01") == {"HG000000003"}
    with pytest.raises(NotFound, match="no file matches"):
        found("HG00000000C")


def test_a_catalog_of_an_older_version_knows_old_sets_once_the_discs_are_entered_again(catalog: Where):
    enter(catalog, migrated(2, "HG00000000A"), {})
    with open_store(catalog).writing() as rows:
        rows.do("DROP TABLE origins")

    assert len(find(catalog, set_id="HG000000002")) == 50
    with pytest.raises(NotFound):
        find(catalog, set_id="HG00000000A")
    enter(catalog, migrated(2, "HG00000000A"), {})

    assert len(find(catalog, set_id="HG00000000A")) == 50
