from __future__ import annotations

import sys
from pathlib import Path

import pytest
from recorded_day import make_run, open_day

from heliograph.view import Day

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("view") / "day")


@pytest.fixture(scope="session")
def day(run: Path) -> Day:
    return open_day(run)
