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
