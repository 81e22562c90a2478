"""GNU ddrescue's map tells the repair which sectors nobody has read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from disc_sets import small_set, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rs03_discs import SECTOR, make_iso, overwrite, sectors_of

from heliograph.archive.rescue.ddrescue import RescueMap, read_map
from heliograph.archive.rs03 import protect, read_layout
from heliograph.archive.rs03 import repair as mend_image
from heliograph.cli.main import main
from heliograph.errors import NotFound, SectorsLost, UsageWrong

HEAD = "# Mapfile. Created by GNU ddrescue version 1.27\n# current_pos  current_status\n0x00800000     +\n"


def write_map(path: Path, blocks: list[tuple[int, int, str]], head: str = HEAD) -> Path:
    """A map as ddrescue writes it."""
    path.write_text(head + "".join(f"{start:#010x}  {size:#010x}  {status}\n" for start, size, status in blocks))
    return path


def map_of(path: Path, lost: np.ndarray, sectors: int) -> Path:
    """A map of whole sectors: one block for each."""
    gone = set(lost.tolist())
    return write_map(path, [(at * SECTOR, SECTOR, "-" if at in gone else "+") for at in range(sectors)])


def test_what_was_not_read_for_any_reason_is_unread(tmp_path: Path):
    """Not tried, not trimmed, not scraped, bad: none of it is known. A sector is lost when any byte of it is."""
    path = write_map(
        tmp_path / "a.map", [(0, 4096, "+"), (4096, 100, "?"), (4196, 1948, "*"), (6144, 1, "-"), (6145, 2047, "+")]
    )

    found = read_map(path)

    assert found == RescueMap(((4096, 6145),))
    assert found.lost_sectors(100).tolist() == [2, 3]
    assert found.lost_sectors(3).tolist() == [2]


def test_numbers_may_be_decimal_and_the_status_may_name_a_pass(tmp_path: Path):
    path = tmp_path / "a.map"
    path.write_text("0 ? 1\r\n# between\n\n2048 2048 /\n4096 010 +\n")

    assert read_map(path) == RescueMap(((2048, 4096),))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "ends without a status line"),
        ("# only words\n0 +\n", 3, "ends without a block"),
        ("0 0x10 +\n", 1, "expected ddrescue's status line"),
        ("0 x\n0 1 +\n", 1, "expected ddrescue's status line"),
        ("0 +\n0 1\n", 2, "expected `position size status`, got '0 1'"),
        ("0 +\n0 1 + +\n", 2, "expected `position size status`"),
        ("0 +\n0 1 F\n", 2, "status 'F': expected one of ? * / - +"),
        ("0 +\n0 -1 +\n", 2, "expected a number, got '-1'"),
        ("0 +\n0 1e3 +\n", 2, "expected a number, got '1e3'"),
        ("0 +\n0 09 +\n", 2, "expected a number, got '09'"),
        ("0 +\n0 0 +\n", 2, "a block of no bytes"),
        ("0 +\n0 10 +\n9 1 -\n", 3, "begins at byte 0x9; the one before ends at 0xa"),
        ("0 +\n0 10 +\n\n12 1 -\n", 4, "begins at byte 0xc; the one before ends at 0xa"),
        ("0 +\n0x7fffffffffffffff 1 +\n", 2, "ends past byte"),
        ("0 +\n0 1 + ü\n", 2, "expected ASCII text"),
    ],
)
def test_a_bad_map_is_refused_with_file_and_line(tmp_path: Path, text: str, line: int, said: str):
    path = tmp_path / "bad.map"
    path.write_text(text, "utf-8")

    with pytest.raises(UsageWrong) as refused:
        read_map(path)

    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert said in refused.value.message


def test_a_map_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(NotFound, match=r"none\.map"):
        read_map(tmp_path / "none.map")


def repair(*words: str | Path) -> int:
    return main(["archive", "repair", *map(str, words), "--json"])


def test_a_map_saves_what_could_not_be_found_without_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """CRC layer and all ECC layers but one hold noise: too much, unless one knows where. `--out` names a file."""
    files = write_files(tmp_path / "files", words_bin=2_000_000)
    sealed = small_set(files, tmp_path / "discs").discs[0].path
    layout = read_layout(sealed)
    assert layout is not None
    before = sealed.read_bytes()
    rows = layout.layer_sectors
    lost = np.arange(layout.crc_start, layout.sectors - rows)
    overwrite(sealed, lost)
    damaged = sealed.read_bytes()
    told = map_of(tmp_path / "disc.map", lost, layout.sectors)
    whole = tmp_path / "new" / "whole.iso"

    assert repair(sealed, "--out", whole) == 8
    assert not whole.exists()
    capsys.readouterr()
    assert repair(sealed, "--out", whole, "--map", told) == 0

    assert json.loads(capsys.readouterr().out)["repaired"] == [{"image": str(whole), "sectors": lost.size}]
    assert whole.read_bytes() == before
    assert sealed.read_bytes() == damaged
    assert sorted(path.name for path in whole.parent.iterdir()) == ["whole.iso"]


def test_a_map_is_of_one_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    images = [make_iso(tmp_path / name, 100) for name in ("a.iso", "b.iso")]
    told = write_map(tmp_path / "a.map", [(0, 2048, "+")])

    assert repair(*images, "--map", told) == 2
    assert repair(tmp_path, "--map", told) == 2
    assert "a map tells of one image" in capsys.readouterr().out


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_sectors_on_a_map_are_mended_up_to_the_roots_and_refused_past_them(tmp_path: Path, data: st.DataObject):
    """Whatever stands there: zeros, noise, another sector's bytes; the CRC layer may be among them."""
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    image = make_iso(tmp_path / "any.iso", data.draw(st.integers(17, 900), label="sectors"))
    layout = protect(image)
    before = image.read_bytes()
    rows, block = layout.layer_sectors, sectors_of(image)
    past = data.draw(st.booleans(), label="past")
    unlucky = int(chance.integers(rows)) if past else -1
    places = []
    for row in range(rows):
        count = layout.roots + 1 if row == unlucky else int(chance.integers(layout.roots + 1))
        places.append(np.sort(chance.choice(255, count, replace=False)) * rows + row)
    lost = np.concatenate(places)
    noise = chance.integers(0, 256, (lost.size, SECTOR), dtype=np.uint8)
    kind = chance.integers(3, size=lost.size)
    block[lost] = np.where(kind[:, None] == 0, 0, np.where(kind[:, None] == 1, noise, block[chance.permutation(lost)]))
    block.tofile(image)
    damaged = image.read_bytes()
    told = read_map(map_of(tmp_path / "any.map", lost, layout.sectors))

    try:
        mend_image(image, layout=layout, lost=told.lost_sectors(layout.sectors))
    except SectorsLost as refused:
        assert refused.fields["rows"] == [unlucky]
        assert image.read_bytes() == damaged
    else:
        assert image.read_bytes() == before
        # Another sector's bytes may be its own: a sector on the map that its CRC proves is sound.
        wrong = (block != np.frombuffer(before, np.uint8).reshape(-1, SECTOR)).any(axis=1)
        assert wrong.reshape(255, rows).sum(axis=0).max() <= layout.roots
