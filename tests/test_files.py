"""Files that appear whole or not at all, many at a time."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from heliograph import files
from heliograph.errors import CannotWrite
from heliograph.files import WholeFiles, write_whole
from heliograph.synced import FileSystem


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
    forced: list[list[str]] = []

    def make_sure(_: FileSystem, paths: list[Path]) -> None:
        assert all(path.exists() for path in paths)
        forced.append(sorted(path.name for path in paths))

    monkeypatch.setattr(FileSystem, "make_sure", make_sure)
    with WholeFiles() as whole:
        for name in "abc":
            with whole.file(tmp_path / "new" / name) as out:
                out.write(name.encode())
        assert not forced
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.partial", "b.partial", "c.partial"]

    assert forced == [["a.partial", "b.partial", "c.partial"], sorted(["new", tmp_path.name])]


def test_a_file_that_the_disk_did_not_take_is_named_and_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def make_sure(_: FileSystem, paths: list[Path]) -> None:
        raise OSError(errno.EIO, "Input/output error", str(paths[1]))

    monkeypatch.setattr(FileSystem, "make_sure", make_sure)
    with pytest.raises(CannotWrite, match=r"/b: input/output error"), WholeFiles() as whole:
        for name in "abc":
            with whole.file(tmp_path / name) as out:
                out.write(name.encode())

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kill_at", ["made sure of", "named"])
def test_after_a_kill_every_file_is_whole_or_called_partial_and_the_next_run_ends_whole(tmp_path: Path, kill_at: str):
    """Killed while the second batch is made sure of, or between two renames."""

    def run() -> None:
        with WholeFiles() as whole:
            for number in range(350):
                with whole.file(tmp_path / str(number % 3) / f"{number}") as out:
                    out.write(str(number).encode() * 500)

    child = os.fork()
    if not child:
        try:
            patch = pytest.MonkeyPatch()
            patch.setattr(files, "_MANY", 100)
            where, what, count = (FileSystem, "make_sure", 1) if kill_at == "made sure of" else (os, "replace", 130)
            patch.setattr(where, what, dying(getattr(where, what), count))
            run()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL

    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    named = [path for path in left if path.suffix != ".partial"]
    assert 100 <= len(named) < 350
    assert len(named) < len(left)
    assert all(path.read_text() == path.name * 500 for path in named)
    run()
    found = {path.name: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {str(number): str(number) * 500 for number in range(350)}


def dying(real: Callable[..., object], count: int) -> Callable[..., object]:
    """`real`, but that it is the end of the process after `count` times."""
    done = iter(range(count))

    def once(*arguments: object) -> object:
        if next(done, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)

    return once


def test_a_file_where_the_folder_should_be_is_refused_by_name(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(CannotWrite, match="file/inside"),
        WholeFiles() as whole,
        whole.file(tmp_path / "file" / "inside"),
    ):
        pass


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "there" / "old")
    (tmp_path / "new").symlink_to(tmp_path / "there" / "new")

    write_whole(tmp_path / "link", "whole")
    write_whole(tmp_path / "new", "whole")

    assert (tmp_path / "link").is_symlink() and (tmp_path / "new").is_symlink()
    assert {path.name: path.read_text() for path in (tmp_path / "there").iterdir()} == {"old": "whole", "new": "whole"}


def test_a_link_to_a_pipe_is_refused_and_one_to_itself_is_replaced(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "self").symlink_to("self")

    with pytest.raises(CannotWrite, match=r"pipe: is a device or a pipe, and would be replaced"):
        write_whole(tmp_path / "link", "")
    write_whole(tmp_path / "self", "whole")

    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "self").read_text() == "whole"
