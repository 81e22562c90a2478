"""Pictures of traffic show what the robots did, and nothing leaves the page."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image

from heliograph.cli.main import main
from heliograph.drawing import Scene, floor_scene, grid_scene, write_film, write_heat, write_page, write_still
from heliograph.drawing.page import NOWHERE
from heliograph.drawing.scene import MOOD_COLOURS
from heliograph.drawing.words import WORDS
from heliograph.errors import UsageWrong
from heliograph.plant.lorr import Instance
from heliograph.plant.read import read_plant
from heliograph.record.store import open_folder

EAST, SOUTH, WEST, NORTH = range(4)
WIDTH = 4


def at(row: int, column: int, heading: int) -> int:
    return 4 * (row * WIDTH + column) + heading


FREE = np.array([[c != "@" for c in row] for row in ("....", ".@..", "....")])
STATES = np.array(
    [
        [at(0, 0, EAST), at(2, 3, EAST)],
        [at(0, 1, EAST), at(2, 3, NORTH)],
        [at(0, 1, EAST), at(1, 3, NORTH)],
        [at(0, 2, EAST), at(0, 3, NORTH)],
    ],
    np.int32,
)
TASKS = np.array([1, 3, 2, 8])
"""Robot 0 gets cells 1, 2, robot 1 gets cells 3, 8, and so on."""


@pytest.fixture
def scene() -> Scene:
    return grid_scene(Instance("corner <1>", "corner", FREE, STATES[0] >> 2, TASKS), STATES, 0, 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour of the small workshop."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert main(["run", "small", "--hours", "0.5", "--warmup", "1", "--no-discs", "--out", str(folder), "--json"]) == 0
    return folder


@pytest.fixture(scope="module")
def floor(run: Path) -> Scene:
    return floor_scene(read_plant(str(run / "plant")), open_folder(run), 0.0, 1800.0, 10.0)


def test_a_scene_tells_what_each_robot_does_until_the_next_step(scene: Scene):
    moods = [[scene.moods[mood] for mood in row] for row in scene.mood]

    assert moods == [["driving", "turning"], ["waiting", "driving"], ["driving", "driving"], ["driving", "driving"]]
    assert (scene.x[3, 0], scene.y[3, 0], scene.heading[3, 1]) == (2.5, 0.5, 270)


def test_goals_are_those_of_the_errands_dealt_in_turn(scene: Scene):
    assert scene.goal[:, 0, 0].tolist() == [1.5, 2.5, 2.5, 1.5]
    assert scene.goal[:, 1].tolist() == [[3.5, 0.5], [3.5, 0.5], [3.5, 0.5], [0.5, 2.5]]
    assert scene.done.tolist() == [0, 1, 1, 3]


def test_a_scene_may_begin_in_the_middle_and_counts_all_errands(scene: Scene):
    later = grid_scene(Instance("corner", "corner", FREE, STATES[0] >> 2, TASKS), STATES, 2, 3)

    assert later.done.tolist() == [1, 3]
    assert np.array_equal(later.goal, scene.goal[2:])
    assert later.at(-1) == 3


def test_heat_is_visits_per_100_steps_and_the_share_of_waiting(scene: Scene):
    places = map(tuple, scene.heat.place.tolist())
    heat = dict(zip(places, zip(scene.heat.visits.tolist(), scene.heat.waiting.tolist(), strict=True), strict=True))

    assert heat[1.5, 0.5] == pytest.approx((100 / 3, 100 / 3))
    assert heat[2.5, 0.5] == pytest.approx((100 / 3, 0))
    assert heat[0.5, 2.5] == (0, 0)
    assert (1.5, 1.5) not in heat


def test_the_states_of_a_workshops_vehicles_add_up_as_in_its_record(run: Path, floor: Scene):
    """Sampled every 10 s; the record says charging only while current flows, the picture wherever a charger is."""
    use = json.loads((run / "summary.json").read_text("utf-8"))["vehicle_use"]
    drawn = {mood: float((floor.mood == number).mean()) for number, mood in enumerate(floor.moods)}

    for mood in ("driving_loaded", "driving_empty", "hand_off", "waiting"):
        assert drawn[mood] == pytest.approx(use[mood], abs=0.01)
    assert drawn["charging"] + drawn["idle"] == pytest.approx(use["charging"] + use["idle"], abs=0.01)


def test_vehicles_of_a_workshop_never_leave_its_ways(floor: Scene):
    """Every position lies on a way of the layout, or between its ends."""
    ways = floor.ground.ways.astype(np.float64)
    one, two = ways[:, :2], ways[:, 2:]
    along = two - one
    length = (along**2).sum(axis=1)
    for frame in range(0, floor.frames, 20):
        here = np.column_stack((floor.x[frame], floor.y[frame]))[:, None, :]
        share = np.clip(((here - one) * along).sum(axis=2) / length, 0, 1)
        away = np.hypot(*np.moveaxis(here - (one + share[..., None] * along), 2, 0)).min(axis=1)
        assert away.max() < 0.01


def test_waiting_at_the_nodes_adds_up_to_the_fleets(run: Path, floor: Scene):
    use = json.loads((run / "summary.json").read_text("utf-8"))["vehicle_use"]

    assert floor.heat.waiting.sum() / 100 / floor.x.shape[1] == pytest.approx(use["waiting"], abs=0.001)


@pytest.mark.parametrize("write", [write_still, write_heat])
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_run_gives_the_same_picture_byte_for_byte(scene: Scene, tmp_path: Path, write, kind: str):
    for name in ("one", "two"):
        write(scene, tmp_path / name, kind=kind)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    if kind == "png":
        assert min(Image.open(tmp_path / "one").size) > 500
    else:
        assert ET.parse(tmp_path / "one").getroot().tag.endswith("svg")


def missing(what: str) -> None:
    """In CI, where `.ci/test` installs it, that is a failure."""
    (pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip)(what)


@pytest.mark.parametrize("write", [write_still, write_heat])
def test_a_workshop_is_drawn_in_chinese_where_there_is_a_font(floor: Scene, tmp_path: Path, write):
    if not any("CJK" in name or "Hei" in name for name in font_manager.get_font_names()):
        missing("no font with Chinese letters here")
    write(floor, tmp_path / "a.png", "zh")

    assert min(Image.open(tmp_path / "a.png").size) > 1000


def test_a_still_shows_each_robot_in_the_colour_of_what_it_does(scene: Scene, tmp_path: Path):
    write_still(scene, tmp_path / "a.png", frame=1)
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).reshape(-1, 3)
    found = {tuple(colour) for colour in np.unique(pixels, axis=0).tolist()}

    for mood in ("waiting", "driving"):
        assert tuple(int(MOOD_COLOURS[mood][i : i + 2], 16) for i in (1, 3, 5)) in found


def test_a_film_has_all_frames_and_all_colours(scene: Scene, tmp_path: Path):
    write_film(scene, tmp_path / "a.gif")

    film = Image.open(tmp_path / "a.gif")
    assert film.n_frames == scene.frames
    assert film.info["loop"] == 0
    shown = np.asarray(film.convert("RGB")).reshape(-1, 3)
    blue = [int(MOOD_COLOURS["driving"][i : i + 2], 16) for i in (1, 3, 5)]
    assert (np.abs(shown.astype(int) - blue).max(axis=1) < 8).sum() > 100


def test_chinese_without_a_chinese_font_is_refused_with_a_way_out(scene: Scene, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans"])

    with pytest.raises(UsageWrong, match="no font with Chinese letters") as wrong:
        write_still(scene, tmp_path / "a.png", "zh")
    assert "--format html" in wrong.value.hint
    write_page(scene, tmp_path / "a.html", "zh")


def unpacked(page: str) -> dict[str, np.ndarray]:
    """The frames as the page's script unpacks them."""
    head = json.loads(re.search(r'id="head">(.*?)</script>', page, re.DOTALL)[1])
    packed = re.search(r'id="frames">(.*?)</script>', page, re.DOTALL)[1]
    data = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8)
    vehicles, frames = head["vehicles"], head["frames"]
    planes = data[: 10 * vehicles * frames].reshape(10, vehicles, frames)
    wide = [
        np.cumsum(planes[i] + 256 * planes[i + 1].astype(np.uint16), axis=1, dtype=np.uint16).view(np.int16)
        for i in (0, 2, 4, 6)
    ]
    narrow = [np.cumsum(planes[i], axis=1, dtype=np.uint8) for i in (8, 9)]
    names = ("x", "y", "goal_x", "goal_y", "heading", "mood")
    return {"head": head, **{name: values.T for name, values in zip(names, (*wide, *narrow), strict=True)}}


@pytest.mark.parametrize("which", ["scene", "floor"])
def test_the_page_holds_every_position(which: str, request: pytest.FixtureRequest, tmp_path: Path):
    drawn: Scene = request.getfixturevalue(which)
    write_page(drawn, tmp_path / "a.html")
    frames = unpacked((tmp_path / "a.html").read_text("utf-8"))
    scale = frames["head"]["scale"]

    assert np.abs(frames["x"] / scale - drawn.x).max() <= 0.5 / scale
    assert np.abs(frames["y"] / scale - drawn.y).max() <= 0.5 / scale
    assert np.array_equal(frames["mood"], drawn.mood)
    turned = np.abs(frames["heading"] * (360 / 256) - drawn.heading) % 360
    assert np.minimum(turned, 360 - turned).max() <= 360 / 256
    none = np.isnan(drawn.goal[..., 0])
    assert np.array_equal(frames["goal_x"] == NOWHERE, none)
    assert np.abs(frames["goal_y"] / scale - drawn.goal[..., 1])[~none].max(initial=0) <= 0.5 / scale


def test_no_request_leaves_the_page_and_names_are_escaped(scene: Scene, tmp_path: Path):
    write_page(scene, tmp_path / "a.html", "zh", heat=True)
    page = (tmp_path / "a.html").read_text("utf-8")

    assert not re.search(r"https?:|\bsrc=|@import|url\(|fetch\(|XMLHttpRequest|WebSocket", page)
    assert "default-src 'none'" in page
    assert '<html lang="zh-CN">' in page
    assert "corner <1>" not in page
    assert "corner &lt;1&gt;" in page
    assert '"show":"waiting"' in page


def test_every_word_of_the_page_is_there_in_both_languages():
    script = (Path(__file__).parents[2] / "src/heliograph/drawing/page.js").read_text("utf-8")
    body = (Path(__file__).parents[2] / "src/heliograph/drawing/page.html").read_text("utf-8")
    asked = set(re.findall(r'say\("([^"]+)"', script)) | set(re.findall(r'data-word="([^"]+)"', body))

    assert asked <= set(WORDS)
    assert all(both.en and both.zh for both in WORDS.values())


@pytest.mark.parametrize("which", ["scene", "floor"])
def test_the_page_plays_in_a_browser(which: str, request: pytest.FixtureRequest, tmp_path: Path):
    if shutil.which("chromium") is None:
        missing("no browser here")
    drawn: Scene = request.getfixturevalue(which)
    write_page(drawn, tmp_path / "a.html", heat=True)
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr"]
    for budget_ms in (3_000, 30_000, 300_000):  # unpacking is not part of the browser's virtual time
        ran = subprocess.run(
            [*words, f"--virtual-time-budget={budget_ms}", "--dump-dom", f"file://{tmp_path / 'a.html'}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert "CONSOLE" not in ran.stderr
        counts = re.findall(r"<b>(\d+)</b>", ran.stdout)
        if counts:
            break

    assert sum(map(int, counts)) == drawn.x.shape[1]
    assert f'<p class="soft" id="line">{drawn.x.shape[1]} ' in ran.stdout
