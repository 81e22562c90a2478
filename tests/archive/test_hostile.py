"""Images made to do harm: each is refused by name, in one line, before it costs time, memory or a file elsewhere."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from disc_sets import contents, small_set, tool, write_files
from rs03_discs import SECTOR, make_iso

from heliograph.archive.read.disc import DiscImage
from heliograph.archive.rs03 import protect
from heliograph.cli.main import main

OURS = "HELIOGRAPH DISC SET 1"


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Exit code, and what was said as an error or a note."""
    code = main(["archive", *map(str, words)])
    return code, capsys.readouterr().err


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data disc, with a folder in it; and a parity disc."""
    folder = tmp_path_factory.mktemp("sealed")
    tree = write_files(folder / "tree", a_bin=5000, b_txt=20, c_txt=3000)
    (tree / "sub").mkdir()
    (tree / "sub" / "d.txt").write_bytes(b"d" * 2500)
    small_set(tree, folder / "discs", parity=1)
    return folder / "discs"


@pytest.fixture
def bare(sealed: Path, tmp_path: Path) -> Path:
    """The data disc's ISO alone: no checksum stands in the way of who changes it."""
    (source,) = sealed.glob("*-D01.iso")
    disc = DiscImage(source)
    size = disc.volume.sectors * SECTOR
    disc.close()
    path = tmp_path / "discs" / "D01.iso"
    path.parent.mkdir()
    path.write_bytes(source.read_bytes()[:size])
    return path


def place(image: Path, path: str) -> tuple[int, int]:
    """First byte and length of a file on a disc."""
    disc = DiscImage(image, checked=False)
    run = disc.run(path)
    disc.close()
    return run.start, run.bytes


def edit_index(image: Path, edit: Callable[[dict[str, Any]], object], name: str = "index.json") -> None:
    """Change the document `index.json` where it stands; it may only grow shorter, and is filled up with spaces."""
    start, size = place(image, name)
    data = bytearray(image.read_bytes())
    document = json.loads(data[start : start + size])
    changed = edit(document)
    text = changed if isinstance(changed, bytes) else json.dumps(document, separators=(",", ":")).encode()
    assert len(text) <= size, f"{len(text) - size} bytes too long"
    data[start : start + size] = text.ljust(size)
    image.write_bytes(data)


def record_of(data: bytes, name: bytes) -> int:
    """Where the ISO 9660 directory record with this Rock Ridge name stands."""
    entry = data.index(b"NM" + bytes([5 + len(name)]) + b"\x01\x00" + name)
    at = entry - 34
    while not (
        34 <= data[at] < 255 and at + data[at] > entry and data[at + 2 : at + 6] == data[at + 6 : at + 10][::-1]
    ):
        at -= 1
    return at


def both(number: int) -> bytes:
    """A number in both byte orders."""
    return struct.pack("<I", number) + struct.pack(">I", number)


def edit_record(image: Path, name: bytes, edit: Callable[[bytearray, int], None]) -> None:
    data = bytearray(image.read_bytes())
    edit(data, record_of(data, name))
    image.write_bytes(data)


def refused(
    capsys: pytest.CaptureFixture[str], image: Path, said: str, *, code: int = 7, words: tuple[str, ...] = ()
) -> None:
    """`restore` refuses in one line, with a hint, and writes nothing."""
    to = image.parent.parent / "back"
    before = contents(image.parent.parent)
    began = time.process_time()

    got, err = call(capsys, "restore", image, "--to", to / "inner", *words)

    assert got == code, err
    assert re.search(said, err), err
    assert len(err.splitlines()) == 2 and err.startswith("error: ") and "Traceback" not in err
    assert time.process_time() - began < 5
    assert {path for path in contents(image.parent.parent) if not path.startswith("back")} == set(before)
    assert not to.exists() or not [path for path in to.rglob("*") if path.is_file()]


def first_file(edit: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    return lambda index: edit(index["files"][0])


def first_piece(edit: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    return lambda index: edit(index["files"][0]["pieces"][0])


def shared_pieces(index: dict[str, Any]) -> None:
    one, two = index["files"][0], index["files"][1]
    two["pieces"], two["bytes"], two["sha256"] = one["pieces"], one["bytes"], one["sha256"]


INDEXES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a path that leads up": (first_file(lambda f: f.update(path="../../x")), r"names '../../x', which leads out"),
    "an absolute path": (first_file(lambda f: f.update(path="/tmp/x")), r"names '/tmp/x', which leads out"),
    "a path with a NUL": (first_file(lambda f: f.update(path="a\0b")), r"names 'a\\x00b', which leads out"),
    "an empty path": (first_file(lambda f: f.update(path="")), r"names '', which leads out"),
    "a folder that leads up": (lambda i: i["folders"].append("../x"), r"names '../x', which leads out"),
    "two files of one path": (lambda i: i["files"][1].update(path=i["files"][0]["path"]), "is there twice"),
    "two files of one piece": (shared_pieces, "another file has the same piece"),
    "a piece outside data/": (first_piece(lambda p: p.update(path="index.json")), "a piece stands outside data/"),
    "a piece that leads up": (first_piece(lambda p: p.update(path="data/../x")), "leads out"),
    "a piece on a parity disc": (first_piece(lambda p: p.update(disc="P01")), "no data disc of the set"),
    "a piece on no disc": (first_piece(lambda p: p.update(disc="D77")), "no data disc of the set"),
    "a gap between pieces": (first_piece(lambda p: p.update(start=9)), "a piece begins at 9, not at 0"),
    "pieces that do not add up": (first_file(lambda f: f.update(bytes=1)), r"its pieces have 5,000 bytes, not 1"),
    "a size below zero": (first_piece(lambda p: p.update(bytes=-1)), r"expected `int` >= 0"),
    "a size of 2^70": (first_piece(lambda p: p.update(bytes=2**70)), r"bytes`?"),
    "a hash that is none": (first_file(lambda f: f.update(sha256="x")), "sha256"),
    "more bytes than the disc has": (
        lambda i: (i["files"][0].update(bytes=10**9), i["files"][0]["pieces"][0].update(bytes=10**9)),
        r"files of 1,000,00\d,\d+ bytes on disc D01, whose file system has",
    ),
    "a set that is called otherwise": (lambda i: i.update(set_id="../../evil"), "not the ids of a set"),
    "no data discs": (lambda i: i.update(discs=[]), "0 data and 0 parity discs"),
    "discs out of order": (lambda i: i["discs"][0].update(name="D02"), "expected the disc D01"),
    "a date that is none": (lambda i: i.update(created="noon"), "created: 'noon' is not an instant"),
    "a date past all discs": (lambda i: i.update(created="9999-01-01T00:00:00Z"), "is not an instant that a disc"),
    "lists in lists without end": (lambda i: b"[" * 1000, r"index.json: "),
    "objects in objects": (lambda i: b'{"about":' * 150, r"index.json: "),
    "numbers without end": (lambda i: b'{"format":' + b"9" * 1200, r"index.json: "),
}


@pytest.mark.parametrize("what", INDEXES)
def test_a_hostile_index_is_refused_by_name(bare: Path, capsys: pytest.CaptureFixture[str], what: str):
    edit, said = INDEXES[what]
    edit_index(bare, edit)

    refused(capsys, bare, said)
    assert call(capsys, "ls", bare)[0] == 7
    assert call(capsys, "catalog", "add", bare)[0] == 7
    assert call(capsys, "label", bare, "--out", bare.parent / "labels.pdf")[0] == 7
    assert not (bare.parent / "labels.pdf").exists()


def make_link(data: bytearray, at: int) -> None:
    entry = data.index(b"PX", at)
    data[entry : entry + 2] = b"SL"


def mode(number: int) -> Callable[[bytearray, int], None]:
    def edit(data: bytearray, at: int) -> None:
        entry = data.index(b"PX", at)
        data[entry + 4 : entry + 12] = both(number)

    return edit


def field(offset: int, value: bytes) -> Callable[[bytearray, int], None]:
    def edit(data: bytearray, at: int) -> None:
        data[at + offset : at + offset + len(value)] = value

    return edit


def same_extent(name: bytes) -> Callable[[bytearray, int], None]:
    def edit(data: bytearray, at: int) -> None:
        other = record_of(data, name)
        data[at + 2 : at + 18] = data[other + 2 : other + 18]

    return edit


def rename(new: bytes) -> Callable[[bytearray, int], None]:
    def edit(data: bytearray, at: int) -> None:
        entry = data.index(b"NM", at)
        data[entry + 5 : entry + 5 + len(new)] = new

    return edit


def endless_names(data: bytearray, at: int) -> None:
    """A CE entry that says: the entries go on here."""
    entry = data.index(b"PX", at)
    data[entry : entry + 28] = b"CE\x1c\x01" + both(entry // SECTOR) + both(entry % SECTOR) + both(28)


def far_names(data: bytearray, at: int) -> None:
    entry = data.index(b"PX", at)
    data[entry : entry + 28] = b"CE\x1c\x01" + both(0) + both(0) + both(2**32 - 1)


RECORDS: dict[str, tuple[bytes, Callable[[bytearray, int], None], str]] = {
    "a link": (b"b.txt", make_link, "is a link"),
    "a device": (b"b.txt", mode(0o020644), "is neither a file nor a folder"),
    "a pipe": (b"b.txt", mode(0o010644), "is neither a file nor a folder"),
    "a file past the end": (b"b.txt", field(2, both(2**31) + both(20)), "'b.txt' lies past the end of the volume"),
    "a file of 4 GB": (b"b.txt", field(10, both(2**32 - 1)), "'b.txt' lies past the end of the volume"),
    "two sizes in one record": (b"b.txt", field(10, b"\1"), "the two copies of an extent in a directory record differ"),
    "a folder of 4 GB": (b"sub", field(10, both(2**32 - 1)), "'sub' lies past the end of the volume"),
    "a name with a slash": (b"b.txt", rename(b"../.."), r"is called '../..'"),
    "a name with an escape": (b"b.txt", rename(b"\x1b[2Jx"), r"is called '\\x1b\[2Jx'"),
    "two of one name": (b"b.txt", rename(b"c.txt"), "two files or folders are called 'c.txt'"),
    "names that go on for ever": (b"b.txt", endless_names, "the entries of a name go on without end"),
    "a name of 4 GB": (b"b.txt", far_names, "the entries of a name go on without end"),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_hostile_folder_is_refused_by_name(bare: Path, capsys: pytest.CaptureFixture[str], what: str):
    name, edit, said = RECORDS[what]
    edit_record(bare, name, edit)

    refused(capsys, bare, said)


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        (
            b"c.txt",
            same_extent(b"a.bin"),
            "'data/tree/(a.bin|c.txt)' and 'data/tree/(a.bin|c.txt)' share the same bytes",
        ),
        (b"sub", same_extent(b"tree"), "a folder contains itself"),
    ],
)
def test_shared_bytes_and_loops_are_found_when_all_is_checked(
    bare: Path, capsys: pytest.CaptureFixture[str], name: bytes, edit: Callable[[bytearray, int], None], said: str
):
    """Restoring goes only where the index sends it; checking looks at all that is there."""
    edit_record(bare, name, edit)
    protect(bare)

    code, err = call(capsys, "verify", bare)

    assert code == 7
    assert re.search(said, err)


def test_folders_in_folders_past_all_depth_are_refused(tmp_path: Path):
    """Twenty thousand folders, each in the one before, with one letter names: made by hand, no tool would."""
    from heliograph.archive.iso.lookup import Tree, read_volume
    from heliograph.errors import DiscWrong

    depth = 20_000
    image = bytearray((20 + depth) * SECTOR)

    def record(sector: int) -> bytes:
        body = both(sector) + both(SECTOR) + bytes(7) + b"\2" + bytes(6) + b"\1A" + b"\0" * 0
        rock = b"NM\x06\x01\x00a"
        size = 2 + len(body) + len(rock)
        return bytes([size + size % 2, 0]) + body + rock + b"\0" * (size % 2)

    image[16 * SECTOR : 16 * SECTOR + 7] = b"\1CD001\1"
    image[16 * SECTOR + 80 : 16 * SECTOR + 88] = both(20 + depth)
    image[16 * SECTOR + 158 : 16 * SECTOR + 174] = both(20) + both(SECTOR)
    for level in range(depth - 1):
        entry = record(21 + level)
        image[(20 + level) * SECTOR : (20 + level) * SECTOR + len(entry)] = entry
    path = tmp_path / "deep.iso"
    path.write_bytes(image)
    with path.open("rb") as file:
        tree = Tree(file, read_volume(file, path), path)
        with pytest.raises(DiscWrong, match="folders in folders, over 16,384 letters deep"):
            tree.files()


def test_links_devices_and_names_as_xorriso_writes_them_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A whole disc that says to be ours, drawn by another hand: its bag holds a link to the system's passwords."""
    bag = tmp_path / "bag"
    (bag / "data").mkdir(parents=True)
    (bag / "data" / "passwd").symlink_to("/etc/passwd")
    (bag / "index.json").write_text("{}")
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    (tmp_path / "discs").mkdir()
    image = tmp_path / "discs" / "evil.iso"
    words = ["-as", "mkisofs", "-R", "-V", "HG000000000_D01", "-A", OURS, "-quiet", "-o", image, bag]
    tool("xorriso", *words)

    code, err = call(capsys, "ls", image)
    assert code == 7
    assert "index.json: " in err
    disc_code, err = call(capsys, "restore", image, "--to", tmp_path / "back")
    assert disc_code == 7
    protect(image)
    assert call(capsys, "verify", image)[0] == 7
    assert not (tmp_path / "back").exists()


def test_a_mounted_disc_with_links_and_pipes_is_refused(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Also a link to what it should hold: nothing is read outside of the disc."""
    (source,) = sealed.glob("*-D01.iso")
    tool("7z", "x", f"-o{tmp_path / 'good'}", source)
    for what in ("link", "folder", "pipe", "index", "device"):
        disc = Path(shutil.copytree(tmp_path / "good", tmp_path / what))
        for each in (disc, *disc.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)
        target = disc / "index.json" if what == "index" else disc / "data" / "tree" / "a.bin"
        if what == "folder":
            shutil.rmtree(disc / "data" / "tree")
            (disc / "data" / "tree").symlink_to(tmp_path / "good" / "data" / "tree")
        else:
            target.unlink()
            if what == "pipe":
                os.mkfifo(target)
            else:
                target.symlink_to({"device": "/dev/zero"}.get(what, tmp_path / "good" / target.relative_to(disc)))

        code, err = call(capsys, "restore", disc, "--to", tmp_path / "back" / what)

        assert code == 7, (what, err)
        assert "a link stands there, or on the way" in err or what == "pipe"
        assert not list((tmp_path / "back").rglob("a.bin"))


def test_a_pipe_in_place_of_an_image_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    os.mkfifo(tmp_path / "pipe.iso")

    for words in (("ls",), ("verify",), ("repair",), ("restore", "--to", tmp_path / "back")):
        code, err = call(capsys, words[0], tmp_path / "pipe.iso", *words[1:])
        assert code == 6, err
        assert "neither a file, a drive nor a folder" in err
    assert call(capsys, "ls", tmp_path)[0] == 6


def forged_header(image: Path, **numbers: int) -> None:
    """Numbers of the RS03 header changed, its checksum made to fit; the CRC sectors gone."""
    places = {"iso": (68, "<q"), "data": (76, "<i"), "roots": (80, "<i"), "layer": (120, "<q")}
    data = bytearray(image.read_bytes())
    at = data.index(b"*dvdisaster*RS03") // SECTOR * SECTOR
    for name, number in numbers.items():
        struct.pack_into(places[name][1], data, at + places[name][0], number)
    block = data[at : at + 2 * SECTOR]
    block[96:100] = b"GPL\0"
    data[at + 96 : at + 100] = struct.pack("<I", zlib.crc32(block) ^ 0xFFFFFFFF)
    for sector in range(at + 2 * SECTOR, len(data), SECTOR):
        if data.startswith(b"*dvdisaster*RS03", sector + 1024):
            data[sector : sector + SECTOR] = bytes(SECTOR)
    image.write_bytes(data)


@pytest.mark.parametrize("layer", [2**31, 2**40, 2**62])
def test_an_absurd_size_of_an_rs03_layer_is_refused_before_memory_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layer: int
):
    image = make_iso(tmp_path / "a.iso", 500)
    protect(image)
    forged_header(image, layer=layer)

    for command in ("verify", "repair"):
        code, err = call(capsys, command, image)
        assert code == 7, err
        assert f"its RS03 layer tells of an image of {layer * 255 * SECTOR:,} bytes; the file has" in err


@pytest.mark.parametrize("numbers", [{"roots": 0}, {"roots": -5}, {"data": 2**31 - 1}, {"iso": -1}, {"layer": -1}])
def test_numbers_of_an_rs03_header_that_contradict_each_other_are_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], numbers: dict[str, int]
):
    image = make_iso(tmp_path / "a.iso", 500)
    protect(image)
    before = image.read_bytes()
    forged_header(image, **numbers)

    assert call(capsys, "repair", image)[0] in (0, 7)  # the code itself may still tell the truth
    assert image.read_bytes() in (before, image.read_bytes())


def test_parity_that_tells_of_more_than_it_has_rebuilds_nothing(sealed: Path, tmp_path: Path, capsys: Any):
    """A lost disc of a petabyte would be zeros without end."""
    discs = Path(shutil.copytree(sealed, tmp_path / "discs"))
    (parity,) = discs.glob("*-P01.iso")
    disc = DiscImage(parity)
    size = disc.volume.sectors * SECTOR
    disc.close()
    parity.write_bytes(parity.read_bytes()[:size])
    edit_index(parity, lambda notes: notes[0].update(iso_bytes=2**50, sha256=""), "images.json")  # type: ignore[attr-defined]
    protect(parity)
    next(discs.glob("*-D01.iso")).unlink()

    code, err = call(capsys, "repair", discs)

    assert code == 7
    assert "images.json: 1,125,899,906,842,624 bytes of disc D01, where the parity has" in err
    assert not list(discs.glob("*D01*"))


def test_a_name_from_a_disc_does_not_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Files may be called so, and come back so; only what is printed is escaped."""
    tree = tmp_path / "tree"
    tree.mkdir()
    name = "clear\x1b[2J\x07screen\u202e.txt"
    (tree / name).write_text("x")
    small_set(tree, tmp_path / "discs")

    assert main(["archive", "ls", str(tmp_path / "discs")]) == 0
    said = capsys.readouterr().out
    assert "\x1b[2J" not in said and "\x07" not in said and "\u202e" not in said
    assert r"clear\x1b[2J\x07screen\u202e.txt" in said.replace("\n", "").replace(" ", "")
    assert main(["archive", "restore", str(tmp_path / "discs"), "--to", str(tmp_path / "back")]) == 0
    assert (tmp_path / "back" / "tree" / name).exists()


def test_sealing_keeps_to_the_bounds_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    from heliograph.archive.seal import plan

    monkeypatch.setattr(plan, "MOST_FILES", 1)
    write_files(tmp_path / "tree", a_txt=1, b_txt=1)

    code, err = call(capsys, "seal", tmp_path / "tree", "--out", tmp_path / "discs")

    assert code == 11
    assert "2 files: a set has at most 1" in err


def test_an_index_of_many_files_is_refused_within_bounded_memory(tmp_path: Path):
    """Three million files in 250 MB of text: counted before a single one is made."""
    from heliograph.archive.read.believe import decode  # noqa: F401 - loaded before memory is measured

    program = (
        "import resource, sys\n"
        "from heliograph.archive.read.believe import decode\n"
        "from heliograph.errors import DiscWrong\n"
        'one = b\'{"path":"a","bytes":0,"sha256":"\' + b\'0\' * 64 + b\'","pieces":[]},\'\n'
        "text = b'{\"files\":[' + one * 2_100_000 + b']}'\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    decode(text, 'here')\nexcept DiscWrong as wrong:\n    print(wrong.message)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)

    said, grown = done.stdout.splitlines()
    assert said == "here: index.json: more than 1,000,000 files"
    assert int(grown) < 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
