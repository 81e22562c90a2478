"""The registry of the record: every table and column, its type, its unit, and what it means in English and Chinese.

All else follows from here: the Parquet schemas and the metadata of their fields, and the description that goes on every
disc (`tables_text`, `tables_json`). Nothing heavy is imported at the top, so that `trace` starts quickly.

Times are TIMESTAMP in milliseconds, UTC, and say so in their names (`start_utc`); they carry no time zone type, because
some readers need another package for that one. The plant's own offset is in the metadata key `record_start`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

    from heliograph.plant.model import Plant

__all__ = [
    "FORMAT",
    "Column",
    "Kind",
    "Table",
    "arrow_type",
    "schema_of",
    "step_column",
    "tables",
    "tables_json",
    "tables_text",
]

FORMAT: Final = "heliograph-record/1"

Kind = Literal["text", "id", "texts", "int16", "int16s", "int32", "int64", "float64", "time", "flag"]
"""Type of a column. text: few values, many times (dictionary); id: text that differs from row to row."""


class Column(NamedTuple):
    """One column; a `null` one may be empty, and its text says what that means."""

    name: str
    kind: Kind
    unit: str
    english: str
    chinese: str
    null: bool = False


class Table(NamedTuple):
    """One table, in one file `NAME.parquet` or in several `NAME-*.parquet`."""

    name: str
    english: str
    chinese: str
    order: str
    """By which columns the rows are sorted."""
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def step_column(step: int, what: Literal["machine", "unit", "utc"]) -> str:
    """Name of a column of `cells` about one step; `step` is its index in the route, from 0."""
    return f"s{step + 1:02d}_{what}"


_LOT = Column("lot", "text", "", "lot id", "批次号")
_LINE = Column("line", "int16", "", "production line, from 1", "产线号，从 1 起")
_MACHINE = Column("machine", "text", "", "machine id", "设备号")

_EVENTS = Table(
    "events",
    "Everything that happened within the record, one row an event; columns that do not apply are empty.",
    "记录期内发生的每一件事，每行一个事件；不适用的列为空。",
    "number",
    (
        Column("number", "int64", "", "place of the event in the record, from 0", "事件序号，从 0 起"),
        Column("at_utc", "time", "UTC", "when", "时刻"),
        Column("kind", "text", "", "what happened, e.g. BatchStarted", "事件类型"),
        Column("lot", "text", "", "lot id", "批次号", null=True),
        Column("line", "int16", "", "production line", "产线号", null=True),
        Column("machine", "text", "", "machine id", "设备号", null=True),
        Column("unit", "int16", "", "tube, bath or lane, from 1", "管、槽或道，从 1 起", null=True),
        Column("batch", "int64", "", "batch number", "同炉批号", null=True),
        Column("step", "text", "", "step code", "工序代码", null=True),
        Column("carrier", "text", "", "carrier id", "料架号", null=True),
        Column("vehicle", "text", "", "vehicle id", "AGV 号", null=True),
        Column("station", "text", "", "station of the layout", "站点", null=True),
        Column("move", "int64", "", "move number; empty: parking or charging", "搬运号；空：停车或充电", null=True),
        Column("state", "text", "", "SEMI E10 state entered", "进入的 SEMI E10 状态", null=True),
        Column("reason", "text", "", "why", "原因", null=True),
        Column("wafers", "int32", "", "wafers or cells concerned", "涉及的片数", null=True),
        Column("waited_ms", "int64", "ms", "how long the lot had waited", "已等待时间", null=True),
        Column("positions", "int16s", "", "positions of lost wafers in their carrier", "丢失硅片的位置", null=True),
    ),
)

_LOTS = Table(
    "lots",
    "Lots in process at some moment of the record, or finished within it.",
    "记录期内在制或完成的批次。",
    "lot",
    (
        Column("lot", "id", "", "lot id: site, date of the record, number", "批次号：工厂、记录日期、序号"),
        Column("number", "int32", "", "number of the lot in the run, in order of release", "批次序号，按投料先后"),
        _LINE,
        Column("released_utc", "time", "UTC", "when the wafer store began it", "投料时刻"),
        Column(
            "finished_utc",
            "time",
            "UTC",
            "when the cell store took it; empty: in process",
            "入库时刻；空：在制",
            null=True,
        ),
        Column("wafers", "int32", "", "wafers put in", "投入片数"),
        Column("lost", "int32", "", "wafers lost so far", "已损失片数"),
        Column("cells", "int32", "", "cells that left the last step within the record", "记录期内完成末道工序的片数"),
        Column("steps_done", "int16", "", "steps that its last wafer has left", "最后一片已完成的工序数"),
    ),
)

_STEPS = Table(
    "steps",
    "The way of each lot: one row for each part of a lot in a batch. Positions first to last are the slot map; of a "
    "shared batch only this is known, never which wafer touched which.",
    "每个批次的加工路径：批次在每个同炉批中的部分各占一行。first 至 last 为位置图；合炉时只记录到位置，不臆测。",
    "lot, step_number, first",
    (
        _LOT,
        Column("step_number", "int16", "", "number of the step in the route, from 1", "工序序号，从 1 起"),
        Column("step", "text", "", "step code", "工序代码"),
        _MACHINE,
        Column("unit", "int16", "", "tube, bath or lane, from 1", "管、槽或道，从 1 起"),
        Column(
            "batch",
            "int64",
            "",
            "batch number; a connected line keeps that of its first machine",
            "同炉批号；联机沿用首台的批号",
        ),
        Column("first", "int16", "", "first position of the lot in the batch, from 1", "首个位置，从 1 起"),
        Column("last", "int16", "", "last position", "末个位置"),
        Column("before", "int32", "", "wafers of the batch ahead of this part", "同炉批中排在本部分之前的片数"),
        Column("wafers", "int32", "", "wafers of this part that began the step", "开始本工序的片数"),
        Column("lost", "int32", "", "of these, lost at the step", "在本工序损失的片数"),
        Column(
            "downgraded", "int32", "", "of these, EL grade not A (last step only)", "EL 非 A 级的片数（仅末道工序）"
        ),
        Column("lost_positions", "int16s", "", "their positions; empty: none", "损失硅片的位置；空：无", null=True),
        Column("start_utc", "time", "UTC", "when its first wafer went in", "首片进入时刻"),
        Column(
            "end_utc",
            "time",
            "UTC",
            "when its last wafer came out; empty: in process",
            "末片离开时刻；空：在制",
            null=True,
        ),
        Column(
            "wait_s",
            "float64",
            "s",
            "from leaving the step before (or release) to the start",
            "离开上道工序（或投料）至开始的时间",
        ),
        Column(
            "late",
            "flag",
            "",
            "the lot, from when its last wafer left the step before, waited longer than this step allows",
            "自批次末片离开上道工序起，等待超过该工序的上限",
        ),
        Column(
            "shared_with", "texts", "", "other lots in the same batch; empty: none", "同炉的其他批次；空：无", null=True
        ),
    ),
)

_MOVES = Table(
    "moves",
    "Every move of a carrier by a vehicle, full or empty. A moment that has not come yet is empty.",
    "AGV 的每次搬运（满架或空架）。记录结束时尚未发生的时刻为空。",
    "move",
    (
        Column("move", "int64", "", "move number", "搬运号"),
        Column("carrier", "text", "", "carrier id", "料架号"),
        Column("lot", "text", "", "lot on the carrier; empty: an empty carrier", "料架上的批次；空：空料架", null=True),
        Column("source", "text", "", "station it was taken from", "取料站点"),
        Column("target", "text", "", "station it was brought to", "送达站点"),
        Column("from_machine", "text", "", "machine or stocker of the source", "取料设备或料库"),
        Column("to_machine", "text", "", "machine or stocker of the target", "送达设备或料库"),
        Column("priority", "int16", "", "higher goes first", "优先级，大者先"),
        Column("vehicle", "text", "", "vehicle id", "AGV 号", null=True),
        Column("wanted_utc", "time", "UTC", "when it was asked for", "请求时刻"),
        Column("assigned_utc", "time", "UTC", "when a vehicle got it", "派车时刻", null=True),
        Column("at_source_utc", "time", "UTC", "when the vehicle stood at the source", "到达取料站时刻", null=True),
        Column("taken_utc", "time", "UTC", "when the carrier was on the vehicle", "取料完成时刻", null=True),
        Column("at_target_utc", "time", "UTC", "when the vehicle stood at the target", "到达送料站时刻", null=True),
        Column("placed_utc", "time", "UTC", "when the carrier was set down", "放料完成时刻", null=True),
        Column("empty_m", "float64", "m", "way driven to the source", "空驶距离"),
        Column("loaded_m", "float64", "m", "way driven with the carrier", "载货行驶距离"),
    ),
)

_TRACKS = Table(
    "tracks",
    "Where every vehicle was: one row for each node that it held. Files by the time of the claim.",
    "每台 AGV 的轨迹：每占用一个节点一行。按占用时刻分文件。",
    "vehicle, claimed_utc",
    (
        Column("vehicle", "text", "", "vehicle id", "AGV 号"),
        Column("node", "text", "", "node of the layout", "路网节点"),
        Column("claimed_utc", "time", "UTC", "when the node was granted to it", "获准占用时刻"),
        Column(
            "arrived_utc", "time", "UTC", "when it stood on the node; empty: not yet", "到达时刻；空：尚未", null=True
        ),
        Column(
            "left_utc",
            "time",
            "UTC",
            "when it stood on its next node; the end of the record where it had not left by then",
            "离开时刻；记录结束时尚未离开者为记录结束时刻",
            null=True,
        ),
    ),
)

_STATES = Table(
    "states",
    "The SEMI E10 states of every machine: stays that follow each other without a gap and add up to the record.",
    "每台设备的 SEMI E10 状态：首尾相接，合计等于记录时长。",
    "machine, start_utc",
    (
        _MACHINE,
        Column(
            "state",
            "text",
            "",
            "productive, standby, engineering, scheduled_downtime, unscheduled_downtime or non_scheduled",
            "生产、待机、工程、计划停机、非计划停机、非排产",
        ),
        Column(
            "reason",
            "text",
            "",
            "why: starved, blocked, repair, the name of the service",
            "原因：缺料、堵料、维修、保养名称",
        ),
        Column("start_utc", "time", "UTC", "from", "开始时刻"),
        Column("end_utc", "time", "UTC", "to", "结束时刻"),
    ),
)

_ENERGY = Table(
    "energy",
    "Electricity of each part in each hour, and what the grid emits for it (location based).",
    "各部分每小时用电量及其电网排放（基于位置）。",
    "hour_utc, part, machine",
    (
        Column("hour_utc", "time", "UTC", "begin of the hour", "小时开始时刻"),
        Column("part", "text", "", "machine, facility or vehicles", "设备、厂务或 AGV"),
        Column("line", "int16", "", "production line; empty: no machine", "产线号；空：非设备", null=True),
        Column("machine", "text", "", "machine id; empty: no machine", "设备号；空：非设备", null=True),
        Column("kwh", "float64", "kWh", "electricity", "电量"),
        Column("kgco2", "float64", "kg", "carbon dioxide: kWh x the factor of the grid", "二氧化碳：电量乘电网因子"),
    ),
)

_MACHINES = Table(
    "machines",
    "The machines that the other tables name.",
    "其他表所列的设备。",
    "line, step_number, machine",
    (
        Column("machine", "id", "", "machine id", "设备号"),
        _LINE,
        Column("equipment", "text", "", "equipment type", "设备类型"),
        Column("name", "text", "", "name of the type", "类型名称（英文）"),
        Column("name_zh", "text", "", "name of the type in Chinese", "类型名称"),
        Column("mode", "text", "", "source, tube, bench, lane or sink", "方式：投料、炉管、槽式、单片道、收料"),
        Column(
            "step_number", "int16", "", "number of its step in the route; empty: none", "工序序号；空：无", null=True
        ),
        Column("step", "text", "", "step code; empty: none", "工序代码；空：无", null=True),
        Column("units", "int16", "", "tubes, baths or lanes", "管、槽或道数"),
        Column(
            "behind",
            "text",
            "",
            "machine it is connected behind; empty: a vehicle serves it",
            "联机于其后的设备；空：由 AGV 供料",
            null=True,
        ),
        Column(
            "ideal_per_h",
            "float64",
            "1/h",
            "wafers per hour when nothing stops it; empty: not stated",
            "无停顿时的产能；空：未注明",
            null=True,
        ),
    ),
)

_VEHICLES = Table(
    "vehicles",
    "How each vehicle spent the record; the six times add up to it.",
    "每台 AGV 的时间构成；六项之和等于记录时长。",
    "vehicle",
    (
        Column("vehicle", "id", "", "vehicle id", "AGV 号"),
        Column("driving_loaded_s", "float64", "s", "driving with a carrier", "载货行驶"),
        Column("driving_empty_s", "float64", "s", "driving without one", "空驶"),
        Column("hand_off_s", "float64", "s", "docking, taking or giving", "对接与交接"),
        Column("waiting_s", "float64", "s", "standing on a move, for a way or a port", "执行中等待"),
        Column("charging_s", "float64", "s", "charging", "充电"),
        Column("idle_s", "float64", "s", "without a move", "空闲"),
        Column("kwh", "float64", "kWh", "electricity charged", "充电量"),
    ),
)


_BATTERIES = Table(
    "batteries",
    "How full batteries were: as each charge began and ended, as each carrier was set down, and of every vehicle at "
    "both ends of the record. In between a vehicle drove or stood, or charged.",
    "电池电量：每次充电开始与结束时、每次放料完成时，以及记录首尾各车的电量。其间车辆行驶、停留或充电。",
    "vehicle, at_utc",
    (
        Column("vehicle", "text", "", "vehicle id", "AGV 号"),
        Column("at_utc", "time", "UTC", "when", "时刻"),
        Column("soc_permille", "int16", "‰", "state of charge, of the battery's capacity", "电量占电池容量的千分比"),
    ),
)

_MISHAPS = Table(
    "mishaps",
    "What went wrong with vehicles; there only where the run was asked for mishaps.",
    "车辆的意外：短停与故障；仅在运行要求意外时才有此表。",
    "start_utc",
    (
        Column("vehicle", "text", "", "vehicle id", "AGV 号"),
        Column("kind", "text", "", "stall: it moves on later; breakdown: it stands until it is towed", "短停或故障"),
        Column("start_utc", "time", "UTC", "when it began", "开始时刻"),
        Column(
            "towed_utc",
            "time",
            "UTC",
            "when it was taken off the floor; empty: a stall, or not towed within the record",
            "拖离车间时刻；空：短停，或记录期内未拖离",
            null=True,
        ),
        Column(
            "end_utc",
            "time",
            "UTC",
            "when it moved on, or was back on the floor; empty: not within the record",
            "恢复行驶或重返车间时刻；空：记录期内未恢复",
            null=True,
        ),
    ),
)


def _cells(plant: Plant) -> Table:
    steps = {step.code: step for step in plant.steps}
    ways: list[Column] = []
    for i, code in enumerate(plant.route):
        step = steps[code]
        ways += [
            Column(
                step_column(i, "machine"),
                "text",
                "",
                f"machine of step {i + 1}, {step.name}",
                f"第 {i + 1} 道 {step.name_zh} 的设备",
            ),
            Column(
                step_column(i, "unit"),
                "int16",
                "",
                f"its tube, bath or lane at step {i + 1}",
                f"第 {i + 1} 道的管、槽或道",
            ),
            Column(step_column(i, "utc"), "time", "UTC", f"when it went into step {i + 1}", f"进入第 {i + 1} 道的时刻"),
        ]
    return Table(
        "cells",
        "Every cell that left the last step within the record: where and when it was made, and what the tester said. "
        "One file for each line.",
        "记录期内完成末道工序的每一片电池：何时何地制成及测试结果。每条产线一个文件。",
        "cell",
        (
            Column("cell", "id", "", "cell id: its lot, and its position in the carrier", "电池片号：批次号加位置"),
            _LOT,
            _LINE,
            Column("basket", "int16", "", "basket of the carrier, from 1", "花篮，从 1 起"),
            Column("slot", "int16", "", "slot of the basket, from 1", "槽位，从 1 起"),
            Column("made_utc", "time", "UTC", "when it left the last step", "离开末道工序的时刻"),
            *ways,
            Column("voc_mv", "float64", "mV", "open-circuit voltage", "开路电压"),
            Column("isc_a", "float64", "A", "short-circuit current", "短路电流"),
            Column("ff_pct", "float64", "%", "fill factor", "填充因子"),
            Column("efficiency_pct", "float64", "%", "power / (area x 0.1 W/cm2)", "转换效率"),
            Column("power_w", "float64", "W", "Voc x Isc x FF", "功率"),
            Column(
                "el_grade",
                "text",
                "",
                "electroluminescence: A flawless, B flawed, C broken or dead area",
                "EL 等级：A 无缺陷，B 有缺陷，C 有破片或失效区",
            ),
            Column(
                "bin",
                "text",
                "",
                "sorted into: lower end of the efficiency class in percent, or B",
                "分档：效率档下限（%），或 B",
            ),
            Column(
                "kwh",
                "float64",
                "kWh",
                "electricity: its batches, and its share of facility, vehicles, idle machines",
                "用电：各炉批分摊加厂务等分摊",
            ),
            Column(
                "kgco2", "float64", "kg", "carbon dioxide: kWh x the factor of the grid", "二氧化碳：电量乘电网因子"
            ),
        ),
    )


def tables(plant: Plant, *, mishaps: bool = False) -> tuple[Table, ...]:
    """All tables of a plant's record; `cells` has three columns for each step of its route.

    Args:
        mishaps: with the table that only a run with mishaps has.
    """
    always = (
        _cells(plant),
        _LOTS,
        _STEPS,
        _MOVES,
        _TRACKS,
        _STATES,
        _ENERGY,
        _MACHINES,
        _VEHICLES,
        _BATTERIES,
        _EVENTS,
    )
    return (*always, _MISHAPS) if mishaps else always


def arrow_type(kind: Kind) -> pa.DataType:
    """The Arrow type of a column."""
    import pyarrow as pa

    types = {
        "text": pa.dictionary(pa.int32(), pa.string()),
        "id": pa.string(),
        "texts": pa.list_(pa.string()),
        "int16": pa.int16(),
        "int16s": pa.list_(pa.int16()),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "time": pa.timestamp("ms"),
        "flag": pa.bool_(),
    }
    return types[kind]


def schema_of(table: Table, metadata: dict[str, str]) -> pa.Schema:
    """The Arrow schema of a table: units and meanings are metadata of its fields."""
    import pyarrow as pa

    fields = [
        pa.field(
            column.name,
            arrow_type(column.kind),
            nullable=column.null,
            metadata={"unit": column.unit, "description": column.english, "description_zh": column.chinese},
        )
        for column in table.columns
    ]
    about = {"table": table.name, "description": table.english, "description_zh": table.chinese}
    return pa.schema(fields, metadata={**about, **metadata})


def tables_json(plant: Plant, *, mishaps: bool = False) -> str:
    """The description of every table and column, for programs."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "time": "TIMESTAMP, milliseconds, UTC",
        "tables": [
            {
                "table": table.name,
                "files": _files(table),
                "description": table.english,
                "description_zh": table.chinese,
                "sorted_by": table.order.split(", "),
                "columns": [
                    {
                        "name": column.name,
                        "type": str(_plain_type(column.kind)),
                        "unit": column.unit,
                        "nullable": column.null,
                        "description": column.english,
                        "description_zh": column.chinese,
                    }
                    for column in table.columns
                ],
            }
            for table in tables(plant, mishaps=mishaps)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def tables_text(plant: Plant, *, mishaps: bool = False) -> str:
    """The description of every table and column, for people, in both languages (Markdown)."""
    lines = [
        "# Tables of the record / 记录中的数据表",
        "",
        "Apache Parquet files; any reader opens them, e.g. DuckDB: `SELECT * FROM 'cells-*.parquet' LIMIT 5`.",
        "Times are UTC, to the millisecond; the plant's own time zone is the offset of `record_start` in each file's",
        "metadata. Join tables by `lot`, `machine`, `batch`, `vehicle`, `carrier`.",
        "",
        "数据为 Apache Parquet 文件，任何读取软件均可打开。时间均为 UTC，精确到毫秒；",
        "工厂时区见各文件元数据 `record_start` 的偏移。",
        "各表以 `lot`、`machine`、`batch`、`vehicle`、`carrier` 关联。",
    ]
    for table in tables(plant, mishaps=mishaps):
        lines += ["", f"## {table.name}", "", f"Files: `{_files(table)}`. Sorted by {table.order}.", ""]
        lines += [
            table.english,
            "",
            table.chinese,
            "",
            "| column | type | unit | meaning | 含义 |",
            "|---|---|---|---|---|",
        ]
        for c in table.columns:
            lines.append(f"| {c.name} | {_plain_type(c.kind)} | {c.unit} | {c.english} | {c.chinese} |")
    return "\n".join(lines) + "\n"


def _files(table: Table) -> str:
    return f"{table.name}-*.parquet" if table.name in {"cells", "tracks"} else f"{table.name}.parquet"


def _plain_type(kind: Kind) -> str:
    words = {
        "text": "text",
        "id": "text",
        "texts": "list of text",
        "int16s": "list of int16",
        "time": "timestamp",
        "flag": "boolean",
    }
    return words.get(kind, kind)
