"""Migrating: everything comes along, sources stay as they are, and the chain of custody grows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import bagit
import msgspec
import pytest
from disc_sets import DATE, ODD_NAMES, bytes_of, contents, damage, small_set, tool, write_files, write_tree
from rs03_discs import dvdisaster
from test_archive_cli import call, call_json

from heliograph.archive.care.migrations import earlier_steps
from heliograph.archive.care.register import DiscId, Register, Shelf, Test
from heliograph.archive.medium import of_size
from heliograph.archive.migrate import Migrated, migrate
from heliograph.archive.read.reader import open_set
from heliograph.archive.read.restore import restore
from heliograph.archive.repair.mend import mend
from heliograph.archive.seal.seal import DiscSet
from heliograph.archive.texts.custody import Step, read_beside
from heliograph.archive.texts.index import encode
from heliograph.archive.verify.verify import verify
from heliograph.errors import CannotWrite, DiscsLost, DiscWrong, SectorsLost, UsageWrong

LATER = datetime(2036, 11, 22, tzinfo=UTC)


@pytest.fixture
def old(tmp_path: Path) -> DiscSet:
    """Three data discs, one file over two of them, and two parity discs, in the folder `old`."""
    write_files(tmp_path / "tree", big_bin=2_000_000, c_txt=100_000, d_txt=200_000, e_bin=0)
    sealed = small_set(tmp_path / "tree", tmp_path / "old", capacity="2.2MB", parity=2, title="Family")
    assert len([disc for disc in sealed.discs if disc.kind == "data"]) >= 3
    return sealed


def moved(source: Path, to: Path, capacity: str | None = "8MB", at: datetime = LATER, **more: object) -> Migrated:
    """The one set in a folder, migrated."""
    medium = None if capacity is None else of_size(capacity)
    book = Register(more.pop("register", to / "register.sqlite"))  # type: ignore[arg-type]
    (one,) = migrate([source], to, book, date=at, now=lambda: at, medium=medium, **more)  # type: ignore[arg-type]
    return one


def files_of(folder: Path, to: Path) -> dict[str, bytes | None]:
    with open_set([folder]) as view:
        restore(view, to)
    return contents(to / "tree")


def states(step: Step) -> dict[str, str]:
    return {disc.disc: disc.state for disc in step.discs}


def test_a_set_goes_onto_larger_discs_with_every_file_and_its_custody(old: DiscSet, tmp_path: Path):
    before = bytes_of(tmp_path / "old")

    one = moved(tmp_path / "old", tmp_path / "new", parity=1, operator="A. Li")

    assert [path.name[-7:] for path in one.images] == ["D01.iso", "P01.iso"]
    assert files_of(tmp_path / "new", tmp_path / "back") == contents(tmp_path / "tree")
    assert verify([tmp_path / "new"]).error() is None
    assert bytes_of(tmp_path / "old") == before
    (step,) = one.new.custody
    assert (step.set_id, step.way, step.operator, step.title) == (old.set_id, "repack", "A. Li", "Family")
    assert (step.at[:10], step.sealed[:10], step.files) == ("2036-11-22", "2026-11-22", 4)
    assert set(states(step).values()) == {"good"}
    assert sorted(path.name for path in (tmp_path / "new").iterdir() if path.suffix != ".iso") == [
        "catalog.sqlite",
        "register.sqlite",
    ]


def test_the_custody_names_old_discs_by_what_others_can_compute(old: DiscSet, tmp_path: Path):
    """SHA-256 of the ISO images as the parity discs know them, and of index.json as 7z copies it out."""
    tool("7z", "x", f"-o{tmp_path / 'parity'}", old.discs[-1].path)
    notes = json.loads((tmp_path / "parity" / "images.json").read_text())

    step = moved(tmp_path / "old", tmp_path / "new").step

    known = {disc.disc: (disc.iso_bytes, disc.iso_sha256) for disc in step.discs}
    assert {name: known[name] for name in (note["disc"] for note in notes)} == {
        note["disc"]: (note["iso_bytes"], note["sha256"]) for note in notes
    }
    assert tool("sha256sum", tmp_path / "parity" / "index.json").startswith(step.index_sha256)


def test_bagit_accepts_every_new_disc_and_each_carries_the_custody_for_people_and_machines(tmp_path: Path):
    write_tree(tmp_path / "tree")
    small_set(tmp_path / "tree", tmp_path / "old")

    one = moved(tmp_path / "old", tmp_path / "new", "3MB", parity=1)

    assert len(one.images) >= 2
    for number, image in enumerate(one.images):
        tool("7z", "x", f"-o{tmp_path / str(number)}", image)
        assert bagit.Bag(str(tmp_path / str(number))).validate()
        tags = (tmp_path / str(number) / "tagmanifest-sha256.txt").read_text()
        text = (tmp_path / str(number) / "CUSTODY.txt").read_text("utf-8")
        assert "CUSTODY.txt" in tags
        assert f"set {one.old.set_id} became set {one.new.set_id}" in text
        assert "保管链" in text
        index = json.loads((tmp_path / str(number) / "index.json").read_text())
        assert index["custody"][0]["set_id"] == one.old.set_id
        assert "CUSTODY.txt tells of every step" in (tmp_path / str(number) / "README.txt").read_text("utf-8")
    with open_set([tmp_path / "new"]) as view:
        restore(view, tmp_path / "back")
    assert contents(tmp_path / "back" / "tree") == contents(tmp_path / "tree")
    assert len(contents(tmp_path / "tree")) > len(ODD_NAMES)


def test_the_chain_grows_with_each_migration_through_both_ways(old: DiscSet, tmp_path: Path):
    ways = [("2.5MB", "a"), (None, "b"), ("9MB", "c"), (None, "d"), (None, "e")]
    source, last = "old", None
    for year, (capacity, name) in enumerate(ways):
        last = moved(tmp_path / source, tmp_path / name, capacity, LATER.replace(year=2036 + year))
        source = name

    assert last is not None
    text = (tmp_path / "e" / f"{last.new.set_id}-custody.txt").read_text("utf-8")
    beside = json.loads((tmp_path / "e" / f"{last.new.set_id}-custody.json").read_text())
    steps = beside["steps"]
    assert [step["way"] for step in steps] == ["repack", "refresh", "repack", "refresh", "refresh"]
    assert [step["at"][:4] for step in steps] == ["2036", "2037", "2038", "2039", "2040"]
    assert steps[0]["set_id"] == old.set_id
    assert steps[1]["set_id"] == steps[2]["set_id"] != steps[3]["set_id"] == steps[4]["set_id"]
    assert "STEP 5" in text
    assert files_of(tmp_path / "e", tmp_path / "back") == contents(tmp_path / "tree")


def test_the_register_alone_remembers_a_refresh_whose_files_beside_were_lost(old: DiscSet, tmp_path: Path):
    """Burnt discs carry no files beside them."""
    book = tmp_path / "care.sqlite"
    moved(tmp_path / "old", tmp_path / "copy", None, register=book)
    for path in (tmp_path / "copy").glob("*custody*"):
        path.unlink()

    one = moved(tmp_path / "copy", tmp_path / "new", at=LATER.replace(year=2040), register=book)

    assert [step.way for step in one.new.custody] == ["refresh", "repack"]
    assert [step.at for step in earlier_steps(Register(book), old.set_id)] == ["2036-11-22T00:00:00+00:00"]


def test_damaged_and_lost_discs_are_mended_aside_and_the_custody_says_so(old: DiscSet, tmp_path: Path):
    damage(old.discs[0].path, 0.03)
    with old.discs[1].path.open("r+b") as image:
        image.seek(200_000)
        image.write(os.urandom(old.discs[1].iso_bytes - 300_000))
    old.discs[2].path.unlink()
    before = bytes_of(tmp_path / "old")

    one = moved(tmp_path / "old", tmp_path / "new")

    assert files_of(tmp_path / "new", tmp_path / "back") == contents(tmp_path / "tree")
    found = states(one.step)
    assert (found["D01"], found["D02"], found["D03"], found["P01"]) == ("mended", "rebuilt", "rebuilt", "good")
    assert one.step.discs[0].damaged_sectors > 0
    assert bytes_of(tmp_path / "old") == before
    assert not list((tmp_path / "new").glob("*.partial"))


def test_a_refresh_gives_the_very_images_that_were_sealed_whatever_state_they_are_in(old: DiscSet, tmp_path: Path):
    sealed = bytes_of(tmp_path / "old")
    damage(old.discs[0].path, 0.03)
    old.discs[-1].path.unlink()
    # Read from a disc, an image may have sectors behind its end.
    with old.discs[1].path.open("ab") as image:
        image.write(bytes(16 * 2048))

    one = moved(tmp_path / "old", tmp_path / "new", None)

    assert bytes_of(tmp_path / "new") == sealed
    assert (one.old, states(one.step)["D01"], states(one.step)["P02"]) == (one.new, "mended", "rebuilt")
    assert "all sectors present" in dvdisaster("-i", one.images[0], "-t")


def test_what_cannot_be_had_is_refused_by_name_or_let_go_by_name(old: DiscSet, tmp_path: Path):
    """Three discs are gone, and the set replaces two: what stands on the others can be had."""
    for disc in (old.discs[0], old.discs[1], old.discs[-1]):
        disc.path.unlink()

    with pytest.raises(DiscsLost, match=r"1 file cannot be had: tree/big.bin; .*: disc D01 is missing") as wrong:
        moved(tmp_path / "old", tmp_path / "new")
    assert wrong.value.fields["discs"] == ["D01", "D02", "P02"]
    assert list((tmp_path / "new").glob("*.iso")) == []
    with pytest.raises(DiscsLost, match="images are copied all or none"):
        moved(tmp_path / "old", tmp_path / "new", None)

    one = moved(tmp_path / "old", tmp_path / "new", partial=True)

    assert [(file.path, file.why) for file in one.step.lost] == [("tree/big.bin", "disc D01 is missing")]
    assert states(one.step)["D01"] == "missing"
    assert sorted(files_of(tmp_path / "new", tmp_path / "back")) == ["c.txt", "d.txt", "e.bin"]
    with open_set([tmp_path / "new"]) as view:
        assert "tree/big.bin, 2,000,000 bytes: disc D01 is missing" in _custody(view.discs["D01"])


def _custody(disc: object) -> str:
    return disc.read("CUSTODY.txt").decode()  # type: ignore[attr-defined]


def test_of_a_disc_past_mending_the_files_on_good_sectors_are_taken(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=300_000, b_bin=300_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "old")
    image = sealed.discs[0].path
    with image.open("r+b") as file:
        at = image.read_bytes().index((tmp_path / "tree" / "b.bin").read_bytes())
        file.seek(at)
        file.write(b"gone" * 70_000)
        behind = sealed.discs[0].iso_bytes + 60 * 2048  # parity; header and CRC layer stand before it
        file.seek(behind)
        file.write(os.urandom(sealed.discs[0].image_bytes - behind))

    with pytest.raises(SectorsLost, match=r"1 file cannot be had: tree/b.bin; .* damaged past mending"):
        moved(tmp_path / "old", tmp_path / "new")
    one = moved(tmp_path / "old", tmp_path / "new", partial=True)

    assert [file.path for file in one.step.lost] == ["tree/b.bin"]
    assert states(one.step) == {"D01": "lost"}
    assert (tmp_path / "tree" / "a.bin").read_bytes() == files_of(tmp_path / "new", tmp_path / "back")["a.bin"]


def test_earlier_tests_of_the_old_discs_go_into_the_custody(old: DiscSet, tmp_path: Path):
    """From the register that lies with them; none of the day itself, so that a second call writes the same."""
    disc = DiscId(old.set_id, "D01")
    tests = [Test(disc, DATE.replace(year=year), "deep", "good", 900, 3, 1, 40) for year in (2029, 2032)]
    Register(tmp_path / "old" / "register.sqlite").enter(
        [Shelf(disc, DATE)], [*tests, Test(disc, LATER, "deep", "good")]
    )

    step = moved(tmp_path / "old", tmp_path / "new").step

    assert [(test.tested_at[:4], test.worst) for test in step.discs[0].tests] == [("2029", 1), ("2032", 1)]
    assert Register(tmp_path / "new" / "register.sqlite").tests().keys() == {
        DiscId(step_set, name) for step_set, name in [(open_id(tmp_path / "new"), "D01")]
    }


def open_id(folder: Path) -> str:
    with open_set([folder]) as view:
        return view.set_id


def test_a_lost_parity_disc_of_a_migrated_set_is_rebuilt_byte_for_byte(old: DiscSet, tmp_path: Path):
    """All that stands on a disc follows from the others: the custody, too."""
    one = moved(tmp_path / "old", tmp_path / "new", "4MB", parity=2)
    before = bytes_of(tmp_path / "new")
    for image in one.images[-2:]:
        image.unlink()

    mend([tmp_path / "new"])

    assert bytes_of(tmp_path / "new") == before


def test_the_same_command_gives_the_same_bytes_and_another_day_writes_no_second_set(old: DiscSet, tmp_path: Path):
    first = moved(tmp_path / "old", tmp_path / "new")
    before = bytes_of(tmp_path / "new")

    again = moved(tmp_path / "old", tmp_path / "new")
    next_day = moved(tmp_path / "old", tmp_path / "new", at=LATER.replace(day=23))
    elsewhere = moved(tmp_path / "old", tmp_path / "other")

    assert first.new == again.new == next_day.new == elsewhere.new
    assert bytes_of(tmp_path / "new") == before == bytes_of(tmp_path / "other")
    with Register(tmp_path / "new" / "register.sqlite").open() as store:
        assert store.execute("SELECT count(*) FROM migrations").fetchone() == (1,)


def test_mounted_discs_are_packed_anew_and_not_copied_as_images(old: DiscSet, tmp_path: Path):
    for disc in old.discs:
        tool("7z", "x", f"-o{tmp_path / 'mounts' / disc.name}", disc.path)

    with pytest.raises(UsageWrong, match="a mounted disc; its files can be seen, not its sectors"):
        moved(tmp_path / "mounts", tmp_path / "new", None)
    one = moved(tmp_path / "mounts", tmp_path / "new")

    assert files_of(tmp_path / "new", tmp_path / "back") == contents(tmp_path / "tree")
    assert {(disc.state, disc.iso_sha256) for disc in one.step.discs} == {("good", "")}

    (changed,) = (tmp_path / "mounts").glob("*/data/tree/c.txt")
    changed.chmod(0o644)
    changed.write_bytes(b"edited")
    with pytest.raises(SectorsLost, match=r"1 file cannot be had: tree/c.txt"):
        moved(tmp_path / "mounts", tmp_path / "third")
    third = moved(tmp_path / "mounts", tmp_path / "third", partial=True)
    assert [file.path for file in third.step.lost] == ["tree/c.txt"]


def test_several_sets_each_become_a_set(tmp_path: Path):
    for name in ("one", "two"):
        write_files(tmp_path / name, a_bin=100_000)
        small_set(tmp_path / name, tmp_path / "old", title=name)
    book = Register(tmp_path / "register.sqlite")

    done = migrate([tmp_path / "old"], tmp_path / "new", book, date=LATER, now=lambda: LATER, medium=of_size("9MB"))

    assert sorted(one.new.title for one in done) == ["one", "two"]
    assert len({one.new.set_id for one in done}) == 2
    assert len(list((tmp_path / "new").glob("*.iso"))) == 2


def test_a_plain_set_says_nothing_of_custody(old: DiscSet):
    assert b"custody" not in encode(old.index)
    assert b"custody" in encode(msgspec.structs.replace(old.index, custody=(_STEP,)))


_STEP = Step("2036", "repack", "s", "HG000000001", "t", "2026", "s", "0", 0, 0, ())


_COMMAND = [
    sys.executable,
    "-m",
    "heliograph.cli.main",
    "archive",
    "migrate",
    "old",
    "--to",
    "new",
    "--date",
    "2036-11-22",
]


@pytest.mark.parametrize("words", [["--capacity", "3MB", "--parity", "1"], []], ids=["repack", "refresh"])
def test_killed_at_any_moment_it_goes_on_and_gives_the_same(old: DiscSet, tmp_path: Path, words: list[str]):
    """Four kills (-9), spread over the whole run; then once to the end."""
    damage(old.discs[0].path, 0.02)
    old.discs[1].path.unlink()
    before = bytes_of(tmp_path / "old")
    once = subprocess.run([*_COMMAND, *words], cwd=tmp_path, check=True, capture_output=True)
    assert once.returncode == 0
    whole = bytes_of(tmp_path / "new")
    shutil.rmtree(tmp_path / "new")

    for kill in range(4):
        running = subprocess.Popen(
            [*_COMMAND, *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            # From the first file in the new folder on: what is before only reads.
            while running.poll() is None and not list((tmp_path / "new").glob("*")):
                time.sleep(0.01)
            time.sleep(0.2 * kill)
        finally:
            running.kill()
            running.wait()
        # What has its name is whole.
        assert bytes_of(tmp_path / "new").items() <= whole.items()

    done = subprocess.run([*_COMMAND, *words], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "new") == whole
    assert bytes_of(tmp_path / "old") == before
    assert not list((tmp_path / "new").glob("*.partial*"))
    assert running.returncode in (0, -signal.SIGKILL)


def test_after_a_migration_the_old_discs_are_no_longer_due(
    old: DiscSet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "scrub", "old", "--register", "care.sqlite", "--date", "2026-11-23")[0] == 0
    due = ("due", "--register", "care.sqlite", "--at", "2036-12-01")
    assert call_json(capsys, *due)[1]["overdue"] == len(old.discs)

    words = ("migrate", "old", "--to", "new", "--capacity", "9MB", "--register", "care.sqlite", "--date", "2036-11-22")
    code, said = call_json(capsys, *words, "--operator", "A. Li")
    assert code == 0
    (one,) = said["sets"]  # type: ignore[misc]
    assert (one["old_set"], one["steps"], one["custody"]["operator"]) == (old.set_id, 1, "A. Li")

    code, out, err = call(capsys, "find", "--set", f"{old.set_id}-D01", "--catalog", "new")
    assert (code, "tree/big.bin" in out) == (0, True)
    assert f"note: set {one['new_set']} holds what was migrated from {old.set_id}-D01" in err
    assert call(capsys, "find", "--set", old.set_id, "--discs", "new")[0] == 0
    code, out, err = call(capsys, "ls", "new", "--set", f"{old.set_id.lower()}_D01")
    assert (code, "tree/big.bin" in out) == (0, True)
    assert f"note: migrated on 2036-11-22 from set {old.set_id}" in err
    ids = {each["set_id"] for each in call_json(capsys, "ls", "new", "old", "--set", old.set_id)[1]["sets"]}  # type: ignore[attr-defined]
    assert ids == {old.set_id, one["new_set"]}
    ids = {each["set_id"] for each in call_json(capsys, "ls", "new", "old", "--set", one["new_set"])[1]["sets"]}  # type: ignore[attr-defined]
    assert ids == {one["new_set"]}
    code, _, err = call(capsys, "ls", "old", "--set", one["new_set"])
    assert (code, f"no such set here, and none that was made of it; here is {old.set_id}" in err) == (6, True)
    assert call(capsys, "restore", "new", "--to", "back", "--set", old.set_id)[0] == 0
    assert call(capsys, "restore", "new", "old", "--to", "back", "--set", old.set_id)[0] == 0

    code, _, err = call(capsys, *due)
    assert f"note: set {old.set_id}: left out, migrated to {one['new_set']}" in err
    assert call_json(capsys, *due)[1]["discs"] == 1
    assert call_json(capsys, "due", "old", *due[1:])[1]["discs"] == len(old.discs)


def test_it_tells_people_what_became_of_what(
    old: DiscSet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    damage(old.discs[0].path, 0.02)

    code, out, _ = call(capsys, "migrate", "old", "--to", "new", "--medium", "cd")
    assert code == 0
    assert f"Set {old.set_id} became HG" in " ".join(out.split())
    assert "mended" in out
    assert "4 files, each as its old SHA-256 says" in out
    code, out, err = call(capsys, "migrate", "old", "--to", "copies")
    assert code == 0
    assert "copied byte for byte" in " ".join(out.split())
    assert f"custody: copies/{old.set_id}-custody.json" in err


def test_an_encrypted_set_is_copied_as_it_is_and_never_packed_anew_without_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=100_000)
    (tmp_path / "words").write_text("a b c d e f g h i j\n")
    assert call(capsys, "seal", "tree", "--out", "old", "--capacity", "4MB", "--passphrase-file", "words")[0] == 0

    code, _, err = call(capsys, "migrate", "old", "--to", "new", "--capacity", "9MB")
    assert (code, "is encrypted" in err, list((tmp_path / "new").glob("*.iso"))) == (17, True, [])
    assert call(capsys, "migrate", "old", "--to", "new")[0] == 0
    assert bytes_of(tmp_path / "new") == bytes_of(tmp_path / "old")


def test_a_new_set_is_signed_when_asked_and_the_next_step_names_that_key(
    old: DiscSet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key")

    assert call(capsys, "migrate", "old", "--to", "signed", "--capacity", "9MB", "--sign", "key")[0] == 0
    code, said = call_json(capsys, "migrate", "signed", "--to", "next", "--capacity", "5MB", "--date", "2040-01-01")

    assert (code, verify([tmp_path / "signed"]).error()) == (0, None)
    with open_set([tmp_path / "signed"]) as view:
        assert said["sets"][0]["custody"]["signed_by"] == view.index.signed_by != ""  # type: ignore[index]
        assert "CUSTODY.txt" in view.discs["D01"].read("tagmanifest-sha256.txt").decode()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("old", "--to", "old"), 2, "old: holds a source, and sources are never touched"),
        (("old", "--to", "new", "--parity", "1"), 2, "without a medium the images are copied as they are"),
        (("old", "--to", "new", "--medium", "bd-26"), 2, "medium 'bd-26': expected one of"),
        (("nowhere", "--to", "new"), 6, "nowhere: no such file or directory"),
        (("tree", "--to", "new"), 6, "tree: no disc images here"),
        (("tree/c.txt", "--to", "new"), 7, "tree/c.txt: "),
        (("old", "--to", "tree/c.txt"), 12, "tree/c.txt: "),
        (("old", "--to", "new", "--capacity", "60KB"), 11, "60KB"),
        (("old", "--to", "new", "--register", "tree/c.txt"), 12, "tree/c.txt: file is not a database"),
        (("old", "--to", "new", "--date", "soon"), 2, "--date soon: expected YYYY-MM-DD"),
    ],
)
def test_mistakes_get_one_clear_line(
    old: DiscSet,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
):
    monkeypatch.chdir(tmp_path)

    got, _, err = call(capsys, "migrate", *words)

    assert (got, said in err, "Traceback" in err) == (code, True, False), err
    assert list((tmp_path / "new").glob("*.iso")) == []


def test_another_image_in_the_way_and_foreign_images_are_refused(old: DiscSet, tmp_path: Path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / old.discs[0].path.name).write_bytes(b"the only copy of something")
    with pytest.raises(CannotWrite, match="an image of this name is there already, with other contents"):
        moved(tmp_path / "old", tmp_path / "new", None)
    assert (tmp_path / "new" / old.discs[0].path.name).read_bytes() == b"the only copy of something"

    (tmp_path / "old" / "other.iso").write_bytes(os.urandom(100 * 2048))
    with pytest.raises(DiscWrong, match=r"other\.iso: "):
        moved(tmp_path / "old", tmp_path / "empty")


def test_a_run_killed_before_the_catalog_or_after_its_step_says_neither_too_little_nor_twice(
    old: DiscSet, tmp_path: Path
):
    """As if killed between images and catalog; and after the register was told of the step, with its tests."""
    book = Register(tmp_path / "register.sqlite")
    for way in ({"medium": of_size("9MB")}, {}):
        to = tmp_path / f"new{len(way)}"
        first = migrate([tmp_path / "old"], to, book, date=LATER, now=lambda: LATER, **way)  # type: ignore[arg-type]
        (to / "catalog.sqlite").unlink()

        again = migrate([tmp_path / "old"], to, book, date=LATER, now=lambda: datetime.now(UTC), **way)  # type: ignore[arg-type]

        assert (to / "catalog.sqlite").exists()
        assert [one.images for one in again] == [one.images for one in first]
    assert len(read_beside(to, old.set_id)) == 1
