"""A read-only file that can be read from any place: what is the same for all of them."""

from __future__ import annotations

import io
import os

__all__ = ["Positioned"]


class Positioned(io.RawIOBase):
    """Keeps the place and the size; `read` is the subclass's."""

    def __init__(self) -> None:
        """Stand at the begin of a file whose size is not known yet."""
        super().__init__()
        self._at = 0
        self._bytes = 0
        """Bytes of the whole file, set by the subclass."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._bytes}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def size(self) -> int:
        """Bytes of the whole file, as they are read."""
        return self._bytes

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
