"""What the report says, in English and in Chinese."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LIMITS", "NO_MISHAPS", "SECTIONS", "Both", "Section"]


class Both(NamedTuple):
    """The same in English and in Chinese."""

    en: str
    zh: str


class Section(NamedTuple):
    """One plot with its heading: `width` and `height` are classes of the style sheet."""

    title: Both
    text: Both
    width: str = ""
    height: str = ""


SECTIONS: dict[str, Section] = {
    "output": Section(
        Both("Output per hour", "每小时产出"),
        Both(
            "Finished cells by line; the dashed line is what the published capacity needs, all year round.",
            "各产线完成的电池片；虚线为全年达到公布产能所需的水平。",
        ),
    ),
    "takt": Section(
        Both("Takt per lane", "各印刷道节拍"),
        Both(
            "Seconds per cell while the lane runs (diamonds), and averaged over the record with all its stops (bars).",
            "菱形为运行时每片秒数，柱为含全部停机的平均值。",
        ),
        "half",
    ),
    "lanes": Section(
        Both("Lanes hour by hour", "印刷道逐小时产出"),
        Both(
            "Red hours hold stops: repair, planned work, or a lane that starved.", "红色为停机：维修、计划停机或缺料。"
        ),
        "half",
    ),
    "states": Section(
        Both("Equipment states", "设备状态"),
        Both(
            "Share of calendar time in each SEMI E10 state; standby tells starved from blocked. Choose a step to "
            "see its machines.",
            "各 SEMI E10 状态占日历时间的比例；待机区分缺料与堵料。选择工序可查看其各台设备。",
        ),
        "",
        "tall",
    ),
    "fleet": Section(
        Both("Vehicle use", "车辆利用"),
        Both("What the fleet's time went into.", "车队时间的去向。"),
        "",
        "short",
    ),
    "moves": Section(
        Both("Moves", "搬运"),
        Both(
            "Left: carriers set down per hour. Right: how long a move took, from the moment it was wanted.",
            "左：每小时放下的料架数；右：从提出到完成所用时间的分布。",
        ),
    ),
    "wip": Section(
        Both("Work in process", "在制品"),
        Both(
            "Lots between the wafer store and the cell store, by where they are: at a step, or waiting after it.",
            "从硅片库到电池片库之间的批次，按所在位置：正在某道工序，或在其后等待。",
        ),
    ),
    "energy": Section(
        Both("Energy", "能耗"),
        Both("Electricity by part of the workshop.", "车间各部分用电。"),
    ),
    "quality": Section(
        Both("Cell efficiency", "电池效率"),
        Both("All cells of the record, as tested.", "记录中全部电池片的测试结果。"),
        "half",
    ),
    "units": Section(
        Both("Efficiency by tube, bath and lane", "按炉管、槽、道的效率"),
        Both(
            "Mean efficiency of the cells that went through each unit: a bad tube stands below the others.",
            "经过各单元的电池片平均效率：有问题的炉管会低于其他。",
        ),
        "half",
    ),
}

LIMITS = (
    Both(
        "This is a simulation. Process times, buffers, failures and losses marked est. are engineering estimates; "
        "replace them with your own before you decide anything.",
        "这是仿真。标有 est. 的工艺时间、缓存、故障和损耗均为工程估计；做决定之前请换成您自己的数据。",
    ),
    Both(
        "Cell values are drawn from a stated model with effects of machine, tube and drift; they are not measurements.",
        "电池片数据由给定模型生成（含设备、炉管和漂移效应），并非实测。",
    ),
    Both(
        "Energy is one published figure per cell, split over the parts by estimate; carbon is that of the electricity "
        "alone, with a location-based grid factor: no silicon, paste, gas or water.",
        "能耗取一个公开的单片用电量，并按估计分摊到各部分；碳排放只算用电（基于地区的电网因子），不含硅料、浆料、气体和水。",
    ),
    Both("People, gases, water and cleaning of carriers are not modelled.", "未模拟人员、气体、用水和料架清洗。"),
)

NO_MISHAPS = Both(
    "Vehicles neither stall nor break down in this run; `heliograph run --mishaps` lets them.",
    "本次运行中车辆无短停、无故障；`heliograph run --mishaps` 可加入。",
)
