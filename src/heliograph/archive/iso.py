"""Finds files in an image: a small reader of ISO 9660 directories with Rock Ridge names.

It opens in under a millisecond and reads only the folders on the way to a file, which is what lets `trace` answer from
discs at once. Everything else (Joliet, UDF) is for other people's software; the tests hold the four views against
each other.

Sources: ECMA-119 (volume and directory records), SUSP IEEE P1281 and RRIP IEEE P1282 (NM, CE, SP entries).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heliograph.archive.medium import SECTOR
from heliograph.errors import DiscWrong

__all__ = ["Extent", "Node", "Tree", "Volume", "read_volume"]

_MULTI_EXTENT = 0x80
_FOLDER = 0x02


@dataclass(frozen=True, slots=True)
class Volume:
    """What the primary volume descriptor says."""

    name: str
    set_id: str
    application: str
    sectors: int
    root: Extent


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of bytes in the image."""

    start: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Node:
    """A file or folder: its name and where its bytes stand."""

    name: str
    extent: Extent
    folder: bool


def read_volume(image: BinaryIO, where: Path | str) -> Volume:
    """Read the primary volume descriptor at sector 16.

    Raises:
        DiscWrong: there is none, or its own fields disagree.
    """
    image.seek(16 * SECTOR)
    sector = image.read(SECTOR)
    if len(sector) < SECTOR or sector[:7] != b"\x01CD001\x01":
        raise DiscWrong(
            f"{where}: no ISO 9660 volume descriptor at sector 16",
            hint="not a disc image, or its first sectors are damaged: try `heliograph archive repair`",
            path=str(where),
        )
    if struct.unpack_from("<I", sector, 80)[0] != struct.unpack_from(">I", sector, 84)[0]:
        raise DiscWrong(
            f"{where}: the two copies of the volume size at sector 16 differ",
            hint="the volume descriptor is damaged: try `heliograph archive repair`",
            path=str(where),
        )
    start, size = struct.unpack_from("<I", sector, 156 + 2)[0], struct.unpack_from("<I", sector, 156 + 10)[0]
    return Volume(
        name=_text(sector[40:72]),
        set_id=_text(sector[190:318]),
        application=_text(sector[574:702]),
        sectors=int(struct.unpack_from("<I", sector, 80)[0]),
        root=Extent(int(start) * SECTOR, int(size)),
    )


class Tree:
    """The folders of one image, read as they are asked for."""

    def __init__(self, image: BinaryIO, root: Extent, where: Path | str) -> None:
        self._image = image
        self._where = where
        self._root = root
        self._read: dict[Extent, dict[str, Node]] = {}

    def find(self, path: str) -> Node | None:
        """The file or folder at `path`, or None when the disc holds none."""
        node = Node("", self._root, folder=True)
        for part in path.split("/") if path else ():
            if not node.folder:
                return None
            inside = self.folder(node.extent).get(part)
            if inside is None:
                return None
            node = inside
        return node

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Every file and folder of the disc with its path, parents first."""
        waiting = [("", self._root)]
        seen: set[Extent] = set()
        while waiting:
            prefix, extent = waiting.pop()
            if extent in seen:
                raise self._wrong(extent, "a folder contains itself")
            seen.add(extent)
            for name, node in self.folder(extent).items():
                yield f"{prefix}{name}", node
                if node.folder:
                    waiting.append((f"{prefix}{name}/", node.extent))

    def folder(self, extent: Extent) -> dict[str, Node]:
        """The nodes of one folder by name."""
        if extent not in self._read:
            self._read[extent] = self._parse(extent)
        return self._read[extent]

    def _parse(self, extent: Extent) -> dict[str, Node]:
        self._image.seek(extent.start)
        data = self._image.read(extent.bytes)
        if len(data) < extent.bytes:
            raise self._wrong(extent, "the folder lies past the end of the image")
        nodes: dict[str, Node] = {}
        for sector in range(0, len(data), SECTOR):
            at, end = sector, min(sector + SECTOR, len(data))
            while at < end and data[at]:
                length = data[at]
                if length < 34 or at + length > end:
                    raise self._wrong(extent, f"a directory record of {length} bytes runs out of its sector")
                self._add(nodes, data[at : at + length], extent)
                at += length
        return nodes

    def _add(self, nodes: dict[str, Node], record: bytes, extent: Extent) -> None:
        start, size = struct.unpack_from("<I", record, 2)[0], struct.unpack_from("<I", record, 10)[0]
        if start != struct.unpack_from(">I", record, 6)[0] or size != struct.unpack_from(">I", record, 14)[0]:
            raise self._wrong(extent, "the two copies of an extent in a directory record differ")
        flags, name_bytes = record[25], record[32]
        identifier = record[33 : 33 + name_bytes]
        if identifier in (b"\x00", b"\x01"):
            return
        susp = record[33 + name_bytes + (1 - name_bytes % 2) :]
        name = self._rock_ridge_name(susp) or identifier.decode("ascii", "replace").rpartition(";")[0]
        here = Extent(int(start) * SECTOR, int(size))
        before = nodes.get(name)
        if before is not None and before.extent.start + before.extent.bytes == here.start:
            # ECMA-119 section 6.5.1: a file above 4 GB is several records of one name; ours are adjacent.
            here = Extent(before.extent.start, before.extent.bytes + here.bytes)
        nodes[name] = Node(name, here, bool(flags & _FOLDER))

    def _rock_ridge_name(self, entries: bytes) -> str:
        """Join the NM entries, following CE to where they go on; empty when there are none."""
        name = b""
        hops = 0
        at = 0
        following: tuple[int, int, int] | None = None
        while True:
            while at + 4 <= len(entries):
                kind, length = entries[at : at + 2], entries[at + 2]
                if length < 4 or at + length > len(entries):
                    break
                if kind == b"NM":
                    name += entries[at + 5 : at + length]
                elif kind == b"CE" and length >= 28:
                    following = (
                        struct.unpack_from("<I", entries, at + 4)[0],
                        struct.unpack_from("<I", entries, at + 12)[0],
                        struct.unpack_from("<I", entries, at + 20)[0],
                    )
                at += length
            if following is None or hops > 16:
                return name.decode("utf-8", "replace")
            sector, offset, length = following
            self._image.seek(sector * SECTOR + offset)
            entries, at, following, hops = self._image.read(length), 0, None, hops + 1

    def _wrong(self, extent: Extent, what: str) -> DiscWrong:
        return DiscWrong(
            f"{self._where}: sector {extent.start // SECTOR}: {what}",
            hint="the file system is damaged: try `heliograph archive repair`",
            path=str(self._where),
            sector=extent.start // SECTOR,
        )


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip(" \x00")
