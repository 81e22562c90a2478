"""Age files under a passphrase, with the effort that the program `age` spends, on any machine.

pyrage measures how fast the machine is just then, chooses the effort by it, and refuses to open what would take sixteen
times as long as it likes: what a busy machine writes is easier to guess, and what a fast one wrote a slow one does not
open. A disc is opened decades later, who knows on what. So both sides are made here, of `cryptography`'s primitives.

Source: the age format, https://age-encryption.org/v1 (C2SP), sections "The scrypt recipient type" and "ASCII armor";
RFC 7914 for scrypt.
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from heliograph.archive.secret.setkey import FILE_KEY_BYTES, closed, in_base64, same_mac
from heliograph.archive.secret.stream import open_payload, seal_payload

__all__ = ["lock", "unlock"]

_WORK: Final = 18
"""Binary logarithm of scrypt's cost: what `age` takes; a second or so, and 256 MB."""
_MOST_WORK: Final = 22
"""What `age` accepts; 4 GB."""

_SALT: Final = 16
_LABEL: Final = b"age-encryption.org/v1/scrypt"
_HEADER: Final = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n"
    rb"--- ([A-Za-z0-9+/]{43})\n"
)
_ARMOR: Final = re.compile(
    rb"-----BEGIN AGE ENCRYPTED FILE-----\s+([A-Za-z0-9+/=\s]+)-----END AGE ENCRYPTED FILE-----\s*"
)


def lock(text: bytes, passphrase: str) -> bytes:
    """`text` as an age file that the passphrase opens."""
    file_key, salt = secrets.token_bytes(FILE_KEY_BYTES), secrets.token_bytes(_SALT)
    wrapped = ChaCha20Poly1305(_stretched(passphrase, salt, _WORK)).encrypt(bytes(12), file_key, None)
    start = b"age-encryption.org/v1\n-> scrypt %b %d\n%b\n---" % (in_base64(salt), _WORK, in_base64(wrapped))
    return closed(start, file_key) + seal_payload(text, file_key)


def unlock(locked: bytes, passphrase: str) -> bytes:
    """What an age file under a passphrase holds; armored or not.

    Raises:
        ValueError: it is no such file, the passphrase is another one, it was changed, or it asks for more effort than
            `age` accepts or than there is memory for.
    """
    armor = _ARMOR.fullmatch(locked)
    if armor is not None:
        locked = base64.b64decode(armor[1])
    found = _HEADER.match(locked)
    if found is None:
        raise ValueError("no age file under a passphrase")
    salt, wrapped, mac = (base64.b64decode(found[part] + b"=" * (-len(found[part]) % 4)) for part in (1, 3, 4))
    work = int(found[2])
    if work > _MOST_WORK:
        raise ValueError(f"it asks for 2^{work} rounds of scrypt; 2^{_MOST_WORK} are accepted")
    try:
        file_key = ChaCha20Poly1305(_stretched(passphrase, salt, work)).decrypt(bytes(12), wrapped, None)
    except MemoryError:
        raise ValueError(f"scrypt takes {1 << work >> 20:,} GiB of memory for it") from None
    except InvalidTag:
        raise ValueError("another one does") from None
    if not same_mac(mac, file_key, locked[: found.end(3) + 4]):
        raise ValueError("its age header was changed")
    return open_payload(locked[found.end() :], file_key)


def _stretched(passphrase: str, salt: bytes, work: int) -> bytes:
    return Scrypt(_LABEL + salt, 32, 1 << work, 8, 1).derive(passphrase.encode())
