"""The body of an age file: chunks of 64 KiB, each encrypted and vouched for by itself, so that a reader may seek.

pyrage encrypts and decrypts files as well, from end to end only; a Parquet table on a disc is read here and there.

Source: the age format, https://age-encryption.org/v1 (C2SP), section "Payload": ChaCha20-Poly1305 (RFC 8439), the
number of the chunk and whether it is the last in its nonce (the STREAM construction of Hoang and others, 2015).
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from heliograph.archive.positioned import Positioned
from heliograph.archive.secret.setkey import HEADER_BYTES, SetKey, derive
from heliograph.errors import Damaged

__all__ = [
    "Encrypting",
    "Opened",
    "decrypt",
    "encrypt",
    "open_in_place",
    "open_payload",
    "seal_payload",
    "sealed_bytes",
]

_CHUNK: Final = 1 << 16
_TAG: Final = 16
_NONCE: Final = 16
_START: Final = HEADER_BYTES + _NONCE


class _Seekable(Protocol):
    def seek(self, offset: int, whence: int = ..., /) -> int: ...
    def read(self, size: int = ..., /) -> bytes: ...


def sealed_bytes(size: int) -> int:
    """Bytes of an age file of ours that holds `size` bytes: 184 more, and 16 for each 64 KiB."""
    return _START + size + _TAG * _chunks(size)


def _chunks(size: int) -> int:
    return max(1, -(-size // _CHUNK))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Encrypting(io.RawIOBase):
    """A file that is encrypted while it is read: forward, once, in constant memory.

    It gives fewer bytes than `sealed_bytes` when the file was shorter than it was said to be, and one more when it was
    longer, so that whoever copies it notices.
    """

    def __init__(self, file: BinaryIO, size: int, key: SetKey, told: Callable[[str], None]) -> None:
        """Read `size` bytes of `file`; `told` is given their SHA-256 when the last has been read."""
        super().__init__()
        header, file_key = key.header()
        nonce = secrets.token_bytes(_NONCE)
        self._cipher = ChaCha20Poly1305(derive(file_key, nonce, b"payload"))
        self._file, self._left, self._told = file, size, told
        self._number, self._count = 0, _chunks(size)
        self._ready = memoryview(header + nonce)
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: object) -> int:
        out = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if not self._ready:
            self._ready = memoryview(self._next())
        count = min(len(out), len(self._ready))
        out[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next(self) -> bytes:
        if self._number == self._count:
            return self._file.read(1)
        want = min(_CHUNK, self._left)
        data = bytearray()
        while len(data) < want and (part := self._file.read(want - len(data))):
            data += part
        if len(data) < want:
            return b""
        self._digest.update(data)
        self._left -= want
        last = self._number + 1 == self._count
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), bytes(data), None)
        self._number += 1
        if last:
            self._told(self._digest.hexdigest())
        return sealed


class Opened(Positioned):
    """An encrypted file, read as what was encrypted: read-only, seekable, one chunk in memory."""

    def __init__(self, file: _Seekable, sealed: int, key: SetKey, where: str) -> None:
        """Open a file of `sealed` bytes; `where` is how to call it in messages.

        Raises:
            Damaged: it was not encrypted with this key, or its header was changed.
        """
        super().__init__()
        self._file, self._where = file, where
        file.seek(0)
        start = file.read(_START)
        try:
            self._cipher = ChaCha20Poly1305(
                derive(key.file_key(start[:HEADER_BYTES]), start[HEADER_BYTES:], b"payload")
            )
        except ValueError as wrong:
            raise self._wrong(str(wrong)) from None
        body = sealed - _START
        self._count = max(1, -(-body // (_CHUNK + _TAG)))
        self._bytes = body - self._count * _TAG
        self._number, self._chunk = -1, b""
        if self._bytes < 0 or _chunks(self._bytes) != self._count:
            raise self._wrong("it is cut")

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes from here on; all that is left for -1.

        Raises:
            Damaged: a chunk was changed, or a sector on the way does not match its checksum.
        """
        left = max(self._bytes - self._at, 0)
        left = left if size is None or size < 0 else min(size, left)
        parts = []
        if not self._bytes:
            self._load(0)  # an empty file is vouched for, too
        while left > 0:
            number, within = divmod(self._at, _CHUNK)
            part = self._load(number)[within : within + left]
            parts.append(part)
            self._at += len(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _load(self, number: int) -> bytes:
        if number != self._number:
            self._file.seek(_START + number * (_CHUNK + _TAG))
            last = number + 1 == self._count
            sealed = self._file.read(min(_CHUNK, self._bytes - number * _CHUNK) + _TAG)
            try:
                self._chunk = self._cipher.decrypt(_nonce(number, last=last), sealed, None)
            except InvalidTag:
                raise self._wrong(f"bytes {number * _CHUNK:,} and on were changed") from None
            self._number = number
        return self._chunk

    def _wrong(self, why: str) -> Damaged:
        return Damaged(
            f"{self._where}: cannot be decrypted: {why}",
            hint="check the discs (`heliograph archive verify`): if they are sound, this file was not sealed so",
            path=self._where,
        )


def encrypt(data: bytes, key: SetKey) -> bytes:
    """`data` as an age file; as long for the same length."""
    return Encrypting(io.BytesIO(data), len(data), key, lambda sha256: None).readall()


def decrypt(data: bytes, key: SetKey, where: str) -> bytes:
    """What an age file of ours holds.

    Raises:
        Damaged: it was changed, or encrypted with another key.
    """
    return Opened(io.BytesIO(data), len(data), key, where).read()


def seal_payload(data: bytes, file_key: bytes) -> bytes:
    """What follows the header of a small age file, whatever kind of header that is."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = ChaCha20Poly1305(derive(file_key, nonce, b"payload"))
    count = _chunks(len(data))
    parts = (
        cipher.encrypt(_nonce(number, last=number + 1 == count), data[number * _CHUNK : (number + 1) * _CHUNK], None)
        for number in range(count)
    )
    return nonce + b"".join(parts)


def open_payload(sealed: bytes, file_key: bytes) -> bytes:
    """What `seal_payload`, or another program, sealed.

    Raises:
        ValueError: it was changed or cut.
    """
    nonce, body = sealed[:_NONCE], sealed[_NONCE:]
    cipher = ChaCha20Poly1305(derive(file_key, nonce, b"payload"))
    starts = range(0, max(len(body), 1), _CHUNK + _TAG)
    try:
        parts = [
            cipher.decrypt(_nonce(number, last=number + 1 == len(starts)), body[at : at + _CHUNK + _TAG], None)
            for number, at in enumerate(starts)
        ]
    except InvalidTag:
        raise ValueError("its body was changed or cut") from None
    return b"".join(parts)


def open_in_place(file: io.BufferedRandom, key: SetKey, where: str) -> str:
    """Turn an age file, open for reading and writing, into what it holds; the SHA-256 of that.

    Each chunk is written to where bytes have been read already, so it takes no second file.

    Raises:
        Damaged: it was changed, or encrypted with another key; it is then worth nothing any more.
    """
    opened = Opened(file, file.seek(0, os.SEEK_END), key, where)
    digest, at = hashlib.sha256(), 0
    while chunk := opened.read(_CHUNK):
        digest.update(chunk)
        file.seek(at)
        file.write(chunk)
        at += len(chunk)
    file.truncate(at)
    file.flush()
    return digest.hexdigest()
