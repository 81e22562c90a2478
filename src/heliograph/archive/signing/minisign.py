"""Keys and signatures of minisign: what `minisign -G` makes, and what `minisign -V` checks.

Source: https://jedisct1.github.io/minisign/, "Signature format", "Public key format", "Secret key format"; a signature
of the kind `ED` is of the BLAKE2b-512 of the file (the only kind written here), one of `Ed` of the file itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["MinisignPublic", "MinisignSecret", "is_public", "is_secret"]

_KEY: Final = b"Ed"
_HASHED: Final = b"ED"
_SCRYPT: Final = b"Sc"
_UNTRUSTED: Final = "untrusted comment: "
_TRUSTED: Final = "trusted comment: "
_MOST_MEMORY: Final = 2 << 30
"""minisign asks scrypt for 1 GiB; a key file that asks for more than this is refused."""


@dataclass(frozen=True, slots=True)
class MinisignPublic:
    """A public key and its number, by which a signature names it."""

    number: bytes
    key: bytes

    suffix = ".minisig"

    @classmethod
    def from_text(cls, text: str) -> MinisignPublic:
        """From a public key file, or from its one line of base64.

        Raises:
            ValueError: it is none.
        """
        lines = [line for line in text.strip().splitlines() if not line.startswith(_UNTRUSTED)]
        data = _decode(lines[0] if lines else "", 42)
        if data[:2] != _KEY:
            raise ValueError("another algorithm than Ed25519")
        return cls(data[2:10], data[10:])

    @property
    def text(self) -> str:
        """The base64 by which it is known: `minisign -P` takes it."""
        return base64.b64encode(_KEY + self.number + self.key).decode()

    @property
    def name(self) -> str:
        """How minisign calls it."""
        return f"minisign key {int.from_bytes(self.number, 'little'):016X}"

    def check(self, signature: bytes, message: bytes) -> str:
        """The trusted comment of a signature of `message` by this key.

        Raises:
            ValueError: it is no signature, by another key, or of something else.
        """
        lines = signature.decode("utf-8", "replace").splitlines()
        if len(lines) < 4 or not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):
            raise ValueError("not a minisign signature")
        data, whole = _decode(lines[1], 74), _decode(lines[3], 64)
        kind, number, own = data[:2], data[2:10], data[10:]
        comment = lines[2].removeprefix(_TRUSTED)
        if kind not in (_KEY, _HASHED):
            raise ValueError("a kind of signature that is not known here")
        if number != self.number:
            raise ValueError(f"it was made with another key, {int.from_bytes(number, 'little'):016X}")
        key = Ed25519PublicKey.from_public_bytes(self.key)
        try:
            key.verify(own, _blake2b(message) if kind == _HASHED else message)
        except InvalidSignature:
            raise ValueError("it is not of these bytes") from None
        try:
            key.verify(whole, own + comment.encode())
        except InvalidSignature:
            raise ValueError("its trusted comment was changed") from None
        return comment


@dataclass(frozen=True, slots=True)
class MinisignSecret:
    """A secret key."""

    public: MinisignPublic
    seed: bytes = field(repr=False)

    @classmethod
    def from_text(cls, text: str, password: str | None) -> MinisignSecret:
        """From a secret key file; `password` is that of an encrypted one.

        Raises:
            ValueError: it is none, or the password is wrong.
            PermissionError: it is encrypted, and there is no password.
        """
        lines = [line for line in text.strip().splitlines() if not line.startswith(_UNTRUSTED)]
        data = _decode(lines[0] if lines else "", 158)
        kind, kdf, check = data[:2], data[2:4], data[4:6]
        salt, hidden = data[6:38], data[54:]
        if kind != _KEY or check != b"B2" or kdf not in (_SCRYPT, b"\0\0"):
            raise ValueError("a kind of key that is not known here")
        if kdf == _SCRYPT:
            if password is None:
                raise PermissionError("it is protected with a password")
            operations, memory = struct.unpack("<QQ", data[38:54])
            stream = _scrypt(password.encode(), salt, operations, memory, len(hidden))
            hidden = bytes(a ^ b for a, b in zip(hidden, stream, strict=True))
        number, seed, public, told = hidden[:8], hidden[8:40], hidden[40:72], hidden[72:]
        right = hashlib.blake2b(kind + hidden[:72], digest_size=32).digest()
        if kdf == _SCRYPT and not hmac.compare_digest(told, right):  # minisign leaves it out of keys without a password
            raise ValueError("wrong password")
        if Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() != public:
            raise ValueError("its two halves do not belong together")
        return cls(MinisignPublic(number, public), seed)

    def sign(self, message: bytes, comment: str) -> bytes:
        """A signature file; `comment`, one line, is vouched for, too."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        own = key.sign(_blake2b(message))
        whole = key.sign(own + comment.encode())
        first = base64.b64encode(_HASHED + self.public.number + own).decode()
        return (
            f"{_UNTRUSTED}signature from {self.public.name}\n{first}\n"
            f"{_TRUSTED}{comment}\n{base64.b64encode(whole).decode()}\n"
        ).encode()


def is_secret(text: str) -> bool:
    """Whether a file looks like a secret key of minisign."""
    lines = text.strip().splitlines()
    return bool(lines) and len(lines[-1]) == 212 and lines[-1].startswith("RW")


def is_public(text: str) -> bool:
    """Whether a text looks like a public key of minisign."""
    lines = text.strip().splitlines()
    return bool(lines) and len(lines[-1]) == 56 and lines[-1].startswith("RW")


def _scrypt(password: bytes, salt: bytes, operations: int, memory: int, size: int) -> bytes:
    """scrypt with the parameters that libsodium derives from its two limits (r is 8)."""
    operations = max(operations, 32768)
    most = operations // 32 if operations < memory // 32 else memory // 1024
    power = 1
    while power < 63 and 1 << power <= most // 2:
        power += 1
    lanes = 1 if operations < memory // 32 else min(operations // 4 >> power, 0x3FFFFFFF) // 8
    if lanes < 1 or (1024 << power) > _MOST_MEMORY or lanes > 64:
        raise ValueError("it asks for more memory to open it than a key of minisign does")
    return hashlib.scrypt(
        password, salt=salt, n=1 << power, r=8, p=lanes, maxmem=(1024 << power) + (64 << 20), dklen=size
    )


def _blake2b(message: bytes) -> bytes:
    return hashlib.blake2b(message).digest()


def _decode(text: str, size: int) -> bytes:
    try:
        data = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a line is not base64") from None
    if len(data) != size:
        raise ValueError(f"a line holds {len(data)} bytes; {size} were expected")
    return data
