"""Which discs hold a file, and which to fetch: from the catalog alone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from disc_sets import write_files

from heliograph.archive.catalog import Where, find, to_fetch
from heliograph.archive.medium import of_size
from heliograph.archive.seal.seal import DiscSet, seal
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, DiscsLost, NotFound, UsageWrong

FIRST, SECOND = date(2026, 11, 3), date(2026, 11, 4)


@pytest.fixture
def days(tmp_path: Path, catalog: Where) -> list[DiscSet]:
    """Two days, on two data discs and on three with a parity disc; the second keeps a file of the first again."""
    sets = []
    for number, day in enumerate((FIRST, SECOND)):
        write_files(tmp_path / f"{number}" / "record", cells_bin=4_000_000 + number, same_bin=300)
        write_files(tmp_path / f"{number}", notes_txt=10 + number)
        stamp = f"SX26110{3 + number}"
        sets.append(
            seal(
                [tmp_path / f"{number}" / "record", tmp_path / f"{number}" / "notes.txt"],
                tmp_path / "discs",
                date=datetime(day.year, day.month, day.day + 1, tzinfo=UTC),
                medium=of_size("3.2MB"),
                parity=number,
                title=f"Day {number}",
                catalog=catalog,
                keys={"record/cells.bin": {"cell": (f"{stamp}-00000-0001", f"{stamp}-00099-0980")}},
            )
        )
    return sets


def test_by_name_hash_and_days(days: list[DiscSet]):
    catalog = days[0].catalog
    hashes = {file.path: file.sha256 for file in days[0].index.files}

    def names(*words: str, **more: object) -> list[tuple[str, str]]:
        return [(hit.title, hit.file) for hit in find(catalog, *words, **more)]  # type: ignore[arg-type]

    assert len(names()) == 6
    assert names("*.txt") == [("Day 0", "notes.txt"), ("Day 1", "notes.txt")]
    assert len(names("record")) == 4
    assert names(sha256=hashes["notes.txt"][:8].upper()) == [("Day 0", "notes.txt")]
    assert len(names(sha256=hashes["record/same.bin"])) == 2
    assert names("*.txt", days=(date(2026, 11, 5), date(2026, 12, 1))) == [("Day 1", "notes.txt")]
    assert names(days=(FIRST, FIRST), of="record") == [("Day 0", "record/cells.bin")]
    assert len(names(days=(FIRST, SECOND), of="record")) == 2


def test_by_cell_and_lot_of_the_range_that_the_index_keeps(days: list[DiscSet]):
    catalog = days[0].catalog
    for more in (
        {"cell": "SX261103-00042-0123"},
        {"lot": "SX261103-00042"},
        {"lot": "SX261103-00000"},
        {"lot": "SX261103-00099"},
    ):
        (hit,) = find(catalog, **more)  # type: ignore[arg-type]
        assert (hit.title, hit.file, hit.discs) == ("Day 0", "record/cells.bin", ("D01", "D02"))
    for more in ({"cell": "SX261103-00099-0981"}, {"lot": "SX261103-00100"}, {"lot": "SX261102-00042"}):
        with pytest.raises(NotFound, match="no file matches"):
            find(catalog, **more)  # type: ignore[arg-type]


def test_the_fewest_discs_are_fetched_each_once_in_the_order_of_the_set(days: list[DiscSet]):
    """The file that both sets hold comes from the one whose disc is fetched anyway."""
    catalog = days[0].catalog
    second = [hit for hit in find(catalog) if hit.title == "Day 1" or hit.file == "record/same.bin"]

    (fetch,) = to_fetch(catalog, second)

    assert [(disc.disc, disc.files) for disc in fetch.discs] == [("D01", 1), ("D02", 1), ("D03", 3)]
    image = days[1].discs[0].path
    assert fetch.discs[0].image == (image.name if isinstance(catalog, Path) else str(image))
    assert (fetch.set_id, fetch.rebuild, fetch.spare) == (days[1].set_id, (), ("P01",))


def test_a_missing_disc_is_replaced_by_all_others_and_parity_or_by_another_set(days: list[DiscSet]):
    catalog = days[0].catalog
    notes = [hit for hit in find(catalog, "notes.txt") if hit.title == "Day 1"]

    (fetch,) = to_fetch(catalog, notes, ["D03"])
    assert [(disc.disc, disc.files) for disc in fetch.discs] == [("D01", 0), ("D02", 0), ("P01", 0)]
    assert (fetch.rebuild, fetch.spare) == (("D03",), ())

    same = find(catalog, "record/same.bin")
    (fetch,) = to_fetch(catalog, same, [f"{days[1].set_id}_D03"])
    assert [disc.volume for disc in fetch.discs] == [f"{days[0].set_id}_D02"]
    with pytest.raises(DiscsLost, match=r"disc D01, D03 of set HG\w+ is missing; the set replaces 1"):
        to_fetch(catalog, notes, ["D01", "d03"])
    (fetch,) = to_fetch(catalog, notes, ["P01", "D02"])
    assert [disc.disc for disc in fetch.discs] == ["D03"]


def test_what_cannot_be_asked_is_told(days: list[DiscSet], tmp_path: Path):
    with pytest.raises(NotFound, match="no such catalog"):
        find(tmp_path / "none.sqlite")
    (tmp_path / "letter.sqlite").write_text("a letter" * 1000)
    with pytest.raises(CannotWrite, match="file is not a database"):
        find(tmp_path / "letter.sqlite")
    with pytest.raises(UsageWrong, match="expected 8 to 64 hex digits"):
        find(days[0].catalog, sha256="abc")


@pytest.mark.parametrize("catalog", ["sqlite", "postgres"], indirect=True)
def test_the_command_names_discs_for_people_and_for_machines(
    days: list[DiscSet],
    tmp_path: Path,
    catalog: Where,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    usual, folder = ([], ["--catalog", "discs"]) if isinstance(catalog, Path) else [["--catalog", catalog]] * 2

    assert main(["archive", "find", "*.txt", "--time", "2026-11-05", "2026-11-05", "--for-restore", *usual]) == 0
    said = capsys.readouterr()
    assert f"{days[1].set_id}_D03" in said.out
    assert "should another disc" in said.err
    assert "P01" in said.err
    assert main(["archive", "find", "--lot", "SX261104-00001", *folder, "--missing", "D02", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [disc["disc"] for disc in document["fetch"][0]["discs"]] == ["D01", "D03", "P01"]
    assert document["fetch"][0]["rebuild"] == ["D02"]
    assert main(["archive", "find", "--limit", "2", *usual]) == 0
    said = capsys.readouterr()
    assert said.out.count(".txt") + said.out.count(".bin") == 2
    assert "note: 4 more of 6 files are not shown" in said.err
    assert main(["archive", "find", "--time", "yesterday", "today"]) == 2
    assert "expected YYYY-MM-DD" in capsys.readouterr().err


@pytest.mark.parametrize("catalog", ["sqlite"], indirect=True)
def test_discs_are_asked_themselves_and_say_what_their_catalog_says(
    days: list[DiscSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    words = ["archive", "find", "--lot", "SX261104-00001", "--missing", "D02", "--json"]
    assert main([*words, "--catalog", "discs"]) == 0
    of_catalog = json.loads(capsys.readouterr().out)
    (tmp_path / "discs" / "catalog.sqlite").unlink()

    assert main([*words, "--discs", "discs"]) == 0
    of_discs = json.loads(capsys.readouterr().out)

    assert of_discs["catalog"] == "discs"
    assert of_discs["files"] == of_catalog["files"]
    for fetch in (of_catalog["fetch"], of_discs["fetch"]):
        for disc in fetch[0]["discs"]:
            disc["image"] = Path(disc["image"]).name
    assert of_discs["fetch"] == of_catalog["fetch"]
    assert not (tmp_path / "discs" / "catalog.sqlite").exists()
    assert main([*words, "--catalog", "discs", "--discs", "discs"]) == 2
    assert "give one of the two" in capsys.readouterr().err
