"""SHA-256 of an image file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["sha256_of"]

_CHUNK: Final = 4 << 20


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
