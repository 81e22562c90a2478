"""The check: every mistake is named, with its file and the path in it, and nothing is changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plants import change_layout, change_plant, copy_of, mistakes

from heliograph.errors import PlantWrong
from heliograph.plant.check import examine
from heliograph.plant.read import read_plant

Tables = dict[str, Any]


def kind(tables: Tables, code: str) -> Tables:
    found: Tables = next(entry for entry in tables["equipment"] if entry["code"] == code)
    return found


def at(tables: Tables, code: str) -> int:
    return [entry["code"] for entry in tables["equipment"]].index(code)


def machine(tables: Tables, name: str) -> Tables:
    found: Tables = next(entry for entry in tables["machines"] if entry["id"] == name)
    return found


def test_a_sound_plant_has_no_mistakes(small: Path):
    found = examine(small, against_schema=True)

    assert (found.mistakes, found.warnings) == ((), ())


def put(*path: str | int, value: Any) -> Callable[[Tables], None]:
    """A change that puts `value` at `path`."""

    def change(tables: Tables) -> None:
        place: Any = tables
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Tables], None]:
    """A change that takes away what is at `path`."""

    def change(tables: Tables) -> None:
        place: Any = tables
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return change


FORM = [
    (drop("takt", "lane_s"), "$.takt.lane_s: missing; expected a number"),
    (put("takt", "lane_s", value="fast"), "$.takt.lane_s: expected float, got str"),
    (put("steps", 3, "los_pct", value=1), "$.steps[3].los_pct: unknown key; did you mean 'loss_pct'?"),
    (put("lines", value=2.5), "$.lines: expected int, got float"),
    (put("equipment", 1, "mode", value="oven"), "$.equipment[1].mode: invalid enum value 'oven'"),
    (put("steps", value=7), "$.steps: expected a list, got 7"),
    (put("vehicles", "battery", value="big"), "$.vehicles.battery: expected a table, got 'big'"),
    (put("format", value="heliograph-plant/9"), "$.format: invalid enum value 'heliograph-plant/9'"),
    (put("machines", 0, "line", value=True), "$.machines[0].line: expected int, got bool"),
    (put("handoff", "timeout_s", value=float("inf")), "$.handoff.timeout_s: expected a number within ±1e+09, got inf"),
    (put("wafer", "mass_g", value=float("nan")), "$.wafer.mass_g: expected a number within ±1e+09, got nan"),
    (put("carriers", "count", value=10**15), "$.carriers.count: expected a number within ±1e+09, got 1000000000000000"),
]


@pytest.mark.parametrize(("change", "expected"), FORM)
def test_a_mistake_of_form_is_named(change: Callable[[Tables], None], expected: str, small: Path):
    change_plant(small, change)

    (mistake,) = mistakes(small)

    assert mistake.startswith(f"plant.toml: {expected}")


MEANING = [
    (put("steps", 3, "loss_pct", value=-2), "$.steps[3].loss_pct: expected 0 to 100, got -2"),
    (put("steps", 3, "max_wait_min", value=-1), "$.steps[3].max_wait_min: expected >= 0, got -1"),
    (put("equipment", 2, "process_s", value=-9), "$.equipment[2].process_s: expected >= 0, got -9"),
    (put("equipment", 2, "process_s", value=0), "$.equipment[2].process_s: expected > 0 for mode 'tube', got 0"),
    (put("equipment", 2, "units", value=0), "$.equipment[2].units: expected > 0, got 0"),
    (put("equipment", 1, "rate_per_h", value=0), "$.equipment[1].rate_per_h: expected > 0 for mode 'bench', got 0"),
    (put("equipment", 0, "takt_s", value=0), "$.equipment[0].takt_s: expected > 0 for mode 'lane', got 0"),
    (put("equipment", 2, "rate_per_h", value=9000), "$.equipment[2].rate_per_h: expected at most 2400"),
    (put("equipment", 2, "mttr_h", value=0), "$.equipment[2].mttr_h: expected > 0 where mtbf_h is given"),
    (put("equipment", 2, "buffer_in", value=900), "$.equipment[2].buffer_in: expected >= 1000"),
    (put("equipment", 2, "buffer_out", value=1998), "$.equipment[2].buffer_out: expected >= 1999 (a batch and a lot"),
    (put("equipment", 2, "process", value="exponential"), "$.equipment[2].buffer_out: expected >= 13000 (two lots"),
    (put("route", value=["TEX"]), "$.machines[1].equipment: no step of the route is done by 'INS'"),
    (put("steps", 7, "equipment", value="RET"), "$.steps[7].equipment: 'RET' already does step 'RET'"),
    (put("carriers", "count", value=25), "$.carriers.count: expected >= 26 (2 x 13 machines of a line"),
    (put("stockers", 1, "line", value=1), "$.stockers: line 1 has 2; expected one for each line"),
    (
        put(
            "stockers",
            value=[
                {"id": "S1", "line": 1, "slots": 95, "ports": ["L1-STK1-P1"]},
                {"id": "S2", "line": 2, "slots": 1, "ports": ["L2-STK1-P1"]},
            ],
        ),
        "$.stockers[1].slots: expected >= 48 (its share of 96 carriers), got 1",
    ),
    (put("equipment", 11, "members", value=["FIR", "LIN", "LEC"]), "$.machines[12].members: expected one machine each"),
    (put("energy", "facility_share", value=1.5), "$.energy.facility_share: expected 0 to 1, got 1.5"),
    (put("vehicles", "battery", "low_pct", value=95), "$.vehicles.battery.low_pct: expected less than full_pct"),
    (put("vehicles", "battery", "knee_pct", value=101), "$.vehicles.battery.knee_pct: expected 0 to 100, got 101"),
    (put("vehicles", "battery", "efficiency_pct", value=0), "$.vehicles.battery.efficiency_pct: expected > 0, got 0"),
    (put("vehicles", "battery", "cycles", value=30_000), "$.vehicles.battery.cycles: expected less than 20000"),
    (put("handoff", "dock_min_s", value=99), "$.handoff.dock_min_s: expected at most dock_max_s (60), got 99"),
    (put("vehicles", "speed_empty_m_s", value=0), "$.vehicles.speed_empty_m_s: expected > 0, got 0"),
    (put("vehicles", "count", value=16), "$.vehicles.count: expected at most 15 (parking and charging places), got 16"),
    (put("vehicles", "count", value=0), "$.vehicles.count: expected > 0, got 0"),
    (put("vehicles", "charging", value=[]), "$.vehicles.charging: expected at least one charging place, got none"),
    (put("carriers", "count", value=121), "$.stockers: 120 slots for 121 carriers"),
    (put("carriers", "count", value=0), "$.carriers.count: expected > 0, got 0"),
    (put("route", 3, value="XXX"), "$.route[3]: unknown step 'XXX'"),
    (put("route", 3, value="TEX"), "$.route[3]: step 'TEX' is already at $.route[1]"),
    (put("steps", 3, "equipment", value="XXX"), "$.steps[3].equipment: unknown equipment 'XXX'"),
    (put("steps", 3, "equipment", value="WST"), "$.steps[3].equipment: 'WST' is a store"),
    (put("steps", 3, "code", value="TEX"), "$.steps[3].code: step 'TEX' is already at $.steps[1].code"),
    (put("steps", 3, "est", value=["loss"]), "$.steps[3].est[0]: expected a key of this table, got 'loss'"),
    (put("equipment", 3, "code", value="TEX"), "$.equipment[3].code: equipment 'TEX' is already at"),
    (put("machines", 3, "equipment", value="XXX"), "$.machines[3].equipment: unknown equipment 'XXX'"),
    (put("machines", 3, "line", value=3), "$.machines[3].line: expected 1 to 2, got 3"),
    (put("machines", 3, "id", value="L1-TEX1"), "$.machines[3].id: machine or stocker 'L1-TEX1' is already at"),
    (put("machines", 3, "in_ports", value=[]), "$.machines[3].in_ports: expected at least one load port, got none"),
    (
        put("machines", 0, "in_ports", value=["X"]),
        "$.machines[0].in_ports: expected none, 'L1-WST1' is a source; got 1",
    ),
    (put("machines", 3, "in_ports", 0, value="NIX"), "$.machines[3].in_ports[0]: no station 'NIX' in the layout"),
    (
        put("machines", 3, "in_ports", 0, value="L1-TEX1-IN1"),
        "$.machines[3].in_ports[0]: station 'L1-TEX1-IN1' is already at $.machines[2].in_ports[0]",
    ),
    (put("machines", 12, "members", 0, value="NIX"), "$.machines[12].members[0]: unknown machine 'NIX'"),
    (put("vehicles", "parking", 0, value="NIX"), "$.vehicles.parking[0]: no station 'NIX' in the layout"),
    (put("stockers", value=[]), "$.stockers: line 1 has none"),
    (put("stockers", 0, "line", value=2), "$.stockers: line 1 has none; expected one for each line"),
    (drop("machines", 0), "$.machines: line 1 has no wafer store"),
    (drop("machines", 3), "$.machines: line 1 has no 'BDF'; expected one for step 'BDF'"),
    (put("site", value="sx"), "$.site: expected two to four capital letters, got 'sx'"),
    (put("name", value="a/b"), "$.name: expected letters, digits, - and _, got 'a/b'"),
    (put("calendar", "shifts", value=["8:00"]), "$.calendar.shifts[0]: expected a time of day \"HH:MM\", got '8:00'"),
    (put("calendar", "shifts", value=["20:00", "08:00"]), "$.calendar.shifts[1]: expected later than '20:00'"),
    (put("calendar", "shifts", value=[]), "$.calendar.shifts: expected at least one"),
    (put("lines", value=0), "$.lines: expected > 0, got 0"),
    (put("lines", value=100_000), "$.lines: expected at most 1000, got 100000"),
    (
        put("equipment", 11, "downtime", 0, "minutes", value=91),
        "$.equipment[11].downtime[0].minutes: expected less than",
    ),
    (put("equipment", 11, "downtime", 0, "every_h", value=0), "$.equipment[11].downtime[0].every_h: expected > 0"),
    (put("equipment", 11, "members", 0, value="XXX"), "$.equipment[11].members[0]: unknown equipment 'XXX'"),
    (put("equipment", 11, "members", 0, value="BDF"), "$.equipment[11].members[0]: expected lanes on both sides"),
    (
        put("equipment", 11, "members", value=["LIN", "FIR", "LEC", "TST"]),
        "$.equipment[11].members: expected the steps",
    ),
]


@pytest.mark.parametrize(("change", "expected"), MEANING)
def test_a_mistake_of_meaning_is_named(change: Callable[[Tables], None], expected: str, small: Path):
    change_plant(small, change)

    found = mistakes(small)

    assert any(mistake.startswith(f"plant.toml: {expected}") for mistake in found), found


def edge(layout: Tables, start: str, end: str) -> Tables:
    found: Tables = next(e for e in layout["edges"] if (e["startNodeId"], e["endNodeId"]) == (start, end))
    return found


def cut_off(layout: Tables) -> None:
    """Take away the way into one bay."""
    layout["edges"].remove(edge(layout, "L1-S5", "L1-TEX1-OUT1"))


def open_both_ways(layout: Tables) -> None:
    there = edge(layout, "L1-N3", "L1-N4")
    layout["edges"].append({**there, "edgeId": "back", "startNodeId": "L1-N4", "endNodeId": "L1-N3"})


def close_for_loaded(layout: Tables) -> None:
    """An in port that only empty vehicles may enter."""
    for e in layout["edges"]:
        if e["endNodeId"] == "L1-INS1-IN1":
            e["vehicleTypeEdgeProperties"][0]["loadRestriction"]["loaded"] = False


FLOOR = [
    (put("nodes", 1, "nodeId", value="L1-N0"), "$.layouts[0].nodes[1].nodeId: node 'L1-N0' is already at"),
    (put("edges", 1, "edgeId", value="L1-N0>L1-N1"), "$.layouts[0].edges[1].edgeId: edge 'L1-N0>L1-N1' is already at"),
    (put("edges", 1, "endNodeId", value="NIX"), "$.layouts[0].edges[1].endNodeId: unknown node 'NIX'"),
    (put("edges", 1, "endNodeId", value="L1-N1"), "$.layouts[0].edges[1]: leads from 'L1-N1' to itself"),
    (
        put("stations", 0, "interactionNodeIds", value=["NIX"]),
        "$.layouts[0].stations[0].interactionNodeIds[0]: unknown node 'NIX'",
    ),
    (
        put("stations", 0, "interactionNodeIds", value=[]),
        "$.layouts[0].stations[0].interactionNodeIds: station 'L1-WST1-OUT1' has no node; expected at least one",
    ),
    (
        put("stations", 0, "interactionNodeIds", value=["L1-N0"]),
        "$.layouts[0].stations[0].interactionNodeIds[0]: 'L1-N0' is no bay",
    ),
    (
        put("stations", 0, "interactionNodeIds", value=["L1-WST1-OUT2"]),
        "$.layouts[0].stations[1].interactionNodeIds[0]: node 'L1-WST1-OUT2' already serves 'L1-WST1-OUT1'",
    ),
    (put("nodes", 1, "nodePosition", "x", value=0.1), "$.layouts[0].edges[0]: 0.10 m long; expected at least 1.50 m"),
    (
        put("edges", 1, "vehicleTypeEdgeProperties", 0, "vehicleTypeId", value="truck"),
        "$.layouts[0].edges[1].vehicleTypeEdgeProperties: expected vehicle type 'heliograph.rack-lift' once, got it 0",
    ),
    (
        put("nodes", 1, "vehicleTypeNodeProperties", value=[]),
        "$.layouts[0].nodes[1].vehicleTypeNodeProperties: expected vehicle type 'heliograph.rack-lift' once",
    ),
    (
        put("edges", 1, "vehicleTypeEdgeProperties", 0, "maxSpeed", value=0),
        "$.layouts[0].edges[1].vehicleTypeEdgeProperties[0].maxSpeed: expected > 0, got 0",
    ),
    (open_both_ways, "$.layouts[0].edges[3]: two-way between 'L1-N3' and 'L1-N4'; expected one-way"),
    (cut_off, "$.layouts[0].stations[7].interactionNodeIds[0]: 'L1-TEX1-OUT1' is no bay"),
    (close_for_loaded, "$.layouts[0].stations[2]: a loaded vehicle cannot reach station 'L1-INS1-IN1'"),
    (put("nodes", value=[]), "$.layouts[0].edges[0].startNodeId: unknown node 'L1-N0'"),
]


@pytest.mark.parametrize(("change", "expected"), FLOOR)
def test_a_mistake_of_the_floor_is_named(change: Callable[[Tables], None], expected: str, small: Path):
    change_layout(small, change)

    found = mistakes(small)

    assert any(mistake.startswith(f"layout.lif.json: {expected}") for mistake in found), found[:5]


def test_a_vehicle_too_large_for_the_floor_is_named(small: Path):
    change_plant(small, put("vehicles", "length_m", value=4))

    assert "edges[0]: 3.00 m long; expected at least 4.10 m" in mistakes(small)[0]


def test_a_part_of_the_floor_that_cannot_be_left_is_named_station_by_station(small: Path):
    """Both ways out of line 2 are closed: what lies there can be reached, and never left."""

    def close(layout: Tables) -> None:
        ends = {e["endNodeId"] for e in layout["edges"] if e["startNodeId"].startswith("L2-")}
        ends = {end for end in ends if not end.startswith("L2-")}
        layout["edges"] = [
            e for e in layout["edges"] if not (e["startNodeId"].startswith("L2-") and e["endNodeId"] in ends)
        ]

    change_layout(small, close)

    found = mistakes(small)

    assert found
    assert all("vehicle cannot leave station 'L2-" in mistake for mistake in found)


def test_all_mistakes_are_named_at_once_in_both_files(small: Path):
    change_plant(small, put("steps", 3, "loss_pct", value=-2))
    change_plant(small, put("route", 0, value="XXX"))
    change_layout(small, put("edges", 1, "endNodeId", value="NIX"))

    found = mistakes(small)

    assert [mistake.split(": ")[:2] for mistake in found] == [
        ["plant.toml", "$.steps[3].loss_pct"],
        ["plant.toml", "$.route[0]"],
        ["layout.lif.json", "$.layouts[0].edges[1].endNodeId"],
    ]


def test_all_mistakes_of_form_are_named_at_once(small: Path):
    change_plant(small, put("steps", 3, "loss_pct", value="little"))
    change_plant(small, drop("takt", "lane_s"))

    assert len(mistakes(small)) == 2


def test_broken_toml_is_named_by_line_and_column(small: Path):
    (small / "plant.toml").write_text('format = "heliograph-plant/1"\nlines = = 2\n')

    assert mistakes(small) == ("plant.toml: line 2, column 9: not TOML: invalid value",)


def test_broken_json_is_named_by_line_and_column(small: Path):
    (small / "layout.lif.json").write_text('{\n"layouts": [}\n')

    assert mistakes(small) == ("layout.lif.json: line 2, column 13: not JSON: invalid character",)


def test_json_that_ends_too_early_is_named(small: Path):
    path = small / "layout.lif.json"
    path.write_bytes(path.read_bytes()[:5000])

    (mistake,) = mistakes(small)

    assert "not JSON: input data was truncated" in mistake


@pytest.mark.parametrize("name", ["plant.toml", "layout.lif.json"])
def test_a_missing_file_is_named(name: str, small: Path):
    (small / name).unlink()

    (mistake,) = mistakes(small)

    assert mistake.startswith(f"{name}: no such file")


@pytest.mark.parametrize("name", ["plant.toml", "layout.lif.json"])
def test_a_file_that_is_not_text_is_named(name: str, small: Path):
    (small / name).write_bytes(b"\xff\xfe\x00")

    (mistake,) = mistakes(small)

    assert mistake == f"{name}: byte 0: expected text in UTF-8"


@pytest.mark.parametrize("name", ["plant.toml", "layout.lif.json"])
def test_a_directory_in_place_of_a_file_is_named(name: str, small: Path):
    (small / name).unlink()
    (small / name).mkdir()

    (mistake,) = mistakes(small)

    assert mistake == f"{name}: cannot be read: is a directory"


def test_what_is_not_a_directory_is_named(small: Path):
    assert mistakes(small / "plant.toml")[0].endswith("is a file; expected a plant directory")
    assert mistakes(small / "nix")[0].endswith("no such directory")


def test_what_breaks_only_the_schema_is_named_with_its_path(small: Path):
    change_layout(small, put("nodes", 2, "nodeName", value=7))

    assert mistakes(small) == ()
    assert mistakes(small, against_schema=True) == (
        "layout.lif.json: $.layouts[0].nodes[2].nodeName: schema: 7 is not of type 'string'",
    )


def test_a_missing_key_is_named_once_though_types_and_schema_both_want_it(small: Path):
    change_layout(small, drop("nodes", 2, "nodePosition"))

    (mistake,) = mistakes(small, against_schema=True)

    assert mistake.startswith("layout.lif.json: $.layouts[0].nodes[2].nodePosition: missing")


def test_numbers_as_text_and_missing_stations_are_read_with_a_named_warning(small: Path):
    """The specification's own examples do this."""

    def stray(layout: Tables) -> None:
        layout["nodes"][2]["nodePosition"]["x"] = "6.0"
        layout["edges"][1]["vehicleTypeEdgeProperties"][0]["maxSpeed"] = "1.5"

    change_layout(small, stray)

    found = examine(small)

    assert found.mistakes == ()
    assert found.warnings == (
        "layout.lif.json: $.layouts[0].nodes[2].nodePosition.x: a number written as text, '6.0'; taken as 6",
        "layout.lif.json: $.layouts[0].edges[1].vehicleTypeEdgeProperties[0].maxSpeed: "
        "a number written as text, '1.5'; taken as 1.5",
    )
    change_layout(small, drop("stations"))
    assert "layout.lif.json: $.layouts[0].stations: missing; taken as no stations" in examine(small).warnings


def test_oddities_are_warnings_and_no_mistakes(small: Path):
    change_plant(small, put("equipment", 2, "buffer_in", value=1500))
    change_layout(small, lambda layout: layout["stations"].append({**layout["stations"][0], "stationId": "spare"}))
    change_layout(small, put("stations", -1, "interactionNodeIds", value=["L1-PARK1"]))

    found = examine(small)

    assert any("buffer_in: 1500 is less than a batch and a lot" in warning for warning in found.warnings)
    assert any("station 'spare' is no port" in warning for warning in found.warnings)


def test_a_queueing_experiment_needs_no_floor(small: Path):
    """With transport "direct" nothing is driven: no layout, no places."""
    change_plant(small, put("transport", value="direct"))
    change_plant(small, put("vehicles", "charging", value=[]))
    (small / "layout.lif.json").unlink()

    assert read_plant(small).roadmap.node_ids == ()


def test_the_check_changes_nothing(small: Path):
    change_plant(small, put("steps", 3, "loss_pct", value=-2))

    def digest() -> list[str]:
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(small.iterdir())]

    before = digest()
    mistakes(small, against_schema=True)

    assert digest() == before


def test_a_plant_with_mistakes_is_not_read(small: Path):
    change_plant(small, put("steps", 3, "loss_pct", value=-2))

    with pytest.raises(PlantWrong) as wrong:
        read_plant(small)

    assert wrong.value.mistakes == ["plant.toml: $.steps[3].loss_pct: expected 0 to 100, got -2.0"]
    assert "plant check" in wrong.value.hint


def test_a_directory_comes_before_a_shipped_plant_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy_of("small", tmp_path / "topcon")
    monkeypatch.chdir(tmp_path)

    assert read_plant("topcon").plant.name == "small"


def test_no_plant_of_a_name_says_which_there_are():
    with pytest.raises(PlantWrong) as wrong:
        read_plant("topcom")

    assert "shipped plants: small, topcon" in wrong.value.hint
    assert json.dumps(wrong.value.fields)
