"""A recorded day answers from discs as from a folder, from damaged discs with what is left, and knows each thing."""

from __future__ import annotations

import io
import itertools
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from recorded_day import ms, open_day

from heliograph.archive.rs03 import read_layout
from heliograph.archive.secret import Keyring
from heliograph.cli.main import main
from heliograph.cli.places import find_workshop
from heliograph.errors import Locked, NotFound, RunWrong, UsageWrong
from heliograph.view import Day, Recorded


def test_discs_give_the_same_day_as_the_folder(run: Path, day: Day):
    """Byte for byte; the name of where it was read is all that differs."""
    discs = open_day(run / "discs")

    assert discs.chunk(0, 3_600_000) == day.chunk(0, 3_600_000)
    assert discs.ground == day.ground
    assert discs.figures() == day.figures()
    assert (day.tables.lost, discs.tables.lost) == ({}, {})


def test_encrypted_discs_are_opened_with_their_passphrase(run: Path, tmp_path: Path, day: Day):
    secret = tmp_path / "secret.txt"
    secret.write_text("correct horse battery staple")
    sealed = ["archive", "seal", str(run / "record"), str(run / "plant"), "--out", str(tmp_path / "shelf")]
    assert main([*sealed, "--passphrase-file", str(secret), "--json"]) == 0

    with pytest.raises(Locked):
        find_workshop([tmp_path / "shelf"])
    record, files = find_workshop([tmp_path / "shelf"], ring=Keyring(passphrase=secret.read_text()))
    assert Recorded(record, files).chunk(0, 60_000) == day.chunk(0, 60_000)


def test_a_bare_record_needs_its_plant_named(run: Path, tmp_path: Path):
    shutil.copytree(run / "record", tmp_path / "tables")

    with pytest.raises(RunWrong, match="no plant") as wrong:
        find_workshop([tmp_path / "tables"])
    assert "--plant small" in wrong.value.hint
    record, files = find_workshop([tmp_path / "tables"], "small")
    assert Recorded(record, files).chunk(0, 1000)


def test_of_a_damaged_disc_is_shown_what_can_be_read(run: Path, tmp_path: Path, day: Day):
    """The tracks and all parity are gone: machines and carriers are shown all the same, and the loss is named."""
    discs = tmp_path / "discs"
    shutil.copytree(run / "discs", discs)
    (image,) = discs.glob("*.iso")
    raw = bytearray(image.read_bytes())
    tracks = (run / "record" / "tracks-000h.parquet").read_bytes()
    where = raw.find(tracks[:2048])
    assert where > 0 and where % 2048 == 0
    raw[where : where + len(tracks)] = bytes(len(tracks))
    layout = read_layout(image)
    assert layout is not None
    raw[2048 * layout.ecc_start :] = np.random.default_rng(1).bytes(len(raw) - 2048 * layout.ecc_start)
    image.write_bytes(raw)

    sick = open_day(discs)

    assert list(sick.tables.lost) == ["record/tracks-000h.parquet"]
    assert np.array_equal(sick.series["states"].at, day.series["states"].at)
    assert np.array_equal(sick.series["carriers"].columns["place"], day.series["carriers"].columns["place"])
    assert len(sick.series["drives"].at) == 0
    assert sick.chunk(0, 60_000)
    assert [link.does for link in sick.details("vehicle", "V001", 60_000).chain] == ["stands"]


def test_a_disc_with_one_sector_in_fifty_damaged_gives_the_same_day(run: Path, tmp_path: Path, day: Day):
    """Read through its parity, whatever the damage hits: descriptor, index, plant, tables."""
    for seed in range(3):
        (image,) = (run / "discs").glob("*.iso")
        raw = np.frombuffer(image.read_bytes(), np.uint8).reshape(-1, 2048).copy()
        chance = np.random.default_rng(seed)
        hurt = chance.choice(len(raw), len(raw) // 50, replace=False)
        raw[np.append(hurt, 16)] = chance.integers(0, 256, (len(hurt) + 1, 2048), np.uint8)
        raw.tofile(tmp_path / image.name)

        sick = open_day(tmp_path / image.name)

        assert sick.chunk(0, 3_600_000) == day.chunk(0, 3_600_000)
        assert (sick.figures(), sick.tables.lost) == (day.figures(), {})


@pytest.mark.parametrize(
    "gone", ["tracks", "moves", "events", "steps", "states", "vehicles", "mishaps", "energy", "cells", "batteries"]
)
def test_without_any_one_table_the_rest_is_shown(run: Path, gone: str):
    """As from a disc that has lost it: every question is answered, and what is lost is named."""

    def cut() -> io.BytesIO:
        return io.BytesIO(b"PAR1 cut")

    record, files = find_workshop([run])
    record.files[gone][:] = [(name, cut) for name, _ in record.files[gone]]
    sick = Recorded(record, files)

    assert sick.chunk(0, 3_600_000) and json.loads(sick.floor())["lost"].keys() == sick.tables.lost.keys()
    sick.figures(), sick.charts(), sick.heat(0, 3_600_000), sick.units("TST")
    for kind, thing in (("vehicle", "V001"), ("machine", "L1-TEX1"), ("stocker", "L1-STK1"), ("lot", sick.lot_ids[0])):
        assert sick.details(kind, thing, 1_800_000)
    for carrier in sick.carrier_ids[:1]:
        assert sick.details("carrier", carrier, 1_800_000)
    assert all(name.rpartition("/")[2].startswith(gone) for name in sick.tables.lost) and sick.tables.lost


def test_a_vehicle_tells_its_move_and_its_way(day: Day):
    moves = [row for row in day.record.rows("moves") if row["taken_utc"] and row["placed_utc"]]
    move = next(row for row in moves if ms(day.record, row["taken_utc"]) > 0)
    half_way = (ms(day.record, move["taken_utc"]) + ms(day.record, move["at_target_utc"])) / 2

    told = day.details("vehicle", move["vehicle"], round(half_way))

    assert (told.phase, told.carrier, told.lot) == ("to_target", move["carrier"], move["lot"] or "")
    assert told.move.target == move["target"]
    last = day.ground.nodes[day.ground.ways[2 * told.path[-1] + 1]]
    assert last == day.files.roadmap.node_ids[day.files.roadmap.station_node[move["target"]]]
    assert sum(hours for name, hours in told.use.items() if name != "kwh") == pytest.approx(1.0)


def test_a_vehicle_that_waits_names_who_holds_its_way(day: Day):
    """At every moment at which a vehicle waits for a node, the chain's next vehicle holds that very node."""
    visits, waited = day.visits, 0
    for row in range(1, len(visits.node)):
        if visits.vehicle[row] != visits.vehicle[row - 1] or visits.claimed[row] - visits.arrived[row - 1] < 500:
            continue
        time = int(visits.claimed[row]) - 100
        chain = day.details("vehicle", day.vehicle_ids[visits.vehicle[row]], time).chain
        if chain[0].does != "waits" or len(chain) < 2:
            continue
        waited += 1
        other = day.vehicles[chain[1].vehicle]
        holds = (visits.vehicle == other) & (visits.claimed <= time) & (visits.left > time)
        assert chain[0].node in [day.node_ids[node] for node in visits.node[holds]]
    assert waited > 3


def test_a_machine_tells_its_states_and_what_is_in_it(day: Day):
    machine = "L1-BDF1"

    told = day.details("machine", machine, 1_800_000)

    assert told.stays[0].start_ms == 0 and told.stays[-1].end_ms == day.end_ms
    assert sum(told.hours.values()) == pytest.approx(1.0)
    parts = [row for row in day.record.rows("steps") if row["machine"] == machine]
    meant = [r for r in parts if ms(day.record, r["start_utc"]) <= 1_800_000 < ms(day.record, r["end_utc"])]
    assert {(part.lot, part.unit) for part in told.inside} == {(row["lot"], row["unit"]) for row in meant}
    assert told.inside


def test_a_lot_tells_where_it_is(day: Day):
    for lot in day.lot_ids:
        told = day.details("lot", lot, 1_800_000)
        assert told.steps or told.released_ms > 0
        if told.inside:
            assert all(part.start_ms <= 1_800_000 for part in told.inside)
        if told.carrier:
            assert day.details("carrier", told.carrier, 1_800_000).lot == lot


def test_a_cell_is_found_with_the_machine_unit_and_second_of_each_step(day: Day):
    """Ten cells at random, held against their rows in the table `cells`."""
    cells = day.record.rows("cells")
    for row in np.random.default_rng(3).choice(cells, 10):
        (hit,) = day.search(row["cell"].lower())
        told = day.details("cell", row["cell"], hit.at_ms)
        assert (hit.kind, hit.at_ms, told.made_ms) == ("cell", *[round(ms(day.record, row["made_utc"]))] * 2)
        for number, (_, machine, unit, start, _end) in enumerate(told.steps, 1):
            meant = (
                row[f"s{number:02d}_machine"],
                row[f"s{number:02d}_unit"],
                ms(day.record, row[f"s{number:02d}_utc"]),
            )
            assert (machine, unit, start) == meant
        assert (told.trace.basket, told.trace.slot) == (row["basket"], row["slot"])


def test_search_finds_ids_by_a_part_and_never_too_much(day: Day):
    assert [hit.id for hit in day.search("v003")] == ["V003"]
    assert {hit.kind for hit in day.search("L1-")} == {"machine", "stocker"}
    assert day.search("") == day.search("   ") == day.search("nothing of the kind") == []
    assert len(day.search("0")) == 20
    assert day.search("SM251103-00001-99999") == []


def test_figures_add_up_to_what_the_record_counts(day: Day):
    figures = day.figures()

    assert sum(map(sum, figures.cells)) == day.record.read("cells", ["cell"]).num_rows
    placed = [ms(day.record, row["placed_utc"]) for row in day.record.rows("moves", ["placed_utc"])]
    assert sum(figures.moves) == sum(0 <= at < day.end_ms for at in placed)
    late = [row for row in day.record.rows("events", ["kind"]) if row["kind"] == "WaitTooLong"]
    assert len([alarm for alarm in figures.alarms if alarm.what == "late"]) == len(late)


def test_charts_add_up_to_what_the_record_says(day: Day):
    charts = day.charts()

    assert sum(map(sum, charts.lanes.values())) == day.record.read("cells", ["cell"]).num_rows
    steps = zip(*charts.doing.values(), strict=True)
    assert all(sum(vehicles) == pytest.approx(len(day.vehicles), abs=0.01) for vehicles in steps)
    handing = sum(charts.doing["taking"] + charts.doing["placing"]) * charts.step_ms / 1000
    use = day.record.rows("vehicles")
    assert handing == pytest.approx(sum(row["hand_off_s"] for row in use), rel=0.02)
    assert sum(map(sum, charts.energy.kwh.values())) == pytest.approx(
        sum(row["kwh"] for row in day.record.rows("energy")), rel=1e-6
    )
    for machine, stays in charts.stays.items():
        assert sum(stay.end_ms - stay.start_ms for stay in stays) == day.end_ms, machine
        assert all(one.end_ms == two.start_ms for one, two in itertools.pairwise(stays))
    assert [step.step for step in charts.steps] == day.files.plant.route


def test_heat_is_the_waiting_of_all_vehicles(day: Day):
    """As much as the record gives them in all; and each node's visits as counted from the tracks."""
    heat = day.heat(0, day.end_ms)

    waiting = sum(row["waiting_s"] for row in day.record.rows("vehicles")) * 1000
    stalled = sum(
        min(ms(day.record, row["end_utc"]), day.end_ms) - ms(day.record, row["start_utc"])
        for row in day.record.rows("mishaps")
    )
    assert sum(heat.waiting) * day.end_ms == pytest.approx(waiting, abs=stalled + 0.05 * waiting)
    arrived = [row["node"] for row in day.record.rows("tracks") if 0 <= ms(day.record, row["arrived_utc"]) < day.end_ms]
    counted = {day.nodes[node]: count for node, count in Counter(arrived).items()}
    often = dict(zip(heat.node, heat.visits_per_h, strict=True))
    assert {node: round(count) for node, count in often.items() if count} == counted


def test_units_are_the_cells_that_went_through_them(day: Day):
    for step in ("BDF", "TST"):
        number = day.files.plant.route.index(step) + 1
        rows = day.record.rows("cells", [f"s{number:02d}_machine", f"s{number:02d}_unit", "efficiency_pct"])
        by_unit: dict[tuple[str, int], list[float]] = {}
        for machine, unit, efficiency in (row.values() for row in rows):
            by_unit.setdefault((machine, unit), []).append(efficiency)
        told = {(unit.machine, unit.unit): (unit.cells, unit.mean_pct) for unit in day.units(step)}
        assert told == {key: (len(all_), pytest.approx(np.mean(all_), abs=1e-4)) for key, all_ in by_unit.items()}
    with pytest.raises(NotFound):
        day.units("<b>")


def test_what_is_not_there_is_refused_by_name(day: Day):
    for kind, thing in (
        ("vehicle", "V999"),
        ("machine", "L9"),
        ("lot", "x" * 500),
        ("carrier", ""),
        ("cell", "SM251103-00001-0001"),
    ):
        with pytest.raises((NotFound, UsageWrong)):
            day.details(kind, thing, 0)
    with pytest.raises(NotFound, match="no details"):
        day.details("<script>", "V001", 0)
    for times in ((0, 3_600_001), (5, 4)):
        with pytest.raises(UsageWrong):
            day.chunk(*times)


def test_times_outside_of_the_record_are_answered_with_its_ends(day: Day):
    assert day.chunk(-1000, 0) and day.chunk(10**12, 10**12)
    assert len(day.chunk(-(10**11), -(10**11))) <= len(day.chunk(0, 0))


def test_stalls_are_shown(day: Day):
    stalls = [row for row in day.record.rows("mishaps") if row["kind"] == "stall" and row["end_utc"]]
    assert len(stalls) > 5
    for stall in stalls:
        middle = (ms(day.record, stall["start_utc"]) + ms(day.record, stall["end_utc"])) // 2
        assert day.details("vehicle", stall["vehicle"], middle).chain[0].does == "stall"
