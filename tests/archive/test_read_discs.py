"""The program on the discs: taken from a disc, run with nothing but Python, it brings back what Heliograph does."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from disc_sets import bytes_of, contents, damage, small_set, tool, write_files
from numpy.typing import NDArray
from rs03_discs import SECTOR, make_iso, make_iso_that_holds_an_image, overwrite, sectors_of, two_in_a_codeword

from heliograph.archive.read.disc import DiscImage
from heliograph.archive.read.reader import open_set
from heliograph.archive.read.restore import restore
from heliograph.archive.rs03 import plan, protect, verify
from heliograph.archive.rs03.layout import SCRATCH_SECTORS
from heliograph.archive.rs03.search import read_layout
from heliograph.archive.seal.pack import Source
from heliograph.archive.seal.seal import DiscSet
from heliograph.archive.texts.guide import READER, reader

PAGE = Path(__file__).parents[2] / "docs" / "disc-format.md"
ALL_WELL, LOST, WRONG_USE, CAN_BE_MENDED = 0, 1, 2, 3


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> DiscSet:
    """Three data discs and two parity discs: a split file, Chinese names, empty files and folders."""
    folder = tmp_path_factory.mktemp("sealed")
    tree = write_files(folder / "tree", a_bin=2_300_000, b_bin=900_000)
    for name, text in (("目录/中文文件名.txt", "字"), ("z/empty", ""), ("深" * 80 + ".txt", "x"), ("100 %", "%")):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    (tree / "nothing in it").mkdir()
    done = small_set(tree, folder / "discs", capacity="3.2MB", parity=2)
    assert [disc.name for disc in done.discs] == ["D01", "D02", "D03", "P01", "P02"]
    assert max(len(file.pieces) for file in done.index.files) == 2
    return done


@pytest.fixture(scope="module")
def program(sealed: DiscSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a stranger gets it: out of a sealed disc, with 7z."""
    folder = tmp_path_factory.mktemp("program")
    tool("7z", "e", f"-o{folder}", sealed.discs[0].path, READER)
    return folder / READER


@pytest.fixture
def discs(sealed: DiscSet, tmp_path: Path) -> Path:
    """A copy of the images, to damage."""
    shutil.copytree(sealed.discs[0].path.parent, tmp_path / "discs")
    return tmp_path / "discs"


def run(program: Path, *arguments: str | Path, status: int = ALL_WELL) -> str:
    """What the program says; nothing but Python's own library is there for it."""
    command = [sys.executable, "-I", "-S", str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def image_of(discs: Path, name: str) -> Path:
    """The image of one disc."""
    (path,) = discs.glob(f"*-{name}.iso")
    return path


def restored(discs: Path, to: Path) -> dict[str, bytes | None]:
    """What `heliograph archive restore` gives."""
    with open_set([discs]) as view:
        restore(view, to)
    return contents(to)


def test_the_program_is_one_short_file_of_plain_python_and_the_same_on_every_disc(sealed: DiscSet, tmp_path: Path):
    """Fewer than 300 lines; imports of the standard library alone; no syntax newer than 3.6."""
    text = reader().decode()
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text, feature_version=(3, 6)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }

    assert len(text.splitlines()) < 300
    assert names <= sys.stdlib_module_names
    assert "heliograph" not in names
    for disc in sealed.discs:
        tool("7z", "e", f"-o{tmp_path / disc.name}", disc.path, READER)
        assert (tmp_path / disc.name / READER).read_bytes() == reader()


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The Python of the format's document: all its functions, read from top to bottom as one program."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile("\n".join(block for block in blocks if not block.startswith(">>>")), str(PAGE), "exec"), names)
    return names


def test_the_examples_with_numbers_in_the_format_s_document_are_right(page: dict[str, Any]):
    """The codeword, the lost sectors, the lost discs, the CRCs."""
    tried = doctest.testfile(str(PAGE), module_relative=False, globs=page)

    assert tried.failed == 0
    assert tried.attempted > 30


@dataclass(frozen=True)
class Row:
    """Row 2 of a protected image, (255, 2048), with m = 56; and where it gets hurt."""

    sealed: NDArray[np.uint8]
    crcs: list[int]
    now: NDArray[np.uint8]
    chance: np.random.Generator

    def some(self, first: int, end: int, many: int) -> NDArray[np.int64]:
        """So many of the layers first..end-1."""
        return first + self.chance.choice(end - first, many, replace=False)

    def noise(self, layers: NDArray[np.int64]) -> None:
        """Overwrite these sectors."""
        self.now[layers] = self.chance.integers(0, 256, (layers.size, SECTOR), dtype=np.uint8)

    def bytes(self, layers: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Get a byte wrong in each of these sectors."""
        self.now[layers, columns] ^= self.chance.integers(1, 256, layers.size, dtype=np.uint8)


M, N = 56, 198
"""Roots and data layers of that row."""


@pytest.fixture
def row(tmp_path: Path) -> Row:
    """The row before it hands on its CRCs."""
    protect(make_iso(tmp_path / "a.iso", 987))
    sectors = sectors_of(tmp_path / "a.iso")
    layout = read_layout(tmp_path / "a.iso")
    assert layout is not None
    assert (layout.data_layers, layout.roots, layout.layer_sectors) == (N, M, 5)
    sealed = sectors[2::5].copy()
    return Row(sealed, sectors[5 * N + 1, : 4 * N].view("<u4").tolist(), sealed.copy(), np.random.default_rng(7))


def read_as(page: dict[str, Any], row: Row, crcs: list[int] | None, unread: Collection[int] = ()) -> bool:
    """Whether the document's Python gives the row as it was sealed; if not, it gives up."""
    mended = page["mend_row"](M, [bytes(sector) for sector in row.now], crcs, unread)
    assert mended is None or b"".join(mended) == row.sealed.tobytes()
    return mended is not None


def test_the_document_s_python_mends_as_many_lost_sectors_as_there_are_roots(page: dict[str, Any], row: Row):
    """Data, CRC and ECC sectors; one more that its CRC tells of is too many."""
    lost = np.concatenate([row.some(0, N, M - 11), row.some(N + 1, 255, 10), [N]])
    row.noise(lost)
    row.now[lost[lost > N]] = 0

    assert read_as(page, row, row.crcs)

    row.noise(np.setdiff1d(np.arange(N), lost)[:1])
    assert not read_as(page, row, row.crcs)


def test_the_document_s_python_keeps_one_equation_where_there_are_no_crcs(page: dict[str, Any], row: Row):
    """Zero data sectors count as lost then."""
    layers = row.some(0, N, M)
    row.now[layers[1:]] = 0

    assert read_as(page, row, None)

    row.now[layers[0]] = 0
    assert not read_as(page, row, None)


def test_the_document_s_python_finds_whole_wrong_sectors_at_one_equation_each_and_one_for_all(
    page: dict[str, Any], row: Row
):
    lost, wrong = row.some(0, N, 20), row.some(N + 1, 255, M - 20)
    row.noise(lost)
    row.noise(wrong[1:])

    assert read_as(page, row, row.crcs)

    row.noise(wrong[:1])
    assert not read_as(page, row, row.crcs)


def test_the_document_s_python_finds_sectors_that_are_wrong_alike_at_two_equations_each(page: dict[str, Any], row: Row):
    """What counts is old XOR new: the same in each."""
    lost, wrong = row.some(0, N, 20), row.some(N + 1, 255, 19)
    row.noise(lost)
    row.now[wrong[1:], :5] ^= np.arange(1, 6, dtype=np.uint8)

    assert read_as(page, row, row.crcs)

    row.now[wrong[0], :5] ^= np.arange(1, 6, dtype=np.uint8)
    assert not read_as(page, row, row.crcs)


def test_the_document_s_python_takes_the_same_noise_over_different_sectors_for_independent_errors(
    page: dict[str, Any], row: Row
):
    row.noise(row.some(0, N, 20))
    row.now[row.some(N + 1, 255, M - 21)] = row.chance.integers(0, 256, SECTOR, dtype=np.uint8)

    assert read_as(page, row, row.crcs)


@pytest.mark.parametrize("with_crcs", [True, False])
def test_the_document_s_python_mends_a_wrong_byte_in_more_sectors_than_there_are_roots(
    page: dict[str, Any], row: Row, with_crcs: bool
):
    row.bytes(row.some(0, 255, 90), row.chance.choice(SECTOR, 90, replace=False))

    assert read_as(page, row, row.crcs if with_crcs else None)


def test_the_document_s_python_tries_on_where_a_crc_contradicts_an_answer(page: dict[str, Any], row: Row):
    """Two wrong bytes of a codeword look like one in a sound sector, and all equations agree."""
    chance = np.random.default_rng(18)  # one of the few seeds with which they do
    lost = chance.choice(N, 20, replace=False)
    row.now[lost] = chance.integers(0, 256, (20, SECTOR), dtype=np.uint8)
    wrong, columns = N + 1 + chance.choice(M, 36, replace=False), chance.choice(SECTOR, 36, replace=False)
    columns[1] = columns[0]
    row.now[wrong, columns] ^= chance.integers(1, 256, 36, dtype=np.uint8)
    sums = page["equations"](M, [bytes(sector) for sector in row.now])

    assert len(list(page["answers"](sums, sorted(lost.tolist()), range(N + 1, 255), row.crcs))) == 2
    assert read_as(page, row, row.crcs)


@pytest.mark.parametrize("seed", range(2))
def test_the_document_s_python_takes_what_is_nearest_where_there_are_no_crcs(page: dict[str, Any], row: Row, seed: int):
    """Two wrong bytes in one codeword, and 54 sectors with one each or overwritten: a sound sector would explain it."""
    chance = np.random.default_rng(seed)
    layers = chance.permutation([c for c in range(255) if c != N])[:M]
    row.now[layers[:20]] = chance.integers(0, 256, (20, SECTOR), dtype=np.uint8)
    columns = chance.choice(SECTOR, M - 20, replace=False)
    columns[1] = columns[0]
    row.now[layers[20:], columns] ^= chance.integers(1, 256, M - 20, dtype=np.uint8)

    assert read_as(page, row, None)


def test_the_document_s_python_takes_what_a_drive_could_not_read_for_lost(page: dict[str, Any], row: Row):
    """More than could be found; without CRCs, one equation is left over."""
    layers = row.some(0, N, M - 1)
    row.now[layers, :3] ^= 1

    assert not read_as(page, row, None)
    assert read_as(page, row, None, unread=layers.tolist())


def test_the_document_s_python_computes_the_ecc_anew_where_all_data_is_sound(page: dict[str, Any], row: Row):
    row.noise(np.arange(N + 1, 255))

    assert read_as(page, row, row.crcs)


def test_the_document_s_python_computes_lost_discs(page: dict[str, Any], sealed: DiscSet):
    """The sectors of two data discs that are lost, also past the end of the shorter one."""
    data = [sectors_of(disc.path)[: disc.iso_bytes // SECTOR] for disc in sealed.discs[:3]]
    parity = []
    for p, disc in enumerate(sealed.discs[3:]):
        opened = DiscImage(disc.path)
        first = opened.run(f"data/PARITY-{p + 1}.bin").start // SECTOR
        parity.append(sectors_of(disc.path)[first : first + max(map(len, data))])
        opened.close()
    for t in (16, 300, min(map(len, data)), len(parity[0]) - 1):
        wanted = [bytes(disc[t]) if t < len(disc) else bytes(SECTOR) for disc in data]
        for lost in ([0, 2], [1, 0], [2]):
            known = {i: wanted[i] for i in range(3) if i not in lost}
            sums = {p: bytes(parity[p][t]) for p in (1, 0)[: len(lost)]}

            assert page["lost_sectors"](lost, known, sums) == {i: wanted[i] for i in lost}


def test_the_document_s_python_chooses_the_layout_that_sealing_chooses(page: dict[str, Any]):
    sizes = [*range(17, 9000, 13), 6588, 6589, *range(9000, 24_000_000, 99_991)]
    for iso_sectors in sizes:
        for redundancy in (8 / 246, 0.05, 0.15, 0.5, 170 / 84):
            layout = plan(iso_sectors, redundancy=redundancy, scratch_sectors=SCRATCH_SECTORS)

            chosen = page["choose"](iso_sectors, redundancy)
            assert chosen == (layout.data_layers, layout.roots, layout.layer_sectors), iso_sectors


def test_it_gives_the_files_of_a_sound_set_as_restore_does(program: Path, discs: Path, tmp_path: Path):
    """A file split over two discs, Chinese names, an empty file, an empty folder."""
    expected = restored(discs, tmp_path / "restored")

    run(program, "copy", discs, "--to", tmp_path / "copied")

    assert contents(tmp_path / "copied") == expected
    assert expected["tree/目录/中文文件名.txt"] == "字".encode()
    assert expected["tree/z/empty"] == b""
    assert expected["tree/nothing in it"] is None
    assert "'tree/目录/中文文件名.txt' (D0" in run(program, "list", discs)


def test_two_percent_of_sectors_and_a_scratch_are_mended_to_the_sealed_bytes(
    program: Path, discs: Path, sealed: DiscSet, tmp_path: Path
):
    """Data, CRC and parity sectors alike, at unknown places."""
    before = bytes_of(discs)
    for seed, disc in enumerate(sealed.discs):
        damage(discs / disc.path.name, 0.02, scratch_bytes=60_000, seed=seed)
    damaged = bytes_of(discs)

    run(program, "check", discs, status=CAN_BE_MENDED)
    run(program, "mend", discs, "--to", tmp_path / "mended")

    assert bytes_of(tmp_path / "mended") == before
    assert bytes_of(discs) == damaged


@pytest.mark.parametrize("gone", [("D02", "D03"), ("D01", "P01")])
def test_lost_discs_are_computed_also_from_damaged_ones(
    program: Path, discs: Path, sealed: DiscSet, tmp_path: Path, gone: tuple[str, ...]
):
    """The ISO image of a lost data disc, byte for byte; no file needs a lost parity disc."""
    expected, before = restored(discs, tmp_path / "restored"), bytes_of(discs)
    for seed, disc in enumerate(sealed.discs):
        damage(discs / disc.path.name, 0.02, seed=seed)
    for name in gone:
        image_of(discs, name).unlink()

    run(program, "copy", discs, "--to", tmp_path / "copied")
    run(program, "mend", discs, "--to", tmp_path / "mended")

    assert contents(tmp_path / "copied") == expected
    mended = bytes_of(tmp_path / "mended")
    for disc in sealed.discs:
        if disc.name not in gone:
            assert mended[disc.path.name] == before[disc.path.name]
        elif disc.kind == "data":
            assert mended[disc.path.name] == before[disc.path.name][: disc.iso_bytes]
        else:
            assert disc.path.name not in mended


def test_mended_images_without_protection_are_read_again(program: Path, discs: Path, tmp_path: Path):
    """What `mend` computes of a lost disc is an ISO image alone; the program takes it back."""
    shutil.copytree(discs, tmp_path / "whole")
    image_of(discs, "D02").unlink()
    run(program, "mend", discs, "--to", tmp_path / "mended")

    run(program, "copy", tmp_path / "mended", "--to", tmp_path / "copied")

    assert contents(tmp_path / "copied") == restored(discs=tmp_path / "whole", to=tmp_path / "restored")


def test_what_one_disc_lost_past_its_parity_comes_from_the_others_sector_by_sector(
    program: Path, discs: Path, tmp_path: Path
):
    """Half of D01 and half of D02 are ruined, in different places, and D03 is lost: two parity discs suffice."""
    expected = restored(discs, tmp_path / "restored")
    sizes = [read_layout(image_of(discs, name)).iso_sectors for name in ("D01", "D02")]  # type: ignore[union-attr]
    half = min(sizes) // 2
    overwrite(image_of(discs, "D01"), np.arange(40, half))
    overwrite(image_of(discs, "D02"), np.arange(half, sizes[1]))
    image_of(discs, "D03").unlink()

    run(program, "copy", discs, "--to", tmp_path / "copied")

    assert contents(tmp_path / "copied") == expected


def test_an_image_without_header_and_with_one_whole_crc_sector_is_understood(
    program: Path, discs: Path, tmp_path: Path
):
    """The volume descriptor, both header sectors and all CRC sectors but one are gone."""
    before = bytes_of(discs)
    image = image_of(discs, "D01")
    layout = read_layout(image)
    assert layout is not None
    spared = layout.crc_start + 2
    crc_layer = [at for at in range(layout.crc_start, layout.ecc_start) if at != spared]
    overwrite(image, [16, layout.iso_sectors, layout.iso_sectors + 1, *crc_layer])

    run(program, "mend", image, "--to", tmp_path / "mended")

    assert (tmp_path / "mended" / image.name).read_bytes() == before[image.name]


@pytest.mark.parametrize("name", ["D01", "D03"])
def test_one_scratch_over_header_and_crc_layer_leaves_the_code_to_tell_the_layout(
    program: Path, discs: Path, tmp_path: Path, name: str
):
    """They are neighbours; and one sector in fifty is wrong elsewhere, the volume descriptor among them."""
    before = bytes_of(discs)
    image = image_of(discs, name)
    layout = read_layout(image)
    assert layout is not None
    damage(image, 0.02)
    overwrite(image, [16, *range(layout.iso_sectors - 30, layout.ecc_start + 5)])

    run(program, "mend", image, "--to", tmp_path / "mended")

    assert (tmp_path / "mended" / image.name).read_bytes() == before[image.name]


def test_an_image_that_is_a_file_on_the_disc_is_not_taken_for_the_disc(as_module: ModuleType, tmp_path: Path):
    """Neither in an ISO image alone nor in one whose header is gone, at a length that tells nothing."""
    outer = make_iso_that_holds_an_image(tmp_path)
    iso_sectors = outer.stat().st_size // SECTOR

    alone = as_module.Image(outer, False)
    assert (alone.iso, alone.rows) == (iso_sectors, 0)

    layout = protect(outer, roots=20)
    overwrite(outer, [iso_sectors])
    outer.write_bytes(outer.read_bytes() + bytes(7 * SECTOR))
    image = as_module.Image(outer, False)
    assert (image.iso, image.rows, image.m) == (iso_sectors, layout.layer_sectors, layout.roots)


def test_without_any_crc_sector_rows_are_mended_by_their_equations(program: Path, discs: Path, tmp_path: Path):
    """The first row is mended without CRCs, and proven when the last row has brought them back."""
    before = bytes_of(discs)
    image = image_of(discs, "D02")
    layout = read_layout(image)
    assert layout is not None
    overwrite(image, [*range(layout.crc_start, layout.ecc_start), *range(300, 312)])

    run(program, "mend", image, "--to", tmp_path / "mended")

    assert (tmp_path / "mended" / image.name).read_bytes() == before[image.name]


def test_lone_wrong_bytes_are_mended_wherever_they_stand(program: Path, discs: Path, tmp_path: Path):
    """One byte in each of fifty sectors, parity sectors too."""
    before = bytes_of(discs)
    image = image_of(discs, "D01")
    sectors = sectors_of(image)
    random = np.random.default_rng(7)
    for at in random.choice(len(sectors), 50, replace=False):
        sectors[at, random.integers(SECTOR)] ^= 1 + random.integers(255)
    sectors.tofile(image)

    run(program, "mend", image, "--to", tmp_path / "mended")

    assert (tmp_path / "mended" / image.name).read_bytes() == before[image.name]


def test_a_disc_cut_short_is_mended(program: Path, discs: Path, tmp_path: Path):
    before = bytes_of(discs)
    image = image_of(discs, "D01")
    image.write_bytes(before[image.name][: len(before[image.name]) * 95 // 100])

    run(program, "mend", image, "--to", tmp_path / "mended")

    assert (tmp_path / "mended" / image.name).read_bytes() == before[image.name]


def test_past_the_limits_files_are_named_and_the_others_are_whole(program: Path, discs: Path, tmp_path: Path):
    """Three of five discs are gone; what stands on the two that are left comes back, nothing else is written."""
    expected = restored(discs, tmp_path / "restored")
    for name in ("D01", "D02", "P02"):
        image_of(discs, name).unlink()

    said = run(program, "copy", discs, "--to", tmp_path / "copied", status=LOST)

    assert "'tree/a.bin': LookupError" in said
    assert "['D01', 'D02'] is lost; parity replaces 1" in said
    assert "D01 is not here" in said
    copied = contents(tmp_path / "copied")
    assert "tree/a.bin" not in copied
    assert copied.items() <= expected.items()


def test_damage_past_the_parity_is_named_and_no_wrong_byte_is_written(program: Path, discs: Path, tmp_path: Path):
    """Four sectors in ten of a lone disc."""
    image = image_of(discs, "D01")
    expected = restored(discs, tmp_path / "restored")
    damage(image, 0.4)

    said = run(program, "copy", image, "--to", tmp_path / "copied", status=LOST)

    assert "rows lost" in said or "of no use by itself" in said
    assert contents(tmp_path / "copied").items() <= expected.items()
    run(program, "mend", image, "--to", tmp_path / "mended", status=LOST)
    assert bytes_of(tmp_path / "mended") == {}


def test_bytes_changed_under_good_checksums_are_refused_by_their_hash(program: Path, discs: Path, tmp_path: Path):
    image = image_of(discs, "D01")
    with open_set([discs]) as view:
        start = view.discs["D01"].run("data/tree/100 _").start
    layout = read_layout(image)
    assert layout is not None
    forged = bytearray(image.read_bytes()[: layout.iso_sectors * SECTOR])
    forged[start] ^= 1
    image.write_bytes(forged)
    protect(image)

    said = run(program, "copy", discs, "--to", tmp_path / "copied", status=LOST)

    assert "'tree/100 %': LookupError('its bytes do not match its SHA-256')" in said
    assert not (tmp_path / "copied" / "tree" / "100 %").exists()
    assert (tmp_path / "copied" / "tree" / "a.bin").exists()


def test_nothing_is_overwritten_and_a_second_run_goes_on(program: Path, discs: Path, tmp_path: Path):
    run(program, "copy", discs, "--to", tmp_path / "copied")
    run(program, "copy", discs, "--to", tmp_path / "copied")
    (tmp_path / "copied" / "tree" / "b.bin").write_text("mine")

    said = run(program, "copy", discs, "--to", tmp_path / "copied", status=LOST)

    assert "'tree/b.bin': LookupError('another file has this name already')" in said
    assert (tmp_path / "copied" / "tree" / "b.bin").read_text() == "mine"


def test_no_name_and_no_link_leads_out_of_the_folder(program: Path, discs: Path, tmp_path: Path):
    (tmp_path / "x").write_bytes(b"evil")
    small_set_of = Source("a/../../escaped", tmp_path / "x", 4)
    hostile = small_set(small_set_of, tmp_path / "hostile")  # type: ignore[arg-type]
    assert "leads out of the folder" in run(
        program, "copy", hostile.discs[0].path, "--to", tmp_path / "back" / "inner", status=LOST
    )
    assert not (tmp_path / "back").exists()

    (tmp_path / "outside").mkdir()
    (tmp_path / "copied").mkdir()
    (tmp_path / "copied" / "tree").symlink_to(tmp_path / "outside")
    assert "a link leads out" in run(program, "copy", discs, "--to", tmp_path / "copied", status=LOST)
    assert list((tmp_path / "outside").iterdir()) == []


def test_wrong_use_foreign_files_and_discs_of_two_sets_are_named(program: Path, discs: Path, tmp_path: Path):
    run(program, "copy", discs, status=WRONG_USE)
    (tmp_path / "foreign.iso").write_bytes(np.random.default_rng(0).bytes(200_000))
    said = run(program, "list", tmp_path / "foreign.iso", status=LOST)
    assert "foreign.iso: of no use by itself" in said
    assert "discs of no sets are here: give images, drives, or folders of one set" in said
    other = small_set(write_files(tmp_path / "other", c_bin=10), tmp_path / "others")
    assert "discs of 2 sets" in run(program, "list", discs, other.discs[0].path, status=LOST)


def test_a_folder_without_iso_files_gives_all_its_files(program: Path, discs: Path, tmp_path: Path):
    """Discs copied under other names, a note and a folder beside them."""
    expected = restored(discs, tmp_path / "restored")
    for number, image in enumerate(sorted(discs.iterdir())):
        image.rename(image.with_name(f"image{number}.bin" if number else "0.img"))
    (discs / "note.txt").write_text("found in the attic")
    (discs / "empty").mkdir()

    said = run(program, "copy", discs, "--to", tmp_path / "copied")

    assert contents(tmp_path / "copied") == expected
    assert "note.txt: of no use by itself" in said
    assert "empty" not in said


def test_where_no_disc_is_it_says_what_to_give(program: Path, tmp_path: Path):
    assert "give images, drives, or folders of one set" in run(program, "list", tmp_path, status=LOST)


@pytest.fixture(scope="module")
def as_module() -> ModuleType:
    """The program as Python sees it, to look at single rows."""
    spec = importlib.util.spec_from_loader("read_discs", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(reader(), READER, "exec"), module.__dict__)
    return module


OVERWRITTEN = {
    "with noise": lambda here, noise: noise,
    "with zeros": lambda here, noise: np.zeros_like(here),
    "with one and the same value": lambda here, noise: np.full_like(here, 255),
    "in one byte each, anywhere": lambda here, noise: here ^ noise * (np.arange(SECTOR) == noise[:, :1] * 7),
    "in the same byte each": lambda here, noise: here ^ noise * (np.arange(SECTOR) == 77),
}


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@pytest.mark.parametrize("how", OVERWRITTEN)
def test_with_a_tenth_of_the_sectors_bad_it_mends_every_row_that_heliograph_mends(
    as_module: ModuleType, tmp_path: Path, how: str, empty: bool
):
    """At unknown places; among sectors that are all alike (an empty volume), errors can be alike, too.

    Of lone wrong bytes there may be more than a row has roots: here in a fifth of the sectors.
    """
    image = make_iso(tmp_path / "image.iso", 219 * 4 - 3)
    if empty:
        sectors = sectors_of(image)
        sectors[17:] = 0
        sectors.tofile(image)
    protect(image, roots=35)
    sealed = sectors_of(image)
    sectors, random = sealed.copy(), np.random.default_rng(5)
    hit = random.choice(len(sectors), len(sectors) // (5 if "anywhere" in how else 10), replace=False)
    noise = random.integers(1, 256, (len(hit), SECTOR), dtype=np.uint8)
    sectors[hit] = OVERWRITTEN[how](sectors[hit], noise)
    sectors.tofile(image)

    read = as_module.Image(image, True)

    assert sorted(read.gone) == verify(image).lost_rows.tolist()
    assert all(read.sector(at) in (None, sealed[at].tobytes()) for at in range(len(sealed)))
    if not empty:
        assert not read.gone


LONGEST_S = 20
"""Processor seconds that bench/archive_fuzz.py allows for one image of this size; it takes 1 to 5."""


def test_a_disc_cut_short_with_a_bit_wrong_in_many_sectors_is_mended_soon(as_module: ModuleType, tmp_path: Path):
    """60 sectors of each row are missing, of 84 roots: what is left finds 12 wrong bytes in a codeword."""
    image = make_iso(tmp_path / "image.iso", 170 * 2 - 3)
    layout = protect(image, roots=84)
    sealed = sectors_of(image)
    sectors, random = sealed.copy(), np.random.default_rng(3)
    hit = random.choice(np.arange(17, layout.crc_start), 60, replace=False)
    sectors[hit, random.integers(0, SECTOR, 60)] ^= 1
    sectors[:-120].tofile(image)

    began = time.process_time()
    read = as_module.Image(image, True)

    assert time.process_time() - began < LONGEST_S
    assert read.gone == {}
    assert all(read.sector(at) == sealed[at].tobytes() for at in range(len(sealed)))


@pytest.mark.parametrize("more", [0, 1], ids=["at the limit", "one byte past it"])
def test_a_row_whose_codewords_are_all_at_the_limit_takes_a_bounded_time(
    as_module: ModuleType, tmp_path: Path, more: int
):
    """Half as many wrong bytes as there are roots, in other sectors in each codeword. One more, in the last: lost."""
    roots = 84
    image = make_iso(tmp_path / "image.iso", (254 - roots) * 2 - 3)
    layout = protect(image, roots=roots)
    sealed = sectors_of(image)
    sectors, random = sealed.copy(), np.random.default_rng(4)
    told = [8, layout.iso_sectors // 2, layout.crc_start // 2]  # layers of the volume descriptor, header and CRCs
    layers = np.setdiff1d(np.arange(255), told)
    for row in range(2):
        for column in range(SECTOR):
            many = roots // 2 + more * (column == SECTOR - 1)
            wrong = random.choice(layers, many, replace=False)
            sectors[wrong * 2 + row, column] ^= random.integers(1, 256, many, dtype=np.uint8)
    sectors.tofile(image)

    began = time.process_time()
    read = as_module.Image(image, True)

    assert time.process_time() - began < LONGEST_S
    assert sorted(read.gone) == verify(image).lost_rows.tolist() == [0, 1][: 2 * more]
    assert all(read.sector(at) in (None, sealed[at].tobytes()) for at in range(len(sealed)))


@pytest.mark.parametrize("seed", range(4))
def test_two_wrong_bytes_of_one_codeword_are_not_told_as_one_elsewhere(
    as_module: ModuleType, tmp_path: Path, seed: int
):
    image = make_iso(tmp_path / "image.iso", 640)
    layout = protect(image, roots=93)
    sealed = sectors_of(image)
    sectors = sealed.copy()
    two_in_a_codeword(sectors, layout, seed=seed)
    sectors.tofile(image)

    read = as_module.Image(image, True)

    assert read.gone == {}
    assert all(read.sector(at) == sealed[at].tobytes() for at in range(len(sealed)))
