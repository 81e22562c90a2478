"""What pictures say, in English and in Chinese."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = ["LANGUAGES", "WORDS", "Both", "Language", "said"]

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


class Both(NamedTuple):
    """The same in English and in Chinese."""

    en: str
    zh: str


WORDS: Final[dict[str, Both]] = {
    "driving": Both("driving", "行驶"),
    "driving_empty": Both("driving empty", "空驶"),
    "turning": Both("turning", "转向"),
    "driving_loaded": Both("driving loaded", "载货行驶"),
    "waiting": Both("waiting", "等待"),
    "hand_off": Both("hand-off", "交接"),
    "charging": Both("at a charger", "在充电位"),
    "idle": Both("idle", "空闲"),
    "goal": Both("goal", "目标"),
    "machine": Both("machine", "设备"),
    "parking": Both("parking place", "停车位"),
    "charger": Both("charging place", "充电位"),
    "robots": Both("{:,} robots", "{:,} 台机器人"),
    "vehicles": Both("{:,} vehicles", "{:,} 台 AGV"),
    "step": Both("step {:,}", "第 {:,} 步"),
    "steps": Both("steps {:,} to {:,}", "第 {:,} 至 {:,} 步"),
    "times": Both("{} to {}", "{} 至 {}"),
    "errands": Both("{:,} errands done", "已完成 {:,} 个任务"),
    "moves": Both("{:,} moves done", "已完成 {:,} 次搬运"),
    "column": Both("column (cells)", "列（格）"),
    "row": Both("row (cells)", "行（格）"),
    "x m": Both("x (m)", "x（米）"),
    "y m": Both("y (m)", "y（米）"),
    "visits cells": Both("Traffic: robots that enter a cell, per 100 steps", "流量：每 100 步进入该格的机器人数"),
    "visits nodes": Both("Traffic: vehicles that reach a node, per hour", "流量：每小时到达该节点的 AGV 数"),
    "waiting cells": Both("Congestion: time that a robot waits on the cell, %", "拥堵：机器人在该格等待的时间占比，%"),
    "waiting nodes": Both("Congestion: time that a vehicle waits at the node, %", "拥堵：AGV 在节点等待的时间占比，%"),
    "enlarged": Both("vehicles drawn {:.1f} times as long as they are", "AGV 按实际长度的 {:.1f} 倍绘制"),
    "nothing": Both("nowhere in this time", "此时段内没有"),
    "play": Both("play", "播放"),
    "pause": Both("pause", "暂停"),
    "speed": Both("speed", "速度"),
    "goals": Both("goals", "目标"),
    "heat off": Both("no heat map", "不显示热图"),
    "heat waiting": Both("waiting, % of the time", "等待时间占比 %"),
    "heat visits cells": Both("robots per 100 steps", "每 100 步机器人数"),
    "heat visits nodes": Both("vehicles per hour", "每小时 AGV 数"),
    "theme": Both("light / dark", "明 / 暗"),
    "fit": Both("whole map", "整图"),
    "robot": Both("robot", "机器人"),
    "vehicle": Both("vehicle", "AGV"),
    "goal at": Both("goal", "目标"),
    "since": Both("since {}", "自 {} 起"),
    "no goal": Both("no goal", "无目标"),
    "help": Both(
        "space: play or pause · ← →: one frame · wheel: zoom · drag: move · click a vehicle: follow it",
        "空格：播放/暂停 · ← →：逐帧 · 滚轮：缩放 · 拖动：平移 · 单击车辆：跟随",
    ),
    "old browser": Both(
        "This browser cannot unpack the page's data: open it with a newer one.",
        "此浏览器无法解压本页数据，请使用较新的浏览器。",
    ),
}


def said(word: str, lang: Language, *values: object) -> str:
    """A phrase in one language, with its figures."""
    return getattr(WORDS[word], lang).format(*values) if values else str(getattr(WORDS[word], lang))
