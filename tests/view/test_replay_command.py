"""Wrong words to `heliograph replay`: one line, a hint, and nothing is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.cli.main import main


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("06:99", "--at: '06:99' is not a time"),
        ("99:00", "--at 99:00: the record is from "),
        ("1999-12-31T06:00", "--at 1999-12-31T06:00: the record is from "),
    ],
)
def test_a_time_that_is_none_of_the_record_is_refused(
    run: Path, at: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(run), "--at", at, "--no-open"]) == 2

    out, told = capsys.readouterr()
    assert out == ""
    assert said in told
    assert "hint: " in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["{run}", "--host", "not..a..host"], 2, "not..a..host:0: cannot listen there"),
        (["{run}", "--host", "203.0.113.9"], 2, "203.0.113.9:0: cannot listen there"),
        (["{run}", "--port", "99999"], 2, "--port"),
        (["{run}", "--lang", "xx"], 2, "--lang"),
        (["{run}", "--cell", "<script>"], 2, "'<script>' is not a cell id"),
        (["{run}", "{run}"], 2, "a run among 2 places"),
        (["{run}/record", "--plant", "a" * 5000], 3, "a" * 60 + "…: no such directory"),
        (["{run}/record", "--plant", "nowhere"], 3, "nowhere: no such directory"),
        (["{run}/plant"], 6, "no disc images of Heliograph here"),
        (["{run}/report.html"], 7, "no ISO 9660 volume descriptor"),
        (["nowhere\x1b[31m"], 6, "no such file or directory"),
        (["a" * 5000], 6, "a" * 60 + "…: no such file or directory"),
        (["{run}", "--plant", "topcon"], 4, "made by another plant than topcon: 156 machines of the plant are not in"),
    ],
)
def test_wrong_words_are_one_line_and_nothing_is_served(
    run: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", *(word.replace("{run}", str(run)) for word in words), "--no-open"]) == code

    out, told = capsys.readouterr()
    assert out == ""
    assert said in told and "Traceback" not in told and "\x1b" not in told
    assert len([line for line in told.splitlines() if line.startswith("error: ")]) == 1
