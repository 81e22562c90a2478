"""Which file goes on which disc."""

from __future__ import annotations

from pathlib import Path

import pytest
from disc_sets import DATE
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.archive.iso.names import Namer, disc_name, joliet_name, safe_path, udf_bytes, unique_names
from heliograph.archive.medium import MEDIA, medium_called, of_size
from heliograph.archive.rs03 import plan as protected
from heliograph.archive.seal.pack import Gathered, Source, gather, pack, sectors_of
from heliograph.archive.seal.plan import Wishes, plan_set
from heliograph.errors import DiscWrong, DoesNotFit, NotFound, UsageWrong


def sources(*sizes: int) -> Gathered:
    return Gathered(tuple(Source(f"f{number}", Path(f"f{number}"), size) for number, size in enumerate(sizes)), ())


def placed(gathered: Gathered, room: int) -> list[list[str]]:
    discs, _ = pack(gathered, room)
    return [[each.path for each in disc] for disc in discs]


def test_a_file_goes_to_the_first_disc_that_has_room_for_it():
    """The third file still fits beside the first."""
    assert placed(sources(60 * 2048, 80 * 2048, 20 * 2048), 100) == [["data/f0", "data/f2"], ["data/f1"]]


def test_a_file_larger_than_a_disc_is_split_and_its_last_piece_shares_a_disc():
    discs, _ = pack(sources(250 * 2048, 10 * 2048), 100)

    assert [[each.path for each in disc] for disc in discs] == [
        ["data/f0.part001of003"],
        ["data/f0.part002of003"],
        ["data/f0.part003of003", "data/f1"],
    ]
    pieces = [each for disc in discs for each in disc if each.source.name == "f0"]
    assert [each.start for each in pieces] == [0, pieces[0].bytes, 2 * pieces[0].bytes]
    assert sum(each.bytes for each in pieces) == 250 * 2048


def test_the_first_piece_takes_what_is_left_of_a_disc_if_that_saves_one():
    """200 sectors would take three fresh discs; 180 take two either way, and leave the first to smaller files."""
    assert placed(sources(50 * 2048, 200 * 2048), 100) == [
        ["data/f0", "data/f1.part001of003"],
        ["data/f1.part002of003"],
        ["data/f1.part003of003"],
    ]
    assert placed(sources(50 * 2048, 180 * 2048, 20 * 2048), 100) == [
        ["data/f0", "data/f2"],
        ["data/f1.part001of002"],
        ["data/f1.part002of002"],
    ]


def test_a_piece_does_not_take_the_name_of_a_file_that_is_called_like_it():
    gathered = Gathered((Source("f.part001of003", Path("x"), 5), Source("f", Path("f"), 250 * 2048)), ())

    paths = [path for disc in placed(gathered, 100) for path in disc]

    assert len(set(paths)) == 4


def test_no_files_still_make_one_disc():
    assert placed(sources(), 100) == [[]]


def test_a_disc_without_room_for_a_piece_is_refused():
    with pytest.raises(DoesNotFit, match="no room for even a piece"):
        pack(sources(50 * 2048), 7)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300 * 2048), max_size=30), st.integers(40, 400))
def test_every_byte_is_placed_once_and_no_disc_is_fuller_than_its_room(sizes: list[int], room: int):
    gathered = sources(*sizes)

    discs, _ = pack(gathered, room)

    for disc in discs:
        assert sum(sectors_of(each.bytes) + 2 for each in disc) <= room
    for source in gathered.sources:
        pieces = [each for disc in discs for each in disc if each.source is source]
        assert [each.start for each in pieces] == [sum(p.bytes for p in pieces[:at]) for at in range(len(pieces))]
        assert sum(each.bytes for each in pieces) == source.bytes


def test_folders_are_gathered_in_order_with_their_name_and_their_empty_folders(tmp_path: Path):
    (tmp_path / "day" / "nothing").mkdir(parents=True)
    (tmp_path / "day" / "b.txt").write_text("b")
    (tmp_path / "day" / "a.txt").write_text("a")
    (tmp_path / "single.txt").write_text("s")

    gathered = gather([tmp_path / "single.txt", tmp_path / "day"])

    assert [source.name for source in gathered.sources] == ["single.txt", "day/a.txt", "day/b.txt"]
    assert gathered.folders == ("day/nothing",)


def test_what_cannot_be_kept_is_refused_by_name(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "same").write_text("1")
    (tmp_path / "b" / "same").write_text("2")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "back").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")

    with pytest.raises(NotFound, match="nowhere: no such file"):
        gather([tmp_path / "nowhere"])
    with pytest.raises(NotFound, match="dangling: no such file"):
        gather([tmp_path / "dangling"])
    with pytest.raises(UsageWrong, match="would both be same"):
        gather([tmp_path / "a" / "same", tmp_path / "b" / "same"])
    with pytest.raises(UsageWrong, match="back: a link to a folder"):
        gather([tmp_path / "loop"])
    assert [source.name for source in gather([tmp_path / "link"]).sources] == ["a/same"]


def test_bytes_that_are_not_text_in_a_name_are_written_out(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "bad\udcff.txt").write_text("x")

    assert [source.name for source in gather([tmp_path / "d"]).sources] == ["d/bad\\xff.txt"]


@pytest.mark.parametrize(
    ("text", "sectors"), [("64MB", 31250), ("1 KiB", None), ("2KiB", 1), ("25.0GB", 12207031), ("0", None), ("x", None)]
)
def test_a_capacity_is_a_size_in_words(text: str, sectors: int | None):
    if sectors is None:
        with pytest.raises(UsageWrong, match="capacity"):
            of_size(text)
    else:
        assert of_size(text).sectors == sectors


def test_media_are_known_by_name():
    assert medium_called("BD-25") is MEDIA["bd-25"]
    assert MEDIA["bd-100"].bytes == 47_305_728 * 2048
    with pytest.raises(UsageWrong, match="expected one of cd, dvd, bd-25, bd-50, bd-100, bd-128"):
        medium_called("floppy")


names = st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=90).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 255
)


@settings(deadline=None)
@given(st.lists(names, min_size=1, max_size=8, unique=True))
def test_names_on_a_disc_differ_even_without_case_and_fit_every_file_system(given_names: list[str]):
    namer = Namer()
    found = [namer.path(name) for name in given_names]

    assert len({name.casefold() for name in found}) == len(found)
    assert len({udf_bytes(name) for name in found}) == len(found)
    for name in found:
        assert len(name.encode()) <= 255
        assert not set('%<>:"|?*\\/') & set(name)
        assert all(ord(each) >= 32 for each in name)
    for form in ("joliet", "iso"):
        formed = unique_names(found, form)
        assert len({each.lower() for each in formed.values()}) == len(found)
    assert all(len(each.encode()) <= 64 for each in unique_names(found, "joliet").values())


def test_a_legal_name_is_kept_and_a_shortened_one_keeps_its_type():
    assert disc_name("2026-11-22 白班.parquet") == "2026-11-22 白班.parquet"
    assert joliet_name("x" * 200 + ".parquet").endswith(".parquet")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a/\x00"])
def test_a_path_that_leads_out_of_the_folder_is_refused(path: str):
    with pytest.raises(DiscWrong, match="leads out of the folder"):
        safe_path(path)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(0, 1_500_000), max_size=10),
    st.sampled_from(["2.7MB", "3.3MB", "7MB"]),
    st.integers(0, 2),
    st.sampled_from([0.05, 0.15, 0.4]),
)
def test_no_disc_as_drawn_is_larger_than_its_medium(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], capacity: str, parity: int, redundancy: float
):
    """File systems, guide, index, manifests, parity discs and RS03 included, to the sector."""
    folder = tmp_path_factory.mktemp("sizes")
    for number, size in enumerate(sizes):
        with (folder / f"文件 {number}.bin").open("wb") as file:
            file.truncate(size)  # a hole: nothing on the disk
    medium = of_size(capacity)

    drawn = plan_set(gather([folder]), Wishes(medium, "Title", DATE, parity, redundancy), "explained\n" * 60)

    for disc in drawn.discs:
        assert protected(disc.layout.sectors, redundancy=redundancy).sectors <= medium.sectors
    assert drawn.index.bytes == sum(sizes)
