"""A recorder, through xorriso: /dev/sr0 and the like, or `stdio:FILE`, xorriso's pseudo-drive on a file.

xorriso writes and xorriso reads back: its reads are commands to the drive (libburn), so they pass by the system's
cache, and by what the kernel believes of a disc that was blank a minute ago.

A burn outlives the command that began it. xorriso runs in a session of its own, and its words go to a log file that it
keeps locked: a command that is killed costs no disc. The next command finds the lock, waits for the disc to be whole,
and reads it back. Only Ctrl-C, which is meant, stops a burn.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from heliograph.archive.drive.folder import forget_cache
from heliograph.archive.drive.port import Loaded, Piece, Tell
from heliograph.archive.drive.toc import Found, complaint, read_devices, read_progress, read_toc, read_unreadable
from heliograph.archive.medium import SECTOR
from heliograph.errors import DriveWrong, UsageWrong
from heliograph.files import cannot_write

__all__ = ["STDIO", "Recorder", "recorders", "xorriso_speed"]

STDIO: Final = "stdio:"
_WINDOW_SECTORS: Final = 131_072
"""256 MB are read back at a time: so much room is needed beside the register."""
_CHUNK_SECTORS: Final = 4_096
_LOOK_S: Final = 0.2
_STOP_S: Final = 120.0
"""A drive that is stopped still writes what it has taken, and closes the track."""


class Recorder:
    """One drive with one disc in it."""

    one_disc = True

    def __init__(self, address: str, home: Path) -> None:
        """Name a drive; nothing is opened yet.

        Args:
            address: /dev/sr0, or stdio:FILE.
            home: a folder for the log of a burn, and for what is read back.
        """
        self.file = Path(address.removeprefix(STDIO)).absolute() if address.startswith(STDIO) else None
        self.name = address
        self._address = address if self.file is None else f"{STDIO}{self.file}"
        self._home = home
        self.log = home / f"burn-{re.sub(r'[^A-Za-z0-9]+', '-', self._address).strip('-')[-80:]}.log"

    def look(self, image: Path, tell: Tell) -> Loaded:
        self._await_orphan(tell)
        said = _run(["-outdev", self._address, "-toc"])
        loaded = read_toc(said)
        if loaded is None:
            raise DriveWrong(
                f"{self.name}: {complaint(said)}",
                hint="see `heliograph archive burn --list`; unmount a disc that is mounted",
                drive=self.name,
            )
        return loaded

    def write(self, image: Path, speed: str, tell: Tell) -> None:
        words = ["-as", "cdrecord", "-v", f"dev={self._address}", "padsize=0", "fs=16m"]
        words += [f"speed={xorriso_speed(speed)}"] if speed else []
        with self._open_log() as log:
            self._lock(log)
            log.truncate(0)
            burning = subprocess.Popen(
                [_program(), "-no_rc", *words, str(image.absolute())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_plain_words(),
                start_new_session=True,
            )
            try:
                while burning.poll() is None:
                    time.sleep(_LOOK_S)
                    self._tell_progress(f"burn {image.name}", tell)
            except BaseException:
                burning.terminate()
                try:
                    burning.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    burning.kill()
                    burning.wait()
                raise
        said = self._words()
        if burning.returncode != 0:
            raise DriveWrong(
                f"{self.name}: burning {image.name} failed: {complaint(said)}",
                hint=f"mark this disc as lost; {self.log} holds what xorriso said; a lower --speed may help",
                drive=self.name,
            )

    def read(self, image: Path, sectors: int, tell: Tell) -> Iterator[Piece]:
        if self.file is not None and self.file.is_file():
            forget_cache(self.file)
        for first in range(0, sectors, _WINDOW_SECTORS):
            count = min(_WINDOW_SECTORS, sectors - first)
            # In a folder of its own, so that a killed command leaves one thing, and a plain name.
            with tempfile.TemporaryDirectory(prefix="read-back-", dir=self._home) as scratch:
                yield from self._read_window(first, count, Path(scratch) / "sectors", sectors, tell)

    def _read_window(self, first: int, count: int, path: Path, total: int, tell: Tell) -> Iterator[Piece]:
        options = [f"min_lba={first}", f"max_lba={first + count - 1}", f"data_to={path}"]
        said = _run(["-abort_on", "FATAL", "-outdev", self._address, "-check_media", "use=outdev", *options, "--"])
        bad = read_unreadable(said)
        if bad is None:
            raise DriveWrong(f"{self.name}: cannot be read back: {complaint(said)}", drive=self.name)
        path.touch()
        with path.open("rb") as file:
            for at in range(first, first + count, _CHUNK_SECTORS):
                size = min(_CHUNK_SECTORS, first + count - at) * SECTOR
                data = file.read(size)
                end = at + size // SECTOR
                gaps = tuple(
                    (max(low, at), min(low + n, end) - max(low, at)) for low, n in bad if low < end > at < low + n
                )
                tell(f"read back {self.name}", end, total)
                yield Piece(at, data.ljust(size, b"\0"), gaps)

    def release(self) -> None:
        self.log.unlink(missing_ok=True)
        if self.file is None:
            _run(["-outdev", self._address, "-eject", "all"])

    def _await_orphan(self, tell: Tell) -> None:
        """Wait until the burn of a command that was killed is over."""
        if not self.log.exists():
            return
        with self._open_log() as log:
            while not _try_lock(log):
                self._tell_progress("a burn that a killed command began", tell)
                time.sleep(_LOOK_S)

    def _open_log(self) -> IO[bytes]:
        try:
            return self.log.open("ab")
        except OSError as wrong:
            raise cannot_write(self.log, wrong) from None

    def _lock(self, log: IO[bytes]) -> None:
        # xorriso inherits the open file, and the lock with it: it falls when the last of the two has ended.
        if not _try_lock(log):
            raise DriveWrong(
                f"{self.name}: another command is burning in it",
                hint=f"wait for it; {self.log} shows how far it is",
                drive=self.name,
            )

    def _words(self, last_bytes: int = 0) -> str:
        """What xorriso has said so far, or the last of it."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - last_bytes, 0) if last_bytes else 0)
            return file.read().decode("utf-8", "replace").replace("\r", "\n")

    def _tell_progress(self, what: str, tell: Tell) -> None:
        done = read_progress(self._words(4096))
        if done is not None:
            tell(what, *done)


def recorders() -> list[Found]:
    """The recorders that this user may write to and that no other program holds.

    Raises:
        DriveWrong: xorriso is not installed.
    """
    return read_devices(_run(["-devices"]))


def xorriso_speed(speed: str) -> str:
    """A speed in xorriso's words: `4x` is the medium's own unit, rates are 1,000 bytes a second.

    Raises:
        UsageWrong: not a speed.
    """
    times = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*[xX×]\s*", speed)
    rate = re.fullmatch(r"(?i)\s*([0-9]+(?:\.[0-9]+)?)\s*([kM])B(?:/s)?\s*", speed)
    if times is not None and float(times[1]) > 0:
        return times[1]
    if rate is not None and float(rate[1]) > 0:
        return f"{float(rate[1]) * (1000 if rate[2].upper() == 'M' else 1):.0f}k"
    raise UsageWrong(f"--speed {speed}: expected a multiple such as 4x, or a rate such as 18MB")


def _run(words: Sequence[str]) -> str:
    """What xorriso says, results and messages together; its exit code is not needed, because its words are read."""
    done = subprocess.run(
        [_program(), "-no_rc", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=_plain_words(),
    )
    return done.stdout.decode("utf-8", "replace").replace("\r", "\n")


def _program() -> str:
    found = shutil.which("xorriso")
    if found is None:
        raise DriveWrong(
            "xorriso: no such program; drives and stdio: files are reached through it",
            hint="install it (Debian: apt-get install xorriso), or burn to a folder: --drive image:DIR",
        )
    return found


def _plain_words() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def _try_lock(log: IO[bytes]) -> bool:
    try:
        fcntl.flock(log.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
