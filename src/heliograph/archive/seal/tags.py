"""The files beside `data/` on a disc: guide, reader, index, manifests, and what a parity disc remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from heliograph.archive.seal.beside import INDEX
from heliograph.archive.texts.bag import bag
from heliograph.archive.texts.custody import CUSTODY, custody_text
from heliograph.archive.texts.guide import READER, guide, reader
from heliograph.archive.texts.index import Disc, Index, encode

__all__ = ["IMAGES", "ImageNote", "data_payload", "parity_path", "tag_files"]

IMAGES: Final = "images.json"
"""On a parity disc: length and hash of each data disc's ISO image, over which the parity is taken."""


class ImageNote(msgspec.Struct, frozen=True):
    """What a parity disc remembers of one data disc."""

    disc: str
    iso_bytes: int
    sha256: str


def data_payload(index: Index, disc: Disc) -> list[tuple[str, int, str]]:
    """Path, bytes and SHA-256 of everything in `data/` of a data disc."""
    return [
        (piece.path, piece.bytes, piece.sha256)
        for file in index.files
        for piece in file.pieces
        if piece.disc == disc.name
    ]


def tag_files(
    index: Index,
    disc: Disc,
    explained: str,
    *,
    payload: Sequence[tuple[str, int, str]],
    notes: Sequence[ImageNote] = (),
    shared: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Every file outside `data/` of one disc, for these hashes.

    Args:
        shared: files that every disc carries alike; also the index, where it was written already.
    """
    tags = {
        "README.txt": guide(index, disc, parity_explained=explained),
        READER: reader(),
        INDEX: shared[INDEX] if INDEX in shared else encode(index),
        **shared,
    }
    if index.custody:
        tags[CUSTODY] = custody_text(index.set_id, index.custody)
    if disc.kind == "parity":
        tags[IMAGES] = msgspec.json.format(msgspec.json.encode(list(notes)), indent=1) + b"\n"
    position = next(at for at, each in enumerate(index.discs, 1) if each.name == disc.name)
    info = (
        ("Bagging-Date", index.created[:10]),
        ("External-Description", index.title),
        ("External-Identifier", f"{index.set_id}-{disc.name}"),
        ("Bag-Group-Identifier", index.set_id),
        ("Bag-Count", f"{position} of {len(index.discs)}"),
        ("Bag-Software-Agent", index.software),
    )
    return bag(payload, info, tags)


def parity_path(disc: Disc) -> str:
    """Where the numbers stand on a parity disc."""
    return f"data/PARITY-{disc.number}.bin"
