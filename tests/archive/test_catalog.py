"""The catalog: written by seal, made again from the discs alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from disc_sets import DATE, damage, small_set, write_files

from heliograph.archive.catalog import enter, rebuild
from heliograph.archive.medium import of_size
from heliograph.archive.seal import seal
from heliograph.errors import CannotWrite


def dump(catalog: Path) -> list[str]:
    with closing(sqlite3.connect(catalog)) as store:
        return sorted(store.iterdump())


def test_a_catalog_made_again_from_the_discs_alone_says_the_same(tmp_path: Path):
    for day in (1, 2):
        write_files(tmp_path / f"day{day}", a_bin=2_000_000 + day, b_bin=10)
        seal(
            [tmp_path / f"day{day}"],
            tmp_path / "discs",
            date=DATE,
            medium=of_size("3MB"),
            parity=1,
            keys={f"day{day}/a.bin": {"cell": ("A", "Z")}},
        )
    catalog = tmp_path / "discs" / "catalog.sqlite"
    before = dump(catalog)
    catalog.unlink()

    sets, unread = rebuild(catalog, [tmp_path / "discs"])

    assert len(sets) == 2
    assert not unread
    assert dump(catalog) == before


def test_the_catalog_answers_which_disc_a_file_is_on(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=2_500_000, b_bin=10)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs", keys={"tree/a.bin": {"cell": ("A-1", "A-9")}})

    with closing(sqlite3.connect(sealed.catalog)) as store:
        pieces = store.execute(
            "SELECT disc, image, start FROM pieces JOIN discs USING (set_id, disc) "
            "WHERE file = 'tree/a.bin' ORDER BY piece"
        ).fetchall()
        keys = store.execute(
            "SELECT file FROM keys WHERE column_name = 'cell' AND 'A-5' BETWEEN first AND last"
        ).fetchall()

    assert [row[:2] for row in pieces] == [(disc.name, disc.path.name) for disc in sealed.discs[: len(pieces)]]
    assert len(pieces) > 1
    assert keys == [("tree/a.bin",)]


def test_discs_that_are_missing_or_unreadable_are_entered_without_a_place_and_named(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=2_500_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    sealed.discs[0].path.unlink()
    damage(sealed.discs[1].path, 0.9)

    sets, unread = rebuild(tmp_path / "c.sqlite", [tmp_path / "discs"])

    assert list(unread) == [sealed.discs[1].path]
    if sets:
        with closing(sqlite3.connect(tmp_path / "c.sqlite")) as store:
            assert store.execute("SELECT image FROM discs WHERE disc = 'D01'").fetchone() == (None,)


def test_another_set_under_the_same_id_is_refused(tmp_path: Path):
    import msgspec

    write_files(tmp_path / "tree", a_bin=10)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    other = msgspec.structs.replace(sealed.index, title="another")

    with pytest.raises(CannotWrite, match=f"holds another set of the id {sealed.set_id}"):
        enter(sealed.catalog, other, {})


def test_what_is_no_catalog_is_refused_and_left_alone(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=10)
    (tmp_path / "c.sqlite").write_text("this is a letter, not a database" * 100)

    with pytest.raises(CannotWrite, match=r"c\.sqlite: file is not a database"):
        small_set(tmp_path / "tree", tmp_path / "discs", catalog=tmp_path / "c.sqlite")

    assert (tmp_path / "c.sqlite").read_text().startswith("this is a letter")


def test_a_failed_rebuild_leaves_the_old_catalog(tmp_path: Path):
    (tmp_path / "c.sqlite").mkdir()
    write_files(tmp_path / "tree", a_bin=10)
    small_set(tmp_path / "tree", tmp_path / "discs")

    with pytest.raises(CannotWrite, match=r"c\.sqlite: is a directory"):
        rebuild(tmp_path / "c.sqlite", [tmp_path / "discs"])
