"""`heliograph archive …` as a person or a program calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from disc_sets import contents, damage, write_files

from heliograph.cli.main import main


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    code = main(["archive", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def call_json(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, object]]:
    code, out, _ = call(capsys, *words, "--json")
    return code, json.loads(out)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_files(tmp_path / "tree", a_bin=2_500_000, b_txt=100)


def test_files_go_onto_discs_and_come_back(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = call(capsys, "seal", "tree", "--capacity", "3MB", "--parity", "1", "--title", "Everything")
    assert code == 0
    assert "P01" in out

    code, out, _ = call(capsys, "ls", "discs")
    assert code == 0
    assert "Everything" in out
    assert "tree/a.bin" in out
    assert call(capsys, "verify", "discs")[0] == 0
    code, out, _ = call(capsys, "restore", "discs", "--to", "back")
    assert code == 0
    assert "2 files restored" in out
    assert contents(tmp_path / "back" / "tree") == contents(tree)


def test_every_command_prints_one_json_document(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code, sealed = call_json(capsys, "seal", "tree", "--capacity", "3MB", "--parity", "1", "--date", "2026-11-22")
    assert code == 0
    assert sealed["files"] == 2
    assert call_json(capsys, "verify", "discs")[1]["good"] is True
    assert call_json(capsys, "ls", "discs")[1]["sets"][0]["set_id"] == sealed["set"]  # type: ignore[index]
    assert call_json(capsys, "repair", "discs")[1]["repaired"] == []
    assert call_json(capsys, "restore", "discs", "--to", "back", "--only", "*.txt")[1]["bytes"] == 100
    (tmp_path / "discs" / "catalog.sqlite").unlink()
    code, made = call_json(capsys, "catalog", "rebuild", "discs")
    assert code == 0
    assert made["sets"] == [{"set": sealed["set"], "title": "tree", "files": 2}]
    assert (tmp_path / "discs" / "catalog.sqlite").exists()


def test_a_rebuild_names_the_sets_that_it_leaves_and_those_that_it_takes_out(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _, away = call_json(capsys, "seal", "tree", "--capacity", "3MB", "--out", "away", "--catalog", "all.sqlite")
    words = ("--capacity", "9MB", "--title", "here", "--out", "here", "--catalog", "all.sqlite")
    assert call_json(capsys, "seal", "tree", *words)[0] == 0
    one = {"set": away["set"], "title": "tree"}
    rebuild = ("catalog", "rebuild", "here", "--catalog", "all.sqlite")

    code, _, err = call(capsys, *rebuild)
    assert (code, f"note: no disc of {away['set']} (tree) is here: the catalog has it as before" in err) == (0, True)
    made = call_json(capsys, *rebuild)[1]
    assert (made["left"], made["gone"]) == ([one], [])
    made = call_json(capsys, *rebuild, "--forget-absent")[1]
    assert (made["left"], made["gone"]) == ([], [one])


def test_damage_and_loss_have_their_exit_codes(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    _, sealed = call_json(capsys, "seal", "tree", "--capacity", "3MB", "--parity", "1")
    first, second, *_ = [Path(disc["image"]) for disc in sealed["discs"]]  # type: ignore[attr-defined]
    damage(first, 0.02)

    code, out, err = call(capsys, "verify", "discs")
    assert code == 10
    assert "damaged" in out
    assert "hint: mend it now: `heliograph archive repair`" in err
    code, document = call_json(capsys, "verify", "discs")
    assert code == 10
    disc = document["error"]["fields"]["sets"][0]["discs"][0]  # type: ignore[index]
    assert disc["state"] == "damaged"
    assert sum(disc["histogram"]) > disc["worst_row"] >= 0
    assert len(disc["histogram"]) == disc["worst"] + 1

    assert call(capsys, "repair", "discs")[0] == 0
    assert call(capsys, "verify", "discs")[0] == 0
    damage(first, 0.5)
    assert call(capsys, "verify", first)[0] == 8
    second.unlink()
    assert call(capsys, "verify", "discs")[0] == 9
    code, _, err = call(capsys, "repair", "discs")
    assert code == 9
    assert "D01, D02" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("seal", "nowhere"), 6, "error: nowhere: no such file or directory"),
        (("seal", "tree", "--medium", "floppy"), 2, "error: medium 'floppy': expected one of cd, dvd"),
        (("seal", "tree", "--capacity", "lots"), 2, "error: capacity 'lots': expected a size such as 64MB"),
        (("seal", "tree", "--medium", "dvd", "--capacity", "3MB"), 2, "give one of them"),
        (("seal", "tree", "--capacity", "100KB"), 11, "leave no room for files"),
        (("seal", "tree", "--redundancy", "9"), 11, "redundancy 9: RS03 knows"),
        (("seal", "tree", "--date", "yesterday"), 2, "--date yesterday: expected YYYY-MM-DD"),
        (("seal", "tree", "--date", "1812-06-24"), 2, "a disc can carry the years 1970 to 2155"),
        (("seal", "tree", "--out", "a file"), 12, "error: a file:"),
        (("verify", "nowhere"), 6, "error: nowhere: no such file or directory"),
        (("verify", "tree/b.txt"), 7, "error: tree/b.txt:"),
        (("ls", "tree"), 6, "no disc images of Heliograph here"),
        (("restore", "tree", "--to", "back"), 6, "no disc images of Heliograph here"),
        (("repair", "tree"), 6, "no disc images here"),
    ],
)
def test_mistakes_get_one_clear_line(
    tree: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    (tree.parent / "a file").write_text("in the way")

    got, _, err = call(capsys, *words)

    assert got == code
    assert said in err
    assert "Traceback" not in err


def test_what_an_interrupted_seal_left_is_explained(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "discs").mkdir()
    (tmp_path / "discs" / "HG000000000-D01.iso.partial").write_bytes(b"half")

    code, _, err = call(capsys, "verify", "discs")
    assert code == 6
    assert "HG000000000-D01.iso.partial is what an interrupted seal left" in err
    code, _, err = call(capsys, "seal", "tree")
    assert code == 0
    assert "was left by an interrupted seal" in err


@pytest.mark.parametrize("name", ["seal", "verify", "repair", "restore", "ls"])
def test_help_has_an_example(capsys: pytest.CaptureFixture[str], name: str):
    code, out, _ = call(capsys, name, "--help")

    assert code == 0
    assert f"heliograph archive {name} " in out


@pytest.mark.parametrize("after_s", [0.0, 0.05])
def test_ctrl_c_ends_cleanly_and_leaves_nothing(tree: Path, tmp_path: Path, after_s: float):
    write_files(tree, c_bin=60_000_000)
    discs = tmp_path / "discs"
    # A test runner in the background may have told its children to ignore Ctrl-C.
    words = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from heliograph.cli.main import main\n"
        "sys.exit(main(['archive', 'seal', 'tree', '--capacity', '30MB', '--parity', '1']))"
    )
    at_work = subprocess.Popen([sys.executable, "-c", words], stderr=subprocess.PIPE, text=True)
    while not list(discs.glob("*.iso*")):
        assert at_work.poll() is None
        time.sleep(0.002)
    time.sleep(after_s)
    at_work.send_signal(signal.SIGINT)
    _, said = at_work.communicate(timeout=60)

    assert (at_work.returncode, said.strip().splitlines()[-1:]) == (130, ["stopped"])
    assert list(discs.iterdir()) == []
