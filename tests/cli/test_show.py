"""Tables for people: figures and ids stay whole, also on a narrow terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from heliograph.cli import show

STEPS = ["step", "name", "made", "OEE %", "shared with"]
ROWS = [["LEC", "laser contact optimisation", 1_268_549, 90.0, "SX251103-00141, SX251103-00153"]]


def drawn(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(show, "console", lambda: Console(width=width, highlight=False))
    show.print_table(STEPS, ROWS)
    return capsys.readouterr().out


def test_a_table_that_fits_is_drawn_with_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    text = drawn(100, monkeypatch, capsys)

    assert "│ LEC  │ laser contact optimisation │ 1,268,549 │" in text


def test_on_a_narrow_terminal_words_are_folded_and_figures_stay_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    text = drawn(50, monkeypatch, capsys)

    assert all(whole in text for whole in ("1,268,549", "SX251103-00141", "SX251103-00153"))
    assert "│" not in text and max(len(line) for line in text.splitlines()) <= 50


def test_a_sentence_with_figures_in_it_gets_the_room_that_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It is no figure that must stay whole, and no narrow column either."""
    monkeypatch.setattr(show, "console", lambda: Console(width=100, highlight=False))
    said = "897 of 11,220 sectors damaged (4041, 4042 …); at most 21 in the worst row, where 78 can be rebuilt"
    show.print_table(["disc", "image", "what"], [["D01", "/srv/discs/HG7MYS00N63-D01.iso", said]])
    text = capsys.readouterr().out

    assert len(text.splitlines()) <= 5
    assert "/srv/discs/HG7MYS00N63-D01.iso 897 of 11,220 sectors damaged" in text
