"""`heliograph archive protect --in-place`: the ISO's own bytes stay as they are, whatever happens."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from rs03_discs import SECTOR, make_iso, overwrite

from heliograph.archive.protect import protect_copy, protect_in_place
from heliograph.archive.rs03 import verify, writer
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, DiscWrong

SECTORS = 1500
ROOTS = 64
NOTE = "in.iso.unfinished"
TRAPS = ("pwrite", "pwritev", "posix_fallocate", "ftruncate", "truncate", "fsync", "rename", "replace", "unlink")
"""Calls that change files, in the module `os` and its like."""


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of an `archive` command."""
    code = main(["archive", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def iso(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ISO image whose last sector is not full."""
    monkeypatch.chdir(tmp_path)
    path = make_iso(tmp_path / "in.iso", SECTORS)
    os.truncate(path, SECTORS * SECTOR - 700)
    return path


@pytest.fixture
def whole(iso: Path) -> bytes:
    """What it is to become: the copy that is made aside."""
    protect_copy(iso, iso.with_name("copy.iso"), roots=ROOTS)
    made = iso.with_name("copy.iso").read_bytes()
    iso.with_name("copy.iso").unlink()
    return made


def names(folder: Path) -> list[str]:
    """All that stands there."""
    return sorted(path.name for path in folder.iterdir())


def child(work: Callable[[], object], *, kill_at: int | None = None, half: bool = False) -> tuple[int, int]:
    """Do it in a process of its own that kill -9 ends right before a change of files; its status, changes until then.

    Args:
        kill_at: the number of that change, from 0; None for none.
        half: if the change is a write, do half of it first.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        status, seen = 99, [0]
        try:
            writer._TOGETHER = 1  # as many writes as there are lines
            for name in TRAPS:
                setattr(os, name, _trapped(getattr(os, name), name, seen, kill_at, half))
            work()
            status = 0
        finally:
            os.write(writing, seen[0].to_bytes(4, "little"))
            os._exit(status)
    os.close(writing)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = os.read(reading, 4)
    os.close(reading)
    return status, int.from_bytes(said, "little")


def _trapped(
    real: Callable[..., int], name: str, seen: list[int], kill_at: int | None, half: bool
) -> Callable[..., int]:
    def trap(*arguments: object, **named: object) -> int:
        if seen[0] == kill_at:
            if half and name == "pwrite":
                file, data, at = arguments
                real(file, data[: len(data) // 2], at)  # type: ignore[index, arg-type]
            if half and name == "pwritev":
                file, (data,), at = arguments  # type: ignore[misc]
                real(file, [data[: len(data) // 2]], at)
            os.kill(os.getpid(), signal.SIGKILL)
        seen[0] += 1
        return real(*arguments, **named)

    return trap


@pytest.mark.parametrize("before", ["bare", "protected", "left unfinished"])
def test_a_kill_at_any_change_leaves_the_iso_and_the_same_command_goes_on(iso: Path, whole: bytes, before: str):
    """Before every change of a file, and amid every write; the image is then what an undisturbed run makes."""
    data = iso.read_bytes()
    protect_copy(iso, iso.with_name("other.iso"), roots=8)
    small = iso.with_name("other.iso").read_bytes()
    iso.with_name("other.iso").unlink()
    if before == "protected":  # the last sector is a full one now
        iso.write_bytes(small)
        data = small[: SECTORS * SECTOR]
        protect_copy(iso, iso.with_name("other.iso"), roots=ROOTS)
        whole = iso.with_name("other.iso").read_bytes()
        iso.with_name("other.iso").unlink()
    start = iso.read_bytes()

    def work() -> object:
        return protect_in_place(iso, roots=ROOTS)

    if before == "left unfinished":
        assert child(work, kill_at=20)[0] == -signal.SIGKILL
        start = iso.read_bytes()
        note = iso.with_name(NOTE).read_bytes()
    status, changes = child(work)
    assert (status, iso.read_bytes() == whole) == (0, True)
    assert changes > 60

    killed = 0
    numbers = range(0, 2 * changes, 1 if before == "bare" else 3)
    for number in numbers:
        iso.write_bytes(start)
        if before == "left unfinished":
            iso.with_name(NOTE).write_bytes(note)
        status, _ = child(work, kill_at=number // 2, half=bool(number % 2))
        killed += status == -signal.SIGKILL
        now = iso.read_bytes()
        assert now[: len(data)] == data, f"change {number // 2}"
        assert iso.with_name(NOTE).exists() or now in (start, whole), f"change {number // 2}"
        if now == whole and names(iso.parent) == ["in.iso"]:
            continue  # it was through, and would be protected anew
        done = protect_in_place(iso, roots=ROOTS)
        assert iso.read_bytes() == whole, f"change {number // 2}"
        assert done.layout.iso_sectors == SECTORS
        assert names(iso.parent) == ["in.iso"]
    assert killed == len(numbers)


def test_what_a_kill_left_is_told_by_each_command(iso: Path, whole: bytes, capsys: pytest.CaptureFixture[str]):
    """`verify` and `repair` change nothing and say what to do; so does the note; `protect` to a copy refuses."""
    size = iso.stat().st_size
    assert child(lambda: protect_in_place(iso, roots=ROOTS), kill_at=40)[0] == -signal.SIGKILL
    left = iso.read_bytes()

    for words in (("verify", "in.iso"), ("repair", "in.iso"), ("protect", "in.iso", "out.iso"), ("verify", ".")):
        code, _, err = call(capsys, *words)
        assert code == 7
        assert (
            f"in.iso: unfinished, as a `protect --in-place` was stopped while it wrote to it; its ISO, the first "
            f"{size:,} bytes, is whole\nhint: go on with `heliograph archive protect in.iso --in-place`" in err
        )
        assert f"`truncate -s {size} in.iso`" in err
    assert iso.read_bytes() == left
    told = iso.with_name(NOTE).read_text()
    assert f"To have the bare ISO image back: truncate -s {size} in.iso" in told

    code, _, err = call(capsys, "protect", "in.iso", "--in-place", "--roots", str(ROOTS))
    assert code == 0
    assert err.startswith("note: an earlier command was stopped while it wrote to in.iso; its ISO is whole")
    assert iso.read_bytes() == whole
    assert call(capsys, "verify", "in.iso")[0] == 0


def test_the_command_says_what_it_appended(iso: Path, whole: bytes, capsys: pytest.CaptureFixture[str]):
    code, out, _ = call(capsys, "protect", "in.iso", "--in-place", "--roots", str(ROOTS), "--json")

    assert code == 0
    assert f'"bytes": {len(whole)}' in out
    assert '"in_place": true' in out
    assert iso.read_bytes() == whole
    assert names(iso.parent) == ["in.iso"]


@pytest.mark.parametrize("words", [(), ("out.iso", "--in-place")])
def test_a_copy_or_in_place_is_asked_for(iso: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]):
    """Neither, or both, is a mistake; nothing is written."""
    before = iso.read_bytes()

    code, _, err = call(capsys, "protect", "in.iso", *words)

    assert code == 2
    assert err.startswith("error: OUT.iso or --in-place: give one of them")
    assert iso.read_bytes() == before
    assert names(iso.parent) == ["in.iso"]


def refused(iso: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and the one line; the image and its time are as they were."""
    before, was = iso.read_bytes(), iso.stat().st_mtime_ns
    code, _, err = call(capsys, "protect", *words, "--in-place", "--roots", str(ROOTS))
    lines = [line for line in err.splitlines() if not line.startswith("hint:")]
    assert len(lines) == 1
    assert iso.read_bytes() == before
    assert iso.stat().st_mtime_ns == was
    return code, lines[0]


def test_what_is_no_image_of_its_own_is_refused(iso: Path, capsys: pytest.CaptureFixture[str]):
    """A folder, a device, nothing at all, what is too short, a file that is called otherwise, too."""
    Path("short.iso").write_bytes(bytes(17 * SECTOR - 1))
    for name, code, said in (
        (".", 12, "error: .: is a folder"),
        ("/dev/null", 12, "error: /dev/null: is not a file, and cannot grow"),
        ("none.iso", 7, "error: none.iso: no such file or directory"),
        ("short.iso", 7, "error: short.iso: 34815 bytes; an ISO image has at least 17 sectors of 2048"),
    ):
        assert refused(iso, capsys, name) == (code, said)
    os.link(iso, "link.iso")
    code, said = refused(iso, capsys, "in.iso")
    assert (code, said) == (12, "error: in.iso: has 2 names (hard links), and would change under all of them")


def test_a_symbolic_link_is_followed(iso: Path, whole: bytes):
    """The image behind it grows; its note would lie beside it, where another command finds it, too."""
    Path("elsewhere").mkdir()
    Path("elsewhere/link.iso").symlink_to("../in.iso")
    assert child(lambda: protect_in_place(Path("elsewhere/link.iso"), roots=ROOTS), kill_at=40)[0] == -signal.SIGKILL
    assert Path(NOTE).exists()

    assert protect_in_place(Path("elsewhere/link.iso"), roots=ROOTS).resumed
    assert iso.read_bytes() == whole
    assert Path("elsewhere/link.iso").is_symlink()
    assert names(Path("elsewhere")) == ["link.iso"]


def test_one_command_at_a_time(iso: Path, capsys: pytest.CaptureFixture[str]):
    with iso.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert refused(iso, capsys, "in.iso") == (12, "error: in.iso: another command is protecting it")


def test_what_may_not_be_written_is_left(
    iso: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """A read-only file; a read-only folder, which has no place for the note."""
    real = os.open
    for name in ("in.iso", f"{NOTE}.partial"):

        def opening(path: object, flags: int, *rest: object, name: str = name, **named: object) -> int:
            if Path(str(path)).name == name and flags & (os.O_WRONLY | os.O_RDWR):
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(path, flags, *rest, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "open", opening)
        if name != "in.iso":
            monkeypatch.setattr(Path, "write_bytes", lambda path, data: os.close(os.open(path, os.O_WRONLY)))
        code, said = refused(iso, capsys, "in.iso")
        assert code == 12
        assert said.endswith("in.iso: permission denied" if name == "in.iso" else f"{NOTE}: permission denied")


def test_a_file_that_may_not_grow_so_far_is_as_it_was(iso: Path):
    """The system's own refusal, of a real file: as on FAT with 4 GiB, or on a full disk."""
    before = iso.read_bytes()

    def work() -> None:
        most = len(before) + 20 * SECTOR
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        with pytest.raises(CannotWrite, match=r"in\.iso: file too large"):
            protect_in_place(iso, roots=ROOTS)

    assert child(work)[0] == 0
    assert iso.read_bytes() == before
    assert names(iso.parent) == ["in.iso"]


@pytest.mark.parametrize("reserves", [True, False])
def test_a_full_disk_is_named_and_the_image_is_as_it_was(
    iso: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, reserves: bool
):
    """Found when room is reserved, with part of it reserved; or, where nothing can be, amid the parity."""
    real, left = os.pwritev, [10]

    def reserve(file: int, start: int, length: int) -> None:
        if not reserves:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        os.ftruncate(file, start + length // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    def write(file: int, lines: list[memoryview], at: int) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, lines, at)

    monkeypatch.setattr(os, "posix_fallocate", reserve)
    monkeypatch.setattr(os, "pwritev", write)
    monkeypatch.setattr(writer, "_TOGETHER", 1)

    assert refused(iso, capsys, "in.iso") == (12, "error: in.iso: no space left on device")
    assert (left[0] == 10) == reserves
    assert names(iso.parent) == ["in.iso"]


def test_where_nothing_can_be_reserved_it_is_written_all_the_same(
    iso: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
):
    def reserve(file: int, start: int, length: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", reserve)
    protect_in_place(iso, roots=ROOTS)

    assert iso.read_bytes() == whole


def test_a_sector_that_cannot_be_read_is_named(
    iso: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Parity over zeros in its place would vouch for them."""
    real = os.preadv

    def reading(file: int, buffers: list[memoryview], at: int) -> int:
        if at <= 700 * SECTOR < at + len(buffers[0]):
            raise OSError(errno.EIO, "Input/output error")
        return real(file, buffers, at)

    monkeypatch.setattr(os, "preadv", reading)
    code, said = refused(iso, capsys, "in.iso")

    assert code == 7
    assert said.startswith("error: in.iso: cannot be read from sector ")
    assert names(iso.parent) == ["in.iso"]


def test_ctrl_c_cuts_it_back(iso: Path):
    before = iso.read_bytes()

    def interrupt(part: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        protect_in_place(iso, roots=ROOTS, progress=interrupt)

    assert iso.read_bytes() == before
    assert names(iso.parent) == ["in.iso"]


@pytest.fixture
def protected(iso: Path) -> Path:
    """The image with 8 roots."""
    protect_in_place(iso, roots=8)
    return iso


@pytest.mark.parametrize("roots", [8, 170])
def test_a_protected_image_is_protected_anew(protected: Path, capsys: pytest.CaptureFixture[str], roots: int):
    """Longer than before, or as long; the same as a copy of it would be. And shorter."""
    protect_copy(protected, Path("copy.iso"), roots=roots)

    code, _, err = call(capsys, "protect", "in.iso", "--in-place", "--roots", str(roots))

    assert code == 0
    assert "note: in.iso carried RS03 with " in err
    assert protected.read_bytes() == Path("copy.iso").read_bytes()
    protect_copy(protected, Path("less.iso"), roots=12)
    assert protect_in_place(protected, roots=12).again is not None
    assert protected.read_bytes() == Path("less.iso").read_bytes()


def test_a_protected_image_that_is_damaged_or_followed_by_something_is_refused(
    protected: Path, capsys: pytest.CaptureFixture[str]
):
    """Its parity is the way to mend it; and what stands behind it may be the only copy of something."""
    before = protected.read_bytes()
    with protected.open("ab") as file:
        file.write(b"mine")
    code, said = refused(protected, capsys, "in.iso")
    assert (code, "behind its RS03 image" in said) == (12, True)

    protected.write_bytes(before)
    overwrite(protected, [100, 200])
    code, said = refused(protected, capsys, "in.iso")
    assert (code, "2 of its sectors are damaged" in said) == (10, True)


def test_an_image_protected_anew_keeps_its_parity_until_there_is_room(
    protected: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """No room: as it was. A failure later: its bare ISO, and the line says so."""
    iso = protected.read_bytes()[: SECTORS * SECTOR]

    def reserve(file: int, start: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write(file: int, lines: list[memoryview], at: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", reserve)
        assert refused(protected, capsys, "in.iso") == (12, "error: in.iso: no space left on device")
    assert verify(protected).clean
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwritev", write)
        code, _, err = call(capsys, "protect", "in.iso", "--in-place", "--roots", str(ROOTS))
    assert code == 12
    assert "in.iso: input/output error; it is cut back to its ISO, its old parity is gone" in err
    assert protected.read_bytes() == iso
    assert names(protected.parent) == ["in.iso"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda iso, note: note.write_text("nonsense\n"), "cannot be read"),
        (lambda iso, note: note.write_bytes(b""), "cannot be read"),
        (lambda iso, note: os.truncate(iso, 100 * SECTOR), "is of an image of 3,071,300 to "),
        (lambda iso, note: os.truncate(iso, 9000 * SECTOR), "is of an image of 3,071,300 to "),
        (lambda iso, note: overwrite(iso, [16]), "is of another image"),
        (lambda iso, note: overwrite(iso, [SECTORS]), "foreign bytes stand there"),
    ],
    ids=["nonsense", "empty", "shorter", "longer", "another", "followed by something"],
)
def test_a_note_that_does_not_fit_cuts_nothing_off(
    iso: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path, Path], object], said: str
):
    """It may be of an image that had this name before."""
    assert child(lambda: protect_in_place(iso, roots=ROOTS), kill_at=60)[0] == -signal.SIGKILL
    os.truncate(iso, iso.stat().st_size // SECTOR * SECTOR)
    spoil(iso, Path(NOTE))

    code, line = refused(iso, capsys, "in.iso")

    assert code == 7
    assert line.startswith(f"error: in.iso: unchanged, since {NOTE} beside it")
    assert said in line
    assert Path(NOTE).exists()


def test_a_long_name_has_its_note_too(iso: Path):
    """With 255 bytes there is no room for a suffix."""
    long = iso.rename(iso.with_name("ä" * 125 + ".iso"))
    assert child(lambda: protect_in_place(long, roots=ROOTS), kill_at=60)[0] == -signal.SIGKILL

    with pytest.raises(DiscWrong, match="unfinished"):
        protect_copy(long, Path("copy.iso"))
    assert protect_in_place(long, roots=ROOTS).resumed
    assert names(iso.parent) == [long.name]
