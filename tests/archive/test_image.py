"""The file system of a disc, held against software that we did not write."""

from __future__ import annotations

import io
import os
from pathlib import Path
from random import Random

import pytest
from disc_sets import DATE, ODD_NAMES, small_set, tool, write_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.archive.iso.image import APPLICATION, lay_out
from heliograph.archive.iso.lookup import Tree, read_volume
from heliograph.archive.iso.names import Namer
from heliograph.archive.read.disc import DiscImage
from heliograph.errors import DiscWrong, HeliographError

VOLUME = "HG123456789_D01"
DEEP = "/".join(f"folder {depth}" for depth in range(20))


def draw(path: Path, files: dict[str, bytes], folders: tuple[str, ...] = ()) -> Path:
    """An image with these files, unprotected."""
    layout = lay_out(
        [(name, len(data)) for name, data in files.items()], folders, volume=VOLUME, set_id="HG123456789", at=DATE
    )
    with path.open("w+b") as image:
        layout.write(image)
        image.flush()
        for name, data in files.items():
            os.pwrite(image.fileno(), data, layout.offsets[name])
    assert path.stat().st_size == layout.bytes
    return path


def read_back(path: Path) -> dict[str, bytes]:
    with path.open("rb") as image:
        tree = Tree(image, read_volume(image, path), path)
        found = {}
        for name, node in list(tree.walk()):
            if not node.folder:
                image.seek(node.extent.start)
                found[name] = image.read(node.extent.bytes)
        return found


def odd_files() -> dict[str, bytes]:
    namer = Namer()
    return {namer.path(name): b"" if name == "empty" else name.encode() for name in (*ODD_NAMES, f"{DEEP}/深.txt")}


def test_our_own_reader_finds_every_file_of_an_image(tmp_path: Path):
    files = odd_files()

    image = draw(tmp_path / "a.iso", files, ("nothing/in/here",))

    assert read_back(image) == files
    with image.open("rb") as file:
        volume = read_volume(file, image)
        assert (volume.name, volume.set_id, volume.application) == (VOLUME, "HG123456789", APPLICATION)
        tree = Tree(file, volume, image)
        node = tree.find("nothing/in/here")
        assert node is not None
        assert node.folder
        assert tree.find("plain.txt/x") is None
        assert tree.find("absent") is None


def test_7z_gives_back_every_file_under_its_full_name(tmp_path: Path):
    files = odd_files()

    tool("7z", "x", f"-o{tmp_path / 'out'}", draw(tmp_path / "a.iso", files, ("nothing/in/here",)))

    for name, data in files.items():
        assert (tmp_path / "out" / name).read_bytes() == data
    assert (tmp_path / "out" / "nothing/in/here").is_dir()


def test_xorriso_and_isoinfo_list_every_file_under_its_full_name(tmp_path: Path):
    files = odd_files()
    image = draw(tmp_path / "a.iso", files)

    listed = tool("xorriso", "-indev", image, "-find", "/", "-type", "f")
    rock_ridge = tool("isoinfo", "-R", "-f", "-i", image)
    joliet = tool("isoinfo", "-J", "-f", "-i", image)

    for name in files:
        assert f"'/{name}'" in listed
        assert f"/{name}\n" in rock_ridge
    assert joliet.count(".txt") == rock_ridge.count(".txt")
    assert "/with space.txt\n" in joliet


def test_udfinfo_finds_a_closed_udf_volume_with_as_many_files(tmp_path: Path):
    files = odd_files()

    said = tool("udfinfo", draw(tmp_path / "a.iso", files))

    assert f"lvid={VOLUME}" in said
    assert f"numfiles={len(files)}" in said
    assert "integrity=closed" in said


def test_xorriso_copies_out_the_same_bytes(tmp_path: Path):
    files = odd_files()

    tool("xorriso", "-osirrox", "on", "-indev", draw(tmp_path / "a.iso", files), "-extract", "/", tmp_path / "out")

    for name, data in files.items():
        assert (tmp_path / "out" / name).read_bytes() == data


def test_the_same_files_give_the_same_image_at_any_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = odd_files()
    first = draw(tmp_path / "a.iso", files).read_bytes()

    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setenv("TZ", "Asia/Shanghai")

    assert draw(tmp_path / "b.iso", files).read_bytes() == first


def test_a_file_above_4_gb_is_one_run_of_bytes_in_every_view(tmp_path: Path):
    size = 5_000_000_000
    layout = lay_out([("big.bin", size), ("small", 1)], [], volume=VOLUME, set_id="HG123456789", at=DATE)
    path = tmp_path / "big.iso"
    with path.open("w+b") as image:  # a sparse file: next to nothing on the disk
        layout.write(image)
        image.flush()
        os.pwrite(image.fileno(), b"end", layout.offsets["big.bin"] + size - 3)

    with path.open("rb") as image:
        node = Tree(image, read_volume(image, path), path).find("big.bin")
    assert node is not None
    assert (node.extent.start, node.extent.bytes) == (layout.offsets["big.bin"], size)
    assert f"{size} " in tool("7z", "l", path)
    assert f"{size} " in tool("xorriso", "-indev", path, "-lsl", "/big.bin", "--")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(
                st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=70
            ).filter(lambda name: name not in (".", "..")),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_names_survive(tmp_path_factory: pytest.TempPathFactory, paths: list[list[str]]):
    namer = Namer()
    placed = dict.fromkeys(namer.path("/".join(["d", *path])) for path in paths)
    # A name cannot be a file and a folder at once.
    files = {path: path.encode() for path in placed if not any(other.startswith(f"{path}/") for other in placed)}

    assert read_back(draw(tmp_path_factory.mktemp("any") / "a.iso", files)) == files


def test_a_set_with_odd_names_is_listed_whole_by_every_reader(tmp_path: Path):
    """The RS03 layer behind the file systems disturbs none of them."""
    sealed = small_set(write_tree(tmp_path / "tree"), tmp_path / "discs")
    image = sealed.discs[0].path

    seven_zip = tool("7z", "l", "-ba", image)
    xorriso = tool("xorriso", "-indev", image, "-find", "/", "-type", "f")
    isoinfo = tool("isoinfo", "-R", "-f", "-i", image)

    for file in sealed.index.files:
        for listed in (seven_zip, xorriso, isoinfo):
            assert file.pieces[0].path in listed
    assert f"numfiles={len(sealed.index.files) + 7}" in tool("udfinfo", image)


def test_what_is_not_an_image_or_is_broken_is_refused_by_sector(tmp_path: Path):
    image = draw(tmp_path / "a.iso", {"folder/file": b"x"})
    good = image.read_bytes()

    with pytest.raises(DiscWrong, match=r"no ISO 9660 volume descriptor at sector 16"):
        read_volume(io.BytesIO(bytes(40_000)), "zeros")
    torn = bytearray(good)
    torn[16 * 2048 + 80] ^= 1
    with pytest.raises(DiscWrong, match=r"two copies of the volume size at sector 16 differ"):
        read_volume(io.BytesIO(bytes(torn)), "torn")
    volume = read_volume(io.BytesIO(good), "good")
    parent = volume.root.start + good[volume.root.start]
    at = parent + good[parent]  # the first entry after `.` and `..`
    for place, value, said in ((0, 10, "runs out of its sector"), (2, 255, "two copies of an extent")):
        torn = bytearray(good)
        torn[at + place] = value
        with pytest.raises(DiscWrong, match=said):
            list(Tree(io.BytesIO(bytes(torn)), volume, "torn").walk())
    with pytest.raises(DiscWrong, match="past the end"):
        list(Tree(io.BytesIO(good[: volume.root.start]), volume, "cut").walk())


def test_a_folder_that_contains_itself_is_refused(tmp_path: Path):
    good = draw(tmp_path / "a.iso", {"folder/file": b"x"}).read_bytes()
    volume = read_volume(io.BytesIO(good), "good")
    tree = Tree(io.BytesIO(good), volume, "good")
    folder = tree.find("folder")
    assert folder is not None
    # Let the entry `folder` in the root point to the root.
    old, new = folder.extent.start // 2048, volume.root.start // 2048
    both = old.to_bytes(4, "little") + old.to_bytes(4, "big")
    looped = good.replace(both, new.to_bytes(4, "little") + new.to_bytes(4, "big"))

    with pytest.raises(DiscWrong, match="contains itself"):
        list(Tree(io.BytesIO(looped), volume, "looped").walk())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_file_system_with_flipped_bytes_is_read_or_refused_but_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, seed: int
):
    random = Random(seed)
    folder = tmp_path_factory.mktemp("flipped")
    image = bytearray(
        draw(folder / "a.iso", {"index.json": b"{}", "a/b/file": b"x" * 3000, "é" * 120: b"y"}).read_bytes()
    )
    first = int.from_bytes(image[16 * 2048 + 158 : 16 * 2048 + 162], "little") * 2048  # the root folder
    for _ in range(random.choice((1, 4, 40))):
        image[random.choice((16 * 2048 + random.randrange(300), first + random.randrange(8 * 2048)))] = (
            random.randrange(256)
        )
    (folder / "b.iso").write_bytes(image)

    try:
        disc = DiscImage(folder / "b.iso")
        for path in disc.files():
            disc.read(path)
        disc.close()
    except HeliographError as wrong:
        assert str(folder / "b.iso") in wrong.message
