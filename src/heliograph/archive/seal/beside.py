"""What an encrypted or signed set carries on every disc alike, beside its index: the program, key and names, signature.

    key.age, names.json.age, read_discs.py ──► hashes in index.json ──► index.json.minisig

So one signature stands for the whole set, and a lost parity disc is rebuilt with what the others carry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from heliograph.archive.texts.bag import TAG_MANIFEST
from heliograph.archive.texts.guide import READER, reader
from heliograph.archive.texts.index import Disc, Index, encode
from heliograph.errors import DiscWrong

if TYPE_CHECKING:
    from heliograph.archive.seal.lock import Lock
    from heliograph.archive.signing.keys import Signer

__all__ = ["INDEX", "NOTHING_BESIDE", "Beside", "carried"]

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is wanted of a set besides its files: a lock, a signature, both or neither."""

    lock: Lock | None = None
    signer: Signer | None = None

    def files(self) -> dict[str, bytes]:
        """The files that the index vouches for; of the right length at any time, right when all files were copied."""
        if self.lock is None and self.signer is None:
            return {}
        return {READER: reader()} | (self.lock.files() if self.lock is not None else {})

    def noted(self, index: Index, files: Mapping[str, bytes]) -> Index:
        """The index, with the hashes of these files and the key that signs."""
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        signed_by = "" if self.signer is None else self.signer.public.text
        return msgspec.structs.replace(index, beside=hashes, signed_by=signed_by)

    def signed(self, index: Index) -> dict[str, bytes]:
        """The signature of the index."""
        return self._sign(INDEX, encode(index), index, index.set_id)

    def signed_disc(self, index: Index, disc: Disc, tags: Mapping[str, bytes]) -> dict[str, bytes]:
        """The signature of a data disc's tag manifest."""
        return self._sign(TAG_MANIFEST, tags[TAG_MANIFEST], index, f"{index.set_id}-{disc.name}")

    def _sign(self, name: str, content: bytes, index: Index, what: str) -> dict[str, bytes]:
        if self.signer is None:
            return {}
        from heliograph.archive.read.trust import comment_of

        return self.signer.sign(name, content, comment_of(index, what))


class _Disc(Protocol):
    def read(self, path: str) -> bytes: ...


NOTHING_BESIDE = Beside()
"""What a plain set has."""


def carried(index: Index, disc: _Disc) -> dict[str, bytes]:
    """The same files from a disc of the set, for one that is rebuilt.

    Raises:
        DiscWrong: a file is not what the index says. Damaged: a sector of it is.
    """
    files = {}
    for name, sha256 in index.beside.items():
        files[name] = disc.read(name)
        if hashlib.sha256(files[name]).hexdigest() != sha256:
            raise DiscWrong(
                f"set {index.set_id}: {name} is not what index.json says",
                hint="check the discs: `heliograph archive verify`",
            )
    if index.signed_by:
        name = INDEX + (".sig" if index.signed_by.startswith("ssh-") else ".minisig")
        files[name] = disc.read(name)
    return files
