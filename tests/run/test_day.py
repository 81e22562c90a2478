"""A whole day through the command line: what stands in the directory, again and again, and after every kind of end."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import sys; from heliograph.cli.main import main; sys.exit(main())"]
HOURS = "2"


def heliograph(*words: str, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command; its output as text."""
    return subprocess.run([*COMMAND, *words], cwd=cwd, capture_output=True, text=True, timeout=300, check=False, **more)  # type: ignore[call-overload, no-any-return]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which `heliograph run small` has been called."""
    place = tmp_path_factory.mktemp("day")
    done = heliograph("run", "small", "--hours", HOURS, "--seed", "7", "--out", "run", cwd=place)
    assert done.returncode == 0, done.stderr
    return place


def test_a_run_leaves_record_discs_report_and_summary(day: Path) -> None:
    run = day / "run"
    summary = json.loads((run / "summary.json").read_text())

    for table in ("lots", "steps", "moves", "states", "energy"):
        assert (run / "record" / f"{table}.parquet").exists()
    assert list((run / "record").glob("cells*.parquet"))
    assert list((run / "record").glob("tracks*.parquet"))
    assert len(list((run / "discs").glob("*.iso"))) == summary["discs"]["count"] == 1
    assert (run / "report.html").stat().st_size > 100_000
    assert summary["violations"] == 0
    assert summary["discs"]["verified"]


def test_the_summary_says_all_that_was_promised(day: Path) -> None:
    summary = json.loads((day / "run" / "summary.json").read_text())

    assert set(summary["takt_s"]) >= {"workshop", "line", "lane"}
    assert sum(summary["vehicle_use"].values()) == pytest.approx(1)
    wafers = summary["wafers"]
    assert wafers["in"] == wafers["out"] + wafers["scrapped"] + wafers["in_process"]
    assert wafers["conserved"]
    promised = "cells cells_per_day moves moves_per_vehicle_day wip_lots cycle_time_h oee bottleneck kwh_per_cell"
    for key in f"{promised} kgco2_per_cell discs speedup wall_s warmup_h readings".split():
        assert key in summary
    assert [reading["reading"] for reading in summary["readings"]] == ["A", "B", "C"]


def test_the_same_seed_gives_the_same_record_byte_for_byte_and_another_does_not(day: Path) -> None:
    again = heliograph("run", "small", "--hours", HOURS, "--seed", "7", "--out", "again", cwd=day)
    other = heliograph("run", "small", "--hours", HOURS, "--seed", "8", "--out", "other", "--no-discs", cwd=day)
    assert (again.returncode, other.returncode) == (0, 0), again.stderr + other.stderr

    assert digests(day / "again" / "record") == digests(day / "run" / "record")
    assert digests(day / "again" / "discs").items() >= {
        (name, digest) for name, digest in digests(day / "run" / "discs").items() if name.endswith(".iso")
    }
    assert digests(day / "other" / "record") != digests(day / "run" / "record")


def test_a_cell_is_found_in_the_images_alone(day: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    cells = next((day / "run" / "record").glob("cells*.parquet"))
    cell = pq.read_table(cells, columns=["cell"])["cell"][17].as_py()
    discs = tmp_path / "discs"
    discs.mkdir()
    for image in (day / "run" / "discs").glob("*.iso"):
        os.link(image, discs / image.name)

    found = heliograph("trace", cell, "--from", "discs", "--json", cwd=tmp_path)

    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert cell in json.dumps(told)
    assert len(told["steps"]) == 16


def test_the_check_finds_nothing_wrong_with_it(day: Path) -> None:
    done = heliograph("check", "run", "--json", cwd=day)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["violations"] == []


def test_batteries_are_recorded_at_both_ends_and_with_every_carrier_set_down(day: Path) -> None:
    import duckdb

    record = day / "run" / "record"
    base = duckdb.connect()
    for name in ("batteries", "moves", "vehicles"):
        base.execute(f"CREATE VIEW {name} AS SELECT * FROM '{record}/{name}.parquet'")
    both = "SELECT count(*) FROM batteries WHERE at_utc = (SELECT {}(at_utc) FROM batteries)"
    ((fleet,),) = base.execute("SELECT count(*) FROM vehicles").fetchall()
    assert base.execute(both.format("min")).fetchall() == base.execute(both.format("max")).fetchall() == [(fleet,)]
    ends = "(SELECT min(at_utc) FROM batteries)"
    query = f"SELECT vehicle, placed_utc FROM moves WHERE placed_utc >= {ends}"
    placed = base.execute(query).fetchall()
    read = base.execute("SELECT vehicle, at_utc FROM batteries").fetchall()
    assert len(placed) > 20 and set(placed) <= set(read) and len(set(read)) == len(read)
    whole = sum(path.stat().st_size for path in record.iterdir())
    assert (record / "batteries.parquet").stat().st_size < 0.02 * whole


def test_a_record_without_batteries_is_read_as_ever(day: Path, tmp_path: Path) -> None:
    """Those made before there was such a table."""
    import pyarrow.parquet as pq

    run = tmp_path / "run"
    shutil.copytree(day / "run", run, copy_function=os.link)
    (run / "record" / "batteries.parquet").unlink()
    cell = pq.read_table(next((run / "record").glob("cells*.parquet")), columns=["cell"])["cell"][17].as_py()

    for words in (["check", "run"], ["kpi", "run"], ["trace", cell, "--from", "run"]):
        done = heliograph(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_check_finds_a_battery_that_rises_away_from_a_charger(day: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = tmp_path / "run"
    shutil.copytree(day / "run", run, copy_function=os.link)
    path = run / "record" / "batteries.parquet"
    table = pq.read_table(path)
    permille = table["soc_permille"].to_pylist()
    permille[1] = permille[0] + 200
    path.unlink()
    pq.write_table(table.set_column(2, table.schema.field(2), pa.array(permille, pa.int16())), path)
    found = heliograph("check", "run", "--json", cwd=tmp_path)

    assert found.returncode == 5
    assert {violation["kind"] for violation in json.loads(found.stdout)["violations"]} == {"battery"}


@pytest.fixture(scope="module")
def hard_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which `heliograph run small --mishaps` has been called."""
    place = tmp_path_factory.mktemp("hard_day")
    done = heliograph("run", "small", "--hours", HOURS, "--seed", "2", "--mishaps", "--out", "run", cwd=place)
    assert done.returncode == 0, done.stderr
    return place


def test_with_mishaps_the_record_says_who_stalled_and_who_was_off_the_floor_when(hard_day: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(hard_day / "run" / "record" / "mishaps.parquet").to_pylist()
    stalls = [row for row in rows if row["kind"] == "stall"]
    broken = [row for row in rows if row["kind"] == "breakdown"]
    summary = json.loads((hard_day / "run" / "summary.json").read_text())

    assert len(stalls) > 10
    assert len(broken) == 1
    assert all(row["towed_utc"] is None for row in stalls)
    assert all(5 <= (row["end_utc"] - row["start_utc"]).total_seconds() <= 60 for row in stalls if row["end_utc"])
    assert 600 <= (broken[0]["towed_utc"] - broken[0]["start_utc"]).total_seconds() <= 780
    assert summary["mishaps"]["stalls"] == len(stalls)
    assert summary["mishaps"]["breakdowns"] == 1
    assert 0 < summary["mishaps"]["down_h"] <= 2
    report = (hard_day / "run" / "report.html").read_text()
    assert "Vehicles down" in report
    assert "neither stall nor break down" not in report
    assert "## mishaps" in (hard_day / "run" / "record" / "TABLES.md").read_text()


def test_without_mishaps_nothing_is_said_of_them(day: Path) -> None:
    assert not (day / "run" / "record" / "mishaps.parquet").exists()
    assert "mishaps" not in json.loads((day / "run" / "record" / "summary.json").read_text())
    assert "mishaps" not in (day / "run" / "record" / "TABLES.md").read_text()
    assert "neither stall nor break down" in (day / "run" / "report.html").read_text()


def test_the_check_excuses_who_was_off_the_floor_and_nobody_else(hard_day: Path) -> None:
    """Without the table of mishaps the towed vehicle has jumped."""
    run = hard_day / "run"
    assert heliograph("check", "run", cwd=hard_day).returncode == 0

    table = run / "record" / "mishaps.parquet"
    kept = table.read_bytes()
    table.unlink()
    found = heliograph("check", "run", "--json", cwd=hard_day)
    table.write_bytes(kept)

    assert found.returncode == 5
    kinds = {violation["kind"] for violation in json.loads(found.stdout)["violations"]}
    assert "teleport" in kinds


def test_the_same_seed_has_the_same_mishaps(hard_day: Path) -> None:
    again = heliograph("run", "small", "--hours", HOURS, "--seed", "2", "--mishaps", "--out", "again", cwd=hard_day)
    assert again.returncode == 0, again.stderr
    assert digests(hard_day / "again" / "record") == digests(hard_day / "run" / "record")


def test_ctrl_c_keeps_what_is_recorded_and_says_that_it_is_partial(tmp_path: Path) -> None:
    words = ["run", "small", "--hours", "400", "--cold", "--out", "run"]
    with subprocess.Popen([*COMMAND, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        state = tmp_path / "run" / "run.json"
        deadline = time.monotonic() + 120
        while not state.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(3)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=180)

    assert running.returncode == 130, said
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["partial"]
    assert 0 < summary["hours"] < 400
    assert "partial" in said
    assert heliograph("kpi", "run", cwd=tmp_path).returncode == 0


def test_ctrl_c_during_the_warm_up_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    words = ["run", "small", "--warmup", "168", "--out", "run"]
    with subprocess.Popen([*COMMAND, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "run.json").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=180)

    assert running.returncode == 130, said
    assert "nothing was recorded" in said
    assert not (tmp_path / "run").exists()


def test_a_killed_run_is_explained_and_the_same_command_goes_on(tmp_path: Path) -> None:
    words = ["run", "small", "--hours", "300", "--out", "run"]
    with subprocess.Popen([*COMMAND, *words], cwd=tmp_path) as running:
        state = tmp_path / "run" / "run.json"
        deadline = time.monotonic() + 120
        while not state.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        running.kill()
        running.wait()
    assert not list((tmp_path / "run").rglob("*.parquet"))

    asked = heliograph("kpi", "run", cwd=tmp_path)
    assert asked.returncode == 4
    assert "cut off" in asked.stderr
    assert "heliograph run small" in asked.stderr
    assert "Traceback" not in asked.stderr

    again = heliograph("run", "small", "--hours", "1", "--out", "run", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_a_run_killed_while_sealing_goes_on_with_the_record_it_has(day: Path) -> None:
    """The state says sealing, half an image lies there: the same command seals, and simulates nothing."""
    run = day / "sealing"
    words = ["run", "small", "--hours", "1", "--seed", "7", "--out", "sealing"]
    assert heliograph(*words, cwd=day).returncode == 0
    before = digests(run / "record")
    [image] = (run / "discs").glob("*.iso")
    sealed = hashlib.sha256(image.read_bytes()).hexdigest()
    image.rename(image.with_name(image.name + ".partial"))
    (run / "summary.json").unlink()
    state = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**state, "state": "sealing"}))

    again = heliograph(*words, cwd=day)

    assert again.returncode == 0, again.stderr
    assert "simulate" not in json.loads((run / "summary.json").read_text())["parts_s"]
    assert digests(run / "record") == before
    assert hashlib.sha256(image.read_bytes()).hexdigest() == sealed
    assert not list((run / "discs").glob("*.partial"))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["run", "nowhere"], 3, "nowhere"),
        (["run", "small", "--hours", "-1"], 2, "--hours"),
        (["run", "small", "--hours", "nan"], 2, "--hours"),
        (["run", "small", "--medium", "floppy"], 2, "floppy"),
        (["run", "small", "--medium", "cd", "--capacity", "64MB"], 2, "--capacity"),
        (["run", "small", "--hours", "1", "--redundancy", "9"], 2, "redundancy"),
        (["run", "small", "--hours", "1", "--parity", "-2"], 2, "parity"),
        (["check", "nowhere"], 6, "nowhere"),
        (["check", "."], 4, "run.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_input_gets_one_clear_line(words: list[str], code: int, says: str, tmp_path: Path) -> None:
    done = heliograph(*words, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear")

    done = heliograph("run", "small", "--hours", "1", "--out", "letters", cwd=tmp_path)

    assert done.returncode == 12
    assert "letters" in done.stderr
    assert (tmp_path / "letters" / "one.txt").read_text() == "dear"
    assert sorted(path.name for path in (tmp_path / "letters").iterdir()) == ["one.txt"]


def test_a_day_without_vehicles_is_recorded_with_no_vehicle_in_it(tmp_path: Path) -> None:
    from heliograph.plant.read import find_plant

    text = (find_plant("small") / "plant.toml").read_text(encoding="utf-8")
    (tmp_path / "plain").mkdir()
    plain = text.replace('transport = "vehicles"', 'transport = "direct"')
    (tmp_path / "plain" / "plant.toml").write_text(plain, encoding="utf-8")

    done = heliograph("run", "plain", "--hours", "0.5", "--out", "run", "--no-discs", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["moves_per_vehicle_day"] == 0
    assert summary["wafers"]["conserved"]
