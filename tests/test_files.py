"""Files that appear whole or not at all, many at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heliograph.errors import CannotWrite
from heliograph.files import WholeFiles


def test_many_files_have_their_names_at_the_end_and_nothing_else_is_there(tmp_path: Path):
    """More than wait at once, in several folders."""
    with WholeFiles() as whole:
        for number in range(600):
            with whole.file(tmp_path / str(number % 3) / f"{number}") as out:
                out.write(str(number).encode())

    found = {path.name: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {str(number): str(number) for number in range(600)}


def test_a_failure_leaves_the_files_before_it_and_no_part_of_its_own(tmp_path: Path):
    """As one after the other would."""
    with pytest.raises(RuntimeError), WholeFiles() as whole:
        with whole.file(tmp_path / "first") as out:
            out.write(b"whole")
        with whole.file(tmp_path / "second") as out:
            out.write(b"hal")
            raise RuntimeError

    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_before_the_end_no_file_that_waits_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each is on the disk before it is named: what a power cut leaves is whole or has another name."""
    forced, named = [], []
    monkeypatch.setattr(os, "fsync", forced.append)
    with WholeFiles() as whole:
        for name in "abc":
            with whole.file(tmp_path / name) as out:
                out.write(name.encode())
        named += [path.name for path in tmp_path.iterdir()]
        assert not forced

    assert sorted(named) == ["a.partial", "b.partial", "c.partial"]
    assert len(forced) == 4  # three files, one folder


def test_a_file_where_the_folder_should_be_is_refused_by_name(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(CannotWrite, match="file/inside"),
        WholeFiles() as whole,
        whole.file(tmp_path / "file" / "inside"),
    ):
        pass
