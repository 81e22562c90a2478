"""A plan says what seal then writes, to the byte, and what survives what."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from disc_sets import DATE, ODD_NAMES, damage, write_files, write_tree
from keys import age_key, minisign_pair
from rs03_discs import overwrite

from heliograph.archive.medium import MEDIA, Medium, of_size
from heliograph.archive.repair.mend import mend
from heliograph.archive.rescue.ddrescue import RescueMap
from heliograph.archive.rs03.layout import Layout
from heliograph.archive.seal.forecast import Forecast, forecast
from heliograph.archive.seal.pace import burn_bytes_s, burn_s, measure_seal_bytes_s
from heliograph.archive.seal.seal import DiscSet, seal
from heliograph.archive.seal.survival import SURE, survival
from heliograph.archive.secret import Holders
from heliograph.archive.signing import signing_key
from heliograph.archive.verify.verify import verify
from heliograph.cli.archive.keys import planned_holders
from heliograph.cli.main import main
from heliograph.errors import HeliographError, UsageWrong


def both(
    source: Path, out: Path, medium: Medium, parity: int = 0, redundancy: float = 0.15
) -> tuple[Forecast, DiscSet]:
    """What is said and what is written, for the same wishes."""
    more = {"date": DATE, "medium": medium, "parity": parity, "redundancy": redundancy, "title": "碟 discs"}
    said = forecast([source], **more)  # type: ignore[arg-type]
    return said, seal([source], out, **more)  # type: ignore[arg-type]


def agree(said: Forecast, sealed: DiscSet) -> None:
    """Discs, sizes, pieces, to the byte; and every disc's amounts make up the medium."""
    index = sealed.index
    held = {disc.name: [p for f in index.files for p in f.pieces if p.disc == disc.name] for disc in index.discs}
    assert [(d.disc, d.kind, d.image_bytes) for d in said.discs] == [
        (d.name, d.kind, d.path.stat().st_size) for d in sealed.discs
    ]
    assert [d.data_bytes + d.frame_bytes for d in said.discs] == [d.iso_bytes for d in sealed.discs]
    for disc in said.discs:
        assert disc.image_bytes + disc.free_bytes == said.medium.bytes
        if disc.kind == "data":
            assert (disc.files, disc.data_bytes) == (len(held[disc.disc]), sum(p.bytes for p in held[disc.disc]))
    assert {s.file: s.discs for s in said.split} == {
        file.path: tuple(piece.disc for piece in file.pieces) for file in index.files if len(file.pieces) > 1
    }
    assert (said.image_bytes, said.title) == (sealed.bytes, index.title)


@pytest.mark.parametrize("to", ["recipient", "passphrase"])
def test_encryption_and_signatures_are_counted_to_the_byte(tmp_path: Path, to: str):
    """No passphrase is needed to plan: any is as long; split files are called by their true names."""
    tree = write_files(tmp_path / "tree", big_bin=4_000_000, b_bin=65_537, c_bin=0)
    signer = signing_key(minisign_pair(tmp_path)[0], str)
    recipients = (age_key(tmp_path)[1],) if to == "recipient" else ()
    more = {"date": DATE, "medium": of_size("3.5MB"), "parity": 1, "title": "x", "signer": signer}
    planned = planned_holders(recipients, (), to == "passphrase", None)
    assert planned is not None

    said = forecast([tree], holders=planned, **more)  # type: ignore[arg-type]
    sealed = seal(
        [tree], tmp_path / "out", holders=Holders(recipients) if recipients else Holders(passphrase="a b"), **more
    )  # type: ignore[arg-type]

    assert [(d.disc, d.image_bytes) for d in said.discs] == [(d.name, d.image_bytes) for d in sealed.discs]
    assert said.file_bytes == sealed.index.bytes == 4_000_000 + 65_537 + said.encryption_bytes
    assert [each.file for each in said.split] == ["tree/big.bin"]


@pytest.mark.parametrize("parity", [0, 2])
def test_a_file_larger_than_a_disc(tmp_path: Path, parity: int):
    write_files(tmp_path / "tree", big_bin=6_000_000, b_bin=700_000, c_bin=0, d_txt=1)

    said, sealed = both(tmp_path / "tree", tmp_path / "discs", of_size("3.5MB"), parity)

    agree(said, sealed)
    assert said.split[0].file == "tree/big.bin"


def test_odd_names_and_files_of_no_bytes(tmp_path: Path):
    write_tree(tmp_path / "tree", (*ODD_NAMES, *(f"more/{number}/empty" for number in range(20))))

    agree(*both(tmp_path / "tree", tmp_path / "discs", MEDIA["bd-25"], 1))


@pytest.mark.parametrize(("capacity", "redundancy"), [("3MB", 0.05), ("3MB", 0.15), ("5MB", 1.0)])
def test_many_small_files_on_several_discs(tmp_path: Path, capacity: str, redundancy: float):
    sizes = np.random.default_rng(1).integers(0, 9000, 700)
    write_files(tmp_path / "tree", **{f"f{number}_bin": int(size) for number, size in enumerate(sizes)})

    said, sealed = both(tmp_path / "tree", tmp_path / "discs", of_size(capacity), 1, redundancy)

    agree(said, sealed)
    assert len(said.discs) > 3


def test_a_disc_that_is_exactly_full_and_one_byte_more(tmp_path: Path):
    """The largest file that one disc holds; the next byte needs a second disc."""
    tree, medium = write_files(tmp_path / "tree", a_bin=1), of_size("4MB")

    def discs(size: int) -> int:
        (tree / "a.bin").write_bytes(bytes(size))
        return len(forecast([tree], date=DATE, medium=medium).discs)

    low, high = 1, medium.bytes
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if discs(middle) == 1 else (low, middle)
    for size, count in ((low, 1), (low + 1, 2)):
        assert discs(size) == count
        agree(*both(tree, tmp_path / f"discs{count}", medium))


def test_no_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No size depends on what is in a file: a sparse one of 60 GB is planned at once."""
    write_files(tmp_path / "tree", z_bin=10)
    with (tmp_path / "tree" / "large").open("wb") as file:
        file.truncate(60_000_000_000)

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise AssertionError(f"{path} was opened")

    forecast([tmp_path / "tree"], date=DATE, medium=MEDIA["bd-50"], parity=2)  # the guide's texts are read once
    monkeypatch.setattr(Path, "open", refuse)
    said = forecast([tmp_path / "tree"], date=DATE, medium=MEDIA["bd-50"], parity=2)

    assert [disc.disc for disc in said.discs] == ["D01", "D02", "P01", "P02"]
    assert said.split[0].discs == ("D01", "D02")


@pytest.mark.parametrize(
    "wishes",
    [
        ("nowhere",),
        ("tree", "--capacity", "100KB"),
        ("tree", "--capacity", "1.2MB", "--parity", "16"),
        ("tree", "--redundancy", "9"),
        ("tree", "--parity", "17"),
        ("tree", "--medium", "floppy"),
        ("tree", "--medium", "dvd", "--capacity", "3MB"),
        ("tree", "--date", "1812-06-24"),
        ("tree", "tree/../tree"),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_seal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wishes: tuple[str, ...]
):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=1_500_000)
    answers = []
    for command in ("plan", "seal"):
        code = main(["archive", command, *wishes])
        said = capsys.readouterr()
        answers.append((code, said.out, said.err))

    assert answers[0] == answers[1]
    assert answers[0][0] != 0
    assert not (tmp_path / "discs").exists()


def test_what_is_said_to_survive_a_scratch_is_mended_and_no_sector_more(tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=1_500_000)
    said, sealed = both(tmp_path / "tree", tmp_path / "discs", of_size("3MB"))
    image, before = sealed.discs[0].path, sealed.discs[0].path.read_bytes()
    run = said.survives.scratch_bytes // 2048

    overwrite(image, list(range(300, 300 + run)))
    mend([image])
    assert image.read_bytes() == before

    overwrite(image, list(range(300, 301 + run)))
    wrong = verify([image]).error()
    assert isinstance(wrong, HeliographError)
    assert wrong.exit_code == 8


def test_what_is_said_of_bad_sectors_is_the_binomial_tail_and_holds(tmp_path: Path):
    """Held against SciPy's; and tried on an image, whose lost sectors are known as a drive tells them."""
    from scipy.stats import binom

    for layout in (Layout(1, 4, 32), Layout(1, 46_377, 33), Layout(1, 236_877, 170), Layout(1, 10_000, 8)):
        share = survival(layout, of_size("25GB")).random_share
        assert layout.layer_sectors * binom.sf(layout.roots, 255, share) <= 1 - SURE
        assert layout.layer_sectors * binom.sf(layout.roots, 255, share + 2e-4) > 1 - SURE
    write_files(tmp_path / "tree", a_bin=1_500_000)
    said, sealed = both(tmp_path / "tree", tmp_path / "discs", of_size("3MB"))
    image = sealed.discs[0].path
    before = image.read_bytes()
    for seed in range(3):
        damage(image, said.survives.random_share, seed=seed)
        was, now = (np.frombuffer(b, np.uint8).reshape(-1, 2048) for b in (before, image.read_bytes()))
        lost = np.flatnonzero((was != now).any(axis=1)).tolist()
        mend([image], rescued=RescueMap(tuple((2048 * sector, 2048 * sector + 2048) for sector in lost)))
        assert image.read_bytes() == before


def test_a_ring_at_the_rim_holds_what_the_parity_replaces():
    """By areas, worked out by hand: 33 of 255 layers of a full disc, 24 to 58 mm; a second layer costs one root."""
    full = Layout(1, MEDIA["bd-25"].sectors // 255, 33)
    ring = survival(full, MEDIA["bd-25"]).ring_mm
    assert ring == pytest.approx(58 - (58**2 - 33 / 255 * (58**2 - 24**2)) ** 0.5, abs=1e-3)
    assert ring == pytest.approx(3.20, abs=0.01)
    double = Layout(1, MEDIA["bd-50"].sectors // 255, 33)
    assert survival(double, MEDIA["bd-50"]).ring_mm == pytest.approx(3.10, abs=0.01)
    assert survival(full, of_size("25GB")).ring_mm is None


def test_speeds_are_multiples_of_a_medium_s_1x_or_bytes_a_second():
    """1x: 150 KiB/s for a CD, 1.385 MB/s for a DVD, 36 Mbit/s for a BD."""
    assert burn_bytes_s("1x", MEDIA["cd"]) == 150 * 1024
    assert burn_bytes_s("1x", MEDIA["dvd"]) == 1_385_000
    assert burn_bytes_s("4X", MEDIA["bd-50"]) * 8 == pytest.approx(4 * 36e6, rel=2e-3)
    assert burn_s([18_000_000, 18_000_000], burn_bytes_s("18MB/s", of_size("64MB"))) == pytest.approx(2, rel=1e-3)
    with pytest.raises(UsageWrong, match="a medium of 64MB has no 1x"):
        burn_bytes_s("4x", of_size("64MB"))
    for text in ("fast", "0x", "-4x", ""):
        with pytest.raises(UsageWrong, match="expected a multiple such as 4x"):
            burn_bytes_s(text, MEDIA["bd-25"])


def test_the_speed_of_sealing_is_measured_and_nothing_is_left(tmp_path: Path):
    assert measure_seal_bytes_s(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_it_for_people_and_for_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=2_500_000)
    words = ["archive", "plan", "tree", "--capacity", "3MB", "--parity", "1", "--seal-speed", "1MB"]

    assert main([*words, "--burn-speed", "2MB", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["times_est"]["seal_s"] == pytest.approx(said["bytes"] / 1e6, rel=1)
    assert said["times_est"]["burn_s"] == pytest.approx(said["bytes"] / 2e6, rel=1e-3)
    assert sum(said["discs"][0][f"{what}_bytes"] for what in ("data", "frame", "own_parity", "free")) == 2_998_272
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "any one disc" in out
    assert "tree/a.bin" in out
    assert "give --burn-speed" in out
    assert main(["archive", "seal", "tree", "--capacity", "3MB", "--parity", "1", "--json"]) == 0
    sealed = json.loads(capsys.readouterr().out)
    assert [disc["bytes"] for disc in sealed["discs"]] == [disc["bytes"] for disc in said["discs"]]
