"""A key to sign with and a key to check with, of either kind, from the files that minisign and OpenSSH write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heliograph.archive.signing import minisign, ssh
from heliograph.errors import Locked, NotFound, UsageWrong

__all__ = ["Public", "Signer", "public_key", "signing_key"]

Public = minisign.MinisignPublic | ssh.SshPublic
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs."""

    secret: minisign.MinisignSecret | ssh.SshSecret

    @property
    def public(self) -> Public:
        """The key that checks what this one signs."""
        return self.secret.public

    def sign(self, name: str, message: bytes, comment: str) -> dict[str, bytes]:
        """The signature of the file `name`, by the name of its own file."""
        return {name + self.public.suffix: self.secret.sign(message, f"{comment} file:{name}")}


def signing_key(path: Path, password: Callable[[str], str]) -> Signer:
    """The key in a file that `minisign -G` or `ssh-keygen -t ed25519` wrote.

    Args:
        password: asks for the password of a protected key; told what it is of.
    Raises:
        NotFound: it cannot be read. UsageWrong: not such a key. Locked: the wrong password.
    """
    text = _read(path)
    if minisign.is_secret(text):
        read: Callable[[str, str | None], minisign.MinisignSecret | ssh.SshSecret] = minisign.MinisignSecret.from_text
    elif ssh.is_secret(text):
        read = ssh.SshSecret.from_text
    else:
        meant = "; it is a public key" if minisign.is_public(text) or ssh.is_public(text) else ""
        raise UsageWrong(
            f"{path}: not a secret key of minisign or OpenSSH{meant}",
            hint="`minisign -G` or `ssh-keygen -t ed25519` makes a pair",
        )
    try:
        try:
            return Signer(read(text, None))
        except PermissionError:
            return Signer(read(text, password(f"the key {path}")))
    except ValueError as wrong:
        raise Locked(f"{path}: {wrong}", hint="check the password and the file", path=str(path)) from None


def public_key(given: str) -> Public:
    """The public key in a file of minisign or OpenSSH, or the key itself as one word of base64.

    Raises:
        NotFound: no such file. UsageWrong: not a public key.
    """
    text = given if minisign.is_public(given) or ssh.is_public(given) else _read(Path(given))
    try:
        if ssh.is_public(text):
            return ssh.SshPublic.from_text(text)
        return minisign.MinisignPublic.from_text(text)
    except ValueError as wrong:
        raise UsageWrong(
            f"{given}: not a public key of minisign or OpenSSH ({wrong})",
            hint="give the .pub file, or the line in it that begins with RW",
        ) from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError as wrong:
        raise NotFound(f"{path}: {(wrong.strerror or str(wrong)).lower()}", hint="check the path of the key") from None
