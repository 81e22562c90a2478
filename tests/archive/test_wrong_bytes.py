"""Lone wrong bytes, at the limit: each of the 2,048 codewords of a row has its own e + 2v <= roots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rs03_discs import SECTOR, dvdisaster, make_iso, need, sectors_of, two_in_a_codeword

from heliograph.archive.rs03 import Layout, protect, repair, verify
from heliograph.errors import SectorsLost

Bytes = NDArray[np.uint8]


def spoil(
    block: Bytes, layout: Layout, row: int, chance: np.random.Generator, *, columns: NDArray[np.int64], more: int = 0
) -> list[int]:
    """Take e sectors of a row away, and put v wrong bytes into each of these columns of the others; the e sectors."""
    rows = layout.layer_sectors
    erased = int(chance.integers(layout.roots + 1))
    order = chance.permutation(255)
    block[order[:erased] * rows + row] = 0
    for column in columns:
        wrong = chance.choice(order[erased:], (layout.roots - erased) // 2 + more, replace=False)
        block[wrong * rows + row, column] ^= chance.integers(1, 256, wrong.size, dtype=np.uint8)
    return [int(layer) * rows + row for layer in order[:erased]]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_codeword_may_be_at_its_limit(tmp_path: Path, data: st.DataObject):
    """Wrong bytes in data, CRC and ECC sectors alike, in far more sectors than there are roots, beside lost sectors."""
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    redundancy = data.draw(st.sampled_from([0.035, 0.15, 0.5]), label="redundancy")
    image = make_iso(tmp_path / "any.iso", data.draw(st.integers(17, 500), label="sectors"))
    layout = protect(image, redundancy=redundancy)
    sealed = image.read_bytes()
    block = sectors_of(image)
    lost = []
    for row in range(layout.layer_sectors):
        columns = chance.choice(SECTOR, data.draw(st.sampled_from([1, 20, 100]), label="columns"), replace=False)
        lost += spoil(block, layout, row, chance, columns=columns)
    block.tofile(image)

    repair(image, layout=layout, lost=lost)

    assert image.read_bytes() == sealed


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_wrong_byte_past_the_limit_is_mended_right_or_refused(tmp_path: Path, data: st.DataObject):
    """The CRCs may still tell which sectors are wrong; a guess that they contradict is never written."""
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    image = make_iso(tmp_path / "any.iso", data.draw(st.integers(17, 500), label="sectors"))
    layout = protect(image, redundancy=data.draw(st.sampled_from([0.035, 0.15]), label="redundancy"))
    sealed = image.read_bytes()
    block = sectors_of(image)
    row = int(chance.integers(layout.layer_sectors))
    more = data.draw(st.integers(1, 3), label="more")
    lost = spoil(block, layout, row, chance, columns=chance.choice(SECTOR, 40, replace=False), more=more)
    block.tofile(image)
    damaged = image.read_bytes()

    try:
        repair(image, layout=layout, lost=lost)
    except SectorsLost as refused:
        assert refused.fields["rows"] == [row]
        assert image.read_bytes() == damaged
    else:
        assert image.read_bytes() == sealed


@pytest.mark.parametrize("crcs", ["whole", "lost"])
def test_one_wrong_byte_in_each_of_a_hundred_sectors_of_a_row(tmp_path: Path, crcs: str):
    """Some 36 roots; also where every CRC sector is overwritten, so that no checksum shows any of them."""
    image = make_iso(tmp_path / "disc.iso", 2000)
    layout = protect(image)
    sealed = image.read_bytes()
    chance = np.random.default_rng(5)
    block = sectors_of(image)
    rows = layout.layer_sectors
    for row in range(rows):
        hit = chance.choice(255, 100, replace=False) * rows + row
        block[hit, chance.choice(SECTOR, 100, replace=False)] ^= chance.integers(1, 256, 100, dtype=np.uint8)
    if crcs == "lost":
        block[layout.crc_start : layout.ecc_start] = chance.integers(0, 256, (rows, SECTOR), dtype=np.uint8)
    block.tofile(image)

    found = verify(image)
    repair(image)

    assert found.repairable
    assert found.worst in (100, 101)
    assert image.read_bytes() == sealed


def test_zeroed_sectors_beside_lone_wrong_bytes_count_as_lost_and_the_others_are_looked_for(tmp_path: Path):
    """40 of 84 roots for sectors that were overwritten with zeros; 22 wrong bytes a codeword, in all others."""
    image = make_iso(tmp_path / "disc.iso", 167)
    layout = protect(image, roots=84)
    sealed = image.read_bytes()
    chance = np.random.default_rng(3)
    block = sectors_of(image)
    told = [16, layout.iso_sectors, layout.iso_sectors + 1, layout.crc_start]
    order = chance.permutation(np.setdiff1d(np.arange(255), told))
    block[order[:40]] = 0
    for column in range(0, SECTOR, 4):
        wrong = chance.choice(order[40:], 22, replace=False)
        block[wrong, column] ^= chance.integers(1, 256, 22, dtype=np.uint8)
    block.tofile(image)

    repair(image)

    assert image.read_bytes() == sealed


def test_dvdisaster_finds_the_mended_image_as_sealed(tmp_path: Path):
    """Its own test of data, CRC and ECC after our repair of lone bytes in all three."""
    need("dvdisaster")
    image = make_iso(tmp_path / "disc.iso", 3000)
    layout = protect(image)
    block = sectors_of(image)
    for sector in (5, layout.crc_start + 2, layout.ecc_start + 4, layout.sectors - 1):
        block[sector, sector % SECTOR] ^= 0x20
    block.tofile(image)

    repair(image)

    said = dvdisaster("-i", image, "-t")
    assert "bad" not in said.lower()
    assert "Ecc block test   : pass" in said


def test_two_wrong_bytes_of_one_codeword_are_not_told_as_one_elsewhere(tmp_path: Path):
    """One wrong byte in each of many ECC sectors, two of them in one codeword: a place too few may explain them all."""
    image = make_iso(tmp_path / "any.iso", 640)
    layout = protect(image, roots=93)
    sealed = image.read_bytes()
    for seed in range(4):
        block = sectors_of(image)
        two_in_a_codeword(block, layout, seed=seed)
        block.tofile(image)

        repair(image, layout=layout)

        assert image.read_bytes() == sealed
