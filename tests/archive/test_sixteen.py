"""A set of unequal discs with sixteen parity discs: sixteen are lost, and another is scratched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from disc_sets import DATE, bytes_of, write_files
from rs03_discs import overwrite

from heliograph.archive.medium import of_size
from heliograph.archive.mend import mend
from heliograph.archive.seal import seal
from heliograph.archive.verify import verify


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
