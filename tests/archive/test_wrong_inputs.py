"""Wrong things in every place where a command takes a path: one clear line, a documented exit code, nothing harmed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from disc_sets import contents, small_set, write_files

from heliograph.cli.main import EXIT_CODES, UNEXPECTED, main
from heliograph.errors import CannotWrite
from heliograph.files import write_whole

COMMANDS = {
    "protect": "protect {} out/p.iso",
    "protect in place": "protect {} --in-place",
    "protect onto": "protect D01.iso {}",
    "verify": "verify {}",
    "repair": "repair {} --out out",
    "merge": "merge {} D01.iso --out out/m.iso",
    "plan": "plan {}",
    "seal": "seal {} --out out/s --capacity 9MB",
    "seal a file into": "seal tree --out {} --capacity 9MB",
    "seal, catalog": "seal tree --out out/s --capacity 9MB --catalog {}",
    "burn": "burn {} --drive image:out/b --register out/r.sqlite",
    "burn onto": "burn D01.iso --drive image:{} --register out/r.sqlite",
    "burn, register": "burn D01.iso --drive image:out/b --register {}",
    "ls": "ls {}",
    "find": "find --catalog {}",
    "find on discs": "find --discs {}",
    "restore": "restore {} --to out/r",
    "restore to": "restore D01.iso --to {}",
    "scrub": "scrub {} --register out/r.sqlite",
    "due": "due {} --register out/r.sqlite",
    "due, rule": "due D01.iso --register out/r.sqlite --rule {}",
    "migrate": "migrate {} --to out/n --register out/r.sqlite",
    "migrate to": "migrate D01.iso --to {} --register out/r.sqlite",
    "label": "label {} --out out/l.pdf",
    "label onto": "label D01.iso --out {}",
    "rebuild": "catalog rebuild {} --catalog out/c.sqlite",
    "rebuild, catalog": "catalog rebuild D01.iso --catalog {}",
    "add": "catalog add {} --catalog out/c.sqlite",
    "rescue": "rescue {} --out out/x.iso",
    "rescue onto": "rescue D01.iso --out {}",
}
"""One place for a path in each."""

NOT_UTF8 = os.fsdecode(b"bad\xff.iso")
DISC_NOT_UTF8 = os.fsdecode(b"disc\xff.iso")
THINGS = [
    "none.iso",
    "folder.iso",
    "empty.iso",
    "noise.iso",
    "cut.iso",
    "pipe.iso",
    "loop.iso",
    NOT_UTF8,
    DISC_NOT_UTF8,
]
THINGS += ["", "n" * 300, "empty.iso/below"]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sealed")
    return small_set(write_files(folder / "tree", a_bin=10), folder / "discs").discs[0].path.read_bytes()


@pytest.fixture
def room(tmp_path: Path, sealed: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one of each wrong thing."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).bytes(40 * 2048)
    for name, data in (
        ("D01.iso", sealed),
        (DISC_NOT_UTF8, sealed),
        ("cut.iso", sealed[: 300 * 2048 + 7]),
        ("noise.iso", noise),
        (NOT_UTF8, noise),
        ("empty.iso", b""),
    ):
        (tmp_path / name).write_bytes(data)
    write_files(tmp_path / "tree", a_bin=10)
    for folder in ("folder.iso", "out"):
        (tmp_path / folder).mkdir()
    os.mkfifo(tmp_path / "pipe.iso")
    (tmp_path / "loop.iso").symlink_to("loop.iso")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_stands_in_the_place_of_a_path_there_is_one_clear_line(
    room: Path, command: str, capfd: pytest.CaptureFixture[str]
):
    """Nobody writes to the pipe: who opens it would wait for ever."""
    for thing in THINGS:
        code = main(["archive", *(word.format(thing) for word in COMMANDS[command].split())])

        said = capfd.readouterr().err
        assert code == 0 or code in EXIT_CODES.keys() - {UNEXPECTED}, (thing, said)
        assert sum(line.startswith("error:") for line in said.splitlines()) == (code != 0), (thing, said)
        assert "Traceback" not in said
        assert (room / "pipe.iso").is_fifo()


@pytest.mark.parametrize(
    "words",
    [
        "protect D01.iso out/p.iso --sectors {}",
        "protect D01.iso out/p.iso --roots {}",
        "plan tree --parity {}",
        "plan tree --redundancy {}",
        "plan tree --capacity {}MB",
        "plan tree --burn-speed {}x",
        "plan tree --seal-speed {}MB",
        "burn D01.iso --drive image:out/b --register out/r.sqlite --speed {}",
        "burn D01.iso --drive image:out/b --register out/r.sqlite --slots {}",
        "due D01.iso --register out/r.sqlite --within {}",
        "cost --tb {} --years 10",
        "label D01.iso --out out/l.pdf --grid {}x{}",
        "label D01.iso --out out/l.pdf --page {}x{}",
        "rescue D01.iso --out out/x.iso --retries {}",
        "rescue D01.iso --out out/x.iso --time-limit {}h",
    ],
)
def test_absurd_numbers_are_refused_in_one_line(room: Path, words: str, capfd: pytest.CaptureFixture[str]):
    """Also those that no float, and no text of Python, can hold."""
    for number in ("9" * 30, "9" * 5000, "-1", "nan"):
        code = main(["archive", *(word.format(*[number] * 2) for word in words.split())])

        said = capfd.readouterr().err
        assert code in EXIT_CODES.keys() - {0, UNEXPECTED}, (number[:30], said)
        assert sum(line.startswith("error:") for line in said.splitlines()) == 1, said


def test_files_whose_names_are_not_utf8_go_onto_discs_and_the_register_and_catalog_name_them(
    room: Path, capfd: pytest.CaptureFixture[str]
):
    """Bytes that are not UTF-8 are written as \\xNN everywhere, the title included."""
    disc, operator = DISC_NOT_UTF8, os.fsdecode(b"\xff")

    assert main(["archive", "seal", NOT_UTF8, "--capacity", "9MB", "--out", "out/one"]) == 0
    assert main(["archive", "restore", "out/one", "--to", "back"]) == 0
    assert list(contents(room / "back")) == ["bad\\xff.iso"]
    assert main(["archive", "catalog", "add", disc, "--catalog", "out/c.sqlite"]) == 0
    assert main(["archive", "find", "--catalog", "out/c.sqlite", "--for-restore", "--json"]) == 0
    assert "disc\\\\xff.iso" in capfd.readouterr().out
    assert main(["archive", "burn", disc, "--drive", f"image:out/{operator}", "--register", "out/r.sqlite"]) == 0
    assert main(["archive", "migrate", disc, "--to", "new", "--operator", operator, "--register", "out/r.sqlite"]) == 0


def test_a_pipe_or_a_device_is_never_replaced_by_a_file(room: Path):
    """For root, `--out /dev/null` would put a file in its place."""
    with pytest.raises(CannotWrite, match=r"pipe\.iso: is a device or a pipe, and would be replaced"):
        write_whole(room / "pipe.iso", b"x")

    assert (room / "pipe.iso").is_fifo()
    assert not list(room.glob("*.partial"))
