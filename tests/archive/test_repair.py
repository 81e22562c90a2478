"""Damage on purpose: found, named, mended byte for byte, or refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rs03_discs import SECTOR, dvdisaster, dvdisaster_augments, make_iso, need, overwrite, sectors_of
from sick_discs import inject, sick_file

from heliograph.archive.rs03 import Layout, mending, protect, read_layout, repair, verify
from heliograph.errors import CannotWrite, DiscWrong, SectorsLost


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout]:
    """A protected image of 78 rows, 36 roots: never changed, only copied."""
    image = make_iso(tmp_path_factory.mktemp("sealed") / "sealed.iso", 17_000)
    return image, protect(image)


@pytest.fixture
def disc(sealed: tuple[Path, Layout], tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copy(sealed[0], tmp_path / "D01.iso"))


def is_as_sealed(image: Path, sealed: tuple[Path, Layout]) -> bool:
    """Byte for byte."""
    return image.read_bytes() == sealed[0].read_bytes()


def test_a_sound_image_is_clean(sealed: tuple[Path, Layout]):
    """And has all its margin, whether the ECC is checked, too, or not."""
    for deep in (True, False):
        report = verify(sealed[0], deep=deep)
        assert report.clean
        assert report.repairable
        assert report.margin == sealed[1].roots
        assert (report.worst_row, report.histogram) == (-1, (sealed[1].layer_sectors,))
        assert report.sectors == sealed[1].sectors


def test_two_percent_of_random_sectors_are_found_and_mended(disc: Path, sealed: tuple[Path, Layout]):
    """Anywhere: ISO, header, CRC layer, ECC layers, whose damage no CRC shows."""
    lost = np.random.default_rng(4).choice(sealed[1].sectors, sealed[1].sectors // 50, replace=False)
    overwrite(disc, lost)

    report = verify(disc)

    assert report.damaged.tolist() == sorted(lost.tolist())
    worst = np.bincount(lost % sealed[1].layer_sectors).max()
    assert (report.worst, report.margin) == (worst, sealed[1].roots - worst)
    used = np.bincount(lost % sealed[1].layer_sectors, minlength=sealed[1].layer_sectors)
    assert report.worst_row == used.argmax()
    assert report.histogram == tuple(np.bincount(used).tolist())
    assert repair(disc).damaged.tolist() == sorted(lost.tolist())
    assert is_as_sealed(disc, sealed)
    assert verify(disc).clean


def test_a_quick_check_finds_damage_to_the_data(disc: Path, sealed: tuple[Path, Layout]):
    """It reads no ECC layer, so it does not see damage there."""
    data = [3, 700, sealed[1].iso_sectors]
    overwrite(disc, [*data, sealed[1].ecc_start + 9])

    report = verify(disc, deep=False)

    assert report.damaged.tolist() == data
    assert not report.deep


@pytest.mark.parametrize("fill", ["random", "zeros"])
@pytest.mark.parametrize("where", ["start", "middle", "header and CRC layer", "end"])
def test_a_scratch_of_an_eighth_of_the_disc_is_mended(disc: Path, sealed: tuple[Path, Layout], where: str, fill: str):
    """30 of 255 layers with 36 roots, and it may begin and end within one."""
    layout = sealed[1]
    length = layout.layer_sectors * 30
    first = {
        "start": 0,
        "middle": layout.sectors // 3,
        "header and CRC layer": layout.iso_sectors - 40,
        "end": layout.sectors - length,
    }[where]
    scratch = np.arange(first, first + length)
    if fill == "random":
        overwrite(disc, scratch)
    else:
        image = sectors_of(disc)
        image[scratch] = 0
        image.tofile(disc)

    repair(disc)

    assert is_as_sealed(disc, sealed)


def test_lone_wrong_bytes_are_mended_wherever_they_are(disc: Path, sealed: tuple[Path, Layout]):
    """One in every ECC sector: more bad sectors in a row than half the roots, yet few bad bytes in any codeword."""
    layout = sealed[1]
    image = sectors_of(disc)
    ecc = np.arange(layout.ecc_start, layout.sectors)
    image[ecc, np.random.default_rng(6).integers(0, SECTOR, ecc.size)] ^= 0x55
    image[np.arange(5, 75), np.random.default_rng(7).integers(0, SECTOR, 70)] ^= 1
    image.tofile(disc)

    assert repair(disc).damaged.size == ecc.size + 70
    assert is_as_sealed(disc, sealed)


def test_wrong_bytes_in_the_ecc_are_mended_beside_lost_data(disc: Path, sealed: tuple[Path, Layout]):
    """Every row loses one data sector, so that its ECC cannot just be computed again: errors and erasures together."""
    layout = sealed[1]
    image = sectors_of(disc)
    ecc = np.arange(layout.ecc_start, layout.sectors)
    image[ecc, np.random.default_rng(6).integers(0, SECTOR, ecc.size)] ^= 0x55
    image[: layout.layer_sectors] = 0
    image.tofile(disc)

    repair(disc)

    assert is_as_sealed(disc, sealed)


def test_the_crc_layer_and_the_header_may_be_gone_altogether(disc: Path, sealed: tuple[Path, Layout]):
    """Then the code finds the layout, and the first row without CRCs; each row mended brings those of the next."""
    layout = sealed[1]
    gone = [16, layout.iso_sectors, layout.iso_sectors + 1, *range(layout.crc_start, layout.ecc_start), 500, 900]
    overwrite(disc, gone)

    assert repair(disc).damaged.tolist() == sorted(gone)
    assert is_as_sealed(disc, sealed)


def test_lone_wrong_bytes_are_mended_where_the_crc_layer_is_gone(disc: Path, sealed: tuple[Path, Layout]):
    """Errors that no CRC shows: one byte in each of ten data sectors of every row, found by the code alone."""
    layout = sealed[1]
    chance = np.random.default_rng(11)
    image = sectors_of(disc)
    image[layout.crc_start : layout.ecc_start] = chance.integers(0, 256, (layout.layer_sectors, SECTOR), dtype=np.uint8)
    for row in range(layout.layer_sectors):
        hit = chance.choice(layout.data_layers, 10, replace=False) * layout.layer_sectors + row
        image[hit, chance.integers(0, SECTOR, 10)] ^= chance.integers(1, 256, 10, dtype=np.uint8)
    image.tofile(disc)

    repair(disc)

    assert is_as_sealed(disc, sealed)


def test_a_row_that_nothing_vouches_for_is_not_believed_when_its_crcs_come_back(
    disc: Path, sealed: tuple[Path, Layout]
):
    """Row 0: its CRCs and all that its parity can mend are lost, and one byte more is wrong: any answer would do."""
    layout = sealed[1]
    boundaries = [layout.crc_start + row for row in (31, 63, layout.layer_sectors - 1)]
    ecc = [layout.ecc_start + layer * layout.layer_sectors for layer in range(layout.roots - 1)]
    image = sectors_of(disc)
    image[[*boundaries, *ecc, 5 * layout.layer_sectors]] = 0
    image[6 * layout.layer_sectors, 99] ^= 1
    image.tofile(disc)
    before = disc.read_bytes()

    with pytest.raises(SectorsLost) as refused:
        repair(disc)

    assert refused.value.fields["rows"] == [0]
    assert disc.read_bytes() == before


@pytest.mark.parametrize("layers", [0, 1, 20, 34])
def test_a_cut_off_image_gets_its_tail_back(disc: Path, sealed: tuple[Path, Layout], layers: int):
    """Up to as many layers as there are roots, and part of a sector."""
    os.truncate(disc, sealed[1].image_bytes - layers * sealed[1].layer_sectors * SECTOR - 100)

    report = repair(disc)

    assert report.worst == layers + 1
    assert is_as_sealed(disc, sealed)


def test_bytes_behind_the_end_are_cut(disc: Path, sealed: tuple[Path, Layout]):
    """Some drives read on; the image as sealed has a length."""
    with disc.open("ab") as image:
        image.write(bytes(5000))

    repair(disc)

    assert is_as_sealed(disc, sealed)


def test_bad_ecc_sectors_are_found_by_what_their_codewords_have_in_common(disc: Path, sealed: tuple[Path, Layout]):
    """34 of 36 ECC layers and a data sector per row: codeword by codeword, 17 would be the most."""
    layout = sealed[1]
    overwrite(disc, [*range(layout.layer_sectors), *range(layout.ecc_start, layout.sectors - 2 * layout.layer_sectors)])

    report = repair(disc)

    assert (report.worst, report.margin) == (35, 1)
    assert is_as_sealed(disc, sealed)


def test_sectors_known_to_be_unreadable_cost_one_root_each(disc: Path, sealed: tuple[Path, Layout]):
    """All ECC layers but one and a data sector per row: none left to find out which, but enough when one knows."""
    layout = sealed[1]
    ecc = np.arange(layout.ecc_start, layout.sectors - layout.layer_sectors)
    overwrite(disc, [*range(layout.layer_sectors), *ecc])
    before = disc.read_bytes()
    with pytest.raises(SectorsLost):
        repair(disc)
    assert disc.read_bytes() == before

    repair(disc, lost=ecc.tolist())

    assert is_as_sealed(disc, sealed)


def test_a_sector_called_lost_that_is_sound_is_not_damage(disc: Path):
    """A CRC, or the code, vouches for it."""
    assert verify(disc, lost=[1, 2, 20_000]).clean


def test_damage_past_the_parity_is_refused_by_name_and_nothing_is_written(disc: Path, sealed: tuple[Path, Layout]):
    """Which image, which rows, how many sectors; rows that could be mended stay unmended, too."""
    layout = sealed[1]
    row = 41
    gone = [row + layer * layout.layer_sectors for layer in range(layout.roots + 1)]
    overwrite(disc, [*gone, 7])
    before = disc.read_bytes()

    with pytest.raises(SectorsLost) as refused:
        repair(disc)

    assert disc.read_bytes() == before
    assert refused.value.exit_code == 8
    assert refused.value.fields["rows"] == [row]
    assert refused.value.fields["sectors"] == gone
    said = str(refused.value)
    assert f"{disc}: 1 of {layout.layer_sectors} rows" in said
    assert f"row {row} (sectors {gone[0]} to {gone[-1]}); 37 of 255 sectors gone in the worst, 36 can be" in said
    report = verify(disc)
    assert (report.repairable, report.margin, report.lost_rows.tolist()) == (False, -1, [row])


def test_the_mended_image_may_go_elsewhere(disc: Path, sealed: tuple[Path, Layout], tmp_path: Path):
    """The damaged one stays as it is; a refusal leaves no file behind."""
    overwrite(disc, [5, 6])
    before = disc.read_bytes()

    repair(disc, out=tmp_path / "mended.iso")

    assert disc.read_bytes() == before
    assert is_as_sealed(tmp_path / "mended.iso", sealed)

    overwrite(disc, list(range(40 * sealed[1].layer_sectors)))
    with pytest.raises(SectorsLost):
        repair(disc, out=tmp_path / "never.iso")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["D01.iso", "mended.iso"]


def test_sectors_that_the_drive_refuses_to_read_are_damage_like_any_other(
    disc: Path, sealed: tuple[Path, Layout], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An error of the drive ends neither the check nor the repair."""
    refused = {3, 4, 1000, sealed[1].crc_start + 6, sealed[1].ecc_start + 7}
    inject(monkeypatch, disc, refused)
    report = verify(disc)
    assert report.damaged.tolist() == sorted(refused)
    assert report.repairable

    repair(disc, out=tmp_path / "copy.iso")
    assert is_as_sealed(tmp_path / "copy.iso", sealed)


def test_sectors_that_the_system_refuses_to_read_are_damage_too(
    disc: Path, sealed: tuple[Path, Layout], tmp_path: Path
):
    """A file system gives the error to compiled code as well."""
    bad = {1000, 1001, sealed[1].ecc_start // 2 * 2}
    with sick_file(disc, bad, tmp_path / "drive") as sick:
        report = verify(sick)
        assert bad <= set(report.damaged.tolist())
        assert report.repairable

        repair(sick, out=tmp_path / "copy.iso")
    assert is_as_sealed(tmp_path / "copy.iso", sealed)


def test_an_image_without_protection_is_named(tmp_path: Path):
    """Rather than called sound."""
    with pytest.raises(DiscWrong, match="no RS03 protection found"):
        verify(make_iso(tmp_path / "plain.iso", 100))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_a_read_only_image_is_not_repaired_in_place(disc: Path):
    """One line says so."""
    overwrite(disc, [5])
    disc.chmod(0o444)
    with pytest.raises(CannotWrite):
        repair(disc)


def test_a_repair_that_was_killed_is_finished_by_the_next(disc: Path, sealed: tuple[Path, Layout]):
    """kill -9 at some moment of writing: sectors are right or as they were, and the rest is mended afterwards."""
    layout = sealed[1]
    os.truncate(disc, layout.image_bytes - 30 * layout.layer_sectors * SECTOR)
    program = (
        "import os, sys; from pathlib import Path; from heliograph.archive.rs03 import repair, scan\n"
        "write, left = scan.write_line, [40]\n"
        "def dying(*arguments):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "    write(*arguments)\n"
        "scan.write_line = dying\n"
        "repair(Path(sys.argv[1]))\n"
    )
    died = subprocess.run([sys.executable, "-c", program, str(disc)], check=False).returncode

    assert died == -signal.SIGKILL
    assert not is_as_sealed(disc, sealed)
    repair(disc)
    assert is_as_sealed(disc, sealed)


@pytest.mark.parametrize("room", [0, 1_000_000, 1 << 30])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_memory_does_not_hold_is_mended_again(
    disc: Path, sealed: tuple[Path, Layout], monkeypatch: pytest.MonkeyPatch, room: int, elsewhere: bool
):
    """Nothing kept, one batch of rows, all of them: the result is the same."""
    monkeypatch.setattr(mending, "KEPT_BYTES", room)
    layout = sealed[1]
    lost = np.random.default_rng(4).choice(layout.sectors, layout.sectors // 30, replace=False)
    overwrite(disc, np.union1d(lost, np.arange(layout.crc_start, layout.crc_start + 40)))
    os.truncate(disc, layout.image_bytes - 3 * layout.layer_sectors * SECTOR)
    found = mending.examine(disc)
    assert (0 < len(found.kept.batches) < 3) == (room == 1_000_000)

    out = disc.with_name("out.iso") if elsewhere else disc
    mending.write_mended(found, out=out if elsewhere else None)

    assert is_as_sealed(out, sealed)


def test_an_image_that_changes_under_the_repair_is_named(disc: Path, sealed: tuple[Path, Layout], monkeypatch):
    """What was mended in memory no longer fits what is mended again."""
    monkeypatch.setattr(mending, "KEPT_BYTES", 0)
    overwrite(disc, [5])
    found = mending.examine(disc)
    overwrite(disc, [layer * sealed[1].layer_sectors + 5 for layer in range(60)])

    with pytest.raises(DiscWrong, match="changed while it was repaired"):
        mending.write_mended(found)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_within_the_parity_is_mended(tmp_path: Path, data: st.DataObject):
    """Any set of erased sectors up to the roots in each row, and wrong bytes up to half of what is left."""
    sectors = data.draw(st.integers(17, 900), label="sectors")
    redundancy = data.draw(st.sampled_from([0.035, 0.15, 0.5, 2.0]), label="redundancy")
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    image = make_iso(tmp_path / "any.iso", sectors, seed=int(chance.integers(1 << 30)))
    layout = protect(image, redundancy=redundancy)
    before = image.read_bytes()
    block = sectors_of(image)
    rows = layout.layer_sectors
    lost: list[int] = []
    for row in range(rows):
        erased = int(chance.integers(0, layout.roots + 1))
        layers = chance.choice(255, erased, replace=False)
        block[layers * rows + row] = 0
        lost += (layers * rows + row).tolist()
        for _ in range((layout.roots - erased) // 2):
            layer = int(chance.integers(layout.data_layers + 1, 255))
            if layer not in layers:
                block[layer * rows + row, chance.integers(SECTOR)] ^= chance.integers(1, 256, dtype=np.uint8)
    block.tofile(image)

    repair(image, layout=layout, lost=lost)

    assert image.read_bytes() == before


def test_dvdisaster_repairs_our_images(tmp_path: Path):
    """2 % random sectors; afterwards its own test passes and every byte is as sealed."""
    need("dvdisaster")
    image = make_iso(tmp_path / "disc.iso", 5000)
    layout = protect(image)
    before = image.read_bytes()
    assert "Ecc block test   : pass" in dvdisaster("-i", image, "-t")
    overwrite(image, np.random.default_rng(8).choice(layout.crc_start, 100, replace=False))

    said = dvdisaster("-i", image, "-f")

    assert "Repaired sectors: 100 (100 data, 0 ecc)" in said
    assert "Good! All sectors are repaired." in said
    assert image.read_bytes() == before


def test_we_repair_dvdisaster_s_images(tmp_path: Path):
    """2 % random sectors anywhere."""
    need("dvdisaster")
    image = make_iso(tmp_path / "disc.iso", 5000)
    dvdisaster_augments(image, 6000)
    before = image.read_bytes()
    layout = read_layout(image)
    assert layout is not None
    assert verify(image).clean
    overwrite(image, np.random.default_rng(8).choice(layout.sectors, layout.sectors // 50, replace=False))

    repair(image)

    assert image.read_bytes() == before


@pytest.mark.slow
def test_a_large_image_is_protected_and_repaired_in_little_memory(tmp_path: Path):
    """210 MB in under 300 MB of memory, half of that the compiler."""
    program = (
        "import sys; from pathlib import Path; from heliograph.archive.rs03 import protect, repair\n"
        "image = Path(sys.argv[1]); layout = protect(image)\n"
        "with image.open('r+b') as disc:\n"
        "    for sector in range(0, layout.sectors, 50): disc.seek(sector * 2048); disc.write(bytes(range(256)) * 8)\n"
        "repair(image); print([int(line.split()[1]) for line in open('/proc/self/status') if 'VmHWM' in line][0])\n"
    )
    image = tmp_path / "large.iso"
    with image.open("wb") as out:
        for part in range(10):
            out.write(np.random.default_rng(part).bytes(20 << 20))
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program, str(image)], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 300 * 1024, f"{int(done.stdout) / 1024:.0f} MB in {time.monotonic() - began:.1f} s"
    assert verify(image).clean
