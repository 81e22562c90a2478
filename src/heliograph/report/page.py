"""Write `report.html`: one file, complete in itself, from which no request leaves.

The text is in the page in English and in Chinese, and the button chooses; it is there without JavaScript, too. Every
name that comes from a plant is escaped. A content policy inside the page forbids all requests, so that the claim does
not rest on the plotting library.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files as resource_files
from pathlib import Path
from typing import Any

from heliograph.files import write_whole
from heliograph.plant.model import Plant
from heliograph.report.figures import LANGUAGES, figures, menu
from heliograph.report.numbers import Numbers, read_numbers
from heliograph.report.tiles import Tile, tiles
from heliograph.report.words import LIMITS, NO_MISHAPS, SECTIONS, Both

__all__ = ["REPORT_FILE", "write_report"]

REPORT_FILE = "report.html"

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
_TEXT = ' class="text"'
_TAGS = {"en": "en", "zh": "zh-CN"}


def write_report(folder: Path, summary: Mapping[str, Any], plant: Plant, lang: str = "en") -> Path:
    """Write the report of the run in `folder` from its record and its summary; give the file's path.

    Args:
        lang: the language that shows first, "en" or "zh".
    Raises:
        RunWrong: the record is not there.
        CannotWrite: the disk is full, or the folder read-only.
    """
    numbers = read_numbers(folder / "record", summary, plant)
    path = folder / REPORT_FILE
    write_whole(path, _page(numbers, summary, plant, lang))
    return path


def _page(numbers: Numbers, summary: Mapping[str, Any], plant: Plant, lang: str) -> str:
    package = resource_files("heliograph.report")
    plotly = (resource_files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")
    drawn = {language: figures(numbers, language) for language in LANGUAGES}
    data = json.dumps(drawn, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    title = html.escape(plant.title)
    parts = [
        f'<!doctype html>\n<html lang="{_TAGS[lang]}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title} · Heliograph</title>",
        f"<style>\n{(package / 'page.css').read_text('utf-8')}</style>",
        "</head>\n<body>",
        _head(summary, plant),
        "<main>",
        _banner(summary),
        _tiles(tiles(summary, plant, numbers)),
        '<div class="grid">',
        _readings(summary, plant),
        *(_section(name, numbers) for name in SECTIONS),
        _with_and_without(summary),
        _estimates(plant),
        _limits(summary),
        "</div>\n</main>",
        _foot(summary),
        f'<script type="application/json" id="figures">{data}</script>',
        f"<script>{plotly}</script>",
        f"<script>\n{(package / 'page.js').read_text('utf-8')}</script>",
        "</body>\n</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _both(text: Both) -> str:
    """Escaped text in both languages; the style sheet hides the one that is not chosen."""
    return "".join(
        f'<span data-lang="{lang}" lang="{_TAGS[lang]}">{html.escape(said)}</span>'
        for lang, said in zip(LANGUAGES, text, strict=True)
    )


def _head(summary: Mapping[str, Any], plant: Plant) -> str:
    start = f"{plant.calendar.start:%Y-%m-%d %H:%M}"
    hours, seed = summary.get("hours", 24), summary.get("seed", 0)
    warm_h = summary.get("warmup_h", 0)
    about = Both(
        f"{hours:g} h from {start}, after a warm-up of {warm_h:g} h that is not counted · "
        f"{plant.lines} lines, {plant.vehicles.count} vehicles, {len(plant.route)} steps · seed {seed}",
        f"自 {start} 起 {hours:g} 小时，之前预热 {warm_h:g} 小时（不计入） · "
        f"{plant.lines} 条产线，{plant.vehicles.count} 台 AGV，{len(plant.route)} 道工序 · 随机种子 {seed}",
    )
    return (
        f"<header><div><h1><small>HELIOGRAPH</small>{_both(Both(plant.title, plant.title_zh))}</h1>"
        f'<p class="soft">{_both(about)}</p></div>'
        '<div class="buttons"><button id="language" type="button">'
        '<span data-lang="en" lang="zh-CN">中文</span><span data-lang="zh" lang="en">English</span></button>'
        f'<button id="theme" type="button">{_both(Both("light / dark", "明 / 暗"))}</button></div></header>'
    )


def _banner(summary: Mapping[str, Any]) -> str:
    if not summary.get("partial"):
        return ""
    text = Both(
        "This run was stopped before its end: the record is partial, and these figures cover what was recorded.",
        "本次运行提前停止：记录不完整，以下数字只覆盖已记录的部分。",
    )
    return f'<div class="banner">{_both(text)}</div>'


def _tiles(shown: Sequence[Tile]) -> str:
    cells = [
        f'<div class="tile"><div class="what">{_both(tile.what)}</div>'
        f'<div class="figure {tile.mood}">{_both(tile.figure)}<small>{_both(tile.unit)}</small></div>'
        f'<div class="more">{_both(tile.more)}</div></div>'
        for tile in shown
    ]
    return f'<div class="tiles">{"".join(cells)}</div>'


def _section(name: str, numbers: Numbers) -> str:
    section = SECTIONS[name]
    chooser = "".join(
        f'<span data-lang="{lang}"><select data-plot="{name}" aria-label="{name}">'
        + "".join(f"<option>{html.escape(choice)}</option>" for choice in choices)
        + "</select></span>"
        for lang in LANGUAGES
        if (choices := menu(numbers, name, lang))
    )
    return (
        f'<section class="card {section.width}"><h2>{_both(section.title)}</h2><p>{_both(section.text)}</p>{chooser}'
        f'<div class="plot {section.height}" id="{name}" role="img" aria-label="{html.escape(section.title.en)}"></div>'
        "</section>"
    )


def _readings(summary: Mapping[str, Any], plant: Plant) -> str:
    """How to read the headline pace: three ways, and what the run did."""
    target = f"{plant.takt.capacity_gw_per_year:g}"
    heads = [
        Both("reading", "理解"),
        Both(f"{plant.takt.lane_s:g} s holds for", f"{plant.takt.lane_s:g} 秒指的是"),
        Both("cells/day at 100 %", "100 % 时片/天"),
        Both("GW/year", "吉瓦/年"),
        Both(f"uptime for {target} GW", f"达 {target} 吉瓦所需稼动率"),
        Both("moves per vehicle and day at 100 %", "100 % 时每车每天搬运"),
        Both("uptime in this run", "本次运行稼动率"),
    ]  # fmt: skip
    rows = []
    for reading in summary.get("readings", []):
        needed, today = reading["uptime_needed"], reading["uptime_this_day"]
        possible = needed is None or needed <= 1
        cells = [
            html.escape(reading["reading"]),
            _both(_holds_for(reading["takt_holds_for"], plant)),
            f"{reading['cells_per_day_at_100_pct']:,.0f}",
            f"{reading['gw_per_year']:.2f}",
            _share(needed) if possible else _both(Both("impossible", "不可能")),
            f"{reading['moves_per_vehicle_day'] or 0:,.0f}",
            _share(today),
        ]
        chosen = ' class="chosen"' if reading["takt_holds_for"] == "lane" else ""
        body = "".join(f"<td{_TEXT if place < 2 else ''}>{cell}</td>" for place, cell in enumerate(cells))
        rows.append(f"<tr{chosen}>{body}</tr>")
    text = Both(
        f"“A cell every {plant.takt.lane_s:g} s” does not say of what. This plant is built on the marked reading; a "
        "reading that would need more than all the time there is for the stated capacity cannot be meant.",
        f"“每 {plant.takt.lane_s:g} 秒一片”没有说是哪里的节拍。本工厂按标出的一种理解建模；"
        "若某种理解用尽全部时间也达不到所述产能，就不可能是它的本意。",
    )
    head = "".join(
        f'<th class="text">{_both(h)}</th>' if i < 2 else f"<th>{_both(h)}</th>" for i, h in enumerate(heads)
    )
    return (
        f'<section class="card"><h2>{_both(Both("Three readings of the pace", "节拍的三种理解"))}</h2>'
        f'<p>{_both(text)}</p><div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div></section>'
    )


def _holds_for(places: str, plant: Plant) -> Both:
    """What the pace is read to be of."""
    lanes = plant.lines * plant.takt.lanes_per_line
    return {
        "workshop": Both("the whole workshop", "整个车间"),
        "line": Both(f"each of {plant.lines} lines", f"{plant.lines} 条产线中的每一条"),
        "lane": Both(f"each of {lanes} lanes", f"{lanes} 条印刷道中的每一条"),
    }.get(places, Both(places, places))


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _with_and_without(summary: Mapping[str, Any]) -> str:
    """The day as it was, and as it would be without planned stops."""
    uptime = summary.get("uptime", {})
    planned = sum(uptime.get("planned_stops", {}).values())
    if not 0.0 < planned < 1.0:
        return ""
    made, up, more = float(summary["cells_per_day"]), uptime.get("of_lane_takt") or 0.0, 1.0 / (1.0 - planned)
    rows = [
        (Both("cells per day", "片/天"), f"{made:,.0f}", f"{made * more:,.0f}"),
        (Both("uptime of the lanes", "印刷道稼动率"), f"{up:.1%}", f"{up * more:.1%}"),
        (Both("planned share of the calendar", "计划时间占比"), f"{planned:.1%}", "0.0%"),
    ]
    body = "".join(f"<tr><td>{_both(name)}</td><td>{a}</td><td>{b}</td></tr>" for name, a, b in rows)
    head = (
        f"<tr><th></th><th>{_both(Both('the day as recorded', '实际记录'))}</th>"
        f"<th>{_both(Both('without planned time', '不含计划时间'))}</th></tr>"
    )
    text = Both(
        "Scheduled downtime, engineering and non-scheduled time of the printing lanes are calibrated to the published "
        "capacity: failures alone explain only a few points of it. The right column is the same pace over the rest of "
        "the calendar; the steps before printing might not keep up with it.",
        "印刷道的计划停机、工程试验和非排产时间按公布产能标定：单凭故障只能解释其中几个百分点。"
        "右列按相同节拍扣除这些时间折算，前道工序未必跟得上。",
    )
    return (
        f'<section class="card half"><h2>{_both(Both("With and without planned time", "含与不含计划时间"))}</h2>'
        f'<p>{_both(text)}</p><div class="scroll"><table>{head}{body}</table></div></section>'
    )


def _estimates(plant: Plant) -> str:
    """Which figures of the plant are engineering estimates."""
    tables: list[tuple[str, list[str]]] = [
        ("wafer", plant.wafer.est),
        ("takt", plant.takt.est),
        ("carriers", plant.carriers.est),
        ("vehicles", plant.vehicles.est),
        ("battery", plant.vehicles.battery.est),
        ("handoff", plant.handoff.est),
        ("energy", plant.energy.est),
        ("flow", plant.flow.est),
        *((f"step {step.code}", step.est) for step in plant.steps),
        *((f"equipment {equipment.code}", equipment.est) for equipment in plant.equipment),
    ]
    rows = "".join(
        f'<tr><td>{html.escape(name)}</td><td class="text">{html.escape(", ".join(keys))}</td></tr>'
        for name, keys in tables
        if keys
    )
    if not rows:
        return ""
    text = Both(
        "No published figure was found for these; they are configuration of the plant, and carry this mark there.",
        "这些数字没有查到公开来源，属于工厂配置，在工厂文件中同样带有此标记。",
    )
    summary = _both(Both("show", "展开"))
    return (
        f'<section class="card half"><h2>{_both(Both("Estimates", "估计值"))} <span class="mark">est.</span></h2>'
        f"<p>{_both(text)}</p><details><summary>{summary}</summary>"
        f'<div class="scroll"><table>{rows}</table></div></details></section>'
    )


def _limits(summary: Mapping[str, Any]) -> str:
    limits = LIMITS if "mishaps" in summary else (*LIMITS, NO_MISHAPS)
    points = "".join(f"<li>{_both(limit)}</li>" for limit in limits)
    return f'<section class="card"><h2>{_both(Both("Limits", "局限"))}</h2><ul>{points}</ul></section>'


def _foot(summary: Mapping[str, Any]) -> str:
    version, wall = summary.get("version", ""), summary.get("wall_s")
    speed = summary.get("speedup")
    spent = Both("", "")
    if wall and speed:
        spent = Both(f" · {wall:.1f} s of wall time, {speed:,.0f} × real time",
                     f" · 实际用时 {wall:.1f} 秒，为实时的 {speed:,.0f} 倍")  # fmt: skip
    text = Both(
        f"Heliograph {version}: a simulated workshop, not a measured one{spent.en}. "
        "The record behind this page is in record/*.parquet, and on the discs.",
        f"Heliograph {version}：数据来自仿真车间，并非实测{spent.zh}。"
        "本页所依据的记录在 record/*.parquet 及光盘映像中。",
    )
    return f"<footer>{_both(text)}</footer>"
