"""One row mended for a reader: the CRCs it is held against come from the row before, mended where it has to be."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rs03_discs import SECTOR, make_iso, sectors_of

from heliograph.archive.rs03 import Layout, protect
from heliograph.archive.rs03.decode import mend
from heliograph.archive.rs03.one_row import mended_in

Bytes = NDArray[np.uint8]
ROOTS = 56


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout]:
    """Sixteen rows of 255 sectors, and as many roots as there is room for."""
    path = make_iso(tmp_path_factory.mktemp("one") / "any.iso", 16 * (254 - ROOTS) - 2)
    return path, protect(path, roots=ROOTS)


@pytest.fixture
def image(protected: tuple[Path, Layout]) -> Path:
    return protected[0]


@pytest.fixture
def layout(protected: tuple[Path, Layout]) -> Layout:
    assert (protected[1].roots, protected[1].layer_sectors) == (ROOTS, 16)
    return protected[1]


def alike(now: Bytes, layout: Layout, row: int, seed: int) -> None:
    """20 sectors overwritten and a wrong byte in each of 36 others, two of those in one column: e + 2v is below m.

    Whole sectors taken for lost, 55 of them explain it all as well: the 20, 34 of the others, and one that is sound.
    """
    chance = np.random.default_rng(seed)
    layers = chance.choice([c for c in range(255) if c != layout.data_layers], 56, replace=False)
    now[layers[:20] * layout.layer_sectors + row] = chance.integers(0, 256, (20, SECTOR), dtype=np.uint8)
    columns = chance.choice(SECTOR, 36, replace=False)
    columns[1] = columns[0]
    now[layers[20:] * layout.layer_sectors + row, columns] ^= chance.integers(1, 256, 36, dtype=np.uint8)


def read(now: Bytes, layout: Layout, row: int, folder: Path, known: dict[int, bytes] | None = None) -> Bytes | None:
    """The row as it is mended, (255, 2048), from an image that holds `now`."""
    path = folder / "hurt.iso"
    now.tofile(path)
    file = os.open(path, os.O_RDONLY)
    try:
        mended = mended_in(file, layout, row, known or {})
    finally:
        os.close(file)
    if mended is None:
        return None
    (known if known is not None else {}).update(mended)
    whole = now.copy()
    for number, sector in mended.items():
        whole[number] = np.frombuffer(sector, np.uint8)
    return whole[row :: layout.layer_sectors]


@pytest.mark.parametrize("row", [0, 3, 15])
@pytest.mark.parametrize("before", [1, 2, 11])
def test_lost_crcs_are_mended_back_to_a_whole_sector_first(
    image: Path, layout: Layout, tmp_path: Path, row: int, before: int
):
    """Without them, most of these damages would be taken for others; over the end of the layers, too."""
    sealed, right = sectors_of(image), 0
    for seed in range(4):
        now = sealed.copy()
        alike(now, layout, row, seed)
        now[[layout.crc_start + (row - back) % layout.layer_sectors for back in range(1, before + 1)]] = 7
        mended = read(now, layout, row, tmp_path)
        assert mended is not None
        right += bool((mended == sealed[row :: layout.layer_sectors]).all())
    assert right == 4


def test_without_any_crcs_what_is_nearest_in_each_codeword_is_right(image: Path, layout: Layout):
    """The same damage, where nothing can vouch for an answer."""
    sealed = sectors_of(image)
    for seed in range(20):
        now = sealed.copy()
        alike(now, layout, 3, seed)
        block = now[3 :: layout.layer_sectors].copy()
        verdict = mend(block, layout, None, np.zeros((255, 1), np.bool_))
        assert verdict.lost[0] or (block == sealed[3 :: layout.layer_sectors]).all()
        assert not verdict.lost[0]


def test_an_image_without_a_whole_crc_sector_is_for_repair(image: Path, layout: Layout, tmp_path: Path):
    """A row alone would be believed unchecked."""
    now = sectors_of(image)
    now[layout.crc_start : layout.crc_start + layout.layer_sectors] = 0
    now[5] = 1

    assert read(now, layout, 5, tmp_path) is None


def test_a_row_past_mending_on_the_way_ends_it(image: Path, layout: Layout, tmp_path: Path):
    now = sectors_of(image)
    now[layout.crc_start + 4] = 0
    now[4 :: layout.layer_sectors][: ROOTS + 1] = 9
    now[5] = 1

    assert read(now, layout, 5, tmp_path) is None
    assert read(now, layout, 6, tmp_path) is not None


def test_what_is_known_is_not_mended_again(image: Path, layout: Layout, tmp_path: Path):
    """A long row of lost CRC sectors is gone through once, not once for each that follows."""
    sealed = sectors_of(image)
    now = sealed.copy()
    now[layout.crc_start + 2 : layout.crc_start + 12] = 3
    known: dict[int, bytes] = {}
    for row in range(3, 13):
        before = len(known)
        mended = read(now, layout, row, tmp_path, known)
        assert mended is not None
        assert (mended == sealed[row :: layout.layer_sectors]).all()
        assert len(known) - before == (2 if row == 3 else row != 12)
