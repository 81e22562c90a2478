"""A cell is found again from disc images alone: sealed, the record gone, damaged and mended, discs lost and rebuilt."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from recorded import Written

from heliograph.archive.medium import of_size
from heliograph.archive.seal.seal import seal
from heliograph.cli.main import main
from heliograph.plant.model import Plant


@pytest.fixture
def run(plant: Plant, written: Written, tmp_path: Path) -> Path:
    """A run directory with small discs and two parity discs; the record has been moved away."""
    shutil.copytree(written.folder / "record", tmp_path / "record")
    (tmp_path / "video.bin").write_bytes(np.random.default_rng(1).bytes(4_000_000))
    seal(
        [tmp_path / "record", tmp_path / "video.bin"],
        tmp_path / "run" / "discs",
        date=plant.calendar.start,
        medium=of_size("2.5MB"),
        parity=2,
        keep_times=False,
    )
    shutil.rmtree(tmp_path / "record")
    return tmp_path / "run"


def told(capsys: pytest.CaptureFixture[str], words: list[str]) -> dict[str, object]:
    assert main([*words, "--json"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_a_trace_from_the_discs_is_the_trace_from_the_record(
    run: Path, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = written.record.read("cells", ["cell"])["cell"][1234].as_py()
    meant = told(capsys, ["trace", cell, "--from", str(written.folder)])

    images = [str(path) for path in sorted((run / "discs").glob("*.iso"))]
    assert len(images) >= 3
    assert told(capsys, ["trace", cell, "--from", *images]) == meant
    assert told(capsys, ["trace", cell, "--from", str(run / "discs")]) == meant
    assert told(capsys, ["trace", cell, "--from", str(run)]) == meant
    assert told(capsys, ["kpi", str(run)]) == told(capsys, ["kpi", str(written.folder)])


def test_damaged_discs_give_the_same_trace_from_their_parity_and_are_named(
    run: Path, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sector in fifty overwritten, on every disc."""
    cell = written.record.read("cells", ["cell"])["cell"][1234].as_py()
    meant = told(capsys, ["trace", cell, "--from", str(run)])
    rng = np.random.default_rng(5)
    for image in (run / "discs").glob("*.iso"):
        bytes_ = bytearray(image.read_bytes())
        sectors = len(bytes_) // 2048
        for sector in rng.choice(sectors, sectors // 50, replace=False).tolist():
            bytes_[sector * 2048 : sector * 2048 + 2048] = rng.bytes(2048)
        image.write_bytes(bytes_)

    assert main(["trace", cell, "--from", str(run), "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == meant
    assert "damaged sectors are read from its parity; mend it: `heliograph archive repair " in shown.err
    assert main(["archive", "repair", str(run / "discs")]) == 0
    capsys.readouterr()
    assert told(capsys, ["trace", cell, "--from", str(run)]) == meant


def test_a_lost_disc_is_asked_for_by_name_and_two_lost_discs_are_rebuilt(
    run: Path, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = written.record.read("cells", ["cell"])["cell"][1234].as_py()
    meant = told(capsys, ["trace", cell, "--from", str(run)])
    data = sorted((run / "discs").glob("*-D*.iso"))
    assert len(data) >= 2
    for image in data[:2]:
        image.unlink()

    assert main(["trace", cell, "--from", str(run)]) == 9
    shown = capsys.readouterr().err
    assert "which is not here" in shown
    assert "archive repair" in shown
    assert main(["archive", "repair", str(run / "discs")]) == 0
    capsys.readouterr()
    assert told(capsys, ["trace", cell, "--from", str(run)]) == meant


def test_a_trace_from_encrypted_discs_takes_their_key(
    written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Parquet is read here and there, and decrypted where it is read."""
    import pyrage

    from heliograph.archive.secret import Holders

    cell = written.record.read("cells", ["cell"])["cell"][1234].as_py()
    meant = told(capsys, ["trace", cell, "--from", str(written.folder)])
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    date = datetime(2026, 11, 22, tzinfo=UTC)
    seal(
        [written.folder / "record"],
        tmp_path / "discs",
        date=date,
        medium=of_size("2.5MB"),
        holders=Holders((str(key.to_public()),)),
    )

    assert (
        told(capsys, ["trace", cell, "--from", str(tmp_path / "discs"), "--identity", str(tmp_path / "key")]) == meant
    )
    assert main(["trace", cell, "--from", str(tmp_path / "discs")]) == 17
    assert "is encrypted" in capsys.readouterr().err
