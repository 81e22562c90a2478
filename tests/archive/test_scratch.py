"""A scratch does not shrink with the image: small discs get the parity that one takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from disc_sets import small_set
from hypothesis import given
from hypothesis import strategies as st

from heliograph.archive.repair.mend import mend
from heliograph.archive.rs03.layout import SCRATCH_SECTORS, largest_iso, plan

SECTOR = 2048
LEAST_ISO_SECTORS = 6_600


@given(iso=st.integers(LEAST_ISO_SECTORS, 3_000_000))
def test_every_row_can_lose_its_share_of_a_scratch_and_seventeen_more(iso: int) -> None:
    layout = plan(iso, scratch_sectors=SCRATCH_SECTORS)

    assert layout.roots >= -(-SCRATCH_SECTORS // layout.layer_sectors) + 17
    assert layout.redundancy >= 0.15
    assert layout.redundancy < 0.54


@given(medium=st.integers(300, 200_000), part=st.floats(0.05, 1.0))
def test_what_is_said_to_fit_a_medium_fits_it(medium: int, part: float) -> None:
    iso = int(largest_iso(medium, scratch_sectors=SCRATCH_SECTORS) * part)

    assert iso <= 20 or plan(iso, scratch_sectors=SCRATCH_SECTORS).sectors <= medium


def test_a_small_disc_survives_bad_sectors_everywhere_and_a_scratch_of_5_mb(tmp_path: Path) -> None:
    luck = np.random.default_rng(5)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "noise.bin").write_bytes(luck.bytes(22_000_000))
    sealed = small_set(tmp_path / "tree", tmp_path / "discs", capacity="40MB")
    image = sealed.discs[0].path
    whole = image.read_bytes()
    sectors = len(whole) // SECTOR
    data = bytearray(whole)
    for sector in luck.choice(sectors, sectors // 50, replace=False).tolist():
        data[sector * SECTOR : (sector + 1) * SECTOR] = luck.bytes(SECTOR)
    data[9_000_000:14_000_000] = luck.bytes(5_000_000)
    image.write_bytes(data)

    mend([tmp_path / "discs"])

    assert image.read_bytes() == whole
