"""What every disc of a set knows about the whole set: `index.json`, the same bytes on each disc.

It is written for people too: a line per file and disc, one word per thing, no key that needs explaining.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from heliograph.archive.texts.custody import Step

__all__ = ["FORMAT", "NO_HASH", "Disc", "File", "Index", "Piece", "encode", "image_name", "set_named", "volume_name"]

FORMAT = "heliograph-disc-set/1"
NO_HASH = "0" * 64
"""Stands for a SHA-256 that is not known yet; as long as a real one, so that sizes can be planned."""


Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_RARE = ("beside", "signed_by", "custody")
"""Fields that plain sets do not have."""


class Piece(msgspec.Struct, frozen=True):
    """A run of a file's bytes on one disc."""

    disc: str
    path: str
    start: Count
    bytes: Count
    sha256: Sha256


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was given: its true path, its hash, and the pieces that joined in order make it."""

    path: str
    bytes: Count
    sha256: Sha256
    pieces: tuple[Piece, ...]
    modified: str = ""
    keys: dict[str, tuple[str, str]] = {}
    """First and last value of each key column in it, where the caller said so."""


class Disc(msgspec.Struct, frozen=True):
    """One disc of the set: `D01` … hold data, `P01` … hold parity."""

    name: str
    kind: Literal["data", "parity"]
    number: Count


class Index(msgspec.Struct, frozen=True):
    """The whole set."""

    format: str
    set_id: str
    title: str
    created: str
    software: str
    redundancy: float
    discs: tuple[Disc, ...]
    files: tuple[File, ...]
    folders: tuple[str, ...]
    """Folders that hold nothing; the others follow from the files."""
    about: str = ""
    """What the guide on each disc says of the contents."""
    extra: dict[str, str] = {}
    beside: dict[str, str] = {}
    """SHA-256 of the files that stand beside the index on every disc alike; in encrypted or signed sets alone."""
    signed_by: str = ""
    """The public key whose holder says to have signed: a hint, no proof."""
    custody: tuple[Step, ...] = ()
    """The migrations through which the files have come, oldest first; in migrated sets alone."""

    @property
    def locked(self) -> bool:
        """Whether the files are encrypted."""
        return "key.age" in self.beside

    @property
    def made_of(self) -> tuple[str, ...]:
        """The ids of the older sets that migrations made this one of, oldest first."""
        return tuple(dict.fromkeys(step.set_id for step in self.custody if step.set_id != self.set_id))

    @property
    def data_discs(self) -> tuple[Disc, ...]:
        """The discs that hold files."""
        return tuple(disc for disc in self.discs if disc.kind == "data")

    @property
    def parity_discs(self) -> tuple[Disc, ...]:
        """The discs that hold parity."""
        return tuple(disc for disc in self.discs if disc.kind == "parity")

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files)


def encode(index: Index) -> bytes:
    """The text of `index.json`; as long for one hash as for another."""
    parts = []
    for name in index.__struct_fields__:
        value = getattr(index, name)
        if name in _RARE and not value:
            continue
        if isinstance(value, tuple) and value:
            text = b"[\n  " + b",\n  ".join(msgspec.json.encode(each) for each in value) + b"\n ]"
        else:
            text = msgspec.json.encode(value)
        parts.append(f' "{name}": '.encode() + text)
    return b"{\n" + b",\n".join(parts) + b"\n}\n"


def set_named(label: str) -> str:
    """The set that a person means: its id, or that of one of its discs as on a label (HG7K3M9QX2A-D02)."""
    return label.strip().upper().replace("_", "-").partition("-")[0]


def image_name(set_id: str, disc: str) -> str:
    """The file name that an image gets when it is sealed; it may be renamed later."""
    return f"{set_id}-{disc}.iso"


def volume_name(set_id: str, disc: str) -> str:
    """The volume name inside the image; at most 16 characters, Joliet's limit."""
    return f"{set_id}_{disc}"
