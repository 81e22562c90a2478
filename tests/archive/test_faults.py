"""Damage at and around the limit, judged by code that decodes nothing: what is promised comes back, or it is refused.

The judge and the patterns are those of `bench/archive_faults.py`, which runs ten thousand of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rs03_discs import make_iso, sectors_of

from heliograph.archive.rs03 import protect, read_layout, repair
from heliograph.archive.rs03.decode import guess_layout
from heliograph.errors import SectorsLost

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from archive_faults import Pattern, draw, iso, mend_image, mend_set, one_set, sealed_sets
from fault_judge import LAYERS, geometry, judge

SHAPES = ((18, 170), (230, 23), (500, 32), (700, 16), (1000, 40))


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    """Small images as sealed, (sectors, 2048) each."""
    path = tmp_path_factory.mktemp("bases") / "base.iso"
    made = []
    for number, (sectors, roots) in enumerate(SHAPES):
        iso(sectors, number).tofile(path)
        protect(path, roots=roots)
        made.append(sectors_of(path))
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=st.integers(0, len(SHAPES) - 1), seed=st.integers(0, 2**32 - 1))
def test_an_image_comes_back_as_promised_or_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, bases: list[np.ndarray], shape: int, seed: int
):
    """Never a wrong byte; refused means untouched."""
    pattern = draw(bases[shape], np.random.default_rng(seed))
    promised = judge(bases[shape], pattern.file, pattern.unread)

    outcome = mend_image(tmp_path_factory.mktemp("hurt") / "image.iso", pattern, bases[shape])

    if promised.promised:
        assert outcome == "mended"
    elif promised.impossible:
        assert outcome in ("refused as SectorsLost", "refused as DiscWrong")
    else:
        assert outcome in ("mended", "refused as SectorsLost", "refused as DiscWrong")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_set_comes_back_as_promised_or_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, small_base: tuple[dict[str, np.ndarray], int], seed: int
):
    """Discs lost and damage on those left: each disc judged alone, then counted."""
    base, parity = small_base

    _, promised, outcome = one_set(tmp_path_factory.mktemp("hurt"), base, parity, np.random.default_rng(seed))

    assert outcome == "mended" if promised.promised else outcome in ("mended", *REFUSED)


REFUSED = ("refused as DiscsLost", "refused as SectorsLost", "refused as DiscWrong")


@pytest.fixture(scope="module")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], int]:
    """Two data discs and one parity disc."""
    return next(sealed_sets(tmp_path_factory.mktemp("set"), ((2, 1),)))


def test_the_judge_counts_what_the_format_says(bases: list[np.ndarray]):
    """m lost sectors of a row may go, one more may not; of ECC sectors that nothing tells of, one fewer."""
    sealed = bases[2]
    shape = geometry(sealed)
    m, n = shape.roots, shape.data_layers

    def verdict(data: int, ecc: int) -> bool:
        now = sealed.copy()
        rows = [*range(data), *range(n + 1, n + 1 + ecc)]
        now[np.array(rows) * shape.rows] = np.random.default_rng(1).integers(1, 256, (len(rows), 2048), dtype=np.uint8)
        return judge(sealed, now.tobytes()).promised

    assert (n + 1 + m, shape.iso_sectors) == (LAYERS, SHAPES[2][0])
    assert [verdict(m, 0), verdict(m + 1, 0)] == [True, False]
    assert [verdict(m - 5, 4), verdict(m - 5, 5), verdict(0, m)] == [True, False, True]


def test_lone_wrong_bytes_in_the_ecc_are_found_beside_bad_sectors(tmp_path: Path):
    """Bad in few codewords, they escape a sample of these; and there is no room to find them one by one."""
    image = make_iso(tmp_path / "disc.iso", 500)
    layout = protect(image, roots=32)
    before = sectors_of(image)
    now = before.copy()
    random = np.random.default_rng(5)
    data, ecc = layout.roots - 22, layout.ecc_start // layout.layer_sectors
    now[np.arange(data) * layout.layer_sectors] = random.integers(0, 256, (data, 2048))
    for layer in range(ecc, ecc + 21):
        sector = now[layer * layout.layer_sectors]
        if layer % 2:
            sector[:] = random.integers(0, 256, 2048)
        else:
            sector[random.integers(2048)] ^= 1
    now.tofile(image)

    assert repair(image).damaged.size == data + 21
    assert (sectors_of(image) == before).all()


def test_a_wrong_byte_in_every_codeword_of_a_row_is_mended(tmp_path: Path):
    """In more sectors than there are roots, yet no codeword is without one."""
    image = make_iso(tmp_path / "disc.iso", 700)
    layout = protect(image, roots=16)
    before = sectors_of(image)
    now = before.copy()
    for layer in range(64):
        now[layer * layout.layer_sectors, layer * 32 : layer * 32 + 32] ^= 0xFF
    now.tofile(image)

    assert repair(image).damaged.size == 64
    assert (sectors_of(image) == before).all()


def test_a_layout_is_found_by_the_code_though_lost_sectors_resemble_each_other(bases: list[np.ndarray]):
    """Padding sectors differ in their numbers alone: where they are lost, most codewords say the same of each."""
    sealed = bases[0]
    shape = geometry(sealed)
    row = sealed.reshape(LAYERS, shape.rows, 2048)[:, 0].copy()
    row[shape.data_layers - 30 : shape.data_layers + 20] = 0

    found = guess_layout(row, shape.rows)

    assert found is not None
    assert (found.iso_sectors, found.roots) == (shape.iso_sectors, shape.roots)


def test_noise_of_the_right_length_is_no_image(tmp_path: Path):
    """And it does not take long to say so."""
    noise = tmp_path / "noise.iso"
    noise.write_bytes(np.random.default_rng(1).bytes(255 * 2048))

    assert read_layout(noise) is None


def test_a_promise_past_the_parity_is_none(bases: list[np.ndarray], tmp_path: Path):
    """The harness itself: a row that has lost one more than its roots, and what becomes of it."""
    sealed = bases[2]
    shape = geometry(sealed)
    now = sealed.copy()
    now[np.arange(shape.roots + 1) * shape.rows] = 255
    pattern = Pattern("limit", now.tobytes(), None)

    assert judge(sealed, pattern.file).impossible
    assert mend_image(tmp_path / "image.iso", pattern, sealed) == "refused as SectorsLost"
    with pytest.raises(SectorsLost):
        repair(tmp_path / "image.iso")


def test_a_set_that_is_whole_needs_nothing(tmp_path: Path, small_base: tuple[dict[str, np.ndarray], int]):
    """The harness of sets says so."""
    for name, image in small_base[0].items():
        image.tofile(tmp_path / name)

    assert mend_set(tmp_path, small_base[0], {}) == "mended"
