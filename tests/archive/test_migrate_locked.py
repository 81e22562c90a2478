"""Encrypted sets packed anew: for whom is asked, age opens the new discs, and no true name gets into the clear."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from disc_sets import bytes_of, contents, damage, small_set, tool, write_files
from keys import age_key, at_a_terminal
from test_archive_cli import call, call_json

from heliograph.archive.migrate.ticket import Ticket
from heliograph.archive.read.reader import open_set
from heliograph.archive.secret import Holders

NAMES = {"payroll 2026.txt": b"a secret", "机密.txt": b"another secret", "empty": b""}
PACK = ("--capacity", "9MB", "--parity", "1", "--date", "2036-11-22")


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to stand in: `old`, an encrypted set of two data discs and one of parity; `me.key` and `you.key`."""
    monkeypatch.chdir(tmp_path)
    tree = write_files(tmp_path / "tree", big_bin=1_900_000)
    for name, data in NAMES.items():
        (tree / name).write_bytes(data)
    (tree / "nothing in it").mkdir()
    _, mine = age_key(tmp_path)
    _, yours = age_key(tmp_path, "you")
    (tmp_path / "you.pub").write_text(f"{yours}\n")
    words = ("--recipient", mine, "--capacity", "3.2MB", "--parity", "1", "--title", "Staff")
    assert call(capsys, "seal", "tree", "--out", "old", *words)[0] == 0
    return tmp_path


def readable(folder: Path) -> list[str]:
    """The true names that anyone can read in the bytes of any file there, in whatever encoding of a file system."""
    words = [*NAMES, "payroll", "PAYROLL", "机密", "big.bin", "BIG.BIN", "nothing in it", "a secret"]
    words.remove("empty")  # README.txt says it of drives
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for word in words:
            found += [
                f"{path.name}: {word}" for form in ("utf-8", "utf-16-be", "utf-16-le") if word.encode(form) in data
            ]
    return found


def opened_by_age(images: list[Path], key: Path, to: Path) -> dict[str, bytes]:
    """What stock age and 7z find on the discs, by the true names."""
    for image in images:
        tool("7z", "x", "-y", f"-o{to}", image)
    tool("age", "-d", "-i", key, "-o", to / "set.key", to / "key.age")
    tool("age", "-d", "-i", to / "set.key", "-o", to / "names.json", to / "names.json.age")
    found = {}
    for file in json.loads((to / "names.json").read_text("utf-8"))["files"]:
        (to / "plain").write_bytes(b"")  # age 1.1 makes no file of one that holds nothing
        tool("age", "-d", "-i", to / "set.key", "-o", to / "plain", to / "data" / file["sealed"])
        found[file["path"].removeprefix("tree/")] = (to / "plain").read_bytes()
    return found


def files_in(tree: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in tree.iterdir() if path.is_file()}


def test_age_opens_the_new_discs_with_the_new_key_alone(home: Path, capsys: pytest.CaptureFixture[str]):
    """Damaged discs and a lost one are mended on the way, without a key; sources are only read."""
    damage(next((home / "old").glob("*-D01.iso")), 0.02)
    next((home / "old").glob("*-D02.iso")).unlink()
    before = bytes_of(home / "old")

    words = ("migrate", "old", "--to", "new", *PACK, "--identity", "me.key", "--recipients-file", "you.pub")
    code, said = call_json(capsys, *words, "--operator", "A. Li")

    assert code == 0
    (one,) = said["sets"]  # type: ignore[misc]
    states = {disc["disc"]: disc["state"] for disc in one["custody"]["discs"]}
    assert states == {"D01": "mended", "D02": "rebuilt", "P01": "good"}
    data = [Path(path) for path in one["images"] if "-D" in path]
    assert opened_by_age(data, home / "you.key", home / "opened") == files_in(home / "tree")
    assert bytes_of(home / "old") == before
    code, _, err = call(capsys, "restore", "new", "--to", "no", "--identity", "me.key")
    assert (code, "does not open it" in err) == (17, True)
    assert call(capsys, "restore", "new", "--to", "back", "--identity", "you.key")[0] == 0
    assert contents(home / "back" / "tree") == contents(home / "tree")
    assert call(capsys, "verify", "new", "--identity", "you.key")[0] == 0


def test_no_true_name_is_in_the_clear_and_the_custody_is_kept(home: Path, capsys: pytest.CaptureFixture[str]):
    """On the discs, in the catalog and in the register, also of files that were let go."""
    for name in ("D01", "P01"):
        next((home / "old").glob(f"*-{name}.iso")).unlink()

    keys = ("--identity", "me.key", "--recipients-file", "you.pub")
    assert call(capsys, "migrate", "old", "--to", "new", *PACK, *keys)[0] == 9
    assert not list((home / "new").glob("*.iso"))
    code, said = call_json(capsys, "migrate", "old", "--to", "new", *PACK, *keys, "--partial")

    assert code == 0
    assert readable(home / "tree")
    assert readable(home / "new") == []
    lost = said["sets"][0]["custody"]["lost"]  # type: ignore[index]
    with open_set([home / "old"]) as old, open_set([home / "new"]) as new:
        (step,) = new.index.custody
        assert (step.set_id, step.way, step.title) == (old.set_id, "repack", "Staff")
        gone = [file for file in old.index.files if any(piece.disc == "D01" for piece in file.pieces)]
        assert [(file["path"], file["sha256"]) for file in lost] == [(file.path, file.sha256) for file in gone]
        assert f"set {old.set_id} became set {new.set_id}" in new.discs["D01"].read("CUSTODY.txt").decode()
    assert call(capsys, "restore", "new", "--to", "back", "--identity", "you.key")[0] == 0
    kept = contents(home / "back" / "tree")
    assert kept and kept.items() < contents(home / "tree").items()


def test_a_passphrase_opens_the_old_set_and_another_one_the_new(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (home / "words").write_text("old horse\n")
    assert call(capsys, "seal", "tree", "--out", "told", "--capacity", "9MB", "--passphrase-file", "words")[0] == 0
    monkeypatch.setenv("HELIOGRAPH_PASSPHRASE", "old horse")
    monkeypatch.setenv("HELIOGRAPH_NEW_PASSPHRASE", "new horse")

    words = ("migrate", "told", "--to", "new", *PACK, "--passphrase", "--new-passphrase")
    code, said = call_json(capsys, *words)

    assert code == 0
    tool("7z", "e", f"-o{home / 'out'}", said["sets"][0]["images"][0], "key.age")  # type: ignore[index]
    at_a_terminal(["age", "-d", "-o", str(home / "set.key"), str(home / "out" / "key.age")], ["new horse"])
    assert "AGE-SECRET-KEY-1" in (home / "set.key").read_text()
    # The same command again finds its set whole, and that the passphrase opens it; another one would not.
    before = bytes_of(home / "new")
    assert call_json(capsys, *words)[1]["sets"] == said["sets"]
    assert bytes_of(home / "new") == before
    monkeypatch.setenv("HELIOGRAPH_NEW_PASSPHRASE", "third horse")
    code, _, err = call(capsys, *words)
    assert (code, "for whom it is encrypted cannot be told" in err) == (12, True)
    assert bytes_of(home / "new") == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--identity", "me.key"), 2, "its discs do not tell for whom: say who may read the new set"),
        (("--recipients-file", "you.pub"), 17, "is encrypted"),
        (("--identity", "you.key", "--recipients-file", "you.pub"), 17, "you.key does not open it"),
        (("--recipients-file", "you.pub", "--new-passphrase-file", "you.pub"), 2, "give one of the two"),
        (("--identity", "me.key", "--recipient", "age1nonsense"), 2, "not a public key of age"),
        (("--identity", "me.key", "--new-passphrase"), 2, "set $HELIOGRAPH_NEW_PASSPHRASE"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_written(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    got, _, err = call(capsys, "migrate", "old", "--to", "new", *PACK, *words)

    assert (got, said in err, err.count("\n")) == (code, True, 2), err
    assert not list((home / "new").glob("*"))


def test_keys_without_a_medium_are_refused(home: Path, capsys: pytest.CaptureFixture[str]):
    code, _, err = call(capsys, "migrate", "old", "--to", "new", "--recipients-file", "you.pub")

    assert (code, "keys and signatures stay" in err) == (2, True)


def test_a_plain_set_may_be_encrypted_on_the_way_unless_its_custody_names_files(
    home: Path, capsys: pytest.CaptureFixture[str]
):
    small_set(home / "tree", home / "plain", capacity="2.2MB", title="Staff")
    lock = ("--recipients-file", "you.pub")
    assert call(capsys, "migrate", "plain", "--to", "locked", *PACK, *lock)[0] == 0
    assert readable(home / "locked") == []
    assert call(capsys, "restore", "locked", "--to", "back", "--identity", "you.key")[0] == 0
    assert contents(home / "back" / "tree") == contents(home / "tree")

    next((home / "plain").glob("*-D01.iso")).unlink()
    code, _, err = call(capsys, "migrate", "plain", "--to", "half", *PACK, *lock, "--partial")
    assert (code, "1 file let go" in err, list((home / "half").glob("*.iso"))) == (2, True, [])


def test_killed_at_any_moment_it_goes_on_and_leaves_one_whole_set(home: Path, capsys: pytest.CaptureFixture[str]):
    """Four kills (-9), spread over the run, then once to the end: no image of a killed run is left."""
    words = ["old", "--to", "new", *PACK, "--identity", "me.key", "--recipients-file", "you.pub"]
    command = [sys.executable, "-m", "heliograph.cli.main", "archive", "migrate", *words]
    for kill in range(4):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while running.poll() is None and not list((home / "new").glob("HG*")):
                time.sleep(0.01)
            time.sleep(0.15 * kill)
        finally:
            running.kill()
            running.wait()

    # Had the last run come to its end before it was killed, its ticket is gone.
    if not list((home / "new").glob("*-migration.partial")):
        for image in (home / "new").glob("*.iso"):
            image.unlink()
    assert call(capsys, "migrate", *words)[0] == 0

    assert len(list((home / "new").glob("*.iso"))) == 2
    assert not list((home / "new").glob("*.partial*"))
    assert call(capsys, "verify", "new", "--identity", "you.key")[0] == 0
    assert call(capsys, "restore", "new", "--to", "back", "--identity", "you.key")[0] == 0
    assert contents(home / "back" / "tree") == contents(home / "tree")


def test_half_a_set_under_good_names_is_removed_and_a_whole_one_is_taken(
    home: Path, capsys: pytest.CaptureFixture[str]
):
    """Both killed moments that are hardest to hit: between two names, and before the register was told."""
    words = ("migrate", "old", "--to", "new", *PACK, "--identity", "me.key", "--recipients-file", "you.pub")
    code, said = call_json(capsys, *words)
    assert code == 0
    holders = Holders(((home / "you.pub").read_text().strip(),))
    first = said["sets"][0]  # type: ignore[index]
    ticket = Ticket(home / "new", first["old_set"], holders)
    whole = bytes_of(home / "new")

    code, _, err = call(capsys, *words)
    assert (code, "for whom it is encrypted cannot be told" in err) == (12, True)
    assert bytes_of(home / "new") == whole

    ticket.begin()
    note = next((home / "new").glob("*-migration.partial"))
    note.write_text(json.dumps(json.loads(note.read_text()) | {"set_id": first["new_set"]}))
    assert call_json(capsys, *words)[1]["sets"][0]["new_set"] == first["new_set"]  # type: ignore[index]
    assert bytes_of(home / "new") == whole

    ticket.begin()
    note.write_text(json.dumps(json.loads(note.read_text()) | {"set_id": first["new_set"]}))
    Path(first["images"][1]).rename(first["images"][1] + ".partial")
    (home / "new" / "another.iso").write_bytes(b"of somebody else")
    again = call_json(capsys, *words)[1]["sets"][0]  # type: ignore[index]
    assert again["new_set"] != first["new_set"]
    assert {path.name for path in (home / "new").glob("*.iso")} == {
        "another.iso",
        *(Path(path).name for path in again["images"]),
    }
    assert not list((home / "new").glob("*.partial"))


def test_a_ticket_that_names_no_set_removes_nothing(home: Path, capsys: pytest.CaptureFixture[str]):
    (home / "new").mkdir()
    (home / "new" / "mine.iso").write_bytes(b"of somebody else")
    with open_set([home / "old"]) as old:
        ticket = home / "new" / f"{old.set_id}-migration.partial"
    ticket.write_text(json.dumps({"set_id": "*", "recipients_sha256": ""}))

    words = ("migrate", "old", "--to", "new", *PACK, "--identity", "me.key", "--recipients-file", "you.pub")
    code, _, err = call(capsys, *words)

    assert (code, f"{ticket.name}: not what a migration left there" in err) == (12, True)
    assert [path.name for path in (home / "new").glob("*.iso")] == ["mine.iso"]
