"""A file without a name, between a run and whoever watches it: one appends, the other reads behind.

To append never waits for the reader, however slow or dead it is: what it has not read lies in the file. When both have
closed it, or died, it is gone.

    u32 length, little endian, and so many bytes; again and again
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from typing import Final

__all__ = ["Spool"]

_LENGTH: Final = struct.Struct("<I")
_PIECE: Final = 1 << 20


class Spool:
    """One end of the file."""

    def __init__(self, handle: int | None = None) -> None:
        """A new one; or the one that a file descriptor, got from another process, stands for."""
        self._file = tempfile.TemporaryFile() if handle is None else os.fdopen(handle, "rb")  # noqa: SIM115
        self._read = 0
        self._rest = b""

    @property
    def handle(self) -> int:
        """Its file descriptor."""
        return self._file.fileno()

    def append(self, message: bytes) -> None:
        """Write a message behind all others.

        Raises:
            OSError: the disk is full.
        """
        self._file.write(_LENGTH.pack(len(message)) + message)
        self._file.flush()

    def read(self) -> Iterator[bytes]:
        """The whole messages that have come since they were read last."""
        while piece := os.pread(self.handle, _PIECE, self._read):
            self._read += len(piece)
            self._rest += piece
            begin = 0
            while len(self._rest) - begin >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._rest, begin)
                if len(self._rest) - begin - _LENGTH.size < length:
                    break
                begin += _LENGTH.size
                yield self._rest[begin : begin + length]
                begin += length
            self._rest = self._rest[begin:]

    def close(self) -> None:
        """Give the file up."""
        self._file.close()
