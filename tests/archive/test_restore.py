"""Verify, repair and restore: damaged sectors, lost discs, hostile names."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from disc_sets import DATE, bytes_of, contents, damage, small_set, tool, write_files
from rs03_discs import SECTOR, dvdisaster
from sick_discs import sick_drive

from heliograph.archive.medium import of_size
from heliograph.archive.read.reader import open_set
from heliograph.archive.read.restore import restore
from heliograph.archive.repair.mend import mend
from heliograph.archive.rs03 import read_layout
from heliograph.archive.seal.pack import Source
from heliograph.archive.seal.seal import DiscSet, seal
from heliograph.archive.texts.index import encode
from heliograph.archive.verify.verify import verify
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, Damaged, DiscsLost, DiscWrong, NotFound, SectorsLost


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_files(tmp_path / "tree", a_bin=3_000_000, b_bin=1_200_000, c_txt=100)


@pytest.fixture
def five(tree: Path, tmp_path: Path) -> DiscSet:
    """Three data discs and two parity discs in `discs`."""
    sealed = small_set(tree, tmp_path / "discs", capacity="3.2MB", parity=2)
    assert [disc.name for disc in sealed.discs] == ["D01", "D02", "D03", "P01", "P02"]
    return sealed


def restored(discs: Path, to: Path) -> dict[str, bytes | None]:
    with open_set([discs]) as view:
        restore(view, to)
    return contents(to / "tree")


def exit_code(discs: Path) -> int:
    wrong = verify([discs]).error()
    return 0 if wrong is None else wrong.exit_code


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 4)])
def test_any_two_of_five_discs_come_back_byte_for_byte(five: DiscSet, tmp_path: Path, one: int, other: int):
    before = bytes_of(tmp_path / "discs")
    for number in (one, other):
        five.discs[number].path.unlink()
    assert exit_code(tmp_path / "discs") == Damaged.exit_code

    mended = mend([tmp_path / "discs"])

    assert {name for _, name in mended.rebuilt} == {five.discs[one].name, five.discs[other].name}
    assert bytes_of(tmp_path / "discs") == before
    assert exit_code(tmp_path / "discs") == 0


def test_a_third_lost_disc_is_refused_by_name_and_nothing_is_written(five: DiscSet, tmp_path: Path):
    for number in (0, 2, 4):
        five.discs[number].path.unlink()
    before = bytes_of(tmp_path / "discs")

    with pytest.raises(DiscsLost, match=r"3 of 5 discs are gone \(D01, D03, P02\)"):
        mend([tmp_path / "discs"])

    assert exit_code(tmp_path / "discs") == DiscsLost.exit_code
    assert bytes_of(tmp_path / "discs") == before


def test_two_percent_of_sectors_and_a_scratch_are_mended_in_place(five: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "discs")
    for seed, disc in enumerate(five.discs):
        damage(disc.path, 0.02, scratch_bytes=100_000, seed=seed)
    assert bytes_of(tmp_path / "discs") != before
    assert exit_code(tmp_path / "discs") == Damaged.exit_code

    mended = mend([tmp_path / "discs"])

    assert len(mended.repaired) == 5
    assert bytes_of(tmp_path / "discs") == before


def test_stock_dvdisaster_mends_our_damaged_disc_to_the_same_bytes(five: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "discs")
    damage(five.discs[0].path, 0.02)

    dvdisaster("-i", five.discs[0].path, "-f")

    assert bytes_of(tmp_path / "discs") == before


def test_a_disc_past_its_own_parity_is_rebuilt_from_its_set(five: DiscSet, tmp_path: Path):
    """First each disc that can, mends itself; then the parity discs replace the other, and a missing one, too."""
    before = bytes_of(tmp_path / "discs")
    damage(five.discs[0].path, 0.02)
    damage(five.discs[1].path, 0.5)
    five.discs[2].path.unlink()
    assert exit_code(tmp_path / "discs") == Damaged.exit_code

    mended = mend([tmp_path / "discs"])

    assert [path.name for path, _ in mended.repaired] == [five.discs[0].path.name]
    assert sorted(name for _, name in mended.rebuilt) == ["D02", "D03"]
    assert bytes_of(tmp_path / "discs") == before


def test_a_disc_of_zeros_under_its_name_is_rebuilt_too(five: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "discs")
    five.discs[1].path.write_bytes(bytes(five.discs[1].image_bytes))

    mend([tmp_path / "discs"])

    assert bytes_of(tmp_path / "discs") == before


def test_an_image_that_bears_another_disc_s_name_is_not_replaced_by_a_rebuilt_one(five: DiscSet, tmp_path: Path):
    """Names prove nothing: D02 called D01 may be the only D02 there is."""
    before = bytes_of(tmp_path / "discs")
    names = [disc.path.name for disc in five.discs]
    discs = tmp_path / "discs"
    (discs / names[1]).rename(discs / names[0])

    mended = mend([discs])

    assert [disc for _, disc in mended.rebuilt] == ["D01"]
    assert (discs / names[0]).read_bytes() == before[names[1]]
    assert mended.rebuilt[0][0].read_bytes() == before[names[0]]
    assert verify([discs]).error() is None


def test_a_mended_image_does_not_replace_another_in_the_folder_it_goes_to(five: DiscSet, tmp_path: Path):
    """Reads of two discs that bear one name, or any file that is there; the same image again is no obstacle."""
    before = bytes_of(tmp_path / "discs")
    image = tmp_path / "discs" / five.discs[0].path.name
    damage(image, 0.02)
    out = tmp_path / "mended"
    out.mkdir()
    (out / image.name).write_text("precious")

    with pytest.raises(CannotWrite, match="is there already"):
        mend([image], out=out)
    assert (out / image.name).read_text() == "precious"

    (out / image.name).unlink()
    for _ in range(2):
        assert mend([image], out=out).repaired[0][0].read_bytes() == before[image.name]


def test_mended_images_go_to_another_folder_when_asked_and_the_rest_stays_untouched(five: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "discs")
    damage(five.discs[0].path, 0.02)
    five.discs[1].path.unlink()
    damaged = bytes_of(tmp_path / "discs")

    mend([tmp_path / "discs"], out=tmp_path / "mended")

    assert bytes_of(tmp_path / "discs") == damaged
    mended = bytes_of(tmp_path / "mended")
    assert mended == {name: before[name] for name in (five.discs[0].path.name, five.discs[1].path.name)}


def test_damage_past_the_parity_of_a_disc_without_a_set_is_refused_by_name(tree: Path, tmp_path: Path):
    sealed = small_set(tree, tmp_path / "discs", capacity="64MB")
    image = sealed.discs[0].path
    damage(image, 0.4)
    before = image.read_bytes()

    with pytest.raises(SectorsLost, match=r"D01\.iso: [\d,]+ of [\d,]+ sectors damaged .* rebuilt"):
        mend([tmp_path / "discs"])

    assert image.read_bytes() == before
    assert exit_code(tmp_path / "discs") == SectorsLost.exit_code


def test_damage_says_which_files_it_touches(tree: Path, tmp_path: Path):
    sealed = small_set(tree, tmp_path / "discs", capacity="64MB")
    with open_set([tmp_path / "discs"]) as view:
        start = view.discs["D01"].run("data/tree/b.bin").start
    with sealed.discs[0].path.open("r+b") as image:
        image.seek(start)
        image.write(b"scratch")

    verdict = verify([tmp_path / "discs"])

    (state,) = verdict.sets[0].discs
    assert (state.state, state.damaged_sectors, state.files) == ("damaged", 1, ("data/tree/b.bin",))


def test_a_volume_descriptor_that_is_gone_comes_back(five: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "discs")
    renamed = five.discs[0].path.rename(tmp_path / "discs" / "from the drive.iso")
    with renamed.open("r+b") as image:
        image.seek(16 * SECTOR)
        image.write(bytes(SECTOR))
    assert exit_code(tmp_path / "discs") == Damaged.exit_code

    mend([renamed])

    assert renamed.read_bytes() == before[five.discs[0].path.name]


def test_bytes_that_were_changed_under_good_checksums_are_found_by_their_hash(tree: Path, tmp_path: Path):
    """Someone edits a file in the image and protects the image again."""
    from heliograph.archive.rs03 import protect

    sealed = small_set(tree, tmp_path / "discs", capacity="64MB")
    image = sealed.discs[0].path
    with open_set([tmp_path / "discs"]) as view:
        start = view.discs["D01"].run("data/tree/c.txt").start
    forged = bytearray(image.read_bytes()[: sealed.discs[0].iso_bytes])
    forged[start] ^= 1
    image.write_bytes(forged)
    protect(image)

    assert exit_code(tmp_path / "discs") == DiscWrong.exit_code
    with open_set([tmp_path / "discs"]) as view, pytest.raises(Damaged, match="do not match its SHA-256"):
        restore(view, tmp_path / "back")
    assert not (tmp_path / "back" / "tree" / "c.txt").exists()
    assert (tmp_path / "back" / "tree" / "a.bin").exists()


def test_a_damaged_sector_is_refused_while_reading_never_handed_on(tree: Path, tmp_path: Path):
    sealed = small_set(tree, tmp_path / "discs", capacity="64MB")
    with open_set([tmp_path / "discs"]) as view:
        start = view.discs["D01"].run("data/tree/a.bin").start
    with sealed.discs[0].path.open("r+b") as image:
        image.seek(start + 1_000_000)
        image.write(b"scratch")

    with open_set([tmp_path / "discs"]) as view:
        file = view.open("tree/a.bin")
        assert file.read(900_000) == (tree / "a.bin").read_bytes()[:900_000]
        with pytest.raises(Damaged, match=f"sector {(start + 1_000_000) // SECTOR}: does not match its checksum"):
            file.read(200_000)


def test_files_on_missing_discs_are_named_and_the_others_restored(five: DiscSet, tree: Path, tmp_path: Path):
    files = {file.path: {piece.disc for piece in file.pieces} for file in five.index.files}
    (lost,) = files["tree/b.bin"]
    (tmp_path / "discs" / f"{five.set_id}-{lost}.iso").unlink()

    with open_set([tmp_path / "discs"]) as view, pytest.raises(DiscsLost, match=rf"without disc {lost}.*tree/b\.bin"):
        restore(view, tmp_path / "back")

    assert set(contents(tmp_path / "back" / "tree")) == {
        path.removeprefix("tree/") for path, discs in files.items() if lost not in discs
    }


def test_a_disc_damaged_past_mending_keeps_no_other_file_from_being_restored(five: DiscSet, tree: Path, tmp_path: Path):
    damage(five.discs[0].path, 0.5)

    with pytest.raises((Damaged, DiscWrong), match=r"D01\.iso.*; 2 files restored"):
        restored(tmp_path / "discs", tmp_path / "back")

    back = contents(tmp_path / "back" / "tree")
    assert {"b.bin", "c.txt"} == set(back)
    assert back.items() <= contents(tree).items()


def test_patterns_choose_files_and_a_second_restore_writes_nothing_again(five: DiscSet, tmp_path: Path):
    with open_set([tmp_path / "discs"]) as view:
        first = restore(view, tmp_path / "back", patterns=["*.txt"])
        again = restore(view, tmp_path / "back", patterns=["*.txt"])
        with pytest.raises(NotFound, match=r"no file matches \*\.pdf"):
            restore(view, tmp_path / "back", patterns=["*.pdf"])

    assert [path.name for path in first.written] == ["c.txt"]
    assert (again.written, [path.name for path in again.already]) == ((), ["c.txt"])


def test_a_file_with_other_contents_is_not_overwritten_unless_told(five: DiscSet, tree: Path, tmp_path: Path):
    target = tmp_path / "back" / "tree" / "c.txt"
    target.parent.mkdir(parents=True)
    target.write_text("mine")

    with open_set([tmp_path / "discs"]) as view:
        with pytest.raises(CannotWrite, match=r"c\.txt: a file of this name is there already"):
            restore(view, tmp_path / "back", patterns=["tree/c.txt"])
        assert target.read_text() == "mine"
        restore(view, tmp_path / "back", patterns=["tree/c.txt"], overwrite=True)
    assert target.read_bytes() == (tree / "c.txt").read_bytes()


def test_times_come_back(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=10)
    import os

    os.utime(tmp_path / "tree" / "a.bin", (1_000_000_000, 1_000_000_000))
    seal([tmp_path / "tree"], tmp_path / "discs", date=DATE, medium=of_size("3MB"))

    with open_set([tmp_path / "discs"]) as view:
        restore(view, tmp_path / "back")

    assert (tmp_path / "back" / "tree" / "a.bin").stat().st_mtime == 1_000_000_000


def test_a_name_that_leads_out_of_the_folder_is_refused_before_anything_is_written(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"evil")
    seal([Source("a/../../escaped", tmp_path / "x", 4)], tmp_path / "discs", date=DATE)

    with pytest.raises(DiscWrong, match="leads out of the folder"), open_set([tmp_path / "discs"]) as view:
        restore(view, tmp_path / "back" / "inner")

    assert not (tmp_path / "back").exists()


def test_a_link_that_leads_out_of_the_folder_is_not_followed(five: DiscSet, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "tree").symlink_to(tmp_path / "outside")

    with open_set([tmp_path / "discs"]) as view, pytest.raises(CannotWrite, match="a link on the way leads out"):
        restore(view, tmp_path / "back")

    assert list((tmp_path / "outside").iterdir()) == []


def test_a_hostile_index_cannot_make_restore_write_what_is_not_on_the_disc(five: DiscSet, tmp_path: Path):
    with open_set([tmp_path / "discs"]) as view:
        file = view.index.files[2]
        piece = msgspec.structs.replace(file.pieces[0], bytes=5)
        view.index = msgspec.structs.replace(
            view.index, files=(msgspec.structs.replace(file, pieces=(piece,), bytes=5),), folders=()
        )
        assert len(encode(view.index)) > 0
        with pytest.raises(DiscWrong, match=r"c\.txt: expected 5 bytes, the disc has 100"):
            restore(view, tmp_path / "back")


def test_discs_copied_out_to_folders_are_read_like_images(five: DiscSet, tree: Path, tmp_path: Path):
    for disc in five.discs:
        tool("7z", "x", f"-o{tmp_path / 'copied' / disc.name}", disc.path)

    assert exit_code(tmp_path / "copied") == 0
    assert restored(tmp_path / "copied", tmp_path / "back") == contents(tree)


def test_a_foreign_image_and_a_torn_one_are_named(five: DiscSet, tmp_path: Path):
    (tmp_path / "discs" / "foreign.iso").write_bytes(np.random.default_rng(0).bytes(200_000))

    wrong = verify([tmp_path / "discs"]).error()

    assert isinstance(wrong, DiscWrong)
    assert "foreign.iso" in wrong.message
    with pytest.raises(NotFound, match="no disc images here"):
        (tmp_path / "nothing").mkdir()
        verify([tmp_path / "nothing"])


def test_a_disc_cut_short_is_mended_when_its_parity_reaches_so_far(five: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "discs")
    path = five.discs[0].path
    path.write_bytes(path.read_bytes()[: five.discs[0].image_bytes * 95 // 100])

    assert exit_code(tmp_path / "discs") == Damaged.exit_code
    mend([tmp_path / "discs"])

    assert bytes_of(tmp_path / "discs") == before


def test_a_ruined_copy_of_a_disc_that_is_here_whole_is_named_as_such(five: DiscSet, tmp_path: Path):
    copy = tmp_path / "discs" / "copy.iso"
    good = five.discs[0].path.read_bytes()
    copy.write_bytes(good[: len(good) // 2] + bytes(len(good) // 2))
    five.discs[1].path.unlink()
    five.discs[2].path.unlink()

    assert exit_code(tmp_path / "discs") == Damaged.exit_code
    with pytest.raises(SectorsLost, match=r"copy\.iso") as wrong:
        mend([tmp_path / "discs"])

    assert "is a whole image of the same disc" in wrong.value.hint
    copy.unlink()
    assert exit_code(tmp_path / "discs") == 0


@pytest.mark.slow
def test_two_percent_of_sectors_and_a_scratch_of_5_mb_are_mended_on_a_disc_of_a_day(tmp_path: Path):
    """As large as a day of the reference workshop would be on one line; the scratch is 5 MB in one place."""
    write_files(tmp_path / "tree", cells_parquet=110_000_000, moves_parquet=10_000_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs", capacity="25GB")
    before = bytes_of(tmp_path / "discs")
    damage(sealed.discs[0].path, 0.02, scratch_bytes=5_000_000)

    mend([tmp_path / "discs"])

    assert bytes_of(tmp_path / "discs") == before


def test_the_command_reads_scratched_discs_from_their_parity_and_says_so(
    five: DiscSet, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Of every disc a tenth of the rows' reach; the images stay as they are, and each sector is counted once."""
    for disc in five.discs[:3]:
        damage(disc.path, 0.03)
    before = bytes_of(tmp_path / "discs")

    assert main(["archive", "restore", str(tmp_path / "discs"), "--to", str(tmp_path / "back"), "--json"]) == 0
    said = capsys.readouterr()

    assert contents(tmp_path / "back" / "tree") == contents(tree)
    assert bytes_of(tmp_path / "discs") == before
    told = json.loads(said.out)["mended"]
    assert set(told) == {str(disc.path) for disc in five.discs[:3]}
    for path, sectors in told.items():
        (layout,) = [read_layout(disc.path) for disc in five.discs if str(disc.path) == path]
        assert layout is not None
        assert 0 < sectors <= 0.03 * layout.crc_start
        assert f"{path}: {sectors:,} damaged sector" in said.err

    assert main(["archive", "restore", str(tmp_path / "discs"), "--to", str(tmp_path / "back"), "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["mended"].values()) < sum(told.values())  # what is there is not read


def test_a_drive_that_gives_errors_is_restored_from_all_the_same(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Errors of the system, where other tests change bytes."""
    sealed = small_set(tree, tmp_path / "discs", capacity="7MB", parity=0)
    (disc,) = sealed.discs
    with open_set([tmp_path / "discs"]) as view:
        where = view.discs["D01"].run("data/tree/a.bin")
    first = where.start // SECTOR

    with sick_drive(disc.path, range(first + 10, first + 40), tmp_path / "drive") as drive:
        assert main(["archive", "restore", str(drive), "--to", str(tmp_path / "back")]) == 0
        assert f"mend it: `heliograph archive repair {drive} --out IMAGE.iso`" in capsys.readouterr().err

    assert contents(tmp_path / "back" / "tree") == contents(tree)


def test_what_the_parity_of_a_disc_does_not_give_back_is_named(
    five: DiscSet, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    damage(five.discs[0].path, 0.5)

    assert main(["archive", "restore", str(tmp_path / "discs"), "--to", str(tmp_path / "back")]) in (7, 10)
    said = capsys.readouterr().err

    assert "D01.iso" in said
    assert "2 files restored, 1 not" in said
    assert set(contents(tmp_path / "back" / "tree")) == {"b.bin", "c.txt"}
