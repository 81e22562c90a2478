"""Sealing: what stands in the folder afterwards, whatever happens on the way."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from disc_sets import DATE, ODD_NAMES, bytes_of, contents, small_set, write_files, write_tree
from rs03_discs import dvdisaster

from heliograph.archive.medium import of_size
from heliograph.archive.read.reader import open_set
from heliograph.archive.read.restore import restore
from heliograph.archive.seal.pack import Source
from heliograph.archive.seal.seal import seal
from heliograph.archive.verify.verify import verify
from heliograph.errors import CannotWrite, DoesNotFit, UsageWrong


def test_a_set_is_named_images_no_larger_than_the_medium_and_a_catalog(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=2_500_000, b_bin=300_000, c_bin=10)

    sealed = small_set(tmp_path / "tree", tmp_path / "discs", parity=2)

    names = sorted(path.name for path in (tmp_path / "discs").iterdir())
    data = [disc.name for disc in sealed.discs if disc.kind == "data"]
    assert names == [*(f"{sealed.set_id}-{disc}.iso" for disc in [*data, "P01", "P02"]), "catalog.sqlite"]
    assert len(data) >= 2
    assert all(disc.path.stat().st_size == disc.image_bytes <= 3_000_000 for disc in sealed.discs)
    assert verify([tmp_path / "discs"]).error() is None


def test_the_image_is_no_larger_than_its_data_needs(tmp_path: Path):
    """One small file on a BD-R: about 0.7 MB of file system and guide, and 15 % parity."""
    write_files(tmp_path / "tree", a_bin=10)

    sealed = seal([tmp_path / "tree"], tmp_path / "discs", date=DATE)

    assert sealed.bytes < 2_000_000


def test_stock_dvdisaster_finds_every_sector_of_our_discs(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=1_000_000)

    for disc in small_set(tmp_path / "tree", tmp_path / "discs", parity=1).discs:
        assert "all sectors present" in dvdisaster("-i", disc.path, "-t")


def test_the_same_files_give_the_same_images_and_others_do_not(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=1_500_000, b_bin=1_500_000)

    first = small_set(tmp_path / "tree", tmp_path / "one", parity=1)
    again = small_set(tmp_path / "tree", tmp_path / "two", parity=1)
    (tmp_path / "tree" / "b.bin").write_bytes(b"other")
    other = small_set(tmp_path / "tree", tmp_path / "three", parity=1)

    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert first.set_id == again.set_id != other.set_id


def test_large_files_hashed_by_a_second_thread_give_the_same_images_and_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One that is split, one of exactly a chunk, and an empty one."""
    write_files(tmp_path / "tree", a_bin=7_000_000, b_bin=1 << 20, c_bin=0)
    small_set(tmp_path / "tree", tmp_path / "one", parity=1)

    monkeypatch.setattr("heliograph.archive.digest._LARGE", 0)
    small_set(tmp_path / "tree", tmp_path / "two", parity=1)
    with open_set([tmp_path / "two"]) as view:
        restore(view, tmp_path / "back")

    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")


def test_a_file_that_changes_time_alone_makes_another_set_unless_times_are_not_kept(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=1000)
    kept = [seal([tmp_path / "tree"], tmp_path / "a", date=DATE).set_id]
    plain = [small_set(tmp_path / "tree", tmp_path / "b").set_id]

    os.utime(tmp_path / "tree" / "a.bin", (1e9, 1e9))

    kept.append(seal([tmp_path / "tree"], tmp_path / "a", date=DATE).set_id)
    plain.append(small_set(tmp_path / "tree", tmp_path / "b").set_id)
    assert kept[0] != kept[1]
    assert plain[0] == plain[1]


def test_sealing_again_goes_on_where_the_same_images_are_and_refuses_where_others_are(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=1_000_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    before = bytes_of(tmp_path / "discs")

    small_set(tmp_path / "tree", tmp_path / "discs")
    assert bytes_of(tmp_path / "discs") == before

    sealed.discs[0].path.write_bytes(b"the only copy of something")
    with pytest.raises(CannotWrite, match="an image of this name is there already, with other contents"):
        small_set(tmp_path / "tree", tmp_path / "discs")
    assert sealed.discs[0].path.read_bytes() == b"the only copy of something"
    assert not list((tmp_path / "discs").glob("*.partial*"))


def test_parity_discs_serve_even_a_single_data_disc(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=100)

    sealed = small_set(tmp_path / "tree", tmp_path / "discs", parity=2)

    assert [disc.name for disc in sealed.discs] == ["D01", "P01", "P02"]
    assert verify([tmp_path / "discs"]).error() is None


def test_files_may_be_given_names_of_their_own_and_key_ranges(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"cells")
    sources = [Source("record/cells.parquet", tmp_path / "x", 5)]

    sealed = seal(
        sources,
        tmp_path / "discs",
        date=DATE,
        keys={"record/cells.parquet": {"cell": ("A-000", "A-999")}},
        extra={"plant": "topcon"},
        keep_times=False,
    )

    with open_set([tmp_path / "discs"]) as view:
        assert view.index.files[0].keys == {"cell": ("A-000", "A-999")}
        assert view.index.extra == {"plant": "topcon"}
        assert view.open("record/cells.parquet").read() == b"cells"
    assert sealed.index.files[0].modified == ""


def test_a_medium_too_small_for_its_own_overhead_is_refused(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=100)

    with pytest.raises(DoesNotFit, match="leave no room for files"):
        small_set(tmp_path / "tree", tmp_path / "discs", capacity="700KB")
    with pytest.raises(UsageWrong, match="parity: expected 0 to 16 discs, got 17"):
        small_set(tmp_path / "tree", tmp_path / "discs", parity=17)
    assert not list(tmp_path.glob("discs/*"))


def test_images_are_not_written_into_the_folder_that_is_sealed(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=100)

    with pytest.raises(UsageWrong, match="would stand inside"):
        small_set(tmp_path / "tree", tmp_path / "tree" / "discs")


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=100)
    (tmp_path / "discs").write_text("a file")

    with pytest.raises(CannotWrite, match=r"discs: (file exists|not a directory)"):
        small_set(tmp_path / "tree", tmp_path / "discs")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path):
    """A limit on the size of files stands in for the full disk: the system refuses the write in the same place."""
    write_files(tmp_path / "tree", a_bin=2_000_000)
    script = (
        "import resource, sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path; from disc_sets import small_set\n"
        "from heliograph.archive import parity, rs03\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))\n"
        "small_set(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "tree"), str(tmp_path / "discs"), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "CannotWrite" in done.stderr
    assert "file too large" in done.stderr
    assert list((tmp_path / "discs").iterdir()) == []


def test_too_little_room_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_files(tmp_path / "tree", a_bin=2_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000_000})())

    with pytest.raises(CannotWrite, match=r"the set needs [\d,]+ bytes, 1,000,000 are free"):
        small_set(tmp_path / "tree", tmp_path / "discs")


def test_a_file_that_changes_while_it_is_sealed_is_named(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"12345")

    for said, size in (("became shorter", 6), ("became longer", 4)):
        with pytest.raises(CannotWrite, match=f"x: {said} while it was being sealed"):
            seal([Source("x", tmp_path / "x", size)], tmp_path / "discs", date=DATE)
    assert not list((tmp_path / "discs").glob("*.iso*"))


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1])
def test_killed_at_any_moment_it_leaves_whole_images_or_partial_ones_and_goes_on(tmp_path: Path, after_s: float):
    write_files(tmp_path / "tree", a_bin=20_000_000, b_bin=20_000_000)
    discs = tmp_path / "discs"
    script = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path; from disc_sets import small_set\n"
        "small_set(Path(sys.argv[1]), Path(sys.argv[2]), capacity='12MB', parity=1)"
    )
    at_work = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "tree"), str(discs), str(Path(__file__).parent)]
    )
    while not list(discs.glob("*.iso*")):
        assert at_work.poll() is None
        time.sleep(0.002)
    time.sleep(after_s)
    at_work.send_signal(signal.SIGKILL)
    at_work.wait()

    for image in discs.glob("*.iso"):
        assert verify([image]).error() is None
    sealed = small_set(tmp_path / "tree", discs, capacity="12MB", parity=1)

    assert verify([discs]).error() is None
    assert not list(discs.glob("*.partial*"))
    if sealed.left_behind:
        assert all(".iso.partial" in path.name for path in sealed.left_behind)


def test_what_an_interrupted_seal_left_is_explained_by_the_next_verify(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=2_000_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    sealed.discs[1].path.rename(sealed.discs[1].path.with_name(f"{sealed.discs[1].path.name}.partial"))

    verdict = verify([tmp_path / "discs"])

    wrong = verdict.error()
    assert wrong is not None
    assert [path.name for path in verdict.left_behind] == [f"{sealed.discs[1].path.name}.partial"]
    assert "run the same `heliograph archive seal` again" in wrong.hint


def test_what_comes_back_is_what_went_in_odd_names_and_empty_folders_included(tmp_path: Path):
    write_tree(tmp_path / "tree", ODD_NAMES)
    write_files(tmp_path / "tree", big_bin=3_000_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    assert len(sealed.discs) > 1

    with open_set([tmp_path / "discs"]) as view:
        restore(view, tmp_path / "back")

    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")


def test_nothing_but_an_empty_folder_makes_a_disc_too(tmp_path: Path):
    (tmp_path / "tree").mkdir()

    small_set(tmp_path / "tree", tmp_path / "discs")

    with open_set([tmp_path / "discs"]) as view:
        assert view.index.folders == ("tree",)
        restore(view, tmp_path / "back")
    assert (tmp_path / "back" / "tree").is_dir()


def test_a_day_of_another_time_zone_is_the_same_instant(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=10)

    sealed = seal([tmp_path / "tree"], tmp_path / "discs", date=DATE.replace(tzinfo=None), medium=of_size("3MB"))

    assert sealed.index.created == "2026-11-22T00:00:00+00:00"
