"""What damage to a protected image must be mended, judged from the damage alone: the judge of `archive_faults.py`.

It knows the image as it was sealed and as it is now, counts per row of 255 sectors what is gone and where that cannot
be known, and says whether docs/disc-format.md promises the image back. It shares no code with Heliograph, decodes
nothing, and never looks at what a repair did.

The promise, per row with m roots (docs/disc-format.md, "Repairing"):

- data and CRC sector are as sealed: mended, whatever happened to the ECC sectors;
- e sectors that are known to be bad: data against their CRC, the CRC sector against its own, ECC sectors that are
  missing, all zero, marked as dead, or in the map of what was not read. v bad ECC sectors that nothing tells of, at
  most w of them wrong at the same byte position. Mended if v = 0 and e <= m; or e + v < m and the v errors are
  linearly independent over the byte positions; or e + 2w <= m;
- the same with the data that has something wrong in it, but was read, among the v;
- the CRCs of a row stand in the CRC sector of the row before: there, or back once that row is mended. A row without
  them is mended first as if none of its data were known to be bad (but for what is missing, or perhaps all zero).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Geometry", "Judgement", "geometry", "judge"]

SECTOR = 2048
LAYERS = 255

_DEAD = b"dvdisaster dead sector marker"

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Geometry:
    """S, L and m, as the header of an undamaged image states them."""

    iso_sectors: int
    rows: int
    roots: int

    @property
    def data_layers(self) -> int:
        """n: layers of ISO, header and padding."""
        return LAYERS - 1 - self.roots


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is promised of one damaged image."""

    promised: bool
    """It comes back, byte for byte."""
    impossible: bool
    """No code could bring it back: a codeword has more wrong bytes of data than roots, wherever they are."""
    why: str


def geometry(sealed: Bytes) -> Geometry:
    """Read from sector 16 and the header of the image as it was sealed, (sectors, 2048)."""
    size = struct.unpack_from("<I", sealed[16].tobytes(), 80)[0]
    header = sealed[size].tobytes()
    assert header.startswith(b"*dvdisaster*RS03")
    return Geometry(size, struct.unpack_from("<Q", header, 120)[0], struct.unpack_from("<I", header, 80)[0])


def judge(sealed: Bytes, damaged: bytes, unread: Flags | None = None) -> Judgement:
    """Judge one image.

    Args:
        sealed: (sectors, 2048), as it was.
        damaged: the file as it is; may be shorter.
        unread: (sectors,), what a map calls unread; None without a map.
    """
    shape = geometry(sealed)
    n, rows, roots = shape.data_layers, shape.rows, shape.roots
    now = np.zeros(sealed.size, np.uint8)
    now[: len(damaged)] = np.frombuffer(damaged, np.uint8)
    now = now.reshape(sealed.shape)
    missing = np.arange(len(sealed)) >= len(damaged) // SECTOR
    told = missing | (np.zeros(len(sealed), np.bool_) if unread is None else unread)
    wrong = (now != sealed).any(axis=1)
    wrong |= missing
    told |= (now[:, : len(_DEAD)] == np.frombuffer(_DEAD, np.uint8)).all(axis=1)
    empty = ~now.any(axis=1)
    header = wrong[shape.iso_sectors : shape.iso_sectors + 2].any()
    # Layer by row, like the format.
    wrong, told, empty, missing = (each.reshape(LAYERS, rows) for each in (wrong, told, empty, missing))
    error = (now ^ sealed).reshape(LAYERS, rows, SECTOR)
    blind = [_blind(wrong[:, r], told[:, r], empty[:, r], error[:, r], n, roots) for r in range(rows)]
    if header and wrong[n].all():
        # Only the code can tell the layout, and only from an image of full length, in some of its rows.
        unaided = [
            _tells_roots(error[:, r], roots) and _blind(wrong[:, r], missing[:, r], empty[:, r], error[:, r], n, roots)
            for r in _tried(rows)
        ]
        if len(damaged) != sealed.size or not any(unaided):
            return Judgement(False, False, "layout lost")
    mended = np.zeros(rows, np.bool_)
    seeing = [_seeing(wrong[:, r], told[:, r], empty[:, r], error[:, r], n, roots) for r in range(rows)]
    going = True
    while going:
        going = False
        for row in np.flatnonzero(~mended):
            before = (row - 1) % rows
            if seeing[row] and (blind[row] or mended[before] or not wrong[n, before]):
                mended[row] = going = True
    # More wrong bytes of data in one codeword than there are roots: lost, even if all places were known.
    most = int((error[: n + 1] != 0).sum(axis=0).max())
    if mended.all():
        return Judgement(True, False, "")
    row = int(np.flatnonzero(~mended)[0])
    return Judgement(False, most > roots, f"row {row}: {int(wrong[:, row].sum())} bad, {roots} roots")


def _tried(rows: int) -> list[int]:
    return sorted({(rows - 1) * part // 8 for part in range(9)})


def _tells_roots(error: Bytes, roots: int) -> bool:
    """Whether a row tells how many roots there are: fewer bad sectors than that, or few in each codeword."""
    return int(error.any(axis=1).sum()) < roots or 2 * int((error != 0).sum(axis=0).max()) < roots


def _seeing(wrong: Flags, told: Flags, empty: Flags, error: Bytes, n: int, roots: int) -> bool:
    """Whether a row is promised whose CRCs are at hand."""
    if not wrong[: n + 1].any():
        return True
    known = wrong.copy()
    known[n + 1 :] = told[n + 1 :] | empty[n + 1 :]
    unread = told & (wrong | (np.arange(LAYERS) > n))
    unread[n + 1 :] |= empty[n + 1 :]
    return any(_findable(each, wrong & ~each, error, roots) for each in (known, unread))


def _blind(wrong: Flags, told: Flags, empty: Flags, error: Bytes, n: int, roots: int) -> bool:
    """The same without them. A CRC sector still tells whether it is as sealed."""
    if not wrong.any():
        return True
    surely = told | empty
    surely[:n] = told[:n]
    surely[n] = wrong[n]
    perhaps = surely.copy()
    perhaps[:n] |= empty[:n]
    return any(
        int(known.sum()) < roots and _findable(known, wrong & ~known, error, roots) for known in (perhaps, surely)
    )


def _findable(known: Flags, unknown: Flags, error: Bytes, roots: int) -> bool:
    e, v = int(known.sum()), int(unknown.sum())
    if v == 0:
        return e <= roots
    errors = error[unknown]
    if e + 2 * int((errors != 0).sum(axis=0).max()) <= roots:
        return True
    return e + v < roots and _rank(errors) == v


_EXP = np.zeros(510, np.uint8)
_LOG = np.zeros(256, np.int64)
_value = 1
for _power in range(255):
    _EXP[_power] = _EXP[_power + 255] = _value
    _LOG[_value] = _power
    _value = _value << 1 ^ (0x187 if _value & 128 else 0)


def _rank(rows: Bytes) -> int:
    """Rank over the field of 256 elements, by Gauss."""
    some = rows[:, np.flatnonzero((rows != 0).any(axis=0))]
    if some.shape[1] > 2 * len(rows):
        rank = _rank(some[:, :: some.shape[1] // len(rows)])
        if rank == len(rows):
            return rank
    work, rank = some.copy(), 0
    for column in range(work.shape[1]):
        there = np.flatnonzero(work[rank:, column])
        if there.size:
            work[[rank, rank + there[0]]] = work[[rank + there[0], rank]]
            logs = _LOG[work[rank + 1 :, column]] - _LOG[work[rank, column]] + 255
            scaled = _EXP[(logs[:, None] + _LOG[work[rank]]) % 255]
            scaled[work[rank + 1 :, column] == 0] = 0
            scaled[:, work[rank] == 0] = 0
            work[rank + 1 :] ^= scaled
            rank += 1
            if rank == len(work):
                break
    return rank
