"""The field of 256 elements and its one big kernel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.archive.kernels import affine, gf
from heliograph.archive.kernels.gf import EXP, LOG, SLICE, divide, invert, multiply, power, product

element = st.integers(0, 255)


def slowly(a: int, b: int) -> int:
    """a·b by the textbook: shift, add, reduce."""
    out = 0
    while b:
        if b & 1:
            out ^= a
        a = a << 1 ^ (0x187 if a & 0x80 else 0)
        b >>= 1
    return out


def test_every_product_is_the_textbook_s():
    """All 65,536 of them."""
    everything = np.arange(256, dtype=np.uint8)
    table = multiply(everything[:, None], everything[None, :])

    assert all(table[a, b] == slowly(a, b) for a in range(256) for b in range(256))


def test_the_logarithms_are_those_printed_in_the_codec_specification():
    """Three rows of its tables."""
    assert LOG[1:16].tolist() == [
        0x00,
        0x01,
        0x63,
        0x02,
        0xC6,
        0x64,
        0x6A,
        0x03,
        0xCD,
        0xC7,
        0xBC,
        0x65,
        0x7E,
        0x6B,
        0x2A,
    ]
    assert EXP[:12].tolist() == [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x87, 0x89, 0x95, 0xAD]
    assert LOG[0xF0:0xF4].tolist() == [0x2E, 0x4B, 0xB9, 0x60]


@settings(deadline=None)
@given(element, element, element)
def test_it_is_a_field(a: int, b: int, c: int):
    """Products distribute over sums (XOR), and division undoes multiplication."""
    assert multiply(a, b ^ c) == multiply(a, b) ^ multiply(a, c)
    assert multiply(a, multiply(b, c)) == multiply(multiply(a, b), c)
    if b:
        assert divide(multiply(a, b), b) == a


@settings(deadline=None)
@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_powers_add(a: int, b: int):
    """x^a · x^b = x^(a+b), below zero, too."""
    assert multiply(power(a), power(b)) == power(a + b)


def test_zero_has_no_inverse():
    """Neither as a number nor as a matrix."""
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    with pytest.raises(ZeroDivisionError):
        invert(np.ones((2, 2), np.uint8))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32))
def test_a_matrix_times_its_inverse_is_one(size: int, seed: int):
    """Random matrices, those without an inverse passed over."""
    matrix = np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)
    try:
        inverse = invert(matrix)
    except ZeroDivisionError:
        return

    both = np.bitwise_xor.reduce(multiply(matrix[:, :, None], inverse[None, :, :]), axis=1)
    assert (both == np.eye(size, dtype=np.uint8)).all()


@pytest.fixture(scope="module", params=["affine", "planes", "tables"])
def kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kernels of `product`, one after the other; the first where the processor has the instruction."""
    kernels = {**gf._kernels(), "tables": gf._by_tables}
    if request.param not in kernels:
        pytest.skip("this processor has no field instruction")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gf, "_kernel", lambda: kernels[request.param])
        yield request.param


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3), st.integers(0, 2**32))
def test_the_kernel_agrees_with_one_product_at_a_time(kernel: str, rows: int, terms: int, slices: int, seed: int):
    """Any shape of matrix; bytes outside start:stop are left alone."""
    chance = np.random.default_rng(seed)
    matrix = chance.integers(0, 256, (rows, terms), dtype=np.uint8)
    columns = chance.integers(0, 256, (terms, (slices + 2) * SLICE), dtype=np.uint8)
    out = np.full((rows, columns.shape[1]), 0xAA, np.uint8)

    product(matrix, columns, out, start=SLICE, stop=(slices + 1) * SLICE)

    due = np.bitwise_xor.reduce(multiply(matrix[:, :, None], columns[None, :, :]), axis=1)
    inside = slice(SLICE, (slices + 1) * SLICE)
    assert (out[:, inside] == due[:, inside]).all()
    assert (out[:, :SLICE] == 0xAA).all()
    assert (out[:, -SLICE:] == 0xAA).all()


@pytest.mark.parametrize(("roots", "terms"), [(32, 223), (33, 222), (170, 85), (8, 247), (13, 13), (3, 1)])
def test_all_kernels_give_the_same_bytes(roots: int, terms: int):
    """On the shapes of RS03, with bytes of every value."""
    chance = np.random.default_rng(roots)
    matrix = chance.integers(0, 256, (roots, terms), dtype=np.uint8)
    columns = chance.integers(0, 256, (terms, 4 * SLICE), dtype=np.uint8)
    results = []
    for run in (*gf._kernels().values(), gf._by_tables):
        results.append(np.zeros((roots, 4 * SLICE), np.uint8))
        run(matrix, columns, results[-1], 0, 4 * SLICE)

    assert results[0].any()
    assert all((result == results[0]).all() for result in results)


def test_registers_are_not_asked_for_that_are_not_there(monkeypatch: pytest.MonkeyPatch):
    """With sixteen of them, four rows are summed at a time; the result is the same."""
    if "affine" not in gf._kernels():
        pytest.skip("this processor has no field instruction")
    monkeypatch.setattr(affine, "has", lambda *features: "avx512vl" not in features)

    assert gf._is_right(gf._kernels()["affine"])


def test_a_kernel_that_answers_wrong_is_not_used(monkeypatch: pytest.MonkeyPatch):
    """One wrong product of 65,536 is enough; the next one takes its place, at last the tables."""
    right = gf._kernels()["planes"]

    def wrong(matrix, columns, out, start, stop):  # type: ignore[no-untyped-def]
        out[:] = multiply(matrix, columns)
        out[200, 100] ^= 1

    monkeypatch.setattr(gf, "_kernels", lambda: {"affine": wrong, "planes": right})
    assert gf._choose() is right
    monkeypatch.setattr(gf, "_kernels", lambda: {"affine": wrong, "planes": wrong})
    assert gf._choose() is gf._by_tables


def test_an_instruction_that_the_processor_lacks_is_not_used(monkeypatch: pytest.MonkeyPatch):
    """It would end the whole process. The rest does without."""
    monkeypatch.setattr(affine, "has", lambda *features: False)
    assert list(gf._kernels()) == ["planes"]


def test_a_product_of_the_wrong_shape_is_refused():
    """Rather than read past the end of an array."""
    with pytest.raises(ValueError, match="product of"):
        product(np.ones((2, 3), np.uint8), np.zeros((2, SLICE), np.uint8), np.zeros((2, SLICE), np.uint8))
