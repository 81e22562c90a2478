"""The reference workshop: a TOPCon solar-cell plant of 8 lines, 186 vehicles and 16 steps, at any size.

The headline is a newspaper's of 2025 (8 lines, 186 vehicles, 16 processes, a cell every 0.86 s); the figures behind
it are those of comparable plants and of equipment makers, and where none was found an engineering estimate, whose key
then stands in the table's list `est`. `small` is a workshop of the same steps with one tool each, of half the size and
pace, and one printing lane a line: quick to simulate, and its 12 vehicles are about as busy as those of the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import msgspec

from heliograph.plant.floor import lay_out
from heliograph.plant.lif import Lif
from heliograph.plant.model import (
    Battery,
    Calendar,
    Carriers,
    Downtime,
    Electrical,
    Energy,
    Equipment,
    FlowRules,
    Handoff,
    Machine,
    Plant,
    Step,
    Stocker,
    Takt,
    Vehicles,
    Wafer,
)

__all__ = ["SHIPPED", "build"]

SHIPPED: dict[str, tuple[int, int]] = {"small": (2, 12), "topcon": (8, 186)}
"""The plants in `plants/`: lines and vehicles of each."""

_CALIBRATED = "calibrated to 4 GW/yr"
_VEHICLE_TYPE = "heliograph.rack-lift"
_START = datetime(2025, 11, 3, tzinfo=timezone(timedelta(hours=8)))
_TIMESTAMP = "2025-11-02T16:00:00.00Z"

_KWH_PER_CELL = 0.541
_ENERGY_SHARE: dict[str, float] = {
    # tubes 25 %, by furnace time
    "BDF": 0.09, "OXA": 0.055, "TOX": 0.045, "PDF": 0.06,
    # plasma deposition 12 %
    "FSN": 0.06, "RSN": 0.06,
    # wet benches 8 %
    "TEX": 0.03, "RET": 0.02, "FET": 0.03,
    # print and fire 8 %
    "PRN": 0.02, "FIR": 0.06,
    # the rest 2 %
    "INS": 0.001, "ALO": 0.008, "LIN": 0.005, "LEC": 0.003, "TST": 0.003,
}  # fmt: skip
"""Shares of the 0.541 kWh of a cell; the facility's 45 % is in the energy table."""


@dataclass(frozen=True)
class _Size:
    """What differs between the reference and the small workshop."""

    title: str
    title_zh: str
    site: str
    tools: int
    """Tools a line at the steps where the reference has two."""
    pace: float
    """Size of batches and pace of machines, relative to the reference."""
    lanes: int
    ports: int
    """Load ports each way of a step with one tool."""
    carriers: int
    slots: int
    stocker_ports: int
    wip_lots: int
    warmup_h: float


_SIZES = {
    "topcon": _Size("TOPCon reference workshop", "TOPCon 参考车间", "SX", 2, 1.0, 2, 3, 80, 96, 4, 120, 18.0),
    "small": _Size("Small TOPCon workshop", "TOPCon 小车间", "SM", 1, 0.5, 1, 2, 48, 60, 2, 36, 24.0),
}


def build(lines: int, vehicles: int, name: str = "topcon") -> tuple[Plant, Lif]:
    """A plant and its layout. The same arguments give the same bytes.

    Args:
        lines: 1 or more. vehicles: 1 or more. name: a key of `SHIPPED`.
    """
    size = _SIZES[name]
    rows = [_row(line, size) for line in range(1, lines + 1)]
    floor = lay_out(name, size.title, rows, vehicles, _VEHICLE_TYPE, _TIMESTAMP)
    members = [_members(line) for line in range(1, lines + 1)]
    machines = [
        machine
        for row, behind in zip(rows, members, strict=True)
        for machine in (*(thing for thing in row if isinstance(thing, Machine)), *behind)
    ]
    plant = Plant(
        format="heliograph-plant/1",
        name=name,
        title=size.title,
        title_zh=size.title_zh,
        site=size.site,
        lines=lines,
        calendar=Calendar(start=_START, shifts=["08:00", "20:00"]),
        wafer=_wafer(),
        takt=Takt(
            lane_s=0.86 / size.pace,
            lanes_per_line=size.lanes,
            capacity_gw_per_year=lines * size.lanes * size.pace / 4.0,
            est=[] if size.pace == 1.0 else ["lane_s", "capacity_gw_per_year"],
        ),
        carriers=Carriers(
            count=size.carriers * lines,
            baskets=10,
            slots_per_basket=100,
            mass_kg=100.0,
            est=["count", "slots_per_basket"],
        ),
        vehicles=_vehicles(vehicles, floor.parking, floor.charging),
        handoff=Handoff(
            dock_min_s=45.0,
            dock_max_s=60.0,
            request_s=1.0,
            transfer_s=12.0,
            complete_s=1.0,
            timeout_s=60.0,
            est=["dock_min_s", "dock_max_s", "request_s", "transfer_s", "complete_s", "timeout_s"],
        ),
        energy=Energy(
            kwh_per_mwp=64300.0,
            facility_share=0.45,
            grid_kgco2_per_kwh=0.6634,
            grid_source="Shanxi 2023, location based, Chinese ministry of ecology and environment",
            est=["facility_share"],
        ),
        flow=FlowRules(wip_lots_per_line=size.wip_lots, warmup_h=size.warmup_h, est=["wip_lots_per_line", "warmup_h"]),
        route=[step.code for step in _STEPS],
        steps=list(_STEPS),
        equipment=[_scaled(kind, size.pace) for kind in _equipment(size)],
        machines=machines,
        stockers=[thing for row in rows for thing in row if isinstance(thing, Stocker)],
        sources=_SOURCES,
    )
    return plant, floor.lif


_SOURCES = [
    "headline (8 lines, 186 vehicles, 16 processes, 0.86 s a cell): newspaper report of 2025; "
    "0.86 s is read as the takt of each of two lanes a line, the only reading in which all of it holds",
    "capacity 4 GW/yr for 8 lines: published phase-1 capacity; 475 M cells/yr of 8.42 W",
    "boron diffusion 150 min, phosphorus diffusion 102 min, boat of 768, tool rates: equipment makers' data",
    "electricity 64,300 kWh/MWp: energy review of a 12 GW N-type cell plant, 2023",
    "grid factors: Chinese ministry of ecology and environment, location based (Shanxi 2023: 0.6634 kgCO2/kWh)",
    "silver 109 mg a cell: average of 2023; water 735.8 t/MWp",
    "est.: engineering estimate, no published figure found",
]


def _wafer() -> Wafer:
    return Wafer(
        side_mm=182.0,
        thickness_um=130.0,
        mass_g=10.0,
        area_cm2=330.15,
        power_w=8.42,
        efficiency_pct=25.5,
        silver_mg=109.0,
        water_t_per_mwp=735.8,
    )


def _vehicles(count: int, parking: list[str], charging: list[str]) -> Vehicles:
    battery = Battery(
        capacity_kwh=2.0,
        drive_empty_w=110.0,
        drive_loaded_w=160.0,
        idle_w=50.0,
        charge_kw=2.0,
        low_pct=30.0,
        full_pct=90.0,
        est=[
            "capacity_kwh", "drive_empty_w", "drive_loaded_w", "idle_w", "charge_kw", "low_pct", "full_pct",
        ],
    )  # fmt: skip
    return Vehicles(
        count=count,
        type=_VEHICLE_TYPE,
        speed_empty_m_s=1.5,
        speed_loaded_m_s=1.2,
        acceleration_m_s2=0.5,
        turn_deg_s=45.0,
        length_m=1.2,
        width_m=0.9,
        battery=battery,
        parking=parking,
        charging=charging,
        est=["speed_empty_m_s", "speed_loaded_m_s", "acceleration_m_s2", "turn_deg_s", "length_m", "width_m"],
    )


def _step(
    code: str, name: str, name_zh: str, loss_pct: float, wait_min: float | None = None, downgraded_pct: float = 0.0
) -> Step:
    est = ["loss_pct"] if loss_pct else []
    est += ["max_wait_min"] if wait_min is not None else []
    est += ["downgraded_pct"] if downgraded_pct else []
    return Step(
        code=code,
        name=name,
        name_zh=name_zh,
        equipment=code,
        loss_pct=loss_pct,
        max_wait_min=wait_min,
        downgraded_pct=downgraded_pct,
        est=est,
    )


_STEPS = (
    _step("INS", "incoming inspection", "硅片检查", 0.10),
    _step("TEX", "texturing", "制绒", 0.05),
    _step("BDF", "boron diffusion", "硼扩散", 0.05, 240.0),
    _step("OXA", "oxidation anneal", "氧化退火", 0.03),
    _step("RET", "rear etch", "背刻蚀", 0.08),
    _step("TOX", "tunnel oxide and poly-silicon", "隧穿氧化+多晶硅", 0.10, 240.0),
    _step("PDF", "phosphorus diffusion", "磷扩散", 0.05),
    _step("FET", "front etch", "正面刻蚀", 0.08),
    _step("ALO", "front aluminium oxide", "ALD 氧化铝", 0.04, 240.0),
    _step("FSN", "front silicon nitride", "正面镀膜", 0.08, 480.0),
    _step("RSN", "rear silicon nitride", "背面镀膜", 0.08),
    _step("PRN", "screen print", "丝网印刷", 0.15),
    _step("FIR", "firing", "烧结", 0.02),
    _step("LIN", "light injection", "光注入", 0.01),
    _step("LEC", "laser contact optimisation", "激光诱导", 0.03),
    _step("TST", "test and sort", "分选测试", 0.0, None, 0.8),
)
_NAMES = {step.code: (step.name, step.name_zh) for step in _STEPS}


def _planned(reason: str, every_h: float, minutes: float) -> Downtime:
    return Downtime(state="scheduled_downtime", reason=reason, every_h=every_h, minutes=minutes, note="est.")


_PRINT_STOPS = [
    Downtime(state="scheduled_downtime", reason="paste refill and print check", every_h=1.5, minutes=2.0),
    Downtime(state="scheduled_downtime", reason="screen change", every_h=4.0, minutes=8.0),
    Downtime(state="scheduled_downtime", reason="preventive maintenance", every_h=8.0, minutes=9.0),
    Downtime(state="scheduled_downtime", reason="wafer type change", every_h=12.0, minutes=10.0),
    Downtime(state="engineering", reason="paste and firing trials", every_h=12.0, minutes=12.0),
    Downtime(state="non_scheduled", reason="holidays, spread over the days", every_h=8.0, minutes=9.0),
]
"""12.4 % of the calendar: what is left between the published 4 GW a year and 0.86 s a lane all year, once failures of
the printing line (3.7 %), wafers lost after printing (0.2 %) and waiting for machines under repair (about 4 %, as the
twin has it) are taken off: ten seeds make 1.297 M cells a day on average. Short and often: a day holds its share."""

_TUBE_STOPS = [_planned("tube and boat cleaning", 168.0, 90.0)]
_WET_STOPS = [_planned("bath change", 24.0, 15.0)]
_PLASMA_STOPS = [_planned("boat exchange and chamber check", 24.0, 20.0)]


def _tool(
    code: str,
    mode: str,
    *,
    process_s: float,
    batch: int = 1,
    units: int = 1,
    rate_per_h: float = 0.0,
    takt_s: float = 0.0,
    mtbf_h: float,
    mttr_h: float,
    est: tuple[str, ...] = (),
    members: tuple[str, ...] = (),
    downtime: list[Downtime] | None = None,
    electrical: Electrical | None = None,
    ports: bool = True,
) -> Equipment:
    """An equipment type of one step, named after it, with the buffers and arm times that all share."""
    name, name_zh = _NAMES[code]
    marks = [*est, "mtbf_h", "mttr_h", "kwh_per_wafer"]
    if ports:
        marks += ["buffer_in", "buffer_out", "load_s", "unload_s"]
    if electrical:
        marks.append("electrical")
    collects = mode in ("tube", "bench")
    # A lot of 1,000 must fit beside a whole batch, or a machine would wait for itself.
    whole_lots = -(-(batch if collects else 1000) // 1000) * 1000
    return Equipment(
        code=code,
        name=name,
        name_zh=name_zh,
        mode=mode,  # type: ignore[arg-type]
        batch=batch,
        units=units,
        process_s=process_s,
        rate_per_h=rate_per_h,
        takt_s=takt_s,
        buffer_in=whole_lots + 1000 if ports else 0,
        buffer_out=whole_lots + 2000 if ports else 0,
        load_s=180.0 if ports else 0.0,
        unload_s=180.0 if ports else 0.0,
        max_collect_min=30.0 if collects else 0.0,
        mtbf_h=mtbf_h,
        mttr_h=mttr_h,
        members=list(members),
        downtime=downtime or [],
        kwh_per_wafer=round(_KWH_PER_CELL * _ENERGY_SHARE[code], 6),
        electrical=electrical or Electrical(),
        est=marks + (["max_collect_min"] if collects else []),
    )


def _equipment(size: _Size) -> list[Equipment]:
    """Figures of FACTS' table, in the order of the route; then the stores at both ends of a line."""
    furnace = Electrical(machine_pct=0.10, unit_pct=0.15, drift_pct_per_day=0.02)
    plasma = Electrical(machine_pct=0.08, unit_pct=0.10, drift_pct_per_day=0.03)
    press = Electrical(machine_pct=0.05, unit_pct=0.10, drift_pct_per_day=0.0)
    lanes = size.lanes
    behind = ("FIR", "LIN", "LEC", "TST")
    return [
        _tool("INS", "lane", process_s=6.0, takt_s=0.42353, mtbf_h=60.0, mttr_h=0.3),
        _tool("TEX", "bench", batch=400, process_s=540.0, rate_per_h=10000.0, mtbf_h=120.0, mttr_h=1.0,
              est=("process_s",), downtime=_WET_STOPS),
        _tool("BDF", "tube", batch=2000, units=6, process_s=9000.0, rate_per_h=4400.0, mtbf_h=200.0, mttr_h=3.0,
              est=("batch",), downtime=_TUBE_STOPS, electrical=furnace),
        _tool("OXA", "tube", batch=2000, units=4, process_s=5700.0, rate_per_h=4600.0, mtbf_h=200.0, mttr_h=3.0,
              est=("batch", "process_s"), downtime=_TUBE_STOPS),
        _tool("RET", "bench", batch=400, process_s=480.0, rate_per_h=10000.0, mtbf_h=120.0, mttr_h=1.0,
              est=("process_s",), downtime=_WET_STOPS),
        _tool("TOX", "tube", batch=768, units=10, process_s=3600.0, rate_per_h=6800.0, mtbf_h=150.0, mttr_h=4.0,
              est=("units", "process_s"), downtime=_TUBE_STOPS, electrical=furnace),
        _tool("PDF", "tube", batch=2000, units=4, process_s=6120.0, rate_per_h=4600.0, mtbf_h=200.0, mttr_h=3.0,
              est=("batch",), downtime=_TUBE_STOPS, electrical=furnace),
        _tool("FET", "bench", batch=400, process_s=600.0, rate_per_h=10000.0, mtbf_h=120.0, mttr_h=1.0,
              est=("process_s",), downtime=_WET_STOPS),
        _tool("ALO", "tube", batch=1500, process_s=540.0, rate_per_h=10000.0, mtbf_h=150.0, mttr_h=2.0,
              est=("batch", "process_s")),
        _tool("FSN", "tube", batch=700, units=6, process_s=2400.0, rate_per_h=5500.0, mtbf_h=120.0, mttr_h=2.0,
              est=("batch", "units", "process_s"), downtime=_PLASMA_STOPS, electrical=plasma),
        _tool("RSN", "tube", batch=700, units=6, process_s=2400.0, rate_per_h=5500.0, mtbf_h=120.0, mttr_h=2.0,
              est=("batch", "units", "process_s"), downtime=_PLASMA_STOPS, electrical=plasma),
        _tool("PRN", "lane", units=lanes, takt_s=0.86, process_s=20.0, mtbf_h=20.0, mttr_h=0.25,
              est=("process_s",), members=behind, electrical=press,
              downtime=[_calibrated(stop) for stop in _PRINT_STOPS]),
        _tool("FIR", "lane", takt_s=0.42353, process_s=60.0, mtbf_h=250.0, mttr_h=2.0, est=("process_s",),
              ports=False),
        _tool("LIN", "lane", takt_s=0.42353, process_s=90.0, mtbf_h=250.0, mttr_h=1.0, est=("process_s",),
              ports=False),
        _tool("LEC", "lane", units=lanes, takt_s=0.86, process_s=3.0, mtbf_h=80.0, mttr_h=0.5,
              est=("takt_s", "process_s"), ports=False),
        _tool("TST", "lane", units=lanes, takt_s=0.86, process_s=4.0, mtbf_h=40.0, mttr_h=0.3,
              est=("takt_s", "process_s"), ports=False),
        Equipment(code="WST", name="wafer store", name_zh="硅片库", mode="source", unload_s=180.0,
                  est=["unload_s"]),
        Equipment(code="CST", name="cell store", name_zh="电池片库", mode="sink", load_s=180.0, est=["load_s"]),
    ]  # fmt: skip


def _scaled(kind: Equipment, pace: float) -> Equipment:
    """The same machine with smaller batches or a longer takt; process times stay."""
    if pace == 1.0 or kind.mode in ("source", "sink"):
        return kind
    batched = kind.mode in ("tube", "bench")
    marks = ["batch", "rate_per_h"] if batched else ["takt_s"]
    return msgspec.structs.replace(
        kind,
        batch=round(kind.batch * pace) if batched else kind.batch,
        rate_per_h=kind.rate_per_h * pace,
        takt_s=round(kind.takt_s / pace, 5),
        est=list(dict.fromkeys((*kind.est, *marks))),
    )


def _calibrated(stop: Downtime) -> Downtime:
    return Downtime(state=stop.state, reason=stop.reason, every_h=stop.every_h, minutes=stop.minutes, note=_CALIBRATED)


_DOUBLED = {"BDF", "OXA", "TOX", "PDF", "FSN", "RSN"}
_ORDER = ("WST", "INS", "TEX", "BDF", "OXA", "RET", "TOX", "STK", "PDF", "FET", "ALO", "FSN", "RSN", "PRN", "CST")
"""West to east along a line; the stocker in the middle."""


def _row(line: int, size: _Size) -> list[Machine | Stocker]:
    """What stands on one line and is served by vehicles, west to east."""
    row: list[Machine | Stocker] = []
    for code in _ORDER:
        if code == "STK":
            name = f"L{line}-STK1"
            ports = [f"{name}-P{port}" for port in range(1, size.stocker_ports + 1)]
            row.append(Stocker(id=name, line=line, slots=size.slots, ports=ports))
            continue
        doubled = code in _DOUBLED
        width = 2 if doubled else size.ports
        for number in range(1, (size.tools if doubled else 1) + 1):
            name = f"L{line}-{code}{number}"
            row.append(
                Machine(
                    id=name,
                    equipment=code,
                    line=line,
                    in_ports=[] if code == "WST" else [f"{name}-IN{port}" for port in range(1, width + 1)],
                    out_ports=[] if code == "CST" else [f"{name}-OUT{port}" for port in range(1, width + 1)],
                    members=[f"L{line}-{member}1" for member in _BEHIND] if code == "PRN" else [],
                )
            )
    return row


_BEHIND = ("FIR", "LIN", "LEC", "TST")


def _members(line: int) -> list[Machine]:
    """The machines connected behind printing: no ports of their own."""
    return [Machine(id=f"L{line}-{code}1", equipment=code, line=line) for code in _BEHIND]
