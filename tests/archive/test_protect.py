"""`heliograph archive protect`, and images that other programs protected: both ways with stock dvdisaster."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from disc_sets import damage, write_files
from rs03_discs import SECTOR, dvdisaster, dvdisaster_augments, make_iso, overwrite, sectors_of

from heliograph.archive.medium import MEDIA, Medium
from heliograph.archive.protect import protect_copy, protect_in_place
from heliograph.archive.rs03 import plan, read_layout, repair, verify
from heliograph.cli.main import main
from heliograph.errors import DiscWrong


@dataclass(frozen=True)
class Case:
    """One image to protect, and how to damage it."""

    seed: int
    sectors: int
    """Of the ISO."""
    roots: int
    extra: int
    """Sectors of the medium past what these roots need; they make further rows, or are a remainder."""
    last_bytes: int
    """In the last sector of the ISO: not all images are whole sectors."""
    stated: int
    """Sectors more than there are that the ISO states: hybrid and padded images state too few."""
    damage: str

    @property
    def is_plain(self) -> bool:
        """Stock dvdisaster looks for its header only where the ISO says that it ends."""
        return self.stated == 0 and self.last_bytes == SECTOR


def cases() -> list[object]:
    """36 cases from one seed: 2 to 40 MB, 8 to 170 roots; those over 8 MB are slow."""
    chance = np.random.default_rng(4)
    kinds = ("random", "scratch", "zeros", "cut")
    found = []
    for seed in range(36):
        large = seed % 18 == 17
        sectors = int(chance.integers(4_000, 19_600)) if large else int(chance.integers(990, 1_600))
        roots = (8, 170, int(chance.integers(8, 40)), int(chance.integers(8, 171)))[seed % 4]
        odd = seed % 6 == 5
        case = Case(
            seed,
            sectors,
            roots,
            int(chance.choice([0, 1, 254, 255, 700])),
            int(chance.integers(1, SECTOR)) if odd and seed % 4 == 1 else SECTOR,
            int(chance.choice([-150, -300, 20])) if odd and seed % 4 != 1 else 0,
            kinds[int(chance.integers(4))],
        )
        name = f"{sectors} sectors, {roots} roots, {case.damage}, {case.last_bytes} bytes, {case.stated:+d}"
        found.append(pytest.param(case, id=name, marks=[pytest.mark.slow] if large else []))
    return found


def make(case: Case, path: Path) -> Path:
    """The ISO image of a case."""
    make_iso(path, case.sectors, seed=case.seed)
    with path.open("r+b") as image:
        image.seek(16 * SECTOR + 80)
        stated = case.sectors + case.stated
        image.write(stated.to_bytes(4, "little") + stated.to_bytes(4, "big"))
    os.truncate(path, (case.sectors - 1) * SECTOR + case.last_bytes)
    return path


def hurt(case: Case, image: Path) -> None:
    """Damage an image, nowhere past its parity."""
    layout = read_layout(image)
    assert layout is not None
    rows, chance = layout.layer_sectors, np.random.default_rng(case.seed)
    most = min(layout.roots * 3 // 4, 12)
    if case.damage == "cut":
        os.truncate(image, image.stat().st_size - most * rows * SECTOR - 77)
    elif case.damage == "scratch":
        first = int(chance.integers(0, layout.ecc_start - min(most * rows, layout.ecc_start // 2)))
        overwrite(image, np.arange(first, min(first + most * rows, layout.ecc_start)))
    else:
        # In each row other layers, never more than parity mends; the ECC layers, too.
        lost = np.concatenate(
            [chance.choice(255, int(chance.integers(0, most // 2 + 1)), False) * rows + row for row in range(rows)]
        )
        if case.damage == "random":
            overwrite(image, lost)
        else:
            every = sectors_of(image)
            every[lost] = 0
            every.tofile(image)


@pytest.mark.parametrize("case", cases())
def test_what_we_protect_dvdisaster_protects_alike_and_each_mends_the_others(tmp_path: Path, case: Case):
    """The same bytes, in a copy and in place; its test finds ours good; each mends damage to the other's image."""
    iso = make(case, tmp_path / "in.iso")
    before = iso.read_bytes()
    theirs = Path(shutil.copy(iso, tmp_path / "theirs.iso"))
    ours = tmp_path / "ours.iso"
    size = plan(-(-len(before) // SECTOR), roots=case.roots).sectors + case.extra

    done = protect_copy(iso, ours, medium=Medium("test", size), roots=case.roots)
    dvdisaster_augments(theirs, size)

    whole = ours.read_bytes()
    assert whole == theirs.read_bytes()
    assert iso.read_bytes() == before
    assert protect_in_place(iso, medium=Medium("test", size), roots=case.roots).layout == done.layout
    assert iso.read_bytes() == whole
    assert done.layout.roots >= case.roots
    assert verify(theirs).clean
    if case.is_plain:
        said = dvdisaster("-i", ours, "-t")
        assert "good image/file" in said
        assert "Ecc block test   : pass" in said

    hurt(case, theirs)
    report = verify(theirs)
    assert not report.clean
    assert report.repairable
    assert 0 <= report.margin < done.layout.roots
    repair(theirs)
    assert theirs.read_bytes() == whole

    if case.is_plain and case.seed % 3 == 0:
        overwrite(ours, np.random.default_rng(case.seed).choice(np.arange(17, case.sectors), 6, replace=False))
        assert verify(ours).damaged.size == 6
        dvdisaster("-i", ours, "-f")
        assert ours.read_bytes() == whole


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of an `archive` command."""
    code = main(["archive", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def iso(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_iso(tmp_path / "in.iso", 3000)


def test_the_command_says_what_it_wrote(iso: Path, capsys: pytest.CaptureFixture[str]):
    """For people and for programs; without a size, as much parity as `seal` gives."""
    before = iso.read_bytes()

    code, out, _ = call(capsys, "protect", "in.iso", "out.iso")
    assert code == 0
    assert "39 roots" in out
    code, text, _ = call(capsys, "protect", "in.iso", "wide.iso", "--roots", "64", "--json")

    said = json.loads(text)
    layout = plan(3000, roots=64)
    assert code == 0
    assert (said["roots"], said["sectors"], said["iso_sectors"]) == (layout.roots, layout.sectors, 3000)
    assert Path("wide.iso").stat().st_size == said["bytes"] == layout.image_bytes
    assert Path("wide.iso").read_bytes()[: len(before)] == before
    assert iso.read_bytes() == before


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("name", list(MEDIA))
def test_an_image_too_large_for_its_medium_is_refused_by_how_much(
    iso: Path, capsys: pytest.CaptureFixture[str], name: str, bare: bool
):
    """103 sectors over, on every medium, with and without defect management; nothing is written. The file is sparse."""
    medium = MEDIA[name]
    sectors = medium.unmanaged_sectors if bare else medium.sectors
    words = ["--medium", name.upper()] + ["--no-defect-management"] * bare
    if sectors is None:
        code, _, err = call(capsys, "protect", "in.iso", "out.iso", *words)
        assert code == 2
        assert err.startswith("error: --no-defect-management: goes with --medium bd-25, bd-50, bd-100, bd-128;")
        return
    room = 246 * (sectors // 255) - 2
    os.truncate(iso, (room + 103) * SECTOR)

    code, _, err = call(capsys, "protect", "in.iso", "out.iso", *words)

    assert code == 11
    assert err.startswith(f"error: in.iso: 103 sectors over: {name} has room for an ISO of {room:,} with 8 roots")
    assert err.count("\n") == 1
    assert ("add --no-defect-management" in err) == (name.startswith("bd") and not bare)
    assert ("choose --medium" in err) == (name != "bd-128")
    assert not Path("out.iso").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--medium", "cd", "--sectors", "5000"), 2, "--medium and --sectors: give one of them"),
        (("--medium", "floppy"), 2, "'floppy' is not one of 'cd', 'dvd', 'bd-25'"),
        (("--no-defect-management",), 2, "goes with --medium bd-25"),
        (("--roots", "7"), 2, "7 is not in the range 8<=x<=170"),
        (("--roots", "171"), 2, "171 is not in the range"),
        (("--sectors", "3060"), 11, "50 sectors over: --sectors 3060 has room for an ISO of 2,950 with 8 roots"),
        (("--sectors", "3570", "--roots", "90"), 11, "ask for --roots 39 or fewer, or give --sectors 4845, or leave"),
    ],
)
def test_what_cannot_be_is_explained_in_one_line(
    iso: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    got, _, err = call(capsys, "protect", "in.iso", "out.iso", *words)

    assert (got, said in err) == (code, True), err
    assert sum(line.startswith("error:") for line in err.splitlines()) == 1
    assert not Path("out.iso").exists()


def test_the_size_decides_the_roots_and_the_command_says_so(iso: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = call(capsys, "protect", "in.iso", "out.iso", "--sectors", "5100", "--roots", "32")

    assert code == 0
    assert "103 roots" in out
    assert err == "note: 103 roots, not 32: in RS03 the size decides, and this size has room for them\n"


def test_in_is_never_out_and_no_other_file_is_replaced(iso: Path, capsys: pytest.CaptureFixture[str]):
    """A link to IN is IN; the same image once more is no other one."""
    before = iso.read_bytes()
    os.link(iso, "link.iso")
    Path("other.iso").write_bytes(b"mine")
    Path("folder").mkdir()

    assert call(capsys, "protect", "in.iso", "in.iso")[0] == 2
    assert call(capsys, "protect", "in.iso", "link.iso")[0] == 2
    assert call(capsys, "protect", "in.iso", "other.iso")[0] == 12
    assert call(capsys, "protect", "in.iso", "folder")[0] == 12
    assert call(capsys, "protect", "in.iso", "out.iso")[0] == 0
    Path("same length.iso").write_bytes(bytes(Path("out.iso").stat().st_size))
    assert call(capsys, "protect", "in.iso", "same length.iso")[0] == 12
    assert call(capsys, "protect", "in.iso", "out.iso")[0] == 0
    assert iso.read_bytes() == before
    assert Path("other.iso").read_bytes() == b"mine"
    assert not any(Path("same length.iso").read_bytes())
    assert not list(Path().glob("*.partial"))


def test_what_is_no_image_is_refused(tmp_path: Path):
    (tmp_path / "short.iso").write_bytes(bytes(17 * SECTOR - 1))
    for name, said in (("short.iso", "34815 bytes"), ("none.iso", "no such file"), (".", "is a folder")):
        with pytest.raises(DiscWrong, match=said):
            protect_copy(tmp_path / name, tmp_path / "out.iso")
    assert not (tmp_path / "out.iso").exists()


def test_a_protected_image_is_protected_anew(iso: Path, capsys: pytest.CaptureFixture[str]):
    """Its old parity is left out, so that the result is what the ISO itself would have given."""
    call(capsys, "protect", "in.iso", "small.iso", "--roots", "8")
    call(capsys, "protect", "in.iso", "direct.iso", "--sectors", "5100")

    code, _, err = call(capsys, "protect", "small.iso", "again.iso", "--sectors", "5100")

    assert code == 0
    assert "note: small.iso carried RS03 with " in err
    assert Path("again.iso").read_bytes() == Path("direct.iso").read_bytes()


def test_a_damaged_protected_image_is_mended_before_it_is_protected_anew(iso: Path, capsys: pytest.CaptureFixture[str]):
    """Else damage would be protected as if it were data."""
    call(capsys, "protect", "in.iso", "small.iso", "--roots", "32")
    overwrite(Path("small.iso"), [100, 200])

    code, _, err = call(capsys, "protect", "small.iso", "again.iso")

    assert code == 10
    assert "carries RS03 already, and 2 of its sectors are damaged" in err
    assert not Path("again.iso").exists()


def test_a_source_that_changes_meanwhile_is_refused(iso: Path):
    """Copy and parity might be of different bytes."""

    def meddle(part: str, done: int, total: int) -> None:
        with iso.open("r+b") as file:
            file.seek(500)
            file.write(b"changed")

    with pytest.raises(DiscWrong, match="changed while it was protected"):
        protect_copy(iso, iso.with_name("out.iso"), progress=meddle)
    assert not iso.with_name("out.iso").exists()


@pytest.mark.parametrize(
    ("descriptors", "volumes"),
    [
        ([], []),
        ([b"CD001"], ["ISO 9660"]),
        ([b"BEA01", b"NSR02", b"TEA01"], ["UDF"]),
        ([b"CD001", b"CD001", b"BEA01", b"NSR03", b"TEA01"], ["ISO 9660", "UDF"]),
        ([b"BEA01", b"TEA01"], []),
    ],
)
@pytest.mark.parametrize("way", ["out.iso", "--in-place"])
def test_a_file_without_a_volume_is_protected_and_said_to_have_none(
    tmp_path: Path,
    descriptors: list[bytes],
    volumes: list[str],
    way: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    """A bare file is kept as well as a disc; but it may be the wrong one."""
    monkeypatch.chdir(tmp_path)
    data = bytearray(np.random.default_rng(1).bytes(300 * SECTOR))
    for number, name in enumerate(descriptors):
        data[(16 + number) * SECTOR + 1 : (16 + number) * SECTOR + 6] = name
    (tmp_path / "in.bin").write_bytes(data)

    code, _, err = call(capsys, "protect", "in.bin", way)
    assert code == 0
    told = "note: in.bin: no ISO 9660 or UDF volume found; its bytes are protected as they are\n"
    assert (told in err) == (not volumes)

    code, out, err = call(capsys, "protect", "in.bin", way, "--json")
    assert (code, json.loads(out)["volumes"], err) == (0, volumes, "")
    image = tmp_path / ("in.bin" if way == "--in-place" else way)
    overwrite(image, [20, 40])
    assert call(capsys, "repair", image)[0] == 0
    assert image.read_bytes()[: len(data)] == data


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_command_leaves_no_image(tmp_path: Path, signum: signal.Signals):
    """Nothing under the name asked for; the same command then makes it."""
    out = tmp_path / "out.iso"
    for sectors in (30_000, 60_000, 120_000):  # a fast machine may be through before the signal comes
        iso = make_iso(tmp_path / "in.iso", sectors)
        words = ["-m", "heliograph.cli.main", "archive", "protect", str(iso), str(out), "--roots", "170"]
        process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (tmp_path / "out.iso.partial").exists() and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signum)
        if process.wait(60) != 0:
            break
        out.unlink()

    assert not out.exists()
    assert (tmp_path / "out.iso.partial").exists() == (signum == signal.SIGKILL)
    protect_copy(iso, out, roots=170)
    assert verify(out, deep=False).clean


@pytest.fixture
def foreign(iso: Path) -> tuple[Path, bytes]:
    """An image that stock dvdisaster protected: 15 rows, 39 roots; and its bytes."""
    dvdisaster_augments(iso, 15 * 255 + 9)
    return iso, iso.read_bytes()


def test_an_image_of_dvdisaster_is_checked_and_measured(
    foreign: tuple[Path, bytes], capsys: pytest.CaptureFixture[str]
):
    """Good 0, damaged 10 with its margin, past its parity 8; `repair` gives back the very bytes, or refuses."""
    image, whole = foreign
    layout = read_layout(image)
    assert layout is not None
    assert call(capsys, "verify", image)[0] == 0

    overwrite(image, [50, 50 + layout.layer_sectors, 50 + 2 * layout.layer_sectors, 700])
    code, out, _ = call(capsys, "verify", image, "--json")
    state = json.loads(out)["error"]["fields"]["strays"][0]
    assert code == 10
    assert (state["state"], state["foreign"], state["sectors"]) == ("damaged", True, layout.sectors)
    assert (state["damaged_sectors"], state["worst"], state["roots"]) == (4, 3, layout.roots)
    assert state["margin"] == layout.roots - 3
    assert call(capsys, "verify", image)[0] == 10
    code, out, _ = call(capsys, "repair", image)
    assert code == 0
    assert "4 sectors repaired" in out
    assert image.read_bytes() == whole
    assert call(capsys, "repair", image)[0] == 0

    overwrite(image, np.arange(17, 27 + layout.roots * layout.layer_sectors))
    before = image.read_bytes()
    for command in ("verify", "repair"):
        code, _, err = call(capsys, command, image)
        assert code == 8
        assert "hint: read the disc again" in err
    assert image.read_bytes() == before


def test_a_damaged_volume_descriptor_does_not_stop_a_repair(
    foreign: tuple[Path, bytes], capsys: pytest.CaptureFixture[str]
):
    """Then nothing says whose image it is before it is mended."""
    image, whole = foreign
    overwrite(image, [16])

    assert call(capsys, "verify", image)[0] == 10
    assert call(capsys, "repair", image)[0] == 0
    assert image.read_bytes() == whole


def test_images_of_others_beside_a_set_do_not_stand_in_for_its_discs(
    foreign: tuple[Path, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The set's own verdict is as it was: a missing disc is missing."""
    write_files(tmp_path / "tree", a_bin=2_500_000)
    assert call(capsys, "seal", "tree", "--capacity", "3MB", "--out", "discs")[0] == 0
    shutil.copy(foreign[0], "discs/theirs.iso")
    assert call(capsys, "verify", "discs")[0] == 0
    damage(Path("discs/theirs.iso"), 0.02)
    assert call(capsys, "verify", "discs")[0] == 10
    next(Path("discs").glob("HG*.iso")).unlink()

    assert call(capsys, "verify", "discs")[0] == 9


@pytest.mark.slow
def test_a_cd_is_filled_as_dvdisaster_fills_it(tmp_path: Path):
    """Its own choice for a small ISO, with no size given: 359,424 sectors."""
    iso = make_iso(tmp_path / "in.iso", 200_000)
    theirs = Path(shutil.copy(iso, tmp_path / "theirs.iso"))
    assert "has been augmented" in dvdisaster("-i", theirs, "-mRS03", "-o", "image", "-c")

    protect_copy(iso, tmp_path / "ours.iso", medium=MEDIA["cd"])

    assert subprocess.run(["cmp", tmp_path / "ours.iso", theirs], check=False).returncode == 0
