"""Fixtures of the plant's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plants import copy_of


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small plant, free to be broken."""
    return copy_of("small", tmp_path / "small")
