"""Print the tables of the registry into docs/record.md, between its two marks: `python docs/record.py`."""

from __future__ import annotations

from pathlib import Path

from heliograph.plant.read import read_plant
from heliograph.record.columns import tables_text

DOCUMENT = Path(__file__).with_suffix(".md")
BEGIN, END = "<!-- tables: python docs/record.py -->\n", "<!-- end of tables -->\n"


def document() -> str:
    """The page as it should be: the tables of the reference plant."""
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    tables = tables_text(read_plant("topcon").plant, mishaps=True).partition("\n## ")
    return before + BEGIN + "\n## " + tables[2] + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
