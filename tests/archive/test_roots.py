"""Images that have lost volume descriptor, header and every CRC sector: the code itself still tells its geometry."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rs03_discs import make_iso, overwrite

from heliograph.archive.kernels.gf import multiply
from heliograph.archive.rs03 import Layout, protect, read_layout, repair
from heliograph.archive.rs03.code import parity_matrix
from heliograph.archive.rs03.roots import likely_roots

PATIENCE_S = 20
"""Processor time; it takes less than a second. Trying every number of roots took minutes."""


def nameless(path: Path, roots: int, more: int) -> tuple[Layout, bytes]:
    """An image without all that tells its layout, and `more` bad sectors in each row; what it was."""
    layout = protect(make_iso(path, 2000), roots=roots)
    whole, rows, chance = path.read_bytes(), layout.layer_sectors, np.random.default_rng(3)
    gone = {16, layout.iso_sectors, layout.iso_sectors + 1, *range(layout.crc_start, layout.ecc_start)}
    others = [layer for layer in range(255) if layer != layout.data_layers]
    for row in range(rows):
        gone |= {int(layer) * rows + row for layer in chance.choice(others, more, replace=False)}
    overwrite(path, sorted(gone))
    return layout, whole


@pytest.mark.parametrize(("roots", "more"), [(8, 0), (8, 20), (40, 33), (170, 0), (170, 120)])
def test_a_disc_that_lost_its_geometry_is_found_and_mended_soon(tmp_path: Path, roots: int, more: int):
    """Whatever the number of roots, and beside other damage."""
    layout, whole = nameless(tmp_path / "disc.iso", roots, more)
    began = time.process_time()

    assert read_layout(tmp_path / "disc.iso") == layout
    repair(tmp_path / "disc.iso")

    assert (tmp_path / "disc.iso").read_bytes() == whole
    assert time.process_time() - began < PATIENCE_S


def test_what_was_never_protected_is_found_to_be_so_soon(tmp_path: Path):
    """Random bytes, in a number of sectors that may be an image's."""
    image = make_iso(tmp_path / "noise.iso", 255 * 30)
    overwrite(image, [16])
    began = time.process_time()

    assert read_layout(image) is None
    assert time.process_time() - began < PATIENCE_S


@settings(max_examples=20, deadline=None)
@given(st.integers(8, 170), st.data())
def test_a_row_tells_its_roots(roots: int, data: st.DataObject):
    """With bad sectors, one fewer than there are roots; or with lone wrong bytes in any sector, few in a codeword."""
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    row = chance.integers(0, 256, (255, 2048), dtype=np.uint8)
    parity = parity_matrix(roots)
    for term in range(255 - roots):  # the textbook's sum, not the kernel's
        if term == 0:
            row[255 - roots :] = 0
        row[255 - roots :] ^= multiply(parity[:, term][:, None], row[term][None, :])
    if data.draw(st.booleans(), label="whole sectors"):
        bad = chance.choice(255, data.draw(st.integers(0, roots - 1), label="bad sectors"), replace=False)
        row[bad] = chance.integers(0, 256, (bad.size, 2048), dtype=np.uint8)
    else:
        many = data.draw(st.integers(0, (roots - 1) // 2), label="wrong bytes in a codeword")
        places = chance.random((2048, 255)).argsort(axis=1)[:, :many]
        row[places, np.arange(2048)[:, None]] ^= chance.integers(1, 256, places.shape, dtype=np.uint8)

    assert roots in likely_roots(row)
