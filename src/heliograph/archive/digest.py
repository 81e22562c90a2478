"""SHA-256: of an image file; of bytes that several threads read a part each of; of a large file while it is copied."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

__all__ = ["InTurn", "hashing", "sha256_of"]

_CHUNK: Final = 4 << 20
_LARGE: Final = 32 << 20
"""Bytes of a file from which on a second thread is worth its while."""


def sha256_of(path: Path, size: int, told: Callable[[int], None] | None = None) -> str:
    """In hex, of the first `size` bytes of a file, or of all it has; `told` is given the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while done < size and (chunk := file.read(min(_CHUNK, size - done))):
            digest.update(chunk)
            done += len(chunk)
            if told is not None:
                told(done)
    return digest.hexdigest()


class InTurn:
    """SHA-256 of bytes that threads bring out of order: each waits until what stands before its own was taken.

    The threads must begin with their parts in order, so that the one whose turn it is never waits for another.
    """

    def __init__(self) -> None:
        self._digest, self._next = hashlib.sha256(), 0
        self._turn = threading.Condition()
        self._stopped = False

    def update(self, start: int, data: memoryview) -> None:
        """Take the bytes that stand at `start`."""
        with self._turn:
            self._turn.wait_for(lambda: self._stopped or self._next == start)
            self._digest.update(data)
            self._next += len(data)
            self._turn.notify_all()

    def stop(self) -> None:
        """Let nobody wait any longer: a part will not come. The hash is worth nothing then."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def hexdigest(self) -> str:
        """In hex, of all that was taken."""
        return self._digest.hexdigest()


class Digest(Protocol):
    """A hash that is being taken."""

    def update(self, data: bytes | memoryview, /) -> None: ...


@contextmanager
def hashing(size: int) -> Iterator[Callable[..., None]]:
    """Gives `update(data, *digests)`; of a large file, a second thread takes the hashes while the caller goes on.

    What is given must stay as it is until the next call has returned. The digests are whole behind the `with`.
    """
    if size < _LARGE:
        yield _update
        return
    with ThreadPoolExecutor(1) as beside:
        last: Future[None] | None = None

        def update(data: bytes | memoryview, *digests: Digest) -> None:
            nonlocal last
            if last is not None:
                last.result()
            last = beside.submit(_update, data, *digests)

        yield update


def _update(data: bytes | memoryview, *digests: Digest) -> None:
    for digest in digests:
        digest.update(data)
