"""One small run for all tests of the record: 14 hours of warm-up and 2 hours of record, noted, drawn and written."""

from __future__ import annotations

import pytest
from daybooks import make_daybook
from recorded import Made, Written, make, write

from heliograph.daybook import Daybook
from heliograph.plant.model import Plant
from heliograph.plant.read import read_plant


@pytest.fixture(scope="session")
def plant() -> Plant:
    return read_plant("small").plant


@pytest.fixture(scope="session")
def book(plant: Plant) -> Daybook:
    return make_daybook(plant, hours=2, warmup_h=14, every_s=900)


@pytest.fixture(scope="session")
def made(plant: Plant, book: Daybook) -> Made:
    return make(plant, book)


@pytest.fixture(scope="session")
def written(plant: Plant, book: Daybook, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(plant, book, tmp_path_factory.mktemp("run"))
