"""The plant, as typed frozen values: what `plant.toml` says, parsed once.

Times are in the unit that their name says; a list `est` beside a table names the keys of that table which are
engineering estimates (no published figure was found): they are configuration, and the mark is printed with them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

__all__ = [
    "Battery",
    "Calendar",
    "Carriers",
    "Downtime",
    "Electrical",
    "Energy",
    "Equipment",
    "FlowRules",
    "Handoff",
    "Machine",
    "Mode",
    "Plant",
    "Step",
    "Stocker",
    "Takt",
    "Transport",
    "Vehicles",
    "Wafer",
]

Mode = Literal["source", "tube", "bench", "lane", "sink"]
"""How an equipment type works.

source: fills empty carriers with new wafers (the wafer store); sink: empties carriers of finished cells.
tube:   `units` chambers, each takes `batch` wafers for `process_s`; the next batch starts when the last has left.
bench:  baths in a row: a batch may start every `batch / rate_per_h`, and leaves after `process_s`.
lane:   wafers one by one; `units` lanes, a wafer leaves each lane every `takt_s`; `process_s` from end to end.
"""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown keys are mistakes, not noise."""


class Wafer(_Frozen, frozen=True, kw_only=True):
    """The silicon square."""

    side_mm: float
    thickness_um: float
    mass_g: float
    area_cm2: float
    power_w: float
    efficiency_pct: float
    silver_mg: float
    water_t_per_mwp: float
    est: list[str] = []


class Takt(_Frozen, frozen=True, kw_only=True):
    """The headline pace and the three ways to read it."""

    lane_s: float
    lanes_per_line: int
    capacity_gw_per_year: float
    est: list[str] = []


class Step(_Frozen, frozen=True, kw_only=True):
    """One process of the route. `max_wait_min` bounds the queue time before it; lots past it are flagged."""

    code: str
    name: str
    name_zh: str
    equipment: str
    loss_pct: float = 0.0
    max_wait_min: float | None = None
    downgraded_pct: float = 0.0
    est: list[str] = []


class Downtime(_Frozen, frozen=True, kw_only=True):
    """A planned stop that comes back: every `every_h`, for `minutes`, in the E10 state `state`."""

    state: Literal["scheduled_downtime", "engineering", "non_scheduled"]
    reason: str
    every_h: float
    minutes: float
    note: str = ""


class Electrical(_Frozen, frozen=True, kw_only=True):
    """Spread of the cell test per equipment: standard deviations in percent of efficiency (relative)."""

    machine_pct: float = 0.0
    unit_pct: float = 0.0
    drift_pct_per_day: float = 0.0


class Equipment(_Frozen, frozen=True, kw_only=True):
    """An equipment type. `members`: further types connected in series behind it, no vehicle between."""

    code: str
    name: str
    name_zh: str
    mode: Mode
    batch: int = 1
    units: int = 1
    process_s: float = 0.0
    process: Literal["constant", "exponential"] = "constant"
    rate_per_h: float = 0.0
    """Wafers per hour of one tool when nothing stops it; 0: what batch, units and process_s give."""
    takt_s: float = 0.0
    arrival_s: float = 0.0
    """Source only: mean time between lots (exponential); 0: a lot whenever the work-in-process limit allows."""
    buffer_in: int = 0
    buffer_out: int = 0
    load_s: float = 0.0
    unload_s: float = 0.0
    max_collect_min: float = 0.0
    """After this time a batch starts though it is not full; 0: never."""
    mtbf_h: float = 0.0
    mttr_h: float = 0.0
    members: list[str] = []
    downtime: list[Downtime] = []
    kwh_per_wafer: float = 0.0
    idle_kw: float = 0.0
    electrical: Electrical = Electrical()
    est: list[str] = []


class Machine(_Frozen, frozen=True, kw_only=True):
    """One piece of equipment on the floor; its load ports are stations of the layout."""

    id: str
    equipment: str
    line: int
    in_ports: list[str] = []
    out_ports: list[str] = []
    members: list[str] = []
    """Ids of the machines connected behind it, in the order of the equipment's members."""


class Stocker(_Frozen, frozen=True, kw_only=True):
    """A store of carriers, full and empty; its ports give and take."""

    id: str
    line: int
    slots: int
    ports: list[str]


class Carriers(_Frozen, frozen=True, kw_only=True):
    """The racks in circulation."""

    count: int
    baskets: int
    slots_per_basket: int
    mass_kg: float
    est: list[str] = []


class Battery(_Frozen, frozen=True, kw_only=True):
    """Lithium iron phosphate, opportunity charging."""

    capacity_kwh: float
    drive_empty_w: float
    drive_loaded_w: float
    idle_w: float
    charge_kw: float
    low_pct: float
    """Below this a vehicle takes no new move and goes to charge."""
    full_pct: float
    knee_pct: float = 85.0
    """Up to here at full power; above, at constant voltage, the power dies away as what is missing to 100 % (est.)."""
    cutoff_pct: float = 5.0
    """Charging ends at this share of the full power at the latest: the rest is charged with it (est.: C/20)."""
    efficiency_pct: float = 90.0
    """Of what the charger draws from the grid so much is stored (est.)."""
    fade_pct_per_1000_cycles: float = 5.0
    """Loss of capacity with age (est.: 80 % left after 4,000 full cycles)."""
    cycles: float = 0.0
    """Full cycles behind the batteries at the start of a run."""
    est: list[str] = []


class Vehicles(_Frozen, frozen=True, kw_only=True):
    """The fleet: one type; `type` names it in the layout's vehicleTypeProperties."""

    count: int
    type: str
    speed_empty_m_s: float
    speed_loaded_m_s: float
    acceleration_m_s2: float
    turn_deg_s: float
    length_m: float
    width_m: float
    battery: Battery
    parking: list[str]
    charging: list[str]
    est: list[str] = []


class Handoff(_Frozen, frozen=True, kw_only=True):
    """SEMI E84, the vehicle active, the load port passive; seconds of each part."""

    dock_min_s: float
    dock_max_s: float
    request_s: float
    transfer_s: float
    complete_s: float
    timeout_s: float
    est: list[str] = []


class Energy(_Frozen, frozen=True, kw_only=True):
    """Electricity of the workshop: one figure per cell, split over the parts, and what the grid emits for it."""

    kwh_per_mwp: float
    facility_share: float
    grid_kgco2_per_kwh: float
    grid_source: str
    est: list[str] = []


class Calendar(_Frozen, frozen=True, kw_only=True):
    """When the record starts, and the shifts it is told by."""

    start: datetime
    shifts: list[str]
    """Start times of the shifts, "HH:MM"."""


class FlowRules(_Frozen, frozen=True, kw_only=True):
    """How lots are released and carriers held back."""

    wip_lots_per_line: int
    """Lots between the wafer store and the cell store; the store releases none beyond."""
    warmup_h: float
    est: list[str] = []


Transport = Literal["vehicles", "direct"]
"""direct: carriers change place in no time, without vehicles (queueing experiments)."""


class Plant(_Frozen, frozen=True, kw_only=True):
    """A whole workshop."""

    format: Literal["heliograph-plant/1"]
    name: str
    title: str
    title_zh: str
    site: str
    """Two to four capital letters that open every lot id."""
    lines: int
    transport: Transport = "vehicles"
    calendar: Calendar
    wafer: Wafer
    takt: Takt
    carriers: Carriers
    vehicles: Vehicles
    handoff: Handoff
    energy: Energy
    flow: FlowRules
    route: list[str]
    """Step codes in order."""
    steps: list[Step]
    equipment: list[Equipment]
    machines: list[Machine]
    stockers: list[Stocker]
    sources: list[str]
    """Where figures come from: one line each, for the reader of a disc."""

    @property
    def wafers_per_carrier(self) -> int:
        """Slots of a full carrier."""
        return self.carriers.baskets * self.carriers.slots_per_basket
