"""How many sectors the image of a disc takes, counted without drawing it.

A set is packed several times until its discs are full and none is over-full, and to draw each trial took most of the
time that planning took. What is counted here follows from the standards and from where pycdlib puts things; the tests
hold it against drawn images. The last trial is drawn all the same, and what was drawn is what counts.

    sector 0   system area, descriptors; UDF's at 32 to 65, its anchor at 256
    257        UDF: file set and its end; then for each folder its entry and its list; then an entry for each file
               path tables of ISO 9660, path tables of Joliet (each twice, in two orders of bytes)
               folders of ISO 9660 with the ends of long Rock Ridge names; folders of Joliet; the Rock Ridge extension
               contents of the files; a last anchor

Sources: ECMA-119 sections 6.8, 9.1 and 9.4 (folders, path tables); SUSP and RRIP (entries behind a record); the Joliet
specification; ECMA-167 part 4, section 14.4 (UDF file identifiers); UDF 2.60.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from heliograph.archive.iso.image import tree_of
from heliograph.archive.iso.names import udf_bytes, unique_names
from heliograph.archive.medium import SECTOR

__all__ = ["footprint"]

_BEFORE_FOLDERS: Final = 257 + 2
_EXTENSION: Final = 1
_ANCHOR: Final = 1
_RECORD, _MOST_RECORD = 33, 254
"""Bytes of a record without its name, and at most (an even number of the 255 that its length can say)."""
_RR, _NM, _PX, _TF, _CE, _SP = 5, 5, 36, 26, 28, 7
"""Bytes of the entries: Rock Ridge is here, name (and the name), mode, three times, goes on elsewhere, begins here."""
_MOST_NAME: Final = 250
_MOST_EXTENT: Final = 0xFFFFF800
"""Bytes that one record tells of; a larger file has several."""
_TABLE: Final = 4096
"""Bytes by which a path table grows."""
_IDENTIFIER: Final = 38


def footprint(files: Sequence[tuple[str, int]], folders: Sequence[str]) -> int:
    """Sectors that `lay_out` takes for the same files (path on the disc, bytes) and folders."""
    tree = tree_of([path for path, _ in files], folders)
    sizes = dict(files)
    total = _BEFORE_FOLDERS + len(files) + _EXTENSION + _ANCHOR
    total += sum(-(-size // SECTOR) for size in sizes.values())
    iso_table = joliet_table = _table_entry(1)
    ends: dict[str, list[int]] = {}
    for folder, (names, subfolders) in tree.items():
        iso = unique_names(names, "iso", folders=subfolders)
        joliet = unique_names(names, "joliet", folders=subfolders)
        iso_records, joliet_records = [], []
        for name in names:
            many = max(1, -(-sizes[f"{folder}/{name}"[1:]] // _MOST_EXTENT))
            identifier = f"{iso[name]};1".encode()
            record, end = _with_name(len(identifier), len(name.encode()))
            if end:
                ends[f"{folder}/{name}"] = [end] * many
            wide = joliet[name].encode("utf-16-be")
            iso_records += [(identifier, record)] * many
            joliet_records += [(wide, _even(_RECORD + len(wide)))] * many
        for name in subfolders:
            identifier = iso[name].encode()
            record, end = _with_name(len(identifier), len(name.encode()))
            if end:
                ends[f"{folder}/{name}"] = [end]
            wide = joliet[name].encode("utf-16-be")
            iso_records.append((identifier, record))
            joliet_records.append((wide, _even(_RECORD + len(wide))))
            iso_table += _table_entry(len(identifier))
            joliet_table += _table_entry(len(wide))
        itself = _even(_RECORD + 1)
        parent = _even(itself + _RR + _PX + _TF)
        first = parent if folder else _even(itself + _CE + _SP + _RR + _PX + _TF)
        total += _sectors([first, parent], iso_records) + _sectors([itself, itself], joliet_records)
        identifiers = sum(_identifier(name) for group in (names, subfolders) for name in group)
        total += 1 + -(-(_multiple(_IDENTIFIER, 4) + identifiers) // SECTOR)
    total += 2 * _pairs(iso_table) + 2 * _pairs(joliet_table)
    if ends:
        # In the order in which they are drawn: folders, then files.
        order = [folder for folder in tree if folder] + [f"/{path}" for path, _ in files]
        total += _blocks(end for path in order for end in ends.get(path, ()))
    return total


def _with_name(identifier: int, name: int) -> tuple[int, int]:
    """Bytes of an ISO 9660 record with its Rock Ridge entries, and of those that go on elsewhere (mostly none).

    Args:
        identifier, name: bytes of the short name and of the full one.
    """
    begin = _even(_RECORD + identifier)
    whole = begin + _RR + _NM + name + _PX + _TF
    if whole <= _MOST_RECORD:
        return _even(whole), 0
    here = begin + _CE + _RR
    part = min(max(_MOST_RECORD - here - _NM, 0), name)
    here += _NM + part if part else 0
    rest = name - part
    elsewhere = rest + _NM * -(-rest // _MOST_NAME)
    for entry in (_PX, _TF):
        if here + entry <= _MOST_RECORD:
            here += entry
        else:
            elsewhere += entry
    return _even(here), elsewhere


def _sectors(first: list[int], records: list[tuple[bytes, int]]) -> int:
    """Sectors of a folder: its records, sorted by identifier behind the `first`, none across the end of a sector."""
    records.sort()
    sectors, at = 1, sum(first)
    for _, size in records:
        at += size
        if at > SECTOR:
            sectors, at = sectors + 1, size
    return sectors


def _blocks(sizes: Iterable[int]) -> int:
    """Sectors that hold the ends of records, each end in the first that still has room for all of it."""
    left: list[int] = []
    for size in sizes:
        at = next((at for at, room in enumerate(left) if room >= size), None)
        if at is None:
            left.append(SECTOR - size)
        else:
            left[at] -= size
    return len(left)


def _identifier(name: str) -> int:
    """Bytes of a UDF file identifier."""
    return _multiple(_IDENTIFIER + 1 + len(udf_bytes(name)), 4)


def _table_entry(name: int) -> int:
    return 8 + _even(name)


def _pairs(table: int) -> int:
    """Sectors of a path table, which come in pairs."""
    return 2 * -(-table // _TABLE)


def _even(size: int) -> int:
    return size + size % 2


def _multiple(size: int, of: int) -> int:
    return -(-size // of) * of
