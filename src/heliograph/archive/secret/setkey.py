"""The key of one set: an age X25519 identity, and the header with which it opens each file.

Headers are made here and not by pyrage for one reason: pyrage adds a stanza of random length ("grease") to each, and a
disc is drawn before a byte is encrypted, so that every size must be known. The primitives are those of `cryptography`.

Source: the age format, https://age-encryption.org/v1 (C2SP), sections "Header" and "The X25519 recipient type";
BIP 173 for Bech32.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["FILE_KEY_BYTES", "HEADER_BYTES", "SetKey", "closed", "derive", "in_base64", "same_mac"]

HEADER_BYTES: Final = 168
"""Every header of ours: version, one X25519 stanza, MAC."""

FILE_KEY_BYTES: Final = 16

_SECRET, _PUBLIC = "age-secret-key-", "age"
_INFO: Final = b"age-encryption.org/v1/X25519"
_HEADER: Final = re.compile(
    rb"age-encryption\.org/v1\n-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n--- ([A-Za-z0-9+/]{43})\n"
)
_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(frozen=True, slots=True)
class SetKey:
    """32 secret bytes; whoever has them reads the whole set."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> SetKey:
        """A fresh one."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def from_text(cls, text: str) -> SetKey:
        """From the text of an identity file.

        Raises:
            ValueError: it holds no X25519 identity.
        """
        for line in text.splitlines():
            if line.strip().upper().startswith("AGE-SECRET-KEY-1"):
                prefix, secret = _from_bech32(line.strip().lower())
                if prefix == _SECRET and len(secret) == 32:
                    return cls(secret)
        raise ValueError("no AGE-SECRET-KEY-1 in it")

    @property
    def text(self) -> str:
        """An identity file as `age-keygen` writes it and `age -i` reads it."""
        public = _bech32(_PUBLIC, self._public)
        return f"# key of a disc set\n# public key: {public}\n{_bech32(_SECRET, self.secret).upper()}\n"

    @property
    def _public(self) -> bytes:
        return X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    def header(self) -> tuple[bytes, bytes]:
        """The header of a new file, HEADER_BYTES long, and the file key that it holds."""
        file_key = secrets.token_bytes(FILE_KEY_BYTES)
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self._public))
        wrapped = ChaCha20Poly1305(derive(shared, share + self._public, _INFO)).encrypt(bytes(12), file_key, None)
        start = b"age-encryption.org/v1\n-> X25519 " + in_base64(share) + b"\n" + in_base64(wrapped) + b"\n---"
        return closed(start, file_key), file_key

    def file_key(self, header: bytes) -> bytes:
        """The file key in a header.

        Raises:
            ValueError: not a header of ours, or not one that this key opens.
        """
        found = _HEADER.fullmatch(header)
        if found is None:
            raise ValueError("it does not begin with the age header that it was sealed with")
        share, wrapped, mac = (base64.b64decode(part + b"=") for part in found.groups())
        try:
            shared = X25519PrivateKey.from_private_bytes(self.secret).exchange(X25519PublicKey.from_public_bytes(share))
            key = derive(shared, share + self._public, _INFO)
            file_key = ChaCha20Poly1305(key).decrypt(bytes(12), wrapped, None)
        except (InvalidTag, ValueError):
            raise ValueError("it was not encrypted with the key of this set") from None
        if len(file_key) != FILE_KEY_BYTES or not same_mac(mac, file_key, header[: found.end(2) + 4]):
            raise ValueError("its age header was changed")
        return file_key


def derive(secret: bytes, salt: bytes | None, info: bytes) -> bytes:
    """32 bytes by HKDF-SHA-256 (RFC 5869)."""
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def closed(start: bytes, file_key: bytes) -> bytes:
    """An age header, from its start up to the three dashes and the MAC over these."""
    return start + b" " + in_base64(_mac(file_key, start)) + b"\n"


def same_mac(mac: bytes, file_key: bytes, start: bytes) -> bool:
    """Whether this is the MAC of a header that starts so."""
    return hmac.compare_digest(mac, _mac(file_key, start))


def _mac(file_key: bytes, start: bytes) -> bytes:
    return hmac.digest(derive(file_key, None, b"header"), start, "sha256")


def in_base64(data: bytes) -> bytes:
    """Base64 without padding, as age headers have it."""
    return base64.b64encode(data).rstrip(b"=")


def _checksum(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= factor if top >> bit & 1 else 0
    return check


def _regroup(values: list[int], width: int, into: int, *, pad: bool) -> list[int]:
    """The bits of groups of `width` in groups of `into`; a rest of zeros is dropped unless `pad`."""
    bits, count, out = 0, 0, []
    for value in values:
        bits, count = bits << width | value, count + width
        while count >= into:
            count -= into
            out.append(bits >> count & (1 << into) - 1)
    if pad and count:
        out.append(bits << into - count & (1 << into) - 1)
    return out


def _expanded(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _bech32(prefix: str, data: bytes) -> str:
    values = _regroup(list(data), 8, 5, pad=True)
    check = _checksum([*_expanded(prefix), *values, 0, 0, 0, 0, 0, 0]) ^ 1
    values += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return prefix + "1" + "".join(_ALPHABET[value] for value in values)


def _from_bech32(text: str) -> tuple[str, bytes]:
    prefix, _, letters = text.rpartition("1")
    values = [_ALPHABET.find(letter) for letter in letters]
    if not prefix or -1 in values or _checksum([*_expanded(prefix), *values]) != 1:
        raise ValueError("a mistyped key: its checksum does not fit")
    return prefix, bytes(_regroup(values[:-6], 5, 8, pad=False))
