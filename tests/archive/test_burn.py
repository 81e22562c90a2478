"""Burning: through real xorriso onto its pseudo-drive, disc by disc, with bad luck, and out of a changer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from disc_sets import tool, write_files
from rs03_discs import need
from stand_ins import changer, mishap
from test_archive_cli import call, call_json

from heliograph.archive.care.register import Register


@pytest.fixture
def discs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[Path]:
    """The images of a set with two data discs and a parity disc, in the folder `discs`."""
    need("xorriso")
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=2_500_000, b_txt=100)
    _, sealed = call_json(capsys, "seal", "tree", "--capacity", "4MB", "--parity", "1", "--date", "2026-11-22")
    return [Path(disc["image"]) for disc in sealed["discs"]]  # type: ignore[attr-defined]


def real(program: str) -> str:
    found = shutil.which(program)
    assert found is not None
    return found


def states(register: Path = Path("discs/register.sqlite")) -> list[tuple[str, str]]:
    """Disc and state of each line of the register, in order."""
    with sqlite3.connect(register) as store:
        return store.execute("SELECT disc, state FROM burns ORDER BY line").fetchall()


def holds(medium: Path, image: Path) -> bool:
    """Whether a pseudo-disc begins with all of an image; xorriso fills up the last 64 KB."""
    whole = image.read_bytes()
    return medium.read_bytes()[: len(whole)] == whole and medium.stat().st_size < len(whole) + 65536


def test_a_disc_is_burnt_read_back_entered_and_read_by_others(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    code, done = call_json(capsys, "burn", discs[0], "--drive", "stdio:disc.bin", "--note", "shelf A")

    assert code == 0
    (disc,) = done["discs"]  # type: ignore[misc]
    assert (disc["disc"], disc["state"], disc["kind"]) == ("D01", "verified", "stdio file, overwriteable")
    assert holds(Path("disc.bin"), discs[0])
    assert "a.bin" in tool("xorriso", "-indev", "stdio:disc.bin", "-find", "/data")
    assert states() == [("D01", "begun"), ("D01", "written"), ("D01", "verified")]
    (test,) = next(iter(Register(Path("discs/register.sqlite")).tests().values()))
    assert (test.disc.disc, test.result, test.depth, test.worst, test.medium) == ("D01", "good", "deep", 0, "shelf A")
    assert sorted(path.name for path in Path("discs").iterdir() if path.suffix not in (".iso", ".sqlite")) == []


def test_what_is_verified_is_not_burnt_again_unless_asked(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    assert call(capsys, "burn", discs[0], "--drive", "stdio:one.bin")[0] == 0

    code, again = call_json(capsys, "burn", discs[0], "--drive", "stdio:two.bin")
    assert (code, again["discs"], [one["disc"] for one in again["already"]]) == (0, [], ["D01"])  # type: ignore[attr-defined]
    assert not Path("two.bin").exists()
    assert call(capsys, "burn", discs[0], "--drive", "stdio:two.bin", "--again")[0] == 0
    assert Path("one.bin").read_bytes() == Path("two.bin").read_bytes()


def test_one_disc_after_the_other_by_the_same_command(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    """Without changer or prompt: each call burns the next, and says what is done and what it needs."""
    for number, image in enumerate(discs[:2]):
        code, _, err = call(capsys, "burn", "discs", "--drive", f"stdio:{number}.bin")
        assert code == 15
        assert f"no blank disc there yet for {discs[number + 1].stem.replace('-', '_')}; done: " in err
        assert holds(Path(f"{number}.bin"), image)
    assert call(capsys, "burn", "discs", "--drive", "stdio:2.bin")[0] == 0
    assert holds(Path("2.bin"), discs[2])


def test_copies_into_a_folder_are_whole_read_back_and_known_again(
    discs: list[Path], capsys: pytest.CaptureFixture[str]
):
    code, done = call_json(capsys, "burn", "discs")
    assert (code, len(done["discs"]), done["discs"][0]["drive"]) == (0, 3, "image:burnt")  # type: ignore[arg-type, index]
    assert [(Path("burnt") / image.name).read_bytes() for image in discs] == [image.read_bytes() for image in discs]
    assert call_json(capsys, "burn", "discs")[1]["discs"][0]["why"] == "it was on the disc already"  # type: ignore[index]
    (Path("burnt") / discs[1].name).unlink()
    assert call(capsys, "burn", "discs")[0] == 0
    assert (Path("burnt") / discs[1].name).exists()

    (Path("burnt") / discs[1].name).write_bytes(b"something else" * 300)
    code, _, err = call(capsys, "burn", "discs")
    assert (code, f"file burnt/{discs[1].name}: not blank" in err) == (15, True)
    assert (Path("burnt") / discs[1].name).read_bytes() == b"something else" * 300


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("f.seek(500 * 2048 + 7); f.write(b'x')", r"0 cannot be read and 1 differ (500)"),
        ("f.truncate(600 * 2048)", "922 cannot be read and 8 differ (600, 601"),
    ],
)
def test_a_disc_that_reads_back_otherwise_is_named_and_never_verified(
    discs: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
    said: str,
):
    """xorriso itself calls the burn a success: only reading tells."""
    lines = (
        f"code = subprocess.run([REAL, *words]).returncode\nwith open(target, 'r+b') as f:\n    {harm}\nsys.exit(code)"
    )
    mishap(tmp_path, monkeypatch, real("xorriso"), lines)

    code, _, err = call(capsys, "burn", discs[0], "--drive", "stdio:disc.bin")

    assert code == 15
    assert "reads back otherwise than it was written: of " in err
    assert said in err
    assert "mark this disc as lost" in err
    assert states() == [("D01", "begun"), ("D01", "written"), ("D01", "failed")]
    assert Register(Path("discs/register.sqlite")).tests() == {}
    assert call(capsys, "burn", discs[0], "--drive", "stdio:disc.bin")[0] == 15
    assert states()[3:] == []
    assert call(capsys, "burn", discs[0], "--drive", "stdio:other.bin", "--no-verify")[0] == 0
    assert states()[3:] == [("D01", "begun"), ("D01", "written")]


def test_a_burn_that_fails_is_told_in_the_words_of_xorriso(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    words = "print('libburn : FATAL : SCSI error on write(0,16): [3 0C 00] Medium error. Write error.')\nsys.exit(5)"
    mishap(tmp_path, monkeypatch, real("xorriso"), words)

    code, _, err = call(capsys, "burn", discs[0], "--drive", "stdio:disc.bin", "--speed", "4x")

    assert code == 15
    assert f"burning {discs[0].name} failed: SCSI error on write" in err
    assert states() == [("D01", "begun"), ("D01", "failed")]
    assert len(list(Path("discs").glob("burn-*.log"))) == 1


_HELIOGRAPH = [sys.executable, "-m", "heliograph.cli.main", "archive", "burn"]


def test_a_disc_cut_off_by_a_power_failure_is_named_as_lost_and_the_next_is_burnt(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Half of the image is written, then command and recorder die at once."""
    half = "open(target, 'wb').write(open(words[-1], 'rb').read(1_400_000))\n"
    mishap(tmp_path, monkeypatch, real("xorriso"), half + "os.kill(os.getppid(), 9)\nos.kill(os.getpid(), 9)")
    died = subprocess.run([*_HELIOGRAPH, discs[0], "--drive", "stdio:disc.bin"], check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL
    assert states() == [("D01", "begun")]
    (tmp_path / "bin" / "xorriso").unlink()

    code, _, err = call(capsys, "burn", discs[0], "--drive", "stdio:disc.bin")
    assert code == 15
    assert "UTC in stdio:disc.bin was interrupted, and the disc in the drive holds a part of it" in err
    assert "count that disc as lost, and mark it" in err
    assert states() == [("D01", "begun"), ("D01", "lost")]

    assert call(capsys, "burn", discs[0], "--drive", "stdio:new.bin")[0] == 0
    assert holds(Path("new.bin"), discs[0])


def test_a_lost_disc_is_named_also_when_another_is_in_the_drive(
    discs: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mishap(tmp_path, monkeypatch, real("xorriso"), "os.kill(os.getppid(), 9)\nos.kill(os.getpid(), 9)")
    subprocess.run([*_HELIOGRAPH, discs[0], "--drive", "stdio:disc.bin"], check=False, capture_output=True)
    (tmp_path / "bin" / "xorriso").unlink()

    code, done = call_json(capsys, "burn", discs[0], "--drive", "stdio:new.bin")

    assert code == 0
    assert [(one["disc"], one["state"]) for one in done["lost"]] == [("D01", "lost")]  # type: ignore[attr-defined]
    assert [state for _, state in states()] == ["begun", "lost", "begun", "written", "verified"]


def test_a_killed_command_costs_no_disc_the_recorder_finishes_it_and_the_next_command_verifies_it(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """xorriso goes on when Heliograph is killed (-9); given again, the command waits for it."""
    slow = "open('burning', 'w').close()\nimport time\ntime.sleep(2)\nos.execv(REAL, [REAL, *words])"
    mishap(tmp_path, monkeypatch, real("xorriso"), slow)
    killed = subprocess.Popen(
        [*_HELIOGRAPH, discs[0], "--drive", "stdio:disc.bin"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not Path("burning").exists():
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    assert not Path("disc.bin").exists()

    code, done = call_json(capsys, "burn", discs[0], "--drive", "stdio:disc.bin")

    assert code == 0, done
    assert [(one["state"], one["why"]) for one in done["discs"]] == [("verified", "it was on the disc already")]  # type: ignore[attr-defined]
    assert [state for _, state in states()] == ["begun", "verified"]
    assert holds(Path("disc.bin"), discs[0])


def test_ctrl_c_stops_the_recorder_and_says_what_it_cost(
    discs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    slow = "open('burning', 'w').write(str(os.getpid()))\nimport time\ntime.sleep(60)"
    mishap(tmp_path, monkeypatch, real("xorriso"), slow)
    stopped = subprocess.Popen(
        [*_HELIOGRAPH, discs[0], "--drive", "stdio:disc.bin"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # A shell that runs the tests in the background has them ignore Ctrl-C, and what they start, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not Path("burning").exists() or not Path("burning").read_text():
        assert stopped.poll() is None
        time.sleep(0.02)

    stopped.send_signal(signal.SIGINT)
    _, err = stopped.communicate()

    assert stopped.returncode == 130
    assert "stopped: the disc in stdio:disc.bin is half-written; mark it as lost" in err
    assert states() == [("D01", "begun"), ("D01", "failed")]
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("burning").read_text()), 0)


def test_a_copy_into_a_folder_that_was_killed_is_made_again_and_nothing_is_called_lost(
    discs: list[Path], capsys: pytest.CaptureFixture[str]
):
    assert call(capsys, "burn", discs[0])[0] == 0
    with sqlite3.connect("discs/register.sqlite") as store:
        store.execute(
            "INSERT INTO burns SELECT NULL, set_id, disc, sha256, sectors, at, 'begun', drive, model, kind,"
            " product, slot, medium, software, why FROM burns WHERE line = 1"
        )
    copy = Path("burnt") / discs[0].name
    copy.rename(f"{copy}.partial")

    code, done = call_json(capsys, "burn", discs[0])

    assert (code, done["lost"], [one["state"] for one in done["discs"]]) == (0, [], ["verified"])  # type: ignore[attr-defined]
    assert [path.name for path in Path("burnt").iterdir()] == [copy.name]
    assert copy.read_bytes() == discs[0].read_bytes()


def test_two_commands_never_burn_in_one_drive(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The second waits until the first disc is whole, and then refuses it."""
    slow = "open('burning', 'w').close()\nimport time\ntime.sleep(1)\nos.execv(REAL, [REAL, *words])"
    mishap(tmp_path, monkeypatch, real("xorriso"), slow)
    first = subprocess.Popen([*_HELIOGRAPH, discs[0], "--drive", "stdio:disc.bin"], stdout=subprocess.DEVNULL)
    while not Path("burning").exists():
        time.sleep(0.02)

    code, _, err = call(capsys, "burn", discs[1], "--drive", "stdio:disc.bin")

    assert (first.wait(), code, "not blank" in err) == (0, 15, True)
    assert holds(Path("disc.bin"), discs[0])


def test_a_changer_burns_a_set_slot_by_slot_and_passes_over_what_is_written(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    device = changer(tmp_path / "robot", monkeypatch, "bwebmb")
    words = ("burn", "discs", "--drive", f"stdio:{tmp_path / 'robot' / 'drive.bin'}", "--changer", device)

    code, done = call_json(capsys, *words)

    assert code == 0
    found = [(one["disc"], one["slot"], one["state"]) for one in done["discs"]]  # type: ignore[attr-defined]
    assert found == [("D01", 1, "verified"), ("D02", 4, "verified"), ("P01", 6, "verified")]
    for image, slot in zip(discs, (1, 4, 6), strict=True):
        assert holds(tmp_path / "robot" / f"disc{slot}.bin", image)
    assert (tmp_path / "robot" / "disc2.bin").read_bytes() == b"written" * 9000
    moves = [line for line in Path(f"{device}.log").read_text().splitlines() if line != "status"]
    assert moves == [
        *("load 1 0", "unload 1 0", "load 2 0", "unload 2 0", "load 4 0", "unload 4 0", "load 6 0", "unload 6 0"),
    ]
    assert json.loads(device.read_text())["drives"][0]["from"] == 0


def test_a_changer_killed_in_the_middle_goes_on_and_burns_no_disc_twice(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    device = changer(tmp_path / "robot", monkeypatch, "bbbb")
    drive = tmp_path / "robot" / "drive.bin"
    words = ("discs", "--drive", f"stdio:{drive}", "--changer", device)
    die = f"""
if {discs[1].name!r} not in words[-1]:
    os.execv(REAL, [REAL, *words])
open(target, 'wb').write(open(words[-1], 'rb').read(1_000_000))
os.kill(os.getppid(), 9)
os.kill(os.getpid(), 9)"""
    mishap(tmp_path, monkeypatch, real("xorriso"), die)
    assert subprocess.run([*_HELIOGRAPH, *words], check=False, capture_output=True).returncode == -signal.SIGKILL
    (tmp_path / "bin" / "xorriso").unlink()

    code, done = call_json(capsys, "burn", *words)

    assert code == 0
    assert [(one["disc"], one["slot"]) for one in done["already"]] == [("D01", 1)]  # type: ignore[attr-defined]
    assert [(one["disc"], one["slot"]) for one in done["lost"]] == [("D02", 2)]  # type: ignore[attr-defined]
    assert [(one["disc"], one["slot"]) for one in done["discs"]] == [("D02", 3), ("P01", 4)]  # type: ignore[attr-defined]


def test_a_changer_without_enough_blank_discs_says_how_far_it_came(
    discs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    device = changer(tmp_path / "robot", monkeypatch, "wb")
    words = ("burn", "discs", "--drive", f"stdio:{tmp_path / 'robot' / 'drive.bin'}", "--changer", device)

    code, _, err = call(capsys, *words)

    assert code == 15
    assert "no further slot to look in for a blank disc for" in err
    assert "; done: " in err
    code, _, err = call(capsys, *words, "--slots", "1-20,x")
    assert (code, "expected numbers and ranges such as 1-20,25" in err) == (2, True)


def test_a_person_is_asked_for_each_further_disc(
    discs: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The answers come line by line; before each, the person changes the disc, and once forgets to."""
    asked = iter(["change", "forget", "change", "q"])

    class Person:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            do = next(asked)
            if do == "change":
                Path("disc.bin").rename(f"burnt{len(list(Path().glob('burnt*.bin')))}.bin")
            return "q\n" if do == "q" else "\n"

    monkeypatch.setattr(sys, "stdin", Person())

    code, _, err = call(capsys, "burn", "discs", "--drive", "stdio:disc.bin", "--prompt")

    assert code == 0, err
    assert err.count("insert a blank disc for") == 3
    assert "not blank" in err
    media = [Path("burnt0.bin"), Path("burnt1.bin"), Path("disc.bin")]
    assert all(holds(medium, image) for medium, image in zip(media, discs, strict=True))
    assert next(asked) == "q"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("burn",), 2, "no images named"),
        (("burn", "nowhere"), 6, "nowhere: no such file or directory"),
        (("burn", "tree"), 6, "tree: no disc images here"),
        (("burn", "tree/a.bin"), 7, "nothing was burnt"),
        (("burn", "discs", "--drive", "sr0"), 2, "expected image:DIR, stdio:FILE or a device such as /dev/sr0"),
        (("burn", "discs", "--drive", "/dev/no-drive"), 15, "/dev/no-drive: "),
        (("burn", "discs", "--drive", "stdio:d", "--speed", "fast"), 2, "--speed fast: expected a multiple"),
        (("burn", "discs", "--prompt"), 2, "stdin is not a terminal"),
        (("burn", "discs", "--changer", "/dev/sg9"), 2, "--changer: feeds a recorder"),
        (("burn", "discs", "--register", "no/register.sqlite"), 12, "no/register.sqlite: no such folder"),
    ],
)
def test_mistakes_get_one_clear_line(
    discs: list[Path], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    got, _, err = call(capsys, *words)

    assert (got, said in err, "Traceback" in err) == (code, True, False), err


def test_a_damaged_image_is_not_burnt(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    image = np.fromfile(discs[1], np.uint8)
    image[5000:6000] = 7
    image.tofile(discs[1])

    code, _, err = call(capsys, "burn", "discs", "--drive", "stdio:disc.bin")

    assert (code, "nothing was burnt" in err, Path("disc.bin").exists()) == (10, True, False)


def test_a_file_that_holds_something_is_never_written_over(discs: list[Path], capsys: pytest.CaptureFixture[str]):
    Path("letters.txt").write_text("dear all, " * 10_000)

    code, _, err = call(capsys, "burn", discs[0], "--drive", "stdio:letters.txt")

    assert (code, "not blank" in err) == (15, True)
    assert Path("letters.txt").read_text() == "dear all, " * 10_000


def test_drives_are_listed_and_the_doors_that_are_always_there(capsys: pytest.CaptureFixture[str]):
    need("xorriso")
    code, out, _ = call(capsys, "burn", "--list")
    assert (code, "image:DIR" in out, "stdio:FILE" in out) == (0, True, True)
    assert isinstance(call_json(capsys, "burn", "--list")[1]["drives"], list)


def test_without_xorriso_one_line_says_what_to_install(
    discs: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", os.devnull)

    code, _, err = call(capsys, "burn", discs[0], "--drive", "stdio:disc.bin")

    assert (code, "error: xorriso: no such program" in err, "apt-get install xorriso" in err) == (15, True, True)
