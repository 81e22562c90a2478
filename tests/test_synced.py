"""Many files made sure of at once, where that says as much as making sure of each."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from heliograph import synced
from heliograph.synced import FileSystem


class Disk:
    """Notes what is asked of the disk, and fails where it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, relied_on: bool = True) -> None:
        self.at_once, self.alone = 0, []
        self.bad: set[Path] = set()
        self.all_bad = False
        monkeypatch.setattr(synced, "_can_be_relied_on", lambda _: relied_on)
        monkeypatch.setattr(synced, "_syncfs", self._syncfs)
        monkeypatch.setattr(synced, "fsync_path", self._fsync)

    def _syncfs(self, _: int) -> None:
        if self.all_bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.at_once += 1

    def _fsync(self, path: Path) -> None:
        if path in self.bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.alone.append(path)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}" for number in range(100)]
    for path in paths:
        path.write_text(path.name)
    return paths


def test_many_files_take_one_call(tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch):
    disk = Disk(monkeypatch)

    FileSystem(tmp_path).make_sure(files)

    assert (disk.at_once, disk.alone) == (1, [])


def test_a_handful_is_made_sure_of_one_by_one(tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch):
    """What others write to the same disk is not waited for."""
    disk = Disk(monkeypatch)

    FileSystem(tmp_path).make_sure(files[:5])

    assert (disk.at_once, sorted(disk.alone)) == (0, sorted(files[:5]))


def test_where_one_call_is_not_enough_every_file_is_made_sure_of(
    tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
):
    """An old Linux, a file system in user space, another operating system."""
    disk = Disk(monkeypatch, relied_on=False)

    FileSystem(tmp_path).make_sure(files)

    assert (disk.at_once, sorted(disk.alone)) == (0, sorted(files))


def test_a_failed_call_is_not_believed_before_each_file_was_asked(
    tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
):
    """It may have been another program's file. If it was ours, it is named."""
    disk = Disk(monkeypatch)
    disk.all_bad = True
    FileSystem(tmp_path).make_sure(files)
    assert sorted(disk.alone) == sorted(files)

    disk.bad = {files[40]}
    with pytest.raises(OSError, match="error") as wrong:
        FileSystem(tmp_path).make_sure(files)
    assert wrong.value.filename == str(files[40])


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the kind of file system")
def test_the_kind_of_file_system_is_what_stat_says(tmp_path: Path):
    handle = os.open(tmp_path, os.O_RDONLY)
    said = subprocess.run(["stat", "-f", "-c", "%t", tmp_path], capture_output=True, check=True, text=True)

    assert synced._kind(handle) == int(said.stdout, 16)
    os.close(handle)


@pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")
def test_linux_is_really_asked(tmp_path: Path):
    """A folder is a file system to make sure of; a closed one is not."""
    handle = os.open(tmp_path, os.O_RDONLY)
    synced._syncfs(handle)
    os.close(handle)

    with pytest.raises(OSError, match="Bad file descriptor"):
        synced._syncfs(handle)


@pytest.mark.parametrize(
    ("release", "kind", "relied_on"),
    [
        ("6.18.44-fc", 0xEF53, True),
        ("5.8-rc1", 0x58465342, True),
        ("5.4.0-150-generic", 0xEF53, False),
        ("6.1.0", 0x65735546, False),
        ("unknown", 0xEF53, False),
    ],
    ids=["ext4", "XFS", "Linux 5.4", "FUSE", "no number"],
)
def test_one_call_is_relied_on_only_where_it_is_known_to_keep_the_word(
    release: str, kind: int, relied_on: bool, monkeypatch: pytest.MonkeyPatch
):
    """Linux tells of failed writes from 5.8 on; of FUSE it does not ask the program behind it."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    monkeypatch.setattr(synced, "_kind", lambda _: kind)

    assert synced._can_be_relied_on(0) is relied_on
