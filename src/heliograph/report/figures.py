"""The report's plots, as plain values for plotly.js: every figure in English and in Chinese.

A figure is {"data": [...], "layout": {...}}, or {"views": [figure, ...]} where a menu chooses. Colours of the page
(ink, grid, paper) are set by the page's script, which knows light from dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heliograph.report.numbers import Numbers, Shares

__all__ = ["FIGURES", "LANGUAGES", "figures", "menu"]

Figure = dict[str, Any]

LANGUAGES = ("en", "zh")

FIGURES = ("output", "takt", "lanes", "states", "fleet", "moves", "wip", "energy", "quality", "units")
"""Ids of the plots, in the order of the page."""

_LINES = ("#2b6cb0", "#dd8452", "#3a9d6e", "#c44e52", "#8172b3", "#8c7a5b", "#d583b8", "#5b8f9b")

STATE_COLOURS = {
    "processing": "#3a9d6e",
    "starved": "#f1d07a",
    "blocked": "#e8a04c",
    "collecting": "#cfd8a0",
    "standby": "#e6dfc8",
    "engineering": "#8172b3",
    "scheduled_downtime": "#4c8bc9",
    "unscheduled_downtime": "#c9463d",
    "non_scheduled": "#9aa3ad",
}

_LEGIBLE = 0.03
"""A smaller share of the fleet's time is too narrow for its figure."""

_USE_COLOURS = {
    "driving_loaded": "#2b6cb0",
    "driving_empty": "#7fb0dd",
    "hand_off": "#3a9d6e",
    "waiting": "#e8a04c",
    "charging": "#8172b3",
    "idle": "#c8cdd4",
}

_WORDS: dict[str, tuple[str, str]] = {
    "hour": ("time of day", "时刻"),
    "cells per hour": ("cells per hour", "片/小时"),
    "target": ("published capacity", "公布产能"),
    "line": ("line {}", "{} 号线"),
    "takt s": ("seconds per cell", "秒/片"),
    "running": ("while the lane runs", "运行时"),
    "calendar": ("over the whole record", "全时段平均"),
    "lane": ("lane", "印刷道"),
    "cells": ("cells", "片"),
    "share": ("share of calendar time", "占日历时间比例"),
    "share of fleet": ("share of the fleet's time", "占车队总时间比例"),
    "moves per hour": ("moves per hour", "次/小时"),
    "full": ("full carriers forward", "满料架送料"),
    "empty": ("empty carriers back", "空料架返回"),
    "minutes": ("minutes from wanted to placed", "从提出到放下（分钟）"),
    "moves": ("moves", "搬运次数"),
    "lots": ("lots in process", "在制批次"),
    "before": ("before the first step", "首道工序之前"),
    "by step": ("by the last step begun", "按最近开始的工序"),
    "by line": ("by line", "按产线"),
    "kwh per hour": ("kWh per hour", "千瓦时/小时"),
    "efficiency": ("efficiency, %", "效率（%）"),
    "mean efficiency": ("mean efficiency, %", "平均效率（%）"),
    "all steps": ("all steps", "全部工序"),
    "processing": ("productive", "生产"),
    "starved": ("standby: starved", "待机：缺料"),
    "blocked": ("standby: blocked", "待机：堵料"),
    "collecting": ("standby: collecting a batch", "待机：凑批"),
    "standby": ("standby", "待机"),
    "engineering": ("engineering", "工程试验"),
    "scheduled_downtime": ("scheduled downtime", "计划停机"),
    "unscheduled_downtime": ("unscheduled downtime", "非计划停机"),
    "non_scheduled": ("non-scheduled time", "非排产时间"),
    "driving_loaded": ("driving loaded", "载货行驶"),
    "driving_empty": ("driving empty", "空车行驶"),
    "hand_off": ("hand-off", "交接"),
    "waiting": ("waiting in traffic", "路上等待"),
    "charging": ("charging", "充电"),
    "idle": ("idle", "空闲"),
    "unit": ("tube, bath or lane", "管 / 槽 / 道"),
}


def _say(key: str, lang: str) -> str:
    return _WORDS[key][LANGUAGES.index(lang)] if key in _WORDS else key


def figures(numbers: Numbers, lang: str) -> dict[str, Figure]:
    """All plots in one language, by their ids."""
    return {
        "output": _output(numbers, lang),
        "takt": _takt(numbers, lang),
        "lanes": _lanes(numbers, lang),
        "states": {"views": [_states(shares, lang) for _, shares in _state_views(numbers)]},
        "fleet": _fleet(numbers, lang),
        "moves": _moves(numbers, lang),
        "wip": {"views": _wip(numbers, lang)},
        "energy": _energy(numbers, lang),
        "quality": _quality(numbers, lang),
        "units": {"views": [_units(numbers, step, lang) for step in numbers.unit_means]},
    }


def menu(numbers: Numbers, figure: str, lang: str) -> list[str]:
    """The names in the menu of a figure with views; empty for the others."""
    if figure == "states":
        return [_say("all steps", lang), *(numbers.step_name(code, lang) for code in numbers.machine_states)]
    if figure == "wip":
        return [_say("by step", lang), _say("by line", lang)]
    if figure == "units":
        return [numbers.step_name(code, lang) for code in numbers.unit_means]
    return []


def _state_views(numbers: Numbers) -> list[tuple[str, list[Shares]]]:
    return [("", numbers.step_states), *numbers.machine_states.items()]


def _axis(title: str = "", **more: Any) -> dict[str, Any]:
    return {"title": {"text": title, "font": {"size": 12}}, **more}


def _hours(lang: str, **more: Any) -> dict[str, Any]:
    return _axis(_say("hour", lang), tickformat="%H:%M\n%Y-%m-%d", **more)


def _percent(title: str) -> dict[str, Any]:
    return _axis(title, tickformat=".0%", range=[0, 1])


def _scale(title: str) -> dict[str, Any]:
    """The title of a colour scale, as large as those of the axes."""
    return {"title": {"text": title, "side": "right", "font": {"size": 12}}}


def _output(numbers: Numbers, lang: str) -> Figure:
    data: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": _say("line", lang).format(line),
            "x": numbers.hours,
            "y": cells,
            "marker": {"color": _LINES[place % len(_LINES)]},
            "hovertemplate": "%{y:,.0f}",
        }
        for place, (line, cells) in enumerate(numbers.output.items())
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": _say("target", lang),
            "x": numbers.hours,
            "y": [numbers.target_per_hour] * len(numbers.hours),
            "line": {"dash": "dash", "width": 2, "color": "#b4540a"},
            "hovertemplate": "%{y:,.0f}",
        }
    )
    layout = {
        "barmode": "stack",
        "bargap": 0.12,
        "hovermode": "x unified",
        "xaxis": _hours(lang),
        "yaxis": _axis(_say("cells per hour", lang), tickformat=",.0f", rangemode="tozero"),
    }
    return {"data": data, "layout": layout}


def _takt(numbers: Numbers, lang: str) -> Figure:
    names = [lane.name for lane in numbers.lanes]
    data = [
        {
            "type": "bar",
            "name": _say("calendar", lang),
            "x": names,
            "y": [lane.calendar_s for lane in numbers.lanes],
            "marker": {"color": "#7fb0dd"},
            "hovertemplate": "%{y:.3f} s",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": _say("running", lang),
            "x": names,
            "y": [lane.running_s for lane in numbers.lanes],
            "marker": {"color": "#b4540a", "size": 9, "symbol": "diamond"},
            "hovertemplate": "%{y:.3f} s",
        },
    ]
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": numbers.takt_s, "y1": numbers.takt_s}
    layout = {
        "hovermode": "x unified",
        "xaxis": _axis("", type="category", tickangle=-60, tickfont={"size": 11}),
        "yaxis": _axis(_say("takt s", lang), rangemode="tozero", tickformat=".1f"),
        "shapes": [{**line, "line": {"dash": "dot", "width": 1}}],
    }
    return {"data": data, "layout": layout}


def _lanes(numbers: Numbers, lang: str) -> Figure:
    data = [
        {
            "type": "heatmap",
            "x": numbers.hours,
            "y": [lane.name for lane in numbers.lanes],
            "z": [lane.per_hour for lane in numbers.lanes],
            "colorscale": [[0, "#7a1f1f"], [0.35, "#d9773d"], [0.7, "#f4e3b2"], [1, "#2f8f6b"]],
            "zmin": 0,
            "zmax": 3600.0 / numbers.takt_s,
            "colorbar": {**_scale(_say("cells per hour", lang)), "thickness": 12},
            "hovertemplate": "%{y} · %{x}<br>%{z:,.0f}<extra></extra>",
            "xgap": 1,
            "ygap": 1,
        }
    ]
    layout = {
        "xaxis": _hours(lang),
        "yaxis": _axis("", type="category", autorange="reversed"),
        "margin": {"r": 80},
    }
    return {"data": data, "layout": layout}


def _states(rows: Sequence[Shares], lang: str) -> Figure:
    names = [row.name(lang) for row in rows]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": _say(state, lang),
            "y": names,
            "x": [row.shares.get(state, 0.0) for row in rows],
            "marker": {"color": colour},
            "hovertemplate": "%{y}: %{x:.1%}",
        }
        for state, colour in STATE_COLOURS.items()
        if any(row.shares.get(state, 0.0) > 0.0 for row in rows)
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.2,
        "xaxis": _percent(_say("share", lang)),
        "yaxis": _axis("", type="category", autorange="reversed"),
        "margin": {"r": 28},
    }
    return {"data": data, "layout": layout}


def _fleet(numbers: Numbers, lang: str) -> Figure:
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": _say(state, lang),
            "y": [""],
            "x": [share],
            "marker": {"color": colour},
            "text": [f"{share:.0%}" if share >= _LEGIBLE else ""],
            "textposition": "inside",
            "textangle": 0,
            "insidetextanchor": "middle",
            "hovertemplate": "%{x:.1%}",
        }
        for state, colour in _USE_COLOURS.items()
        for share in [numbers.vehicle_use.get(state, 0.0)]
    ]
    layout = {
        "barmode": "stack",
        "xaxis": _percent(_say("share of fleet", lang)),
        "yaxis": _axis("", showticklabels=False),
        "margin": {"l": 16, "r": 28},
    }
    return {"data": data, "layout": layout}


def _moves(numbers: Numbers, lang: str) -> Figure:
    def bars(key: str, counts: list[int], colour: str) -> dict[str, Any]:
        marker = {"color": colour}
        return {"type": "bar", "name": _say(key, lang), "x": numbers.hours, "y": counts, "marker": marker}

    def times(key: str, counts: list[int], colour: str) -> dict[str, Any]:
        return {
            "type": "scatter",
            "mode": "lines",
            "name": _say(key, lang),
            "showlegend": False,
            "x": numbers.move_minutes,
            "y": counts,
            "line": {"color": colour, "shape": "hvh", "width": 2},
            "xaxis": "x2",
            "yaxis": "y2",
        }

    full, empty = "#2b6cb0", "#dd8452"
    data = [
        bars("full", numbers.moves_full, full),
        bars("empty", numbers.moves_empty, empty),
        times("full", numbers.full_minutes, full),
        times("empty", numbers.empty_minutes, empty),
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.12,
        "xaxis": _hours(lang, domain=[0, 0.56]),
        "yaxis": _axis(_say("moves per hour", lang), tickformat=",.0f"),
        "xaxis2": _axis(_say("minutes", lang), domain=[0.66, 1], anchor="y2", rangemode="tozero"),
        "yaxis2": _axis(_say("moves", lang), anchor="x2", rangemode="tozero", tickformat=",.0f"),
    }
    return {"data": data, "layout": layout}


def _area(name: str, x: list[str], y: Sequence[float], colour: str, form: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "stackgroup": "one",
        "name": name,
        "x": x,
        "y": y,
        "line": {"width": 0.5, "color": colour},
        "fillcolor": colour,
        "hovertemplate": form,
    }


def _wip(numbers: Numbers, lang: str) -> list[Figure]:
    """By where the lots are, and by line."""
    shown = len(numbers.wip_at)
    places = [
        _area(
            numbers.step_name(code, lang) if code else _say("before", lang),
            numbers.wip_times,
            lots,
            f"hsl({30 + 190 * place // max(shown - 1, 1)}, 52%, {62 - 14 * (place % 2)}%)",
            "%{y:,.0f}",
        )
        for place, (code, lots) in enumerate(numbers.wip_at.items())
    ]
    lines = [
        _area(_say("line", lang).format(line), numbers.wip_times, lots, _LINES[place % len(_LINES)], "%{y:,.0f}")
        for place, (line, lots) in enumerate(numbers.wip.items())
    ]
    layout = {
        "hovermode": "x unified",
        "xaxis": _hours(lang),
        "yaxis": _axis(_say("lots", lang), tickformat=",.0f", rangemode="tozero"),
        "legend": {"orientation": "v", "x": 1.01, "y": 1, "yanchor": "top", "traceorder": "reversed"},
    }
    return [{"data": data, "layout": layout} for data in (places, lines)]


def _energy(numbers: Numbers, lang: str) -> Figure:
    data = [
        {
            "type": "bar",
            "name": numbers.part_name(part, lang),
            "x": numbers.hours,
            "y": kwh,
            "marker": {"color": colour},
            "hovertemplate": "%{y:,.0f}",
        }
        for (part, kwh), colour in zip(numbers.energy.items(), _PARTS * 4, strict=False)
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.12,
        "hovermode": "x unified",
        "xaxis": _hours(lang),
        "yaxis": _axis(_say("kwh per hour", lang), tickformat=",.0f"),
    }
    return {"data": data, "layout": layout}


_PARTS = (
    "#9aa3ad", "#c44e52", "#dd8452", "#e8a04c", "#8172b3", "#2b6cb0", "#3a9d6e", "#5b8f9b", "#d583b8", "#8c7a5b",
    "#7fb0dd", "#a3c585", "#b99a5b", "#6b7a99", "#c98d7a", "#79a6a0", "#b7a7d6",
)  # fmt: skip


def _quality(numbers: Numbers, lang: str) -> Figure:
    data = [
        {
            "type": "bar",
            "x": numbers.efficiency_pct,
            "y": numbers.efficiency_cells,
            "marker": {"color": "#3a9d6e"},
            "hovertemplate": "%{x:.2f} %: %{y:,.0f}<extra></extra>",
        }
    ]
    layout = {
        "bargap": 0.02,
        "xaxis": _axis(_say("efficiency", lang), tickformat=".1f"),
        "yaxis": _axis(_say("cells", lang), tickformat=",.0f"),
    }
    return {"data": data, "layout": layout}


def _units(numbers: Numbers, step: str, lang: str) -> Figure:
    rows = numbers.unit_means[step]
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [row.machine for row in rows],
            "y": [row.mean_pct for row in rows],
            "text": [f"{row.machine} · {row.unit}" for row in rows],
            "customdata": [row.cells for row in rows],
            "marker": {
                "size": 9,
                "color": [row.unit for row in rows],
                "colorscale": [[0, "#6a5acd"], [0.5, "#2fa39a"], [1, "#e8963c"]],
                "showscale": len({row.unit for row in rows}) > 1,
                "colorbar": {**_scale(_say("unit", lang)), "thickness": 10, "dtick": 1},
            },
            "hovertemplate": "%{text}: %{y:.3f} % (%{customdata:,})<extra></extra>",
        }
    ]
    layout = {
        "xaxis": _axis("", type="category"),
        "yaxis": _axis(_say("mean efficiency", lang), tickformat=".2f"),
        "margin": {"r": 90},
    }
    return {"data": data, "layout": layout}
