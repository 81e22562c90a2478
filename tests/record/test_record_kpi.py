"""Key figures, held against cases worked out by hand, and the summary of a run."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from recorded import Written, write

from heliograph.cli.main import main
from heliograph.daybook import E10_STATES, NOT_YET_MS, Daybook
from heliograph.plant.model import Plant
from heliograph.plant.read import read_plant
from heliograph.record.kpi import Figures, Times, add_times, figures_of, find_bottleneck, read_kpis
from heliograph.record.summary import day_by_readings, summarise


def times(**changes: object) -> Times:
    """A machine of 1,000 wafers an hour: 24 h, of which 18 productive, 2 starved, 1 blocked, 1 down, 2 serviced."""
    states = dict.fromkeys(E10_STATES, 0.0)
    states |= {
        "productive": 18 * 3600.0,
        "standby": 3 * 3600.0,
        "unscheduled_downtime": 3600.0,
        "scheduled_downtime": 2 * 3600.0,
    }
    values: dict[str, object] = {
        "states_s": states,
        "starved_s": 2 * 3600.0,
        "blocked_s": 3600.0,
        "failures": 2,
        "produced": 16_200,
        "lost": 162,
        "downgraded": 0,
        "ideal_s": 16_200 * 3.6,
        "calendar_s": 24 * 3600.0,
    }
    return Times(**(values | changes))  # type: ignore[arg-type]


def test_the_figures_of_a_day_worked_out_by_hand() -> None:
    """PBT 22 h, APT 18 h, PRI x PQ 16.2 h, AUBT 18 + 1 + 1 = 20 h, GQ 16,038."""
    figures = figures_of("L1-X1", "X", 1, times())

    assert figures.availability == pytest.approx(18 / 22)
    assert figures.effectiveness == pytest.approx(16.2 / 18)
    assert figures.quality_ratio == pytest.approx(0.99)
    assert figures.oee == pytest.approx(18 / 22 * 0.9 * 0.99)
    assert figures.nee == figures.oee  # no set-up time is recorded apart
    assert figures.utilization_efficiency == pytest.approx(18 / 20)
    assert figures.allocation_efficiency == pytest.approx(20 / 22)
    assert figures.throughput_rate_per_h == pytest.approx(16_200 / 24)
    assert figures.scrap_ratio == pytest.approx(0.01)
    assert figures.mtbf_h == pytest.approx(18 / 3)
    assert figures.mttr_h == pytest.approx(0.5)
    assert (figures.starved, figures.blocked) == (pytest.approx(2 / 24), pytest.approx(1 / 24))
    assert figures.occupied == pytest.approx((16.2 + 1 + 2) / 24)
    assert sum(figures.states.values()) == pytest.approx(1)


def test_oee_is_what_good_wafers_need_at_the_stated_pace_of_the_planned_time() -> None:
    assert figures_of("L1-X1", "X", 1, times()).oee == pytest.approx(16_038 * 3.6 / (22 * 3600))


def test_machines_of_a_step_are_added_up_before_they_are_divided() -> None:
    idle = times(produced=0, lost=0, ideal_s=0.0, states_s=dict.fromkeys(E10_STATES, 0.0) | {"standby": 86_400.0})
    both = add_times([times(), idle])
    figures = figures_of("X", "X", None, both, 2)

    assert both.calendar_s == 48 * 3600
    assert figures.availability == pytest.approx(18 / (22 + 24))
    assert figures.throughput_rate_per_h == pytest.approx(16_200 / 24)


def test_a_machine_that_made_nothing_has_no_quality_and_no_oee() -> None:
    states = dict.fromkeys(E10_STATES, 0.0) | {"non_scheduled": 86_400.0}
    figures = figures_of("L1-X1", "X", 1, times(states_s=states, produced=0, lost=0, ideal_s=0.0, failures=0))

    assert (figures.availability, figures.effectiveness, figures.quality_ratio, figures.oee) == (None,) * 4
    assert figures.mttr_h is None


def step(name: str, occupied_h: float, *, starved: float = 0.0, blocked: float = 0.0) -> Figures:
    its = times(ideal_s=occupied_h * 3600 - 3 * 3600)
    return msgspec.structs.replace(figures_of(name, name, None, its), starved=starved, blocked=blocked)


def test_the_bottleneck_is_the_step_with_the_least_time_to_spare_and_says_why() -> None:
    steps = [step("A", 12, blocked=0.3), step("B", 23.5), step("C", 16, starved=0.25)]
    found = find_bottleneck(steps)

    assert found is not None
    assert found.step == "B"
    assert "before it stand blocked 30%" in found.reason
    assert "after it starve 25%" in found.reason
    assert "next is C" in found.reason


def test_a_record_in_which_nothing_was_made_has_no_bottleneck() -> None:
    assert find_bottleneck([msgspec.structs.replace(step("A", 12), produced=0)]) is None


def test_six_states_of_every_machine_add_up_to_calendar_time(written: Written) -> None:
    kpis = read_kpis(written.record)

    assert kpis.calendar_wrong == []
    for machine in kpis.machines:
        assert sum(machine.states.values()) == pytest.approx(1)


def test_a_gap_in_the_states_of_a_machine_is_told(plant: Plant, book: Daybook, tmp_path: Path) -> None:
    machine = book.machine_ids.index("L1-BDF1")
    row = np.flatnonzero((book.states.machine == machine) & (book.states.end_ms > 0))[-1]
    end = book.states.end_ms.copy()
    end[row] -= 1000
    record = write(plant, book._replace(states=book.states._replace(end_ms=end)), tmp_path).record

    assert read_kpis(record).calendar_wrong == ["L1-BDF1"]


def test_wafers_through_a_machine_are_those_of_its_batches(plant: Plant, book: Daybook, written: Written) -> None:
    """Batches of a tube furnace that ended within the record, counted from the daybook."""
    kpis = read_kpis(written.record)
    made = {machine.name: machine.produced for machine in kpis.machines}
    for number, name in enumerate(book.machine_ids):
        if name[3:6] in {"BDF", "PDF", "FSN"}:
            its = (book.batches.machine == number) & (book.batches.end_ms >= 0)
            assert made[name] == book.batches.wafers[its].sum()


def test_the_production_process_ratio_is_the_share_of_the_way_spent_in_batches(written: Written) -> None:
    ratio = read_kpis(written.record).production_process_ratio

    assert ratio is not None
    rows = written.record.rows("steps")
    lots = [row for row in written.record.rows("lots") if row["finished_utc"]]
    shares = []
    for lot in lots:
        spans = sorted((row["start_utc"], row["end_utc"]) for row in rows if row["lot"] == lot["lot"])
        busy, reached = 0.0, spans[0][0]
        for start, end in spans:
            busy += max((end - max(start, reached)).total_seconds(), 0.0)
            reached = max(reached, end)
        shares.append(busy / (lot["finished_utc"] - lot["released_utc"]).total_seconds())
    assert ratio == pytest.approx(float(np.mean(shares)))


def test_the_three_readings_of_the_headline_are_those_of_the_facts() -> None:
    told = {entry["reading"]: entry for entry in day_by_readings(read_plant("topcon").plant, 1_302_000)}

    cells = {name: round(entry["cells_per_day_at_100_pct"]) for name, entry in told.items()}
    assert cells == {"A": 100_465, "B": 803_721, "C": 1_607_442}
    moves = {name: round(entry["moves_per_vehicle_day"]) for name, entry in told.items()}
    assert moves == {"A": 14, "B": 112, "C": 225}
    assert told["C"]["uptime_needed"] == pytest.approx(0.81, abs=0.005)
    assert told["C"]["uptime_this_day"] == pytest.approx(0.81, abs=0.005)
    assert told["A"]["uptime_needed"] > told["B"]["uptime_needed"] > 1  # both impossible


def test_the_summary_has_all_that_a_run_must_say(plant: Plant, book: Daybook, written: Written) -> None:
    summary = summarise(plant, book, written.record, written.pieces, violations=0, wall_s=2.0, discs={"count": 1})

    assert summary["cells"] == written.record.read("cells", ["cell"]).num_rows
    assert summary["cells_per_day"] == summary["cells"] * 12
    assert summary["takt_s"]["workshop"] == pytest.approx(7200 / summary["cells"])
    assert summary["takt_s"]["line"] == pytest.approx(plant.lines * 7200 / summary["cells"])
    assert summary["takt_s"]["lane"] == plant.takt.lane_s
    assert sum(summary["vehicle_use"].values()) == pytest.approx(1)
    assert summary["speedup"] == 3600
    assert set(summary["oee"]) == set(plant.route)
    assert summary["wafers"]["conserved"]
    assert (summary["violations"], summary["discs"], summary["warmup_h"]) == (0, {"count": 1}, 14)
    assert summary["kgco2_per_cell"] == pytest.approx(summary["kwh_per_cell"] * 0.6634)
    json.dumps(summary)


def test_wafers_that_are_missing_are_told(plant: Plant, book: Daybook, written: Written) -> None:
    wrong = book._replace(alive_at_start=book.alive_at_start + 3)
    wafers = summarise(plant, wrong, written.record, written.pieces)["wafers"]

    assert not wafers["conserved"]
    assert wafers["missing"] == 3


def test_littles_law_holds_for_lots_that_come_and_go_evenly(plant: Plant, book: Daybook, written: Written) -> None:
    """A lot every quarter of an hour that stays three hours: 12 inside."""
    until = 24 * 3_600_000
    released = np.arange(-12, 96) * 900_000
    finished = released + 3 * 3_600_000
    lots = book.lots._replace(released_ms=released, finished_ms=np.where(finished < until, finished, NOT_YET_MS))
    lots = lots._replace(line=np.ones(len(released), np.int16), lost_at=np.full((len(released), 1000), -1, np.int8))
    summary = summarise(plant, book._replace(lots=lots, until_ms=until), written.record, written.pieces)

    assert summary["wip_lots"] == pytest.approx(12)
    assert summary["cycle_time_h"] == pytest.approx(3)
    assert summary["little"]["lambda_W"] == pytest.approx(summary["little"]["L"], rel=0.01)


def test_the_command_prints_a_table_or_json(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kpi", str(written.folder), "--machines"]) == 0
    shown = capsys.readouterr().out
    assert "bottleneck: " in shown and "L1-BDF1" in shown

    assert main(["kpi", str(written.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"steps", "machines", "lines", "bottleneck", "record_start"} <= set(document)


def test_a_directory_without_a_record_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kpi", str(tmp_path)]) in {4, 6, 7}
    assert "error: " in capsys.readouterr().err
