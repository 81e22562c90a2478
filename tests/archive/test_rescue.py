"""A sick disc is read as far as it can be, within bounds, and what could not be read is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from disc_sets import small_set, tool, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rs03_discs import SECTOR, make_iso, need
from sick_discs import inject, loop, sick_drive

from heliograph.archive.rescue import Limits, rescue
from heliograph.archive.rescue.ddrescue import map_beside, read_map, read_states, write_states
from heliograph.archive.rescue.passes import CLUSTER, Span, passes
from heliograph.archive.rs03 import read_layout
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, DiscWrong, NotFound, UsageWrong


def drive(bad: set[int], states: bytearray, retries: int = 0, heal: dict[int, int] | None = None) -> list[Span]:
    """Run all passes over a disc whose `bad` sectors give an error, `heal` of them only so many times."""
    heal = dict(heal or {})
    spans = []
    order = passes(states, retries)
    try:
        span = next(order)
        while True:
            spans.append(span)
            good = 0
            while good < span.count:
                sector = span.first + good
                if sector in bad and heal.get(sector, -1) != 0:
                    heal[sector] = heal.get(sector, 0) - 1
                    break
                good += 1
            span = order.send(good)
    except StopIteration:
        return spans


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_sound_sector_is_read_and_every_bad_one_known(data: st.DataObject):
    """Whatever the damage; and each sector is asked for alone once, and once more for each retry, at most."""
    sectors = data.draw(st.integers(1, 3000), label="sectors")
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    bad = set(np.flatnonzero(chance.random(sectors) < data.draw(st.sampled_from([0, 0.001, 0.05, 0.5, 1]))).tolist())
    start = int(chance.integers(sectors))
    bad |= set(range(start, min(sectors, start + int(chance.integers(400)))))
    retries = data.draw(st.integers(0, 3), label="retries")
    states = bytearray(b"?" * sectors)

    spans = drive(bad, states, retries)

    assert {at for at, state in enumerate(states) if state != ord("+")} == bad
    assert set(states) <= {ord("+"), ord("-")}
    alone = [span.first for span in spans if span.count == 1 and span.phase != "copy"]
    assert max((alone.count(sector) for sector in bad), default=0) <= 1 + retries
    assert all(span.count <= CLUSTER and span.first + span.count <= sectors for span in spans)


def test_what_can_be_read_is_read_before_any_bad_sector_is_asked_for_again():
    """A scratch of a thousand sectors: skipped in growing steps, and reached from its other side."""
    states = bytearray(b"?" * 100_000)
    spans = drive(set(range(40_000, 41_000)), states)

    copies = [span for span in spans if span.phase == "copy"]
    failed = [span.first for span in copies if 40_000 <= span.first < 41_000]
    assert spans[: len(copies)] == copies
    assert failed[:4] == [40_000, 40_064, 40_160, 40_320]  # 64 KiB, and then 64, 128, 256 ... KiB further
    turned = next(at for at in range(1, len(copies)) if copies[at].first < copies[at - 1].first)
    assert copies[turned].first > 41_000  # the way back begins behind the scratch


def test_a_retry_takes_what_it_can_get():
    """A sector that answers at its third try."""
    states = bytearray(b"?" * 100)
    drive({50, 51}, states, retries=3, heal={50: 3})

    assert bytes(states) == b"+" * 51 + b"-" + b"+" * 48


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed disc of 3 MB: never changed."""
    folder = tmp_path_factory.mktemp("sealed")
    return small_set(write_files(folder / "files", a_bin=1_500_000, b_txt=10_000), folder / "discs").discs[0].path


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, object]]:
    """The exit code and the document of `heliograph archive ... --json`."""
    capsys.readouterr()
    code = main(["archive", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_what_cannot_be_read_is_in_the_map_and_goes_on_from_there(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Exit code 10, then 0 when the drive has thought better of it; what was read is not read again."""
    bad = [5, 6, 7, 500, 1000]
    inject(monkeypatch, sealed, bad)
    out = tmp_path / "disc.iso"

    code, said = run(capsys, "rescue", sealed, "--out", out, "--retries", "1")

    assert code == 10
    assert said["error"]["fields"]["unread"] == len(bad)
    assert f"{sealed}: 5 of" in said["error"]["message"]
    assert read_map(map_beside(out)).lost_sectors(10_000).tolist() == bad
    monkeypatch.undo()
    again = inject(monkeypatch, sealed, [])
    code, said = run(capsys, "rescue", sealed, "--out", out)
    assert (code, said["unread"]) == (0, 0)
    assert out.read_bytes() == sealed.read_bytes()
    assert {first for first, _ in again.reads} == {16, *bad}  # 16: is it the same disc?


def test_a_killed_rescue_goes_on(sealed: Path, tmp_path: Path):
    """kill -9 after a number of reads: the map calls nothing read that the image does not hold."""
    program = (
        "import os, sys; from pathlib import Path\n"
        "from heliograph.archive.rescue import rescue\n"
        "import heliograph.archive.rescue.reading as shell\n"
        "shell._MAP_EVERY_S = 0.0\n"
        "honest, left = os.preadv, [int(sys.argv[3])]\n"
        "def preadv(*arguments):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "    return honest(*arguments)\n"
        "os.preadv = preadv\n"
        "rescue(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    out = tmp_path / "disc.iso"
    for reads in (1, 7, 20):
        died = subprocess.run([sys.executable, "-c", program, str(sealed), str(out), str(reads)], check=False)
        assert died.returncode == -9
        if out.exists():
            states = read_states(map_beside(out), out.stat().st_size // SECTOR)
            ours, theirs = (np.fromfile(each, np.uint8).reshape(-1, SECTOR) for each in (out, sealed))
            done = np.frombuffer(states, np.uint8) == ord("+")
            assert (ours[done] == theirs[done]).all()

    assert states.count(b"+") > 7 * CLUSTER
    assert not rescue(sealed, out).lost.size
    assert out.read_bytes() == sealed.read_bytes()


def test_tries_and_time_are_bounded(sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each failing read takes half a minute by this clock; after two minutes of them it is enough."""
    sick = inject(monkeypatch, sealed, range(100, 900))
    now = [0.0]
    honest = os.preadv

    def slow(file: int, buffers: list[memoryview], offset: int) -> int:
        try:
            return honest(file, buffers, offset)
        except OSError:
            now[0] += 30
            raise

    monkeypatch.setattr(os, "preadv", slow)
    done = rescue(sealed, tmp_path / "disc.iso", limits=Limits(retries=3, time_s=120), clock=lambda: now[0])

    assert done.timed_out
    assert now[0] == 150
    assert done.lost.tolist()[:1] == [100]
    assert len(sick.reads) < 100
    wrong = done.error()
    assert wrong is not None
    assert "the time limit was up before all was tried" in wrong.message


def test_ddrescue_and_heliograph_go_on_with_each_other_s_maps(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """ddrescuelog finds nothing wrong with ours; ddrescue reads what we could not, and we what it did not."""
    need("ddrescue", "gddrescue")
    bad = [5, 6, 7, 500, 1000]
    inject(monkeypatch, sealed, bad)
    ours = tmp_path / "ours.iso"
    rescue(sealed, ours, limits=Limits(retries=0))
    monkeypatch.undo()
    listed = tool("ddrescuelog", "-b", str(SECTOR), "-l", "-", map_beside(ours)).split()
    assert [int(word) for word in listed] == bad
    assert "errsize" in tool("ddrescuelog", "-t", map_beside(ours)) or "bad-sector" in tool(
        "ddrescuelog", "-t", map_beside(ours)
    )

    tool("ddrescue", "-q", "-b", str(SECTOR), "-r1", sealed, ours, map_beside(ours))

    assert ours.read_bytes() == sealed.read_bytes()
    assert not read_map(map_beside(ours)).unread
    theirs = tmp_path / "theirs.iso"
    tool("ddrescue", "-q", "-b", str(SECTOR), "-i", "0", "-s", "300000", sealed, theirs, map_beside(theirs))
    assert rescue(sealed, theirs).error() is None
    assert theirs.read_bytes() == sealed.read_bytes()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("?*/-+"), st.integers(1, 9)), min_size=1, max_size=30), st.integers(1, SECTOR)
)
def test_a_map_says_again_what_was_written(tmp_path: Path, runs: list[tuple[str, int]], last: int):
    """All states, and a last sector that is not full."""
    states = bytearray("".join(state * count for state, count in runs).encode())
    told = tmp_path / "any.map"

    write_states(told, states, (len(states) - 1) * SECTOR + last)

    assert read_states(told, len(states)) == states
    lost = [at for at, state in enumerate(states) if state != ord("+")]
    assert read_map(told).lost_sectors(len(states)).tolist() == lost


def test_an_image_of_another_disc_or_without_its_map_is_not_touched(sealed: Path, tmp_path: Path):
    """Refused by name, and as it was."""
    other = make_iso(tmp_path / "other.iso", 2000)
    out = tmp_path / "out.iso"
    out.write_bytes(b"the only copy of something")
    with pytest.raises(CannotWrite, match="a file of this name is there already, and no map"):
        rescue(sealed, out)
    assert out.read_bytes() == b"the only copy of something"
    out.unlink()
    rescue(other, out)
    with pytest.raises(UsageWrong, match="was read from another disc"):
        rescue(sealed, out)
    assert out.read_bytes() == other.read_bytes()
    with pytest.raises(UsageWrong, match="is what is to be read"):
        rescue(other, other)
    out.unlink()
    with pytest.raises(UsageWrong, match="the map of an image that is not there"):
        rescue(other, out)
    write_states(map_beside(out), bytearray(b"?" * 2000), 2000 * SECTOR)  # what a rescue killed at once leaves
    assert rescue(other, out).error() is None


def test_nothing_to_read_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """No such drive, an empty file, a folder; a map that is none."""
    empty = tmp_path / "empty.iso"
    empty.touch()
    for source, kind in ((tmp_path / "none", NotFound), (empty, DiscWrong), (tmp_path, DiscWrong)):
        with pytest.raises(kind) as refused:
            rescue(source, tmp_path / "out.iso")
        assert "\n" not in refused.value.message
        assert str(source) in refused.value.message
    for words in (["verify"], ["repair"], ["ls"], ["restore", "--to", tmp_path / "back"]):
        code, said = run(capsys, *words, empty)
        assert code in (6, 7, 12)
        assert str(empty) in said["error"]["message"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.iso"]


def test_a_truncated_image_is_mended_or_named(sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A tenth missing is mended; a half is not; whatever still can be is restored."""
    short = tmp_path / "short.iso"
    short.write_bytes(sealed.read_bytes()[: int(sealed.stat().st_size * 0.9) + 77])
    assert run(capsys, "verify", short)[0] == 10
    assert run(capsys, "repair", short, "--out", tmp_path / "whole.iso")[0] == 0
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()
    half = tmp_path / "half.iso"
    half.write_bytes(sealed.read_bytes()[: sealed.stat().st_size // 2])
    assert run(capsys, "verify", half)[0] == 8
    code, said = run(capsys, "repair", half, "--out", tmp_path / "never.iso")
    assert code == 8
    assert not (tmp_path / "never.iso").exists()
    code, said = run(capsys, "restore", half, "--to", tmp_path / "back")
    assert code == 10
    assert " restored, " in said["error"]["message"]


def test_an_image_with_read_errors_is_checked_mended_and_restored(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The file itself lies on a sick disk."""
    layout = read_layout(sealed)
    assert layout is not None
    bad = [16, 300, 301, layout.crc_start, layout.ecc_start + 1, layout.sectors - 1]
    inject(monkeypatch, sealed, bad)

    code, said = run(capsys, "verify", sealed)
    assert code == 10
    assert said["error"]["fields"]["strays"][0]["damaged_sectors"] == len(bad)
    assert run(capsys, "repair", sealed, "--out", tmp_path / "whole.iso")[0] == 0
    code, said = run(capsys, "restore", sealed, "--to", tmp_path / "back")
    assert code == 10
    assert f"{sealed}: sector 16: input/output error" in said["error"]["message"]
    assert run(capsys, "restore", tmp_path / "whole.iso", "--to", tmp_path / "back")[0] == 0
    assert (tmp_path / "whole.iso").read_bytes() == sealed.read_bytes()


def test_a_map_beside_an_image_is_heeded_and_brought_up_to_date(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """CRC layer and all ECC layers but one are unread: too much to find out, enough when it is known."""
    layout = read_layout(sealed)
    assert layout is not None
    image = tmp_path / "disc.iso"
    block = np.fromfile(sealed, np.uint8).reshape(-1, SECTOR)
    lost = np.arange(layout.crc_start, layout.sectors - layout.layer_sectors)
    block[lost] = np.random.default_rng(1).integers(0, 256, (lost.size, SECTOR), dtype=np.uint8)
    block.tofile(image)
    assert run(capsys, "verify", image)[0] == 8
    states = bytearray(b"+" * len(block))
    states[layout.crc_start : layout.sectors - layout.layer_sectors] = b"-" * lost.size
    told = tmp_path / "elsewhere.map"
    write_states(told, states, len(block) * SECTOR)
    assert run(capsys, "verify", image, "--map", told)[0] == 10

    told.rename(map_beside(image))

    assert run(capsys, "verify", image)[0] == 10
    assert run(capsys, "repair", image)[0] == 0
    assert image.read_bytes() == sealed.read_bytes()
    assert not read_map(map_beside(image)).unread


def test_a_disc_in_a_drive_is_verified_and_mended(sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A real block device with real read errors. What is read stands aside until the image is whole, then is gone."""
    layout = read_layout(sealed)
    assert layout is not None
    bad = [each for first in (8, 150, 151, 152, layout.crc_start // 2, 600) for each in (2 * first, 2 * first + 1)]
    whole = tmp_path / "out" / "whole.iso"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with sick_drive(sealed, bad, tmp_path) as drive:
        code, said = run(capsys, "verify", drive, "--scratch", scratch, "--retries", "0")
        assert code == 10
        discs = [disc for one in said["error"]["fields"]["sets"] for disc in one["discs"]]
        discs += said["error"]["fields"]["strays"]
        assert [(disc["where"], disc["damaged_sectors"]) for disc in discs] == [(str(drive), len(bad))]

        code, said = run(capsys, "repair", drive, "--out", whole)

        assert (code, said["repaired"]) == (0, [{"image": str(whole), "sectors": len(bad)}])
        assert run(capsys, "repair", drive)[0] == 2
        assert run(capsys, "repair", drive, "--out", whole)[0] == 12
        code, said = run(capsys, "restore", drive, "--to", tmp_path / "back")
        assert code == 10
        assert f"{drive}: sector 16: input/output error" in said["error"]["message"]
        assert f"archive repair {drive} --out" in said["error"]["hint"]
    assert whole.read_bytes() == sealed.read_bytes()
    assert [path.name for path in whole.parent.iterdir()] == ["whole.iso"]
    assert not list(scratch.iterdir())


def test_what_was_read_of_a_disc_past_mending_is_kept_and_gone_on_with(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A third of it cannot be read; in a better drive, what is left is read, and the image is whole."""
    whole = tmp_path / "whole.iso"
    with sick_drive(sealed, range(200, 700), tmp_path) as drive:
        code, said = run(capsys, "repair", drive, "--out", whole, "--retries", "0")
        kept = tmp_path / f"whole.iso.{drive.name}.rescue"
    assert code == 8
    assert f"is kept in {kept}" in said["error"]["hint"]
    assert not whole.exists()
    assert read_map(map_beside(kept)).lost_sectors(2000).tolist() == list(range(200, 700))
    with loop(sealed) as better:
        for path in (kept, map_beside(kept)):
            path.rename(path.with_name(path.name.replace(drive.name, better.name)))
        assert run(capsys, "repair", better, "--out", whole)[0] == 0
    assert whole.read_bytes() == sealed.read_bytes()


def test_an_empty_drive_and_a_drive_full_of_nothing_are_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """0 bytes; and a disc without RS03."""
    plain = make_iso(tmp_path / "plain.iso", 100)
    with loop(plain) as drive:
        code, said = run(capsys, "verify", drive)
        assert code == 7
        assert said["error"]["message"].startswith(f"{drive}: no RS03 protection found")
        os.truncate(plain, 0)
        subprocess.run(["losetup", "-c", str(drive)], check=True)
        for words in (["verify"], ["repair", "--out", tmp_path / "out.iso"], ["rescue", "--out", tmp_path / "out.iso"]):
            code, said = run(capsys, *words, drive)
            assert code == 7
            assert said["error"]["message"] == f"{drive}: is empty: 0 bytes"
    assert not (tmp_path / "out.iso").exists()


def test_ddrescue_reads_no_more_of_a_sick_drive_than_we_do(sealed: Path, tmp_path: Path):
    """Side by side on one block device: the same sectors, the same map."""
    need("ddrescue", "gddrescue")
    bad = [*range(100, 164), 400, 401, 1000, 1001]
    with sick_drive(sealed, bad, tmp_path) as drive:
        ours = rescue(drive, tmp_path / "ours.iso", limits=Limits(retries=1))
        tool("ddrescue", "-q", "-d", "-b", str(SECTOR), "-r1", drive, tmp_path / "a.iso", tmp_path / "a.map")
    assert ours.lost.tolist() == bad
    assert ours.lost.tolist() == read_map(tmp_path / "a.map").lost_sectors(ours.sectors).tolist()
    theirs = (tmp_path / "a.iso").read_bytes()
    assert ours.image.read_bytes() == theirs.ljust(ours.image.stat().st_size, bytes(1))


def test_a_disc_in_a_drive_is_scrubbed(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The register stands in the folder where one is, not among the devices."""
    monkeypatch.chdir(tmp_path)
    with sick_drive(sealed, [300, 301], tmp_path) as drive:
        code, said = run(capsys, "scrub", drive, "--retries", "0")
    assert code == 10
    tested = said["error"]["fields"]["discs"][0]
    assert (tested["damaged_sectors"], said["error"]["fields"]["register"]) == (2, "register.sqlite")
    assert (tmp_path / "register.sqlite").exists()


def test_empty_sectors_that_cannot_be_read_are_damage_of_the_disc(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Zeros stand in their place, and zeros are right; the image is sound, and the disc is not."""
    block = np.fromfile(sealed, np.uint8).reshape(-1, SECTOR)
    empty = np.flatnonzero(~block.any(axis=1))
    pair = next(int(at) for at in empty if at % 2 == 0 and at + 1 in empty)
    with sick_drive(sealed, [pair, pair + 1], tmp_path) as drive:
        code, said = run(capsys, "verify", drive, "--retries", "0")
    assert code == 10
    discs = [disc for one in said["error"]["fields"]["sets"] for disc in one["discs"]]
    assert "2 of 1,275 sectors cannot be read, all of them empty" in discs[0]["why"]
    assert discs[0]["damaged_sectors"] == 2
