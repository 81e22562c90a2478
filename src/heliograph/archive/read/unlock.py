"""Unlock a set: the same view, with the true names, and files that are decrypted where they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Protocol

from heliograph.archive.read.reader import SetView
from heliograph.archive.secret.contents import KEY, NAMES, opened_index
from heliograph.archive.secret.holders import Keyring
from heliograph.archive.secret.setkey import SetKey
from heliograph.archive.secret.stream import decrypt
from heliograph.archive.texts.index import Index
from heliograph.errors import Damaged, HeliographError
from heliograph.units import counted

__all__ = ["check_contents", "unlock", "unlock_index"]

_CHUNK: Final = 1 << 20


class _Disc(Protocol):
    def read(self, path: str) -> bytes: ...


def unlock_index(index: Index, disc: _Disc, ring: Keyring) -> tuple[Index, SetKey]:
    """The true index of an encrypted set, and its key, from any one of its discs.

    Raises:
        Locked: no key here, or the wrong one. Damaged, DiscWrong: the disc does not hold what it should.
    """
    key = ring.open(disc.read(KEY), index.set_id)
    text = decrypt(disc.read(NAMES), key, f"set {index.set_id}: {NAMES}")
    return opened_index(index, text, f"set {index.set_id}"), key


def unlock(view: SetView, ring: Keyring) -> SetView:
    """The set as it was before it was encrypted; a set that is not encrypted as it is.

    Raises:
        Locked: no key on the ring, or the wrong one. Damaged, DiscWrong: no disc here holds what it should.
    """
    if not view.index.locked:
        return view
    refused: HeliographError | None = None
    for disc in view.discs.values():
        try:
            index, key = unlock_index(view.index, disc, ring)
        except HeliographError as wrong:  # the next disc has the same, and may be sound
            refused = refused or wrong
            continue
        return SetView(index, view.discs, view.copies, view.unread, key)
    assert refused is not None, "a set without discs"
    raise refused


def check_contents(view: SetView, progress: Callable[[str, int, int], None] | None = None) -> int:
    """Decrypt every file of an unlocked set and hold it against its SHA-256; the bytes checked.

    Raises:
        Damaged: some are not what was sealed. DiscsLost: a disc is not here.
    """
    total, done = view.index.bytes, 0
    bad = []
    for file in view.index.files:
        digest = hashlib.sha256()
        source = view.open(file.path)
        try:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
        except Damaged as wrong:
            bad.append(wrong.message)
            continue
        if digest.hexdigest() != file.sha256:
            bad.append(f"{file.path}: does not match its SHA-256")
        done += file.bytes
        if progress is not None:
            progress(file.path, done, total)
    if bad:
        raise Damaged(
            f"set {view.set_id}: {counted(len(bad), 'file')} not as sealed: {bad[0]}",
            hint="if the discs are sound, the set was not sealed as it says: restore the other files",
            files=bad,
        )
    return done
