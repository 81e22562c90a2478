"""Finds files in an image: a small reader of ISO 9660 directories with Rock Ridge names.

It opens in under a millisecond and reads only the folders on the way to a file, which is what lets `trace` answer from
discs at once. Everything else (Joliet, UDF) is for other people's software; the tests hold the four views against
each other.

It believes nothing that no disc of ours holds: links, devices, a name that leads out of its folder, bytes past the end
or in two files at once, folders without end. Such a disc is refused by name.

Sources: ECMA-119 (volume and directory records), SUSP IEEE P1281 and RRIP IEEE P1282 (NM, CE, PX, SL, PN entries).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heliograph.archive.bounds import MOST_FILES, MOST_FOLDER_BYTES, MOST_PATH, shown
from heliograph.archive.medium import SECTOR
from heliograph.errors import DiscWrong

__all__ = ["Extent", "Node", "Tree", "Volume", "read_volume"]

_MULTI_EXTENT = 0x80
_FOLDER = 0x02
_MOST_HOPS = 16
_KINDS = {0o040000, 0o100000}
"""Of the modes in PX entries (POSIX): folders and plain files."""


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

    def __init__(self, image: BinaryIO, volume: Volume, where: Path | str) -> None:
        self._image = image
        self._where = where
        self._root = volume.root
        self._end = volume.sectors * SECTOR
        self._read: dict[Extent, dict[str, Node]] = {}
        self._nodes = 0

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
        """Every file and folder of the disc with its path, parents first.

        Raises:
            DiscWrong: the tree is not one of ours: it contains itself, is too deep or too large.
        """
        waiting = [("", self._root)]
        seen: set[Extent] = set()
        while waiting:
            prefix, extent = waiting.pop()
            if extent in seen:
                raise self._wrong(extent, "a folder contains itself")
            seen.add(extent)
            for name, node in self.folder(extent).items():
                if len(prefix) + len(name) > MOST_PATH:
                    raise self._wrong(extent, f"folders in folders, over {MOST_PATH:,} letters deep: {shown(prefix)}")
                yield f"{prefix}{name}", node
                if node.folder:
                    waiting.append((f"{prefix}{name}/", node.extent))

    def files(self) -> dict[str, Node]:
        """Every file of the disc by path.

        Raises:
            DiscWrong: as `walk`, or two files share bytes.
        """
        found = {path: node for path, node in self.walk() if not node.folder}
        end, before = 0, ""
        for path, node in sorted(found.items(), key=lambda each: each[1].extent.start):
            if node.extent.bytes and node.extent.start < end:
                raise self._wrong(node.extent, f"{shown(before)} and {shown(path)} share the same bytes")
            if node.extent.bytes:
                end, before = node.extent.start + node.extent.bytes, path
        return found

    def folder(self, extent: Extent) -> dict[str, Node]:
        """The nodes of one folder by name."""
        if extent not in self._read:
            self._read[extent] = self._parse(extent)
        return self._read[extent]

    def _parse(self, extent: Extent) -> dict[str, Node]:
        if extent.bytes > MOST_FOLDER_BYTES:
            raise self._wrong(extent, f"a folder of {extent.bytes:,} bytes")
        self._image.seek(extent.start)
        data = self._image.read(extent.bytes)
        if len(data) < extent.bytes:
            raise self._wrong(extent, "the folder lies past the end of the image")
        nodes: dict[str, Node] = {}
        self._goes_on = ""
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
        if 33 + name_bytes > len(record):
            raise self._wrong(extent, "a name runs out of its directory record")
        susp = record[33 + name_bytes + (1 - name_bytes % 2) :]
        name = self._rock_ridge_name(susp, extent) or identifier.decode("ascii", "replace").rpartition(";")[0]
        if name in ("", ".", "..") or any(letter < " " or letter in "/\x7f" for letter in name):
            raise self._wrong(extent, f"a file or folder is called {shown(name)}")
        here = Extent(int(start) * SECTOR, int(size))
        if here.bytes and here.start + here.bytes > self._end:
            raise self._wrong(extent, f"{shown(name)} lies past the end of the volume")
        before = nodes.get(name)
        if before is not None:
            # ECMA-119 section 6.5.1: a file above 4 GB is several records of one name; ours are adjacent.
            if self._goes_on != name or before.extent.start + before.extent.bytes != here.start:
                raise self._wrong(extent, f"two files or folders are called {shown(name)}")
            here = Extent(before.extent.start, before.extent.bytes + here.bytes)
        else:
            self._nodes += 1
            if self._nodes > MOST_FILES:
                raise self._wrong(extent, f"more than {MOST_FILES:,} files and folders")
        self._goes_on = name if flags & _MULTI_EXTENT else ""
        nodes[name] = Node(name, here, bool(flags & _FOLDER))

    def _rock_ridge_name(self, entries: bytes, folder: Extent) -> str:
        """Join the NM entries, following CE to where they go on; empty when there are none.

        Raises:
            DiscWrong: it is a link or a device, or the entries are not what they should be.
        """
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
                elif kind == b"SL":
                    raise self._wrong(folder, f"{_named(name)} is a link")
                elif kind == b"PN" or (
                    kind == b"PX"
                    and length >= 8
                    and struct.unpack_from("<I", entries, at + 4)[0] & 0o170000 not in _KINDS
                ):
                    raise self._wrong(folder, f"{_named(name)} is neither a file nor a folder")
                elif kind == b"CE" and length >= 28:
                    following = (
                        struct.unpack_from("<I", entries, at + 4)[0],
                        struct.unpack_from("<I", entries, at + 12)[0],
                        struct.unpack_from("<I", entries, at + 20)[0],
                    )
                at += length
            if following is None:
                return name.decode("utf-8", "replace")
            sector, offset, length = following
            if hops >= _MOST_HOPS or offset + length > SECTOR:
                raise self._wrong(folder, "the entries of a name go on without end")
            self._image.seek(sector * SECTOR + offset)
            entries, at, following, hops = self._image.read(length), 0, None, hops + 1

    def _wrong(self, extent: Extent, what: str) -> DiscWrong:
        return DiscWrong(
            f"{self._where}: sector {extent.start // SECTOR}: {what}",
            hint="the file system is damaged: try `heliograph archive repair`",
            path=str(self._where),
            sector=extent.start // SECTOR,
        )


def _named(name: bytes) -> str:
    return shown(name.decode("utf-8", "replace")) if name else "an entry"


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip(" \x00")
