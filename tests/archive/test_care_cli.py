"""`heliograph archive scrub`, `due` and `cost` as a person or a program calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from disc_sets import write_files
from test_archive_cli import call, call_json

from heliograph.archive.care.register import Register
from heliograph.archive.verify import check, verify


@pytest.fixture
def discs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[Path]:
    """The images of a set with three data discs and a parity disc, in the folder `discs`."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=2_500_000, b_txt=100)
    _, sealed = call_json(capsys, "seal", "tree", "--capacity", "3MB", "--parity", "1", "--date", "2026-11-22")
    return [Path(disc["image"]) for disc in sealed["discs"]]  # type: ignore[attr-defined]


def scrape(image: Path, row: int, layers: int) -> None:
    """Lose the sectors of so many layers in one row of an image of 255 layers."""
    sectors = np.fromfile(image, np.uint8).reshape(255, -1, 2048)
    sectors[:layers, row] = 7
    sectors.tofile(image)


def test_scrub_says_when_to_copy_a_disc_that_wears(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    """4, 8, 12 sectors of one row lost, three years apart: at 4/3 roots a year the limit is near."""
    for year, layers in ((2026, 4), (2029, 8), (2032, 12)):
        scrape(discs[0], 1, layers)
        code, said = call_json(capsys, "scrub", "discs", "--date", f"{year}-11-22")
        assert code == 10
    first, second, *_ = said["error"]["fields"]["discs"]  # type: ignore[index]

    assert (first["disc"], first["worst"], first["damaged_sectors"]) == ("D01", 12, 12)
    assert first["mean"] == pytest.approx(12 * 255 / first["sectors"])
    assert first["trend"]["kind"] == "grows"
    years = (first["roots"] / 2) / (4 / 3) - 3
    assert int(first["trend"]["copy_by"][:4]) == int(2026 + 326 / 365 + years)
    assert first["trend"]["est"] is True
    assert (second["disc"], second["worst"], second["trend"]["kind"]) == ("D02", 0, "none")

    code, out, err = call(capsys, "scrub", "discs", "--date", "2035-11-22", "--medium", "new copy")
    assert code == 10
    assert "needs 2 more" in out
    assert "tests entered" in err
    assert "hint: mend it now" in err


def test_a_whole_set_scrubs_with_exit_code_0_and_its_register_is_no_image(
    discs: list[Path], capsys: pytest.CaptureFixture[str]
):
    assert call(capsys, "scrub", "discs", "--quick")[0] == 0
    assert (discs[0].parent / "register.sqlite").exists()
    assert call(capsys, "verify", "discs")[0] == 0

    code, out, _ = call(capsys, "scrub", discs[0], "--register", "care.sqlite", "--json")
    document = json.loads(out)
    assert (code, document["register"], [one["state"] for one in document["discs"]]) == (0, "care.sqlite", ["good"])


def test_a_scrub_that_is_stopped_keeps_the_discs_it_had_tested(
    discs: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole = verify.check_image

    def stop_at_the_third(image: Path, **how: object) -> check.DiscState:
        if image == discs[2]:
            raise KeyboardInterrupt
        return whole(image, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(verify, "check_image", stop_at_the_third)
    assert call(capsys, "scrub", "discs")[0] == 130

    assert [disc.disc for disc in Register(Path("discs/register.sqlite")).tests()] == ["D01", "D02"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("scrub", "nowhere"), 6, "error: nowhere: no such file or directory"),
        (("scrub", "discs", "--date", "soon"), 2, "error: --date soon: expected a day such as 2026-11-26"),
        (("scrub", "discs", "--limit", "2"), 2, "--limit"),
        (("scrub", "discs", "--limit", "nan"), 2, "to 1, got nan"),
        (("scrub", "discs", "--register", "no/register.sqlite"), 12, "error: no/register.sqlite: no such folder"),
        (("scrub", "discs", "--register", "tree/a.bin"), 12, "error: tree/a.bin: file is not a database"),
        (("scrub", "tree/b.txt"), 7, "error: tree/b.txt:"),
    ],
)
def test_mistakes_get_one_clear_line(
    discs: list[Path], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    got, _, err = call(capsys, *words)

    assert (got, said in err, "Traceback" in err) == (code, True, False), err
    assert not Path("tree/register.sqlite").exists()


def test_due_lists_what_is_due_and_says_what_comes_later(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    code, out, err = call(capsys, "due", "discs", "--at", "2026-11-23")
    assert code == 0
    assert "never tested; first test at sealing" in out
    assert "4 discs; to do: 4 overdue, 0 due within 90 days" in out
    assert "by: ISO/IEC 29121:2021, clause 6" in out
    assert "no register there" in err

    assert call(capsys, "scrub", "discs", "--date", "2026-11-23")[0] == 0
    code, out, _ = call(capsys, "due", "discs", "--at", "2026-11-23")
    assert out.startswith("4 discs; to do: 0 overdue, 0 due within 90 days; 4 later, the first on 2029-11-23")
    assert "2029-11-23" in call(capsys, "due", "discs", "--at", "2026-11-23", "--all")[1]


def test_due_tells_cron_by_its_exit_code_when_asked_and_only_of_what_is_overdue(
    discs: list[Path], capsys: pytest.CaptureFixture[str]
):
    code, out, err = call(capsys, "due", "discs", "--at", "2026-11-23", "--exit-code")
    assert code == 16
    assert "4 overdue" in out
    assert "error: 4 overdue; the first: test disc D01 of set " in err
    code, document = call_json(capsys, "due", "discs", "--at", "2026-11-23", "--exit-code")
    assert (code, document["error"]["fields"]["overdue"]) == (16, 4)  # type: ignore[index]

    assert call(capsys, "scrub", "discs", "--date", "2026-11-23")[0] == 0
    on_the_day = ("due", "discs", "--at", "2029-11-23", "--exit-code")
    assert (call(capsys, *on_the_day)[0], call_json(capsys, *on_the_day)[1]["due"]) == (0, 4)
    assert call(capsys, "due", "discs", "--at", "2029-11-24", "--exit-code")[0] == 16


def test_due_from_the_register_alone_knows_discs_that_were_never_tested(
    discs: list[Path], capsys: pytest.CaptureFixture[str]
):
    assert call(capsys, "scrub", discs[0], "--date", "2027-01-01", "--register", "care.sqlite")[0] == 0

    words = ("due", "--register", "care.sqlite", "--rule", "gbt-17678-1999", "--at", "2031-12-01")
    code, document = call_json(capsys, *words)
    assert (code, document["discs"], document["overdue"], document["due"]) == (0, 4, 3, 1)
    todo: list[dict[str, object]] = document["todo"]  # type: ignore[assignment]
    assert [(one["disc"], one["by"], one["tested"]) for one in todo] == [
        ("D02", "2031-11-22", None),
        ("D03", "2031-11-22", None),
        ("P01", "2031-11-22", None),
        ("D01", "2032-01-01", "2027-01-01"),
    ]
    life = (*words[:3], "--at", "2031-12-01", "--life-years", "50", "--tests-per-life", "5")
    assert call_json(capsys, *life)[1]["todo"][-1]["by"] == "2037-01-01"  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("due",), 2, "error: no discs named"),
        (("due", "nowhere"), 6, "error: nowhere: no such file or directory"),
        (("due", "tree"), 6, "error: tree: no disc images of Heliograph here"),
        (("due", "--register", "none.sqlite"), 6, "error: none.sqlite: no such register"),
        (("due", "--register", "tree/a.bin"), 12, "error: tree/a.bin: file is not a database"),
        (("due", "discs", "--rule", "da-t-38-2008"), 2, "error: --rule da-t-38-2008: expected one of iso-29121"),
        (("due", "discs", "--rule", "mine.toml"), 14, "error: mine.toml: $.test.years: expected 1/12"),
        (("due", "discs", "--at", "never"), 2, "error: --at never: expected a day"),
        (("due", "discs", "--life-years", "50"), 2, "give both or none"),
        (
            ("due", "discs", "--life-years", "nan", "--tests-per-life", "2"),
            2,
            "from 1 to 10000, got nan",
        ),
        (
            ("due", "discs", "--rule", "gbt-17678-1999", "--life-years", "50", "--tests-per-life", "5"),
            2,
            "rule gbt-17678-1999 does not go by a life",
        ),
    ],
)
def test_mistakes_in_what_is_due_get_one_clear_line(
    discs: list[Path], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    Path("mine.toml").write_text('name = "mine"\ntitle = "Mine"\n[test]\nyears = -1\ncitation = "here"\n')

    got, _, err = call(capsys, *words)

    assert (got, said in err, "Traceback" in err) == (code, True, False), err


def test_cost_shows_ratio_drivers_and_marks_estimates(capsys: pytest.CaptureFixture[str]):
    code, out, err = call(capsys, "cost", "--tb", "100", "--years", "30", "--sources")
    assert code == 0
    assert "100 TB for 30 years (est.)" in out
    assert "of a hard disk's energy, by these figures: within the tenth that is claimed" in out
    assert "--hdd-w" in out
    assert "Chinese ministry of ecology" in out
    assert "figures are estimates (est.)" in err

    code, document = call_json(capsys, "cost", "--tb", "100", "--years", "30", "--library-w", "60", "--burner-w", "0.1")
    assert code == 0
    assert document["optical_per_hard_disk"] > 1  # type: ignore[operator]
    assert document["inputs"]["burner_w"] == {"value": 0.1, "unit": "W", "est": False, "source": "given"}  # type: ignore[index]
    assert "burner_w" not in document["est"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--years", "3"), "Missing option '--tb'"),
        (("--tb", "nan", "--years", "3"), "expected a number above 0 to 1e+09, got nan"),
        (("--tb", "1", "--years", "0"), "'--years'"),
        (("--tb", "1", "--years", "3", "--hdd-w", "0"), "'--hdd-w'"),
        (("--tb", "1", "--years", "3", "--hdd-powered", "2"), "'--hdd-powered'"),
        (("--tb", "1", "--years", "3", "--grid", "inf"), "'--grid'"),
        (("--tb", "a lot", "--years", "3"), "expected a number above 0 to 1e+09, got a lot"),
    ],
)
def test_a_figure_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str):
    code, _, err = call(capsys, "cost", *words)

    assert (code, said in err) == (2, True), err
