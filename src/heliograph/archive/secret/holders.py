"""Who holds the keys: recipients and passphrases to seal for, identities and passphrases to open with.

pyrage is Rust's implementation of age. It knows X25519 and SSH keys; what it writes, the program `age` reads. Here it
encrypts one small file for each set, `key.age`; under a passphrase, `passphrase` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from heliograph.archive.secret import passphrase as passphrases
from heliograph.archive.secret.setkey import SetKey
from heliograph.errors import Locked, NotFound, UsageWrong

__all__ = ["Holders", "Keyring", "identity_file", "recipients_file"]

_AGE: Final = b"age-encryption.org/v1"
_ARMOR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
_SSH: Final = b"-----BEGIN"
_MOST_BYTES: Final = 1 << 20
"""No file of keys is larger."""


@dataclass(frozen=True, slots=True)
class Holders:
    """For whom a set is encrypted: recipients (age1…, ssh-ed25519 …, ssh-rsa …), or a passphrase instead."""

    recipients: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)

    def lock(self, key: SetKey) -> bytes:
        """`key.age`: the set's key, encrypted for them.

        Raises:
            UsageWrong: a recipient is none, there are none, or both kinds.
        """
        import pyrage

        if bool(self.recipients) == (self.passphrase is not None):
            raise UsageWrong(
                "encryption: give recipients or a passphrase, one of the two",
                hint="with a passphrase no other recipient can open an age file; that is age's rule",
            )
        text = key.text.encode()
        if self.passphrase is not None:
            if not self.passphrase:
                raise UsageWrong("the passphrase is empty", hint="choose one of several words")
            return passphrases.lock(text, self.passphrase)
        return bytes(pyrage.encrypt(text, [_recipient(each) for each in self.recipients]))


@dataclass(frozen=True, slots=True)
class Keyring:
    """What a reader has: identities by the file they came from, and perhaps a passphrase."""

    identities: tuple[tuple[str, Any], ...] = field(default=(), repr=False)
    passphrase: str | None = field(default=None, repr=False)

    @property
    def empty(self) -> bool:
        """Whether nothing is on it."""
        return not self.identities and self.passphrase is None

    def open(self, locked: bytes, set_id: str) -> SetKey:
        """The set's key out of `key.age`.

        Raises:
            Locked: no key here, or the wrong one.
        """
        import pyrage

        by_passphrase = b"\n-> scrypt " in locked[:200]
        if by_passphrase and self.passphrase is None:
            raise Locked(f"set {set_id} is encrypted with a passphrase", hint="say --passphrase", set_id=set_id)
        if not by_passphrase and not self.identities:
            raise Locked(
                f"set {set_id} is encrypted for the holders of certain keys",
                hint="give yours: --identity FILE (what `age-keygen` or `ssh-keygen` wrote)",
                set_id=set_id,
            )
        named = "the passphrase" if by_passphrase else ", ".join(dict.fromkeys(name for name, _ in self.identities))
        try:
            if by_passphrase:
                text = passphrases.unlock(locked, self.passphrase or "")
            else:
                text = bytes(pyrage.decrypt(locked, [identity for _, identity in self.identities]))
            return SetKey.from_text(text.decode("utf-8"))
        except (pyrage.DecryptError, ValueError) as wrong:
            raise Locked(
                f"set {set_id}: {named} does not open it ({str(wrong).lower()})",
                hint="another key does, or key.age on this disc was changed: try another disc of the set",
                set_id=set_id,
            ) from None


def _recipient(text: str) -> Any:
    import pyrage

    text = text.strip()
    try:
        kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError as wrong:
        meant = ": that is a secret key, keep it to yourself" if text.upper().startswith("AGE-SECRET-KEY-") else ""
        shown = "a recipient" if meant else f"recipient {text[:40]!r}"
        raise UsageWrong(
            f"{shown}: not a public key of age{meant or f' ({str(wrong).lower()})'}",
            hint="age1… as `age-keygen` prints it, or an ssh-ed25519 or ssh-rsa public key",
        ) from None


def recipients_file(path: Path) -> list[str]:
    """The recipients in a file: one a line; empty lines and those that begin with # are passed over.

    Raises:
        NotFound: it cannot be read. UsageWrong: it holds none.
    """
    lines = [line.strip() for line in _read(path).decode("utf-8", "replace").splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise UsageWrong(f"{path}: holds no recipient", hint="one a line: age1…, ssh-ed25519 … or ssh-rsa …")
    return found


def identity_file(path: Path, passphrase: Callable[[str], str]) -> Iterable[tuple[str, Any]]:
    """The identities in a file: of age-keygen, perhaps itself encrypted with a passphrase, or an SSH private key.

    Args:
        passphrase: asks for the passphrase of an encrypted file; told what it is of.
    Raises:
        NotFound: it cannot be read. UsageWrong: it holds none. Locked: the wrong passphrase for it.
    """
    import pyrage

    data = _read(path)
    if data.startswith((_AGE, _ARMOR)):
        try:
            data = passphrases.unlock(data, passphrase(f"the key file {path}"))
        except ValueError as wrong:
            raise Locked(f"{path}: its passphrase does not open it ({wrong})", hint="check its passphrase") from None
    try:
        if data.startswith(_SSH):
            return [(str(path), pyrage.ssh.Identity.from_buffer(data))]
        lines = [line.strip() for line in data.decode("utf-8").splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (pyrage.IdentityError, UnicodeDecodeError) as wrong:
        raise UsageWrong(
            f"{path}: not a key of age ({str(wrong).lower()})",
            hint="give the file that `age-keygen` wrote, or an SSH private key without a passphrase",
        ) from None
    if not found:
        raise UsageWrong(f"{path}: holds no key", hint="give the file that `age-keygen` wrote")
    return [(str(path), each) for each in found]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as wrong:
        raise NotFound(f"{path}: {(wrong.strerror or str(wrong)).lower()}", hint="check the path of the key") from None
