"""Ed25519 keys and signatures of OpenSSH: what `ssh-keygen -t ed25519` makes, and `ssh-keygen -Y verify` checks.

Source: OpenSSH's PROTOCOL.sshsig, "Armored format" and "Blob format"; RFC 4253 section 5 for its strings.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

__all__ = ["NAMESPACE", "SshPublic", "SshSecret", "is_public", "is_secret"]

NAMESPACE: Final = "heliograph"
"""What the signatures are for: `ssh-keygen -Y verify -n heliograph`."""
_KIND: Final = b"ssh-ed25519"
_MAGIC: Final = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


@dataclass(frozen=True, slots=True)
class SshPublic:
    """A public key."""

    key: bytes

    suffix = ".sig"

    @classmethod
    def from_text(cls, text: str) -> SshPublic:
        """From a line `ssh-ed25519 AAAA… comment`, also of an allowed_signers file.

        Raises:
            ValueError: it is none.
        """
        words = text.split()
        if _KIND.decode() not in words[:-1]:
            raise ValueError("not an ssh-ed25519 key")
        try:
            data = base64.b64decode(words[words.index(_KIND.decode()) + 1], validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("its key is not base64") from None
        if data[:19] != _string(_KIND) + struct.pack(">I", 32) or len(data) != 51:
            raise ValueError("not an ssh-ed25519 key")
        return cls(data[19:])

    @property
    def _blob(self) -> bytes:
        return _string(_KIND) + _string(self.key)

    @property
    def text(self) -> str:
        """The key as it stands in a `.pub` file."""
        return f"ssh-ed25519 {base64.b64encode(self._blob).decode()}"

    @property
    def name(self) -> str:
        """How OpenSSH calls it."""
        digest = base64.b64encode(hashlib.sha256(self._blob).digest()).decode().rstrip("=")
        return f"SSH key SHA256:{digest}"

    def check(self, signature: bytes, message: bytes) -> str:
        """Nothing, when `signature` is one of `message` by this key: signatures of OpenSSH carry no comment.

        Raises:
            ValueError: it is no signature, by another key, or of something else.
        """
        lines = signature.decode("ascii", "replace").split()
        text = "".join(lines).removeprefix(_BEGIN.replace(" ", "")).removesuffix(_END.replace(" ", ""))
        try:
            data = base64.b64decode(text, validate=True)
            if data[:10] != _MAGIC + struct.pack(">I", 1):
                raise ValueError("not an SSH signature")
            blob, namespace, reserved, algorithm, own = _strings(data[10:], 5)
            kind, raw = _strings(own, 2)
        except (binascii.Error, struct.error, ValueError):
            raise ValueError("not an SSH signature") from None
        if blob != self._blob:
            raise ValueError("it was made with another key")
        if namespace != NAMESPACE.encode() or kind != _KIND or algorithm not in (b"sha512", b"sha256"):
            raise ValueError("it was made for another purpose")
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(raw, _signed(message, algorithm.decode(), reserved))
        except InvalidSignature:
            raise ValueError("it is not of these bytes") from None
        return ""


@dataclass(frozen=True, slots=True)
class SshSecret:
    """A secret key."""

    public: SshPublic
    seed: bytes = field(repr=False)

    @classmethod
    def from_text(cls, text: str, password: str | None) -> SshSecret:
        """From a private key file of OpenSSH.

        Raises:
            ValueError: it is none, or the password is wrong.
            PermissionError: it is encrypted, and there is no password.
        """
        try:
            key = load_ssh_private_key(text.encode(), None if password is None else password.encode())
        except TypeError:
            if password is not None:  # one was given for a key that has none
                return cls.from_text(text, None)
            raise PermissionError("it is protected with a password") from None
        except (ValueError, UnsupportedAlgorithm) as wrong:
            if password is None and "password" in str(wrong).lower():
                raise PermissionError("it is protected with a password") from None
            raise ValueError("wrong password, or no key of OpenSSH") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 key: `ssh-keygen -t ed25519` makes one")
        return cls(SshPublic(key.public_key().public_bytes_raw()), key.private_bytes_raw())

    def sign(self, message: bytes, comment: str) -> bytes:
        """A signature file. OpenSSH has no place for `comment`; date and program stand in what is signed."""
        own = Ed25519PrivateKey.from_private_bytes(self.seed).sign(_signed(message, "sha512", b""))
        parts = (self.public._blob, NAMESPACE.encode(), b"", b"sha512", _string(_KIND) + _string(own))
        text = base64.b64encode(_MAGIC + struct.pack(">I", 1) + b"".join(map(_string, parts))).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def is_secret(text: str) -> bool:
    """Whether a file looks like a private key of OpenSSH."""
    return text.lstrip().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def is_public(text: str) -> bool:
    """Whether a text looks like a public key of OpenSSH."""
    return _KIND.decode() in text.split()


def _signed(message: bytes, algorithm: str, reserved: bytes) -> bytes:
    digest = hashlib.new(algorithm, message).digest()
    return _MAGIC + b"".join(map(_string, (NAMESPACE.encode(), reserved, algorithm.encode(), digest)))


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _strings(data: bytes, count: int) -> list[bytes]:
    found = []
    for _ in range(count):
        (size,) = struct.unpack_from(">I", data)
        if size > len(data) - 4:
            raise ValueError("cut")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found
