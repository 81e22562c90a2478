"""Parity discs: any m of n + m may be lost, and a stranger can undo it from the text alone."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rs03_discs import make_iso

from heliograph.archive.kernels.gf import invert, multiply
from heliograph.archive.parity import Source, _fill, coefficients, encode, explain, rebuild
from heliograph.archive.rs03 import protect
from heliograph.errors import CannotWrite, DiscsLost, DiscWrong

LENGTHS = [300_000, 70_001, 2048, 299_999, 0]


def make_set(folder: Path, lengths: list[int], parity: int) -> dict[int, Source]:
    """Data discs of these lengths, each with bytes behind them that are not protected; and their parity."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for number, length in enumerate(lengths):
        images.append(folder / f"D{number + 1:02d}.iso")
        images[-1].write_bytes(np.random.default_rng(number).bytes(length) + b"not part of the ISO")
    outs = [folder / f"P{number + 1:02d}.bin" for number in range(parity)]
    encode(images, lengths, outs)
    every = [Source(path, 0, length) for path, length in zip(images, lengths, strict=True)]
    every += [Source(path, 0, max(lengths)) for path in outs]
    return dict(enumerate(every))


def bytes_of(source: Source) -> bytes:
    """What a disc holds."""
    return source.path.read_bytes()[source.offset : source.offset + source.length]


def test_any_two_discs_of_a_set_of_unequal_discs_come_back(tmp_path: Path):
    """All 21 pairs of five data discs (one of them empty) and two parity discs."""
    every = make_set(tmp_path, LENGTHS, 2)
    for gone in combinations(range(7), 2):
        present = {number: source for number, source in every.items() if number not in gone}
        outs = [tmp_path / f"back{number}" for number in gone]

        rebuild(present, 5, 2, LENGTHS, gone, outs)

        for number, out in zip(gone, outs, strict=True):
            assert out.read_bytes() == bytes_of(every[number])


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_set_survives_the_loss_of_as_many_discs_as_it_has_parity(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    """Any number of discs, any lengths, any loss; parts of files as sources."""
    n = data.draw(st.integers(1, 30), label="data discs")
    m = data.draw(st.integers(0, 16), label="parity discs")
    lengths = data.draw(st.lists(st.integers(0, 5000), min_size=n, max_size=n), label="lengths")
    gone = data.draw(st.lists(st.integers(0, n + m - 1), max_size=m, unique=True), label="gone")
    folder = tmp_path_factory.mktemp("set")
    every = make_set(folder, lengths, m)
    held = folder / "parity inside an image"
    present = {}
    for number, source in every.items():
        if number in gone:
            continue
        present[number] = source
        if number >= n:  # as on a parity disc: somewhere inside a file
            held = folder / f"inside{number}"
            held.write_bytes(b"file system" + bytes_of(source) + b"more of it")
            present[number] = Source(held, 11, source.length)
    outs = [folder / f"back{number}" for number in gone]

    rebuild(present, n, m, lengths, gone, outs)

    assert [out.read_bytes() for out in outs] == [bytes_of(every[number]) for number in gone]


def test_the_hashes_of_what_was_read_and_written_come_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Though several threads read it, a part each; and parity can go into a part of a file that is there."""
    monkeypatch.setattr("heliograph.archive.parity._BUFFER", 7 * 16_384)
    (tmp_path / "disc").write_bytes(b"begin" + bytes(300_000) + b"end")
    images = [tmp_path / f"D{number}" for number in range(len(LENGTHS))]
    for number, (image, length) in enumerate(zip(images, LENGTHS, strict=True)):
        image.write_bytes(np.random.default_rng(number).bytes(length) + b"not part of the ISO")

    read, made = encode(images, LENGTHS, [tmp_path / "P1", Source(tmp_path / "disc", 5, 300_000)])

    protected = [image.read_bytes()[:length] for image, length in zip(images, LENGTHS, strict=True)]
    inside = (tmp_path / "disc").read_bytes()
    assert read == [sha256(each).hexdigest() for each in protected]
    assert made == [sha256(each).hexdigest() for each in ((tmp_path / "P1").read_bytes(), inside[5:-3])]
    assert (inside[:5], inside[-3:]) == (b"begin", b"end")


def test_a_disc_that_cannot_be_read_to_its_end_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The threads that hash what comes later do not wait for it for ever."""
    every = make_set(tmp_path, LENGTHS, 1)
    monkeypatch.setattr("heliograph.archive.parity._BUFFER", 7 * 16_384)

    def torn(line: NDArray[np.uint8], file: int, source: Source, start: int) -> None:
        if start and source.path.name == "D01.iso":
            raise DiscWrong("torn")
        _fill(line, file, source, start)

    monkeypatch.setattr("heliograph.archive.parity._fill", torn)

    with pytest.raises(DiscWrong, match="torn"):
        encode([every[number].path for number in range(5)], LENGTHS, [tmp_path / "P"])
    assert not (tmp_path / "P").exists()


def test_the_first_parity_disc_is_the_xor_of_the_data_discs(tmp_path: Path):
    """So that for one lost disc, no field arithmetic is needed at all."""
    every = make_set(tmp_path, LENGTHS, 1)

    total = np.zeros(max(LENGTHS), np.uint8)
    for number, length in enumerate(LENGTHS):
        total[:length] ^= np.frombuffer(bytes_of(every[number]), np.uint8)
    assert bytes_of(every[5]) == total.tobytes()


def test_every_square_part_of_the_coefficients_can_be_inverted():
    """Which is what lets any m discs be lost: all of them in a set of 12 and 4."""
    matrix = coefficients(12, 4)
    for size in (1, 2, 3, 4):
        for rows in combinations(range(4), size):
            for columns in combinations(range(12), size):
                invert(matrix[np.ix_(rows, columns)])
    assert coefficients(239, 16).all()
    assert (matrix == coefficients(239, 16)[:4, :12]).all()
    assert multiply(matrix[1, 3], 254 ^ 3) == 255 ^ 3


def test_a_set_larger_than_the_field_is_refused():
    """Or with more parity than is worth it."""
    for data, parity in ((250, 6), (5, 17), (0, 1)):
        with pytest.raises(ValueError, match=f"{data} data and {parity} parity discs"):
            coefficients(data, parity)


def test_too_many_lost_discs_are_named_and_nothing_is_written(tmp_path: Path):
    """By the names that people wrote on them."""
    every = make_set(tmp_path, LENGTHS, 2)
    names = ["D01", "D02", "D03", "D04", "D05", "P01", "P02"]

    with pytest.raises(DiscsLost) as refused:
        rebuild({n: every[n] for n in (0, 2, 3, 5)}, 5, 2, LENGTHS, [1], [tmp_path / "back"], names=names)

    assert refused.value.exit_code == 9
    assert refused.value.message == "3 of 7 discs are gone (D02, D05, P02); the set replaces 2"
    assert refused.value.hint.startswith("find 1 more")
    assert not (tmp_path / "back").exists()


def test_a_source_that_is_shorter_than_it_should_be_is_named(tmp_path: Path):
    """A disc that was not repaired first must not poison the others."""
    every = make_set(tmp_path, LENGTHS, 1)
    os.truncate(every[0].path, 1000)

    with pytest.raises(DiscWrong, match=r"D01\.iso: 1000 bytes, expected at least 300000"):
        rebuild({n: every[n] for n in (0, 2, 3, 4, 5)}, 5, 1, LENGTHS, [1], [tmp_path / "back"])
    assert not (tmp_path / "back").exists()


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path):
    """A file stands where a folder should be."""
    image = tmp_path / "D01.iso"
    image.write_bytes(b"data")
    with pytest.raises(CannotWrite):
        encode([image], [4], [image / "P01.bin"])


def test_a_rebuilt_disc_gets_its_rs03_layer_again_byte_for_byte(tmp_path: Path):
    """Parity is over the ISO; protecting the rebuilt ISO gives the very image that was lost."""
    images = [make_iso(tmp_path / f"D0{k}.iso", 200 + 40 * k, seed=k) for k in (1, 2, 3)]
    lengths = [image.stat().st_size for image in images]
    for image in images:
        protect(image)
    encode(images, lengths, [tmp_path / "P01.bin"])
    lost = images[1].read_bytes()
    images[1].unlink()

    present = {0: Source(images[0], 0, lengths[0]), 2: Source(images[2], 0, lengths[2])}
    present[3] = Source(tmp_path / "P01.bin", 0, max(lengths))
    rebuild(present, 3, 1, lengths, [1], [images[1]])
    protect(images[1])

    assert images[1].read_bytes() == lost


def test_progress_ends_at_the_longest_disc(tmp_path: Path):
    """In bytes of one disc."""
    (tmp_path / "D01.iso").write_bytes(bytes(30 << 20))
    seen: list[tuple[int, int]] = []
    encode(
        [tmp_path / "D01.iso"],
        [30 << 20],
        [tmp_path / "P01.bin"],
        progress=lambda *now: seen.append(now),
    )
    assert seen == sorted(seen)
    assert seen[-1] == (30 << 20, 30 << 20)


def test_the_text_is_in_english_and_chinese():
    """With the formula in both."""
    text = explain()
    assert text.count("c(p,i) = (255 xor i) / ((255 - p) xor i)") == 2
    assert re.search("[\u4e00-\u9fff]", text)
    assert max(len(line) for line in text.splitlines()) <= 124
