"""Whatever is done to a plant's files, the check answers with mistakes or none: never a traceback."""

from __future__ import annotations

import json
import random
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plants import copy_of

from heliograph.errors import PlantWrong
from heliograph.plant.check import examine
from heliograph.plant.read import read_plant
from heliograph.plant.topcon import build
from heliograph.plant.write import write_plant

ODD: list[Any] = [
    None, 0, -1, 1, 2, 1e300, -1e300, float("nan"), float("inf"), 10**25, True, "", "nix", "L1-TEX1", "TEX", "é\n\t",
    [], {}, [[]], [None], ["TEX", "TEX"], {"id": 1}, [{}],
]  # fmt: skip


def spot(tree: Any, luck: random.Random) -> tuple[Any, Any] | None:
    """A place in a parsed file, reached by a walk from the top: what holds it, and its key."""
    found = None
    while isinstance(tree, dict | list) and tree:
        key = luck.choice(list(tree)) if isinstance(tree, dict) else luck.randrange(len(tree))
        found = (tree, key)
        tree = tree[key]
        if luck.random() < 0.15:
            break
    return found


def broken(tree: Any, seed: int) -> Any:
    """Put odd values, take away, or double what is there, at random places."""
    luck = random.Random(seed)
    for _ in range(luck.randrange(1, 5)):
        place, key = spot(tree, luck) or (None, None)
        if place is None:
            break
        act = luck.randrange(4)
        if act == 0:
            del place[key]
        elif act == 1 and isinstance(place, list):
            place.insert(luck.randrange(len(place) + 1), place[key])
        elif act == 2 and isinstance(place, dict):
            place["extra"] = deepcopy(luck.choice(ODD))
        else:
            place[key] = deepcopy(luck.choice(ODD))
    return tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plant of one line, rewritten by every example."""
    home = tmp_path_factory.mktemp("fuzz") / "plant"
    write_plant(home, *build(1, 6, "small"))
    return home


def judged(folder: Path) -> None:
    """The check gives an answer, and the reader agrees with it."""
    found = examine(folder, against_schema=True)
    assert all(mistake.split(":")[0] in ("plant.toml", "layout.lif.json") for mistake in found.mistakes)
    if examine(folder).mistakes:
        with pytest.raises(PlantWrong):
            read_plant(folder)
    else:
        read_plant(folder)


FEW = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(seed=st.integers(0, 2**64))
def test_any_change_of_the_plant_is_judged(folder: Path, seed: int):
    sound = copy_text(folder)
    tree = broken(tomllib.loads(sound["plant.toml"]), seed)
    try:
        (folder / "plant.toml").write_text(tomlkit.dumps(without_null(tree)), encoding="utf-8")
        judged(folder)
    finally:
        (folder / "plant.toml").write_text(sound["plant.toml"], encoding="utf-8")


@FEW
@given(seed=st.integers(0, 2**64))
def test_any_change_of_the_layout_is_judged(folder: Path, seed: int):
    sound = copy_text(folder)
    tree = broken(json.loads(sound["layout.lif.json"]), seed)
    try:
        (folder / "layout.lif.json").write_text(json.dumps(tree), encoding="utf-8")
        judged(folder)
    finally:
        (folder / "layout.lif.json").write_text(sound["layout.lif.json"], encoding="utf-8")


@FEW
@given(seed=st.integers(0, 2**64), name=st.sampled_from(["plant.toml", "layout.lif.json"]))
def test_any_flipped_bytes_are_judged(folder: Path, seed: int, name: str):
    luck = random.Random(seed)
    sound = (folder / name).read_bytes()
    data = bytearray(sound)
    for _ in range(luck.randrange(1, 6)):
        data[luck.randrange(len(data))] = luck.randrange(256)
    if luck.random() < 0.3:
        del data[luck.randrange(len(data)) :]
    try:
        (folder / name).write_bytes(bytes(data))
        judged(folder)
    finally:
        (folder / name).write_bytes(sound)


@pytest.mark.parametrize("text", ["", "[]", "null", "7", '"x"', "{}", "[" * 100_000, '{"layouts": [null]}', "1" * 5000])
def test_any_text_in_place_of_the_layout_is_judged(text: str, tmp_path: Path):
    folder = copy_of("small", tmp_path / "small")
    (folder / "layout.lif.json").write_text(text)

    assert examine(folder, against_schema=True).mistakes


@pytest.mark.parametrize(
    "text", ["", "x", "x = " + "[" * 10_000, "x = " + "1" * 5000, "a.b = 1\na.b.c = 2", "x = 1979-99-99"]
)
def test_any_text_in_place_of_the_plant_is_judged(text: str, tmp_path: Path):
    folder = copy_of("small", tmp_path / "small")
    (folder / "plant.toml").write_text(text)

    assert examine(folder, against_schema=True).mistakes


def copy_text(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def without_null(tree: Any) -> Any:
    """TOML has no null: leave such keys out."""
    if isinstance(tree, dict):
        return {key: without_null(value) for key, value in tree.items() if value is not None}
    if isinstance(tree, list):
        return [without_null(value) for value in tree if value is not None]
    return tree
