"""The RS03 format: where things lie, and byte for byte what stock dvdisaster writes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rs03_discs import (
    SECTOR,
    dvdisaster,
    dvdisaster_augments,
    make_iso,
    make_iso_that_holds_an_image,
    need,
    overwrite,
    sectors_of,
)

from heliograph.archive.kernels.gf import multiply
from heliograph.archive.rs03 import Layout, largest_iso, plan, protect, read_layout
from heliograph.archive.rs03.code import parity_matrix
from heliograph.errors import CannotWrite, DiscWrong, DoesNotFit


def test_parity_is_that_of_the_codec_specification():
    """Its worked example: the bytes 0 to 222 with 32 roots."""
    parity = np.bitwise_xor.reduce(multiply(parity_matrix(32), np.arange(223, dtype=np.uint8)[None, :]), axis=1)

    assert parity.tobytes().hex(" ") == (
        "2f bd 4f b4 74 84 94 b9 ac d5 54 62 72 12 ee b3 eb ed 41 19 1d e1 d3 63 20 ea 49 29 0b 25 ab cf"
    )


@settings(deadline=None)
@given(st.integers(17, 60_000_000), st.floats(0.034, 2.0))
def test_an_image_is_as_small_as_its_redundancy_allows(iso_sectors: int, redundancy: float):
    """Enough parity, room for the header, and no row fewer would do (but for the cap of 170 roots)."""
    layout = plan(iso_sectors, redundancy=redundancy)

    assert layout.redundancy >= redundancy
    assert layout.padding_sectors >= 0
    assert 8 <= layout.roots <= 170
    assert layout.sectors == 255 * layout.layer_sectors
    if layout.layer_sectors > 1:
        layers = -(-(iso_sectors + 2) // (layout.layer_sectors - 1))
        assert layers > 246 or (254 - layers) / layers < redundancy


@settings(deadline=None)
@given(st.integers(255 * 30, 60_000_000), st.floats(0.034, 1.9))
def test_the_largest_iso_of_a_medium_fits_and_one_sector_more_does_not(medium_sectors: int, redundancy: float):
    """The two functions agree to the sector."""
    most = largest_iso(medium_sectors, redundancy=redundancy)

    assert plan(most, redundancy=redundancy).sectors <= medium_sectors
    with pytest.raises(DoesNotFit):
        plan(most + 1, redundancy=redundancy, medium_sectors=medium_sectors)


def test_a_medium_is_filled_when_it_is_named():
    """A 25 GB disc: layers of 46,377 sectors, as the codec specification's table has it."""
    layout = plan(8_000_000, medium_sectors=11_826_176)

    assert layout.layer_sectors == 46_377
    assert layout.roots == 254 - -(-8_000_002 // 46_377)


def test_roots_may_be_asked_for_instead_of_redundancy():
    """At least so many; numbers that RS03 does not know are refused."""
    assert plan(100_000, roots=32).roots == 32
    with pytest.raises(DoesNotFit, match="7 roots: RS03 knows 8 to 170"):
        plan(100_000, roots=7)
    with pytest.raises(DoesNotFit, match="redundancy 3"):
        plan(100_000, redundancy=3.0)


@pytest.mark.parametrize(
    ("sectors", "redundancy"),
    [(200, 0.15), (500, 2.0), (1001, 0.15), (2000, 0.33), (9000, 0.04), (15000, 0.15)],
)
def test_an_image_is_byte_for_byte_what_dvdisaster_writes(tmp_path: Path, sectors: int, redundancy: float):
    """One sector per layer and many, with padding and without, few roots and all 170."""
    need("dvdisaster")
    ours = make_iso(tmp_path / "ours.iso", sectors)
    theirs = make_iso(tmp_path / "theirs.iso", sectors)

    layout = protect(ours, redundancy=redundancy)
    dvdisaster_augments(theirs, layout.sectors)

    assert ours.read_bytes() == theirs.read_bytes()


def test_a_real_iso_is_protected_as_dvdisaster_does_and_passes_its_test(tmp_path: Path):
    """Made by xorriso; the ISO is unchanged and stock dvdisaster finds nothing to complain about."""
    need("dvdisaster")
    need("xorriso")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "numbers.bin").write_bytes(np.random.default_rng(3).bytes(3_000_000))
    ours, theirs = tmp_path / "ours.iso", tmp_path / "theirs.iso"
    subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", str(ours), str(tmp_path / "files")],
        check=True,
        capture_output=True,
    )
    iso = ours.read_bytes()
    theirs.write_bytes(iso)

    layout = protect(ours)
    dvdisaster_augments(theirs, layout.sectors)
    said = dvdisaster("-i", ours, "-t")

    assert ours.read_bytes() == theirs.read_bytes()
    assert ours.read_bytes()[: len(iso)] == iso
    assert "good image/file" in said
    assert "Ecc block test   : pass" in said


def test_the_layout_is_read_back(tmp_path: Path):
    """From an image of ours, and one without protection has none."""
    image = make_iso(tmp_path / "disc.iso", 700)
    assert read_layout(image) is None

    layout = protect(image)

    assert read_layout(image) == layout
    assert read_layout(image, exhaustive=False) == layout


@pytest.mark.parametrize("gone", ["descriptor", "header", "header and most CRC sectors", "header and all CRC sectors"])
def test_the_layout_is_found_however_little_is_left(tmp_path: Path, gone: str):
    """Volume descriptor, header, CRC layer: any one tells, and without them the code itself does."""
    image = make_iso(tmp_path / "disc.iso", 2000)
    layout = protect(image)
    crc = np.arange(layout.crc_start, layout.ecc_start)
    header = [layout.iso_sectors, layout.iso_sectors + 1]
    lost = {
        "descriptor": [16],
        "header": header,
        "header and most CRC sectors": [16, *header, *crc[:-2], crc[-1]],
        "header and all CRC sectors": [16, *header, *crc],
    }[gone]

    overwrite(image, lost)

    assert read_layout(image) == layout


def test_a_cut_off_image_still_tells_its_layout(tmp_path: Path):
    """Its length no longer does, and its header is overwritten: a CRC sector is searched for."""
    image = make_iso(tmp_path / "disc.iso", 2000)
    layout = protect(image)
    overwrite(image, [16, layout.iso_sectors])

    image.write_bytes(image.read_bytes()[: (layout.ecc_start + 5) * SECTOR + 99])

    assert read_layout(image) == layout


@pytest.fixture(scope="module")
def holds_an_image(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout]:
    """A protected image in which another stands as a file."""
    outer = make_iso_that_holds_an_image(tmp_path_factory.mktemp("holds"))
    return outer, protect(outer, roots=20)


def test_an_image_that_is_a_file_on_the_disc_is_not_taken_for_the_disc(
    holds_an_image: tuple[Path, Layout], tmp_path: Path
):
    """With the header gone, and a length that tells nothing; with sector 16 gone as well, and the end cut off."""
    outer, layout = holds_an_image
    image = sectors_of(outer).copy()
    image[layout.iso_sectors] = 0

    (tmp_path / "longer.iso").write_bytes(image.tobytes() + bytes(7 * SECTOR))
    assert read_layout(tmp_path / "longer.iso") == layout

    image[16] = 0
    (tmp_path / "shorter.iso").write_bytes(image[:-3].tobytes())
    assert read_layout(tmp_path / "shorter.iso") == layout


def test_an_iso_that_holds_a_protected_image_is_not_protected_by_that(
    holds_an_image: tuple[Path, Layout], tmp_path: Path
):
    outer, layout = holds_an_image
    (tmp_path / "bare.iso").write_bytes(outer.read_bytes()[: layout.iso_sectors * SECTOR])

    assert read_layout(tmp_path / "bare.iso") is None


def test_what_is_no_iso_image_is_refused(tmp_path: Path):
    """Not whole sectors, too short, missing, or protected already; the file stays as it is."""
    odd, short = tmp_path / "odd.iso", make_iso(tmp_path / "short.iso", 17)
    odd.write_bytes(bytes(100 * SECTOR + 1))
    short.write_bytes(bytes(16 * SECTOR))
    for wrong in (odd, short):
        before = wrong.read_bytes()
        with pytest.raises(DiscWrong, match="whole sectors of 2048 bytes"):
            protect(wrong)
        assert wrong.read_bytes() == before
    with pytest.raises(DiscWrong, match="no such file"):
        protect(tmp_path / "none.iso")

    image = make_iso(tmp_path / "disc.iso", 300)
    protect(image)
    with pytest.raises(DiscWrong, match="already protected"):
        protect(image)


def test_an_image_that_does_not_fit_its_medium_is_left_alone(tmp_path: Path):
    """The message says how much room there would be."""
    image = make_iso(tmp_path / "disc.iso", 3000)
    with pytest.raises(DoesNotFit, match="the medium has 3060, room for an ISO of 2638"):
        protect(image, medium_sectors=3060)
    assert image.stat().st_size == 3000 * SECTOR


def test_a_full_disk_leaves_the_iso_as_it_was(tmp_path: Path):
    """A limit on the file's size stands in for the full disk, in a process of its own."""
    image = make_iso(tmp_path / "disc.iso", 3000)
    before = image.read_bytes()
    program = (
        "import resource, signal, sys; from pathlib import Path; from heliograph.archive.rs03 import protect\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({3200 * SECTOR}, {3200 * SECTOR}))\n"
        "try: protect(Path(sys.argv[1]))\n"
        "except Exception as wrong: print(type(wrong).__name__, wrong)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, str(image)], capture_output=True, text=True, check=True
    ).stdout

    assert said.startswith(CannotWrite.__name__)
    assert image.read_bytes() == before


def test_progress_ends_at_the_whole_image(tmp_path: Path):
    """Sectors done never shrink."""
    seen: list[tuple[int, int]] = []
    layout = protect(make_iso(tmp_path / "disc.iso", 9000), progress=lambda done, total: seen.append((done, total)))

    assert seen == sorted(seen)
    assert seen[-1] == (layout.sectors, layout.sectors)


def test_a_layout_is_three_numbers():
    """All else follows from them."""
    layout = Layout(iso_sectors=1649, layer_sectors=8, roots=47)

    assert (layout.data_layers, layout.padding_sectors, layout.crc_start, layout.ecc_start) == (207, 5, 1656, 1664)
    assert layout.image_bytes == 2040 * SECTOR


def test_an_image_that_cannot_be_read_in_full_is_not_protected(tmp_path: Path, monkeypatch):
    """Zeros in place of what the disk did not give would be vouched for; the image stays as it was."""
    image = make_iso(tmp_path / "a.iso", 900)
    before, sound = image.read_bytes(), os.preadv

    def preadv(file: int, buffers: list[memoryview], at: int) -> int:
        """Sector 500 is unreadable, by whatever read touches it."""
        if at <= 500 * SECTOR < at + len(buffers[0]):
            raise OSError(errno.EIO, "Input/output error")
        return sound(file, buffers, at)

    monkeypatch.setattr(os, "preadv", preadv)
    with pytest.raises(DiscWrong, match=r"a\.iso: cannot be read from sector \d+ on: input/output error"):
        protect(image)
    monkeypatch.undo()
    assert image.read_bytes() == before
