"""Several damaged copies of one disc make one whole image, or are refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from disc_sets import small_set, tool, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rs03_discs import SECTOR, dvdisaster, dvdisaster_augments, make_iso, need, sectors_of
from sick_discs import inject, sick_drive

from heliograph.archive.merge import merge
from heliograph.archive.merge.vote import LOST, SPLIT, vote
from heliograph.archive.rescue.ddrescue import RescueMap, map_beside, read_map, write_states
from heliograph.archive.rs03 import Layout, protect, read_layout, verify
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, NotFound, SectorsLost, UsageWrong


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed disc of 3 MB: never changed."""
    folder = tmp_path_factory.mktemp("sealed")
    return small_set(write_files(folder / "files", a_bin=1_500_000, b_txt=10_000), folder / "discs").discs[0].path


@pytest.fixture
def layout(sealed: Path) -> Layout:
    """Its layout."""
    found = read_layout(sealed)
    assert found is not None
    return found


def copy_of(
    image: Path, path: Path, bad: NDArray[np.int64] | list[int] | range, *, fill: str = "noise", seed: int = 1
) -> Path:
    """A copy in which these sectors hold noise, or zeros, or one wrong byte."""
    block = sectors_of(image)
    chance = np.random.default_rng(seed)
    which = np.array(list(bad), np.int64)
    if fill == "byte":
        block[which, chance.integers(0, SECTOR, which.size)] ^= 1
    elif fill == "zeros":
        block[which] = 0
    else:
        block[which] = chance.integers(0, 256, (which.size, SECTOR), dtype=np.uint8)
    block.tofile(path)
    return path


def map_of(path: Path, sectors: int, lost: NDArray[np.int64] | list[int] | range) -> Path:
    """A map beside an image that calls these sectors bad."""
    states = bytearray(b"+" * sectors)
    for sector in lost:
        states[sector] = ord("-")
    write_states(map_beside(path), states, sectors * SECTOR)
    return map_beside(path)


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, object]]:
    """The exit code and the document of `heliograph archive merge ... --json`."""
    capsys.readouterr()
    code = main(["archive", "merge", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_two_copies_past_mending_make_one_whole_image(
    sealed: Path, layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Each has lost half of the disc, in other places; nothing tells but the checksums."""
    half = layout.sectors // 2
    copies = [
        copy_of(sealed, tmp_path / "a.iso", range(half)),
        copy_of(sealed, tmp_path / "b.iso", range(half, layout.sectors)),
    ]
    assert not any(verify(copy, layout=layout).repairable for copy in copies)
    out = tmp_path / "whole.iso"

    code, said = run(capsys, *copies, "--out", out)

    assert code == 0
    assert out.read_bytes() == sealed.read_bytes()
    taken = [each["taken"] for each in said["copies"]]
    assert min(taken) > 0
    assert sum(taken) + said["mended"] == layout.sectors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.iso", "b.iso", "whole.iso"]


def test_what_no_copy_has_is_mended_by_the_parity(sealed: Path, layout: Layout, tmp_path: Path):
    """30 of 255 layers are lost in both, beside what only one has lost; lone wrong bytes, too."""
    both = np.arange(30 * layout.layer_sectors)
    copies = [
        copy_of(sealed, tmp_path / "a.iso", np.union1d(both, np.arange(400, 700))),
        copy_of(copy_of(sealed, tmp_path / "b.iso", both), tmp_path / "b.iso", range(700, 1000), fill="byte"),
    ]

    done = merge(copies, tmp_path / "whole.iso")

    assert done.mended == both.size
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()
    assert done.error() is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_copies_are_merged_right_or_refused(sealed: Path, layout: Layout, tmp_path: Path, data: st.DataObject):
    """Noise, zeros, wrong bytes, maps: never a wrong byte; and whole when maps tell and each sector is in a copy."""
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    count = data.draw(st.integers(2, 4), label="copies")
    share = data.draw(st.sampled_from([0.01, 0.1, 0.4, 0.7]), label="share")
    everywhere = data.draw(st.booleans(), label="each sector is in a copy")
    hit = chance.random((count, layout.sectors)) < share
    if everywhere:
        hit[chance.integers(count, size=layout.sectors), np.arange(layout.sectors)] = False
    copies, maps = [], {}
    for number in range(count):
        fill = data.draw(st.sampled_from(["noise", "zeros", "byte", "map"]), label="fill")
        path = copy_of(sealed, tmp_path / f"{number}.iso", np.flatnonzero(hit[number]), fill=fill, seed=number)
        if fill == "map":
            maps[path] = RescueMap(
                tuple((int(at) * SECTOR, int(at + 1) * SECTOR) for at in np.flatnonzero(hit[number]))
            )
        copies.append(path)
    # Noise in an ECC sector has no checksum: where all copies differ, that sector is lost, and costs a root.
    votes = (~hit[:, layout.ecc_start :]).sum(axis=0)
    out = tmp_path / "whole.iso"
    out.unlink(missing_ok=True)
    try:
        merge(copies, out, maps=maps)
    except SectorsLost:
        assert not out.exists()
        split = (hit[:, layout.ecc_start :].any(axis=0) & (votes < count)).reshape(-1, layout.layer_sectors).sum(axis=0)
        assert not (everywhere and split.max() == 0)
    else:
        assert out.read_bytes() == sealed.read_bytes()
    if everywhere and len(maps) == count:
        assert out.exists()


def test_a_checksum_that_no_copy_has_is_mended_and_then_decides(tmp_path: Path):
    """A fifth of each copy is noise, and no map says where; of five rows in a row, no copy has the checksums."""
    image = make_iso(tmp_path / "disc.iso", 4000)
    layout = protect(image)
    sealed = image.read_bytes()
    chance = np.random.default_rng(8)
    checksums = np.arange(layout.crc_start + 3, layout.crc_start + 8)
    copies = []
    for name in ("a", "b"):
        noise = chance.choice(layout.ecc_start, layout.ecc_start // 5, replace=False)
        copies.append(copy_of(image, tmp_path / f"{name}.iso", np.union1d(noise, checksums), seed=ord(name)))

    done = merge(copies, tmp_path / "whole.iso")

    in_split_rows = done.split % layout.layer_sectors
    assert np.bincount(in_split_rows).max() > layout.roots
    assert (tmp_path / "whole.iso").read_bytes() == sealed


def test_maps_tell_where_no_checksum_does(sealed: Path, layout: Layout, tmp_path: Path):
    """All of the CRC layer and of the ECC layers are lost in one copy or the other; only the maps say which."""
    first = np.arange(layout.crc_start, layout.sectors, 2)
    second = np.arange(layout.crc_start + 1, layout.sectors, 2)
    a = copy_of(sealed, tmp_path / "a.iso", first)
    b = copy_of(sealed, tmp_path / "b.iso", second, seed=2)
    map_of(a, layout.sectors, first)
    told = map_of(b, layout.sectors, second).rename(tmp_path / "elsewhere.map")

    done = merge([a, b], tmp_path / "whole.iso", maps={b: read_map(told)})

    assert (done.mended, done.split.size) == (0, 0)
    assert [share.unread for share in done.shares] == [first.size, second.size]
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()


def test_a_checksum_proves_a_sector_that_the_map_calls_unread(sealed: Path, layout: Layout, tmp_path: Path):
    """The map is too careful about the one copy; of the other, nothing is left of the same sectors."""
    a = copy_of(sealed, tmp_path / "a.iso", [])
    map_of(a, layout.sectors, range(300, 900))
    b = copy_of(sealed, tmp_path / "b.iso", range(300, 900))

    done = merge([a, b], tmp_path / "whole.iso")

    assert (done.mended, done.shares[0].taken) == (0, layout.sectors)
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()


def test_a_truncated_copy_and_one_that_gives_read_errors(
    sealed: Path, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The one ends before the header; the other lies on a sick disk, and begins to fail there, too."""
    short = tmp_path / "short.iso"
    short.write_bytes(sealed.read_bytes()[: 600 * SECTOR + 99])
    other = copy_of(sealed, tmp_path / "other.iso", [])
    inject(monkeypatch, other, [*range(100, 500), layout.crc_start + 1, layout.ecc_start])

    done = merge([other, short], tmp_path / "whole.iso")

    assert [share.unread for share in done.shares] == [402, layout.sectors - 600]
    assert [share.taken for share in done.shares] == [layout.sectors - 402, 400]
    assert done.mended == 2
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()


def test_copies_of_different_discs_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Two discs of one set; two plain images; the same ISO protected twice; a file that is no disc at all."""
    discs = small_set(write_files(tmp_path / "files", big_bin=5_000_000), tmp_path / "discs").discs
    one, two = discs[0].path, discs[1].path
    plain, other = make_iso(tmp_path / "plain.iso", 3000), make_iso(tmp_path / "other.iso", 3000, seed=9)
    again = make_iso(tmp_path / "again.iso", 3000)
    thrice = make_iso(tmp_path / "thrice.iso", 3000)
    protect(again)
    protect(thrice, redundancy=0.5)
    noise = tmp_path / "noise.bin"
    noise.write_bytes(np.random.default_rng(77).bytes(one.stat().st_size + SECTOR))
    for copies in ((one, two), (plain, other), (again, thrice), (one, noise), (noise, plain)):
        code, said = run(capsys, *copies, "--out", tmp_path / "out.iso")
        assert code == 2, copies
        assert any(str(copy) in said["error"]["message"] for copy in copies), copies
        assert not (tmp_path / "out.iso").exists()
    code, said = run(capsys, one, two, "--out", tmp_path / "out.iso")
    assert "_D02, and " in said["error"]["message"]
    assert "_D01: not copies of one disc" in said["error"]["message"]


def test_what_a_copy_of_another_disc_says_is_not_taken_where_nothing_proves_it(tmp_path: Path):
    """Its descriptor, header and CRC layer are gone, so that it cannot be known; some sectors any two discs share."""
    discs = small_set(write_files(tmp_path / "files", big_bin=5_000_000), tmp_path / "discs").discs
    layout = read_layout(discs[1].path)
    assert layout is not None
    mute = copy_of(discs[1].path, tmp_path / "mute.iso", [16, *range(layout.iso_sectors, layout.ecc_start)])
    sick = copy_of(discs[0].path, tmp_path / "sick.iso", range(300, 450))

    done = merge([mute, sick], tmp_path / "whole.iso")

    assert done.shares[0].taken < 0.3 * layout.sectors  # what both discs have at the same place
    assert done.split.size == 0
    assert (tmp_path / "whole.iso").read_bytes() == discs[0].path.read_bytes()


def test_words_that_cannot_be_meant_are_refused(sealed: Path, tmp_path: Path):
    """Before anything is read."""
    copy = copy_of(sealed, tmp_path / "a.iso", [])
    out = tmp_path / "out.iso"
    for paths in ([sealed], [sealed, copy, sealed]):
        with pytest.raises(UsageWrong):
            merge(paths, out)
    with pytest.raises(UsageWrong, match="not one of the copies"):
        merge([sealed, copy], out, maps={tmp_path / "b.iso": RescueMap(())})
    with pytest.raises(NotFound, match=r"none\.iso"):
        merge([sealed, tmp_path / "none.iso"], out)
    with pytest.raises(CannotWrite, match="is there already"):
        merge([sealed, copy], copy)


def test_past_the_parity_nothing_is_written_unless_it_is_wanted(
    sealed: Path, layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """60 sectors of row 2 are in neither copy. `--incomplete` mends the other rows, and writes a map of this one."""
    lost = 2 + layout.layer_sectors * np.arange(80, 140)
    other = 3 + layout.layer_sectors * 90
    a = copy_of(sealed, tmp_path / "a.iso", [*lost, other])
    b = copy_of(sealed, tmp_path / "b.iso", [*lost, other, 900], fill="zeros")
    out = tmp_path / "out.iso"

    code, said = run(capsys, a, b, "--out", out)

    assert code == 8
    assert f"{out}: 61 sectors are in none of the 2 copies (402, 407, 412, 417, 422 …)" in said["error"]["message"]
    assert "1 of its rows lost more than parity rebuilds: 60 of 255 in the worst, 44" in said["error"]["message"]
    assert not out.exists()
    code, said = run(capsys, a, b, "--out", out, "--incomplete")
    assert code == 8
    assert (said["error"]["fields"]["lost"], said["error"]["fields"]["mended"]) == (lost.tolist(), 1)
    assert np.flatnonzero((sectors_of(out) != sectors_of(sealed)).any(axis=1)).tolist() == lost.tolist()
    assert read_map(map_beside(out)).lost_sectors(layout.sectors).tolist() == lost.tolist()
    third = tmp_path / "c.iso"
    third.write_bytes(sealed.read_bytes()[: 600 * SECTOR])
    assert run(capsys, out, third, "--out", tmp_path / "whole.iso")[0] == 0
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()


def test_plain_images_are_merged_by_their_maps_and_by_vote(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """No parity anywhere: the union of what was read; a majority decides; a split vote is named and refused."""
    plain = make_iso(tmp_path / "plain.iso", 3000)
    with plain.open("ab") as file:
        file.write(b"a last sector that is not full")
    padded = plain.read_bytes()
    image = tmp_path / "image.iso"
    image.write_bytes(padded.ljust(3001 * SECTOR, bytes(1)))
    a, b, c = (copy_of(image, tmp_path / f"{name}.iso", []) for name in "abc")
    for path, lost in ((a, range(1000)), (b, range(1000, 2500))):
        block = sectors_of(path)
        block[list(lost)] = 0
        path.write_bytes(block.tobytes()[: len(padded)])
        map_of(path, 3001, lost)
    out = tmp_path / "out.iso"

    code, said = run(capsys, a, b, "--out", out)

    assert (code, said["protected"]) == (0, False)
    assert out.read_bytes() == padded
    assert [each["taken"] for each in said["copies"]] == [2001, 1000]
    out.unlink()
    copy_of(image, c, [2600, 2700], fill="byte").write_bytes(c.read_bytes()[: len(padded)])
    code, said = run(capsys, c, a, "--out", out)
    assert code == 8
    assert "in 2 of them the copies differ, and nothing tells which is right (2600, 2700)" in said["error"]["message"]
    assert not out.exists()
    code, said = run(capsys, c, a, b, "--out", out)
    assert (code, said["outvoted"]) == (0, [2600, 2700])
    assert out.read_bytes() == padded


def test_of_a_drive_only_what_the_old_image_lacks_is_read(
    sealed: Path, layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """`merge /dev/sr0 old.iso --out whole.iso`: a third of each is gone. What was read of the drive is deleted."""
    old = copy_of(sealed, tmp_path / "old.iso", range(800, 1000))
    whole = tmp_path / "out" / "whole.iso"
    with sick_drive(sealed, [*range(200, 500), 900, 901], tmp_path) as drive:
        reads = inject(monkeypatch, drive, []).reads
        code, said = run(capsys, drive, old, "--out", whole, "--retries", "0")
        monkeypatch.undo()
        assert code == 0, said
        assert whole.read_bytes() == sealed.read_bytes()
        asked = {sector for first, count in reads for sector in range(first, first + count)}
        assert set(range(800, 1000)) <= asked
        assert len(asked) < 250
        assert [each["unread"] for each in said["copies"]] == [2, 0]
        assert said["copies"][0]["taken"] < 250
        assert said["mended"] == 2
        assert [path.name for path in whole.parent.iterdir()] == ["whole.iso"]


def test_all_of_a_drive_is_read_when_that_is_needed(
    sealed: Path, layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The old image has noise in its ECC layers, which no checksum shows; only all of the drive's tell."""
    ecc = np.arange(layout.ecc_start, layout.sectors)
    old = copy_of(sealed, tmp_path / "old.iso", [*range(400, 700), *ecc])
    with sick_drive(sealed, range(400, 600), tmp_path) as drive:
        code, said = run(capsys, drive, old, "--out", tmp_path / "whole.iso", "--retries", "0")
        assert code == 0, said
        gone = copy_of(sealed, tmp_path / "gone.iso", range(200, 1000))
        code, said = run(capsys, drive, gone, "--out", tmp_path / "never.iso", "--retries", "0", "--time-limit", "0")
        assert code == 8
        assert "is kept in" in said["error"]["hint"]
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()


def test_copies_that_ddrescue_read_of_two_sick_drives(sealed: Path, tmp_path: Path):
    """ddrescue's own images and maps, named as its manual does; dvdisaster finds the result whole."""
    need("ddrescue", "gddrescue")
    copies, maps = [], {}
    for number, bad in enumerate((range(100, 800), range(700, 1270))):
        image, told = tmp_path / f"{number}.iso", tmp_path / f"{number}.map"
        with sick_drive(sealed, bad, tmp_path / str(number)) as drive:
            tool("ddrescue", "-q", "-d", "-b", str(SECTOR), drive, image, told)
        copies.append(image)
        maps[image] = read_map(told)

    done = merge(copies, tmp_path / "whole.iso", maps=maps)

    assert done.mended == 100
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()
    said = dvdisaster("-i", tmp_path / "whole.iso", "-t")
    assert "Ecc block test   : pass" in said
    assert "bad" not in said.lower()


def test_copies_of_an_image_that_dvdisaster_protected(tmp_path: Path):
    """Merged and mended to its very bytes."""
    image = make_iso(tmp_path / "disc.iso", 5000)
    dvdisaster_augments(image, 6000)
    before = image.read_bytes()
    copies = [
        copy_of(image, tmp_path / f"{seed}.iso", range(seed * 2000, seed * 2000 + 2000), seed=seed) for seed in (0, 1)
    ]

    merge(copies, tmp_path / "whole.iso")

    assert (tmp_path / "whole.iso").read_bytes() == before


def test_a_vote():
    """Alone, agreed, by majority, split, lost."""
    a, b, c = (np.full((5, SECTOR), value, np.uint8) for value in (1, 2, 1))
    b[1] = 1
    there = [np.array(flags, np.bool_) for flags in ([0, 1, 1, 1, 0], [0, 1, 1, 1, 1], [0, 0, 1, 0, 0])]

    found = vote([a, b, c], there)

    assert found.taken.tolist() == [LOST, 0, 0, SPLIT, 1]
    assert found.differ.tolist() == [False, False, True, True, False]
    assert found.agrees.tolist() == [
        [False, True, True, False, False],
        [False, True, False, False, True],
        [False, False, True, False, False],
    ]
