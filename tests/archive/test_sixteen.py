"""Sets of unequal discs with up to sixteen parity discs: any m of n + m may be lost, and a scratch besides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from disc_sets import DATE, bytes_of, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rs03_discs import make_iso, overwrite

from heliograph.archive.medium import SECTOR, of_size
from heliograph.archive.parity import Source, encode, rebuild
from heliograph.archive.repair.mend import mend
from heliograph.archive.rs03 import protect, repair
from heliograph.archive.seal.seal import seal
from heliograph.archive.verify.verify import verify


@pytest.mark.parametrize("m", range(1, 17))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_m_discs_and_a_loss_inside_another_are_mended_together(
    tmp_path_factory: pytest.TempPathFactory, m: int, data: st.DataObject
):
    """Every disc protected, as sealed: first the scratched one by its own parity, then the lost ones by the others."""
    n = data.draw(st.integers(1, 8), label="data discs")
    sizes = data.draw(st.lists(st.integers(20, 120), min_size=n, max_size=n), label="sectors of each data disc")
    gone = data.draw(st.lists(st.integers(0, n + m - 1), min_size=m, max_size=m, unique=True), label="gone")
    folder = tmp_path_factory.mktemp("set")
    discs = [make_iso(folder / f"{number}.iso", size, seed=number) for number, size in enumerate(sizes)]
    lengths = [size * SECTOR for size in sizes]
    numbers = [folder / f"{number}.numbers" for number in range(m)]
    encode(discs, lengths, numbers)
    for number, path in enumerate(numbers):
        # A parity disc holds its numbers inside an image; here behind 20 sectors that stand for its file system.
        disc = make_iso(folder / f"{n + number}.iso", 20 + max(sizes), seed=n + number)
        with disc.open("r+b") as image:
            image.seek(20 * SECTOR)
            image.write(path.read_bytes())
        discs.append(disc)
    layouts = [protect(disc) for disc in discs]
    before = [disc.read_bytes() for disc in discs]

    kept = [number for number in range(n + m) if number not in gone]
    hurt = data.draw(st.sampled_from(kept), label="scratched")
    size = sizes[hurt] if hurt < n else 20 + max(sizes)
    at = data.draw(st.integers(0, size - 1), label="scratch from sector")
    overwrite(discs[hurt], list(range(at, min(size, at + layouts[hurt].roots))))
    for number in gone:
        discs[number].unlink()

    repair(discs[hurt])
    present = {
        number: Source(discs[number], 0 if number < n else 20 * SECTOR, lengths[number] if number < n else max(lengths))
        for number in kept
    }
    outs = [folder / f"{number}.back" for number in gone]
    rebuild(present, n, m, lengths, gone, outs)

    assert discs[hurt].read_bytes() == before[hurt]
    for number, out in zip(gone, outs, strict=True):
        if number < n:
            protect(out)
            assert out.read_bytes() == before[number]
        else:
            assert out.read_bytes() == before[number][20 * SECTOR :][: max(lengths)]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sealed_set_of_unequal_discs_loses_sixteen_and_comes_back(tmp_path: Path, seed: int):
    """Through seal and mend: three data discs, the last of them nearly empty, and sixteen parity discs."""
    write_files(tmp_path / "tree", a_bin=2_000_000, b_bin=900_000, c_bin=100)
    sealed = seal([tmp_path / "tree"], tmp_path / "discs", date=DATE, medium=of_size("3.2MB"), parity=16)
    before = bytes_of(tmp_path / "discs")
    random = np.random.default_rng(seed)
    order = random.permutation(len(sealed.discs))
    for number in order[:16]:
        sealed.discs[number].path.unlink()
    hurt = sealed.discs[order[16]].path
    overwrite(hurt, list(range(40, 60)))

    mend([tmp_path / "discs"])

    assert bytes_of(tmp_path / "discs") == before
    assert verify([tmp_path / "discs"], deep=False, hashes=False).error() is None
