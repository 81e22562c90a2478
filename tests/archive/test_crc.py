"""CRCs of many sectors at once: each kernel against zlib."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.archive.kernels import crc
from heliograph.archive.kernels.crc import sector_crcs
from heliograph.archive.kernels.machine import has


@pytest.fixture(scope="module", params=["folded", "stepped"])
def kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both kernels, one after the other; the first where the processor has the instruction."""
    if request.param == "folded" and not has("pclmul"):
        pytest.skip("this processor does not multiply without carries")
    made = crc._made(crc._folded if request.param == "folded" else crc._stepped)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crc, "_kernel", lambda: made)
        yield request.param


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5), st.integers(1, 9), st.sampled_from([64, 128, 2048, 4096]), st.integers(0, 2**32))
def test_crcs_are_the_usual_ones_without_their_last_inversion(kernel: str, rows: int, count: int, size: int, seed: int):
    """Whatever the numbers of rows and sectors; in rows that are part of longer ones, too."""
    data = np.random.default_rng(seed).integers(0, 256, (rows, count * size + 64), dtype=np.uint8)[:, : count * size]

    crcs = sector_crcs(data, size=size)

    assert crcs.tolist() == [
        [zlib.crc32(row[at : at + size].tobytes()) ^ 0xFFFFFFFF for at in range(0, count * size, size)] for row in data
    ]


def test_any_bit_counts(kernel: str):
    """A sector of zeros with one bit set, for every bit of it."""
    sectors = np.zeros((2048 * 8, 2048), np.uint8)
    bits = np.arange(2048 * 8)
    sectors[bits, bits // 8] = 1 << bits % 8

    crcs = sector_crcs(sectors)[:, 0]

    assert crcs.tolist() == [zlib.crc32(sector.tobytes()) ^ 0xFFFFFFFF for sector in sectors]


def test_a_kernel_that_answers_wrong_is_not_used(monkeypatch: pytest.MonkeyPatch):
    """The tables take its place."""
    monkeypatch.setattr(crc, "has", lambda *features: True)
    monkeypatch.setattr(crc, "_made", lambda body: body.__name__)
    monkeypatch.setattr(crc, "_is_right", lambda made: False)
    assert crc._choose() == "_stepped"
    monkeypatch.setattr(crc, "_is_right", lambda made: True)
    assert crc._choose() == "_folded"


def test_a_length_that_does_not_divide_is_refused():
    """Rather than read past the end of an array."""
    with pytest.raises(ValueError, match="CRCs over 100 bytes"):
        sector_crcs(np.zeros((1, 200), np.uint8), size=100)
