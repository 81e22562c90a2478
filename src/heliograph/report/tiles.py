"""The figures at the top of the report: what an engineer asks first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from heliograph.plant.model import Plant
from heliograph.report.numbers import Numbers
from heliograph.report.words import Both

__all__ = ["Tile", "tiles"]


class Tile(NamedTuple):
    """One figure. `mood` is "good", "bad" or empty."""

    what: Both
    figure: Both
    unit: Both
    more: Both
    mood: str = ""


def _same(text: str) -> Both:
    return Both(text, text)


def tiles(summary: Mapping[str, Any], plant: Plant, numbers: Numbers) -> list[Tile]:
    """The tiles that this summary has figures for."""
    made = [
        _cells(summary, plant),
        _takt(summary.get("takt_s", {})),
        _uptime(summary, numbers),
        _moves(summary, plant),
        _energy(summary, plant),
        _wafers(summary),
        _violations(summary),
        _mishaps(summary),
        _time(summary),
        _discs(summary),
        _speed(summary),
    ]
    return [tile for tile in made if tile is not None]


def _cells(summary: Mapping[str, Any], plant: Plant) -> Tile:
    gigawatts = summary["cells_per_day"] * 365 * plant.wafer.power_w / 1e9
    return Tile(
        Both("Finished cells", "完成电池片"),
        _same(f"{summary['cells']:,}"),
        Both("cells", "片"),
        Both(
            f"{summary['cells_per_day']:,.0f} a day = {gigawatts:.2f} GW a year",
            f"每天 {summary['cells_per_day']:,.0f} 片，合 {gigawatts:.2f} 吉瓦/年",
        ),
    )


def _takt(takt: Mapping[str, Any]) -> Tile | None:
    if not takt.get("workshop"):
        return None
    lane, line, workshop = takt["lane_calendar"], takt["line"], takt["workshop"]
    return Tile(
        Both("Lane takt while running", "印刷道运行节拍"),
        _same(f"{takt['lane']:.2f}"),
        Both("s per cell", "秒/片"),
        Both(
            f"with all stops: lane {lane:.2f}, line {line:.3f}, workshop {workshop:.4f} s",
            f"含停机：道 {lane:.2f}，线 {line:.3f}，车间 {workshop:.4f} 秒",
        ),
    )


def _uptime(summary: Mapping[str, Any], numbers: Numbers) -> Tile | None:
    share = summary.get("uptime", {}).get("of_lane_takt")
    if share is None:
        return None
    code = (summary.get("bottleneck") or {}).get("step", "")
    more = Both("", "")
    if code:
        more = Both(f"bottleneck: {numbers.step_name(code, 'en')}", f"瓶颈：{numbers.step_name(code, 'zh')}")
    return Tile(Both("Uptime of the lanes", "印刷道稼动率"), _same(f"{100 * share:.1f}"), _same("%"), more)


def _moves(summary: Mapping[str, Any], plant: Plant) -> Tile | None:
    if "moves" not in summary:
        return None
    return Tile(
        Both("Moves per vehicle and day", "每车每天搬运"),
        _same(f"{summary['moves_per_vehicle_day']:,.0f}"),
        Both("moves", "次"),
        Both(
            f"{summary['moves']:,} moves by {plant.vehicles.count} vehicles",
            f"{plant.vehicles.count} 台车共 {summary['moves']:,} 次",
        ),
    )


def _energy(summary: Mapping[str, Any], plant: Plant) -> Tile | None:
    if summary.get("kwh_per_cell") is None:
        return None
    return Tile(
        Both("Electricity per cell", "单片用电"),
        _same(f"{summary['kwh_per_cell']:.3f}"),
        Both("kWh", "千瓦时"),
        Both(
            f"{summary['kgco2_per_cell']:.3f} kgCO₂ at {plant.energy.grid_kgco2_per_kwh:g} kg/kWh",
            f"{summary['kgco2_per_cell']:.3f} 千克 CO₂（{plant.energy.grid_kgco2_per_kwh:g} 千克/千瓦时）",
        ),
    )


def _wafers(summary: Mapping[str, Any]) -> Tile | None:
    wafers = summary.get("wafers")
    if not wafers:
        return None
    kept = wafers["in"] == wafers["out"] + wafers["scrapped"] + wafers["in_process"]
    said = Both("conserved", "守恒") if kept else Both("NOT conserved", "不守恒")
    return Tile(
        Both("Wafers", "硅片"),
        said,
        _same(""),
        Both(
            f"{wafers['in']:,} in = {wafers['out']:,} out + {wafers['scrapped']:,} scrapped + "
            f"{wafers['in_process']:,} in process",
            f"投入 {wafers['in']:,} = 产出 {wafers['out']:,} + 报废 {wafers['scrapped']:,} + "
            f"在制 {wafers['in_process']:,}",
        ),
        "good" if kept else "bad",
    )


def _violations(summary: Mapping[str, Any]) -> Tile | None:
    count = summary.get("violations")
    if count is None:
        return None
    return Tile(
        Both("Traffic violations", "交通违规"),
        _same(f"{count:,}"),
        _same(""),
        Both("collisions, swaps, jumps, speeding, by separate code", "碰撞、对穿、跳变、超速，由独立程序检查"),
        "good" if count == 0 else "bad",
    )


def _mishaps(summary: Mapping[str, Any]) -> Tile | None:
    mishaps = summary.get("mishaps")
    if mishaps is None:
        return None
    stalls, stalled_h, breakdowns = mishaps["stalls"], mishaps["stalled_h"], mishaps["breakdowns"]
    return Tile(
        Both("Vehicles down", "车辆停运"),
        _same(f"{mishaps['down_h']:,.1f}"),
        Both("vehicle hours", "车·小时"),
        Both(
            f"{breakdowns:,} breakdowns ({mishaps['down_share']:.2%} of vehicle time); {stalls:,} stalls, "
            f"{stalled_h:,.1f} h in all",
            f"故障 {breakdowns:,} 次（占车辆时间 {mishaps['down_share']:.2%}）；"
            f"短停 {stalls:,} 次，共 {stalled_h:,.1f} 小时",
        ),
    )


def _time(summary: Mapping[str, Any]) -> Tile | None:
    hours = summary.get("cycle_time_h")
    if hours is None:
        return None
    lots = summary["wip_lots"]
    return Tile(
        Both("Wafer to cell", "硅片到电池片"),
        _same(f"{hours:.1f}"),
        Both("h", "小时"),
        Both(f"{lots:,.0f} lots in process on average", f"平均在制 {lots:,.0f} 批"),
    )


def _discs(summary: Mapping[str, Any]) -> Tile | None:
    discs = summary.get("discs")
    if not discs or not discs["count"]:
        return None
    size = discs["bytes"] / 1e6
    parity = discs.get("parity", 0)
    return Tile(
        Both("Sealed on discs", "已封存光盘"),
        _same(f"{discs['count']:,}"),
        Both("disc image" if discs["count"] == 1 else "disc images", "张映像"),
        Both(f"{size:,.0f} MB, {parity} of them parity discs", f"{size:,.0f} MB，其中校验盘 {parity} 张"),
    )


def _speed(summary: Mapping[str, Any]) -> Tile | None:
    if not summary.get("speedup"):
        return None
    return Tile(
        Both("Faster than real time", "仿真加速"),
        _same(f"{summary['speedup']:,.0f}"),
        Both("times", "倍"),
        Both(f"{summary['wall_s']:.1f} s in all, discs included", f"含光盘封存共 {summary['wall_s']:.1f} 秒"),
    )
