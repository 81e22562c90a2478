"""Lock what is sealed: files are encrypted while they are copied, under numbers for names; the true names, too."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, Self, cast

from heliograph.archive.seal.pack import Gathered, Source
from heliograph.archive.secret.contents import FORMAT, KEY, NAMES, Contents, Sealed, encode, opened_index
from heliograph.archive.secret.holders import Holders
from heliograph.archive.secret.setkey import SetKey
from heliograph.archive.secret.stream import Encrypting, encrypt, sealed_bytes
from heliograph.archive.texts.index import NO_HASH, Index

__all__ = ["Lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _LockedSource(Source):
    """A source that gives its encrypted bytes."""

    plain: Source
    key: SetKey = field(repr=False)
    told: Callable[[str], None]

    def open(self) -> io.RawIOBase:
        return Encrypting(cast("BinaryIO", self.plain.open()), self.plain.bytes, self.key, self.told)


class Lock:
    """A set's key, and what it locks."""

    def __init__(self, key: SetKey, locked_key: bytes, plain: Gathered, contents: Contents) -> None:
        self._key, self._locked_key = key, locked_key
        self._contents = contents
        self._sha256 = dict.fromkeys((each.sealed for each in contents.files), NO_HASH)
        self.gathered = Gathered(
            tuple(
                self._source(each.sealed, source) for each, source in zip(contents.files, plain.sources, strict=True)
            ),
            (),
        )
        """The encrypted files, as what is to be sealed."""

    @classmethod
    def on(
        cls,
        plain: Gathered,
        holders: Holders,
        *,
        keys: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
        keep_times: bool = True,
    ) -> Self:
        """Lock everything gathered with a fresh key, for these holders.

        Raises:
            UsageWrong: the holders are none.
        """
        key = SetKey.new()
        files = tuple(
            Sealed(
                f"{number:07d}.age",
                source.name,
                source.bytes,
                NO_HASH,
                datetime.fromtimestamp(source.modified_s, UTC).isoformat(timespec="seconds") if keep_times else "",
                dict((keys or {}).get(source.name, {})),
            )
            for number, source in enumerate(plain.sources, 1)
        )
        return cls(key, holders.lock(key), plain, Contents(FORMAT, files, plain.folders))

    @property
    def names(self) -> dict[str, str]:
        """The true path of each encrypted file, by its name in the set."""
        return {each.sealed: each.path for each in self._contents.files}

    def files(self) -> dict[str, bytes]:
        """What stands on every disc: the key, locked, and the names; with the hashes known by now."""
        return {KEY: self._locked_key, NAMES: encrypt(self._text(), self._key)}

    def opened(self, index: Index) -> Index:
        """The index with the true names, sizes and hashes, as a holder of the key will see it."""
        return opened_index(index, self._text(), f"set {index.set_id}")

    def _text(self) -> bytes:
        known = (_with_hash(each, self._sha256[each.sealed]) for each in self._contents.files)
        return encode(Contents(FORMAT, tuple(known), self._contents.folders))

    def _source(self, sealed: str, source: Source) -> Source:
        def told(sha256: str) -> None:
            self._sha256[sealed] = sha256

        size = sealed_bytes(source.bytes)
        return _LockedSource(sealed, source.path, size, plain=source, key=self._key, told=told)


def _with_hash(file: Sealed, sha256: str) -> Sealed:
    return Sealed(file.sealed, file.path, file.bytes, sha256, file.modified, file.keys)
