"""Mend the rows of a block in memory.

Where the damage is, is known in most cases: each data sector has a CRC, kept in the CRC sector of the row before, so
that mending one row also brings back the CRCs of the next; a CRC sector has its own. A sector known to be bad is an
*erasure* and costs one root. So do sectors that the caller could not read, that are missing, all zero (an ECC sector
never is) or marked by dvdisaster as unread. ECC sectors have no CRC: a bad one shows only as a contradiction, an
*error*. If all data of its row is vouched for, its ECC is just computed again. If not, bad sectors are found by what
all their codewords have in common, at one root each and one for all, and lone wrong bytes codeword by codeword, at
two each. Where more sectors miss their CRCs than there are roots, those that were read are taken to hold lone wrong
bytes, too.

No answer is believed unchecked: what was mended must match its CRC, and what the parity has left over must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.crc import sector_crcs
from heliograph.archive.kernels.gf import SLICE, product
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.code import few_columns, locate_together, parity_matrix, solver, syndrome_matrix
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.roots import likely_roots
from heliograph.archive.rs03.sectors import crc_sectors_are_whole, is_marked_dead, read_crc_sector

__all__ = ["Verdict", "guess_layout", "mend"]

_SPARE = 16
"""More mixtures of codewords than there are equations that tell where bad sectors are."""
_FEW = 8
"""Codewords that are asked alone before all are; groups of codewords that are solved one by one."""

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Crcs = NDArray[np.uint32]
Answer = tuple[NDArray[np.int64], Bytes]
"""(k,) positions and (k, 2048) what to XOR there."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What was found in a block of rows."""

    bad: Flags
    """(255, rows): sectors that differed from what was sealed; in lost rows, those known to."""
    lost: Flags
    """(rows,): rows beyond repair; their sectors are left as they were."""


def mend(block: Bytes, layout: Layout, before: Bytes | None, gone: Flags) -> Verdict:
    """Correct a block of consecutive rows in place.

    Args:
        block: (255, rows · 2048).
        before: the whole CRC sector of the row before the first, or None when it is lost.
        gone: (255, rows): sectors that are known to be missing or unreadable.
    """
    n, rows = layout.data_layers, block.shape[1] // SECTOR
    crcs = sector_crcs(block[:n])
    own = block[n].reshape(rows, SECTOR)
    whole = crc_sectors_are_whole(own, layout)
    difference = np.empty((layout.roots, rows * SECTOR), np.uint8)
    product(parity_matrix(layout.roots), block[: n + 1], difference)
    difference ^= block[n + 1 :]
    dirty = _any(difference.view(np.uint64).reshape(layout.roots, rows, SECTOR // 8), axis=(0, 2))
    expected: list[Crcs | None] = [None if before is None else _kept_crcs(before, n)]
    expected += [_kept_crcs(own[row], n) if whole[row] else None for row in range(rows - 1)]

    bad, lost = np.zeros((LAYERS, rows), np.bool_), np.zeros(rows, np.bool_)
    for row in range(rows):
        wanted = expected[row]
        fine = wanted is not None and whole[row] and not dirty[row]
        if fine and wanted is not None and bool((crcs[:, row] == wanted).all()):
            continue
        span = slice(row * SECTOR, (row + 1) * SECTOR)
        state = _Row(block[:, span], layout, wanted, crcs[:, row], bool(whole[row]), gone[:, row])
        bad[:, row], lost[row] = state.mend(np.ascontiguousarray(difference[:, span]))
        if not lost[row] and row + 1 < rows:
            expected[row + 1] = _kept_crcs(own[row], n)
    return Verdict(bad, lost)


def _any(array: NDArray[np.uint8] | NDArray[np.uint64], axis: int | tuple[int, ...]) -> Flags:
    """Where anything is not zero, along the axes that remain."""
    flags: Flags = np.any(array, axis=axis)
    return flags


@cache
def _noise() -> Bytes:
    """(2048, SLICE): what codewords are mixed with."""
    return np.random.default_rng(0).integers(0, 256, (SECTOR, SLICE), dtype=np.uint8)


def _kept_crcs(crc_sector: Bytes, count: int) -> Crcs:
    """The CRCs that a CRC sector keeps, a copy."""
    return np.ascontiguousarray(crc_sector[: 4 * count]).view("<u4").astype(np.uint32)


class _Row:
    """One row that is not as it should be, or not known to be."""

    def __init__(
        self, sectors: Bytes, layout: Layout, wanted: Crcs | None, crcs: Crcs, whole: bool, gone: Flags
    ) -> None:
        """
        Args:
            sectors: (255, 2048), a view into the block: mended in place.
            wanted, crcs: (data layers,) the CRCs that the data should and does have.
            whole: the CRC sector matches its own CRC.
        """
        n = layout.data_layers
        self.sectors, self.layout, self.wanted = sectors, layout, wanted
        self.vouched = np.zeros(LAYERS, np.bool_)
        if wanted is not None:
            self.vouched[:n] = crcs == wanted
        self.vouched[n] = whole
        words = sectors.view(np.uint64)
        empty = words[:, 0] == 0
        empty[empty] = ~_any(words[empty], axis=1)
        self.unread = (gone | is_marked_dead(sectors)) & ~self.vouched
        self.unread[n + 1 :] |= empty[n + 1 :]
        self.erased = self.unread.copy()
        if wanted is not None:
            self.erased[:n] = ~self.vouched[:n]
        self.erased[n] = not whole
        self.suspect = empty & ~self.erased & ~self.vouched
        self.blank = self.unread | (empty & self.erased)

    def mend(self, difference: Bytes) -> tuple[Flags, bool]:
        """(255,) which sectors were bad, and whether the row is lost; `difference` is parity stored XOR parity due."""
        for positions, changes in self.answers(difference):
            bad = np.zeros(LAYERS, np.bool_)
            bad[positions] = _any(changes.view(np.uint64), axis=1)
            self.sectors[positions] ^= changes
            if self._agrees(bad):
                return bad, False
            self.sectors[positions] ^= changes
        return self.erased, True

    def answers(self, difference: Bytes, *, lone: bool = True) -> Iterator[Answer]:
        """What to XOR, the likeliest first; none when there is more damage than roots allow for.

        Args:
            lone: also take sectors known to be bad for sectors with lone wrong bytes.
        """
        n = self.layout.data_layers
        if self.vouched[: n + 1].all():
            yield np.arange(n + 1, LAYERS), difference
            return
        syndromes = np.empty_like(difference)
        product(syndrome_matrix(self.layout.roots), difference, syndromes)
        # Without CRCs, an empty data sector may be lost or may be empty: both are tried.
        guesses = [self.erased | self.suspect, self.erased] if self.suspect.any() else [self.erased]
        # A CRC tells of a bad sector, not of how many of its bytes are wrong: with one wrong byte in each, more sectors
        # than there are roots can be mended, as none of them is lost as a whole. One that is all zero most likely is.
        if lone and (self.erased & ~self.unread).any():
            guesses += [self.blank, self.unread] if (self.blank & ~self.unread).any() else [self.unread]
        for guess in guesses:
            yield from self._solve(syndromes, np.flatnonzero(guess), by_bytes=lone and self.wanted is None)

    def _solve(self, syndromes: Bytes, erased: NDArray[np.int64], *, by_bytes: bool) -> Iterator[Answer]:
        """What to XOR if these positions are lost and few others are wrong.

        Two lone wrong bytes in one codeword can be told as one in a third sector, and all equations agree: only CRCs
        speak against it. So each way that leads to an answer is gone, not the first alone.

        Args:
            by_bytes: codeword by codeword first: what is nearest there is right, where there are no CRCs to ask.
        """
        # As many losses as roots leave no equation over. Without CRCs, only a lost CRC sector then proves the answer.
        unproved = self.wanted is None and bool(self.vouched[self.layout.data_layers])
        if erased.size > self.layout.roots - unproved:
            return
        answer = self._answer(syndromes, erased)
        if not answer[erased.size :].view(np.uint64).any():
            yield erased, answer[: erased.size]
            return
        wrong = np.flatnonzero(_any(answer[erased.size :], axis=0))
        rest = np.ascontiguousarray(answer[:, wrong])
        for way in (self._by_bytes, self._by_sectors) if by_bytes else (self._by_sectors, self._by_bytes):
            yield from way(syndromes, erased, wrong, rest)

    def _answer(self, syndromes: Bytes, positions: NDArray[np.int64]) -> Bytes:
        """(roots, 2048): what to XOR at the positions, and below it what is left over."""
        answer = np.empty_like(syndromes)
        product(solver(self.layout.roots, tuple(positions.tolist())), syndromes, answer)
        return answer

    def _if_agreed(self, syndromes: Bytes, positions: NDArray[np.int64]) -> Iterator[Answer]:
        answer = self._answer(syndromes, positions)
        if not answer[positions.size :].view(np.uint64).any():
            yield positions, answer[: positions.size]

    def _allowed(self, erased: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where something may be wrong that nothing tells of."""
        free = ~self.vouched
        free[erased] = False
        return np.flatnonzero(free)

    def _by_sectors(
        self, syndromes: Bytes, erased: NDArray[np.int64], wrong: NDArray[np.int64], rest: Bytes
    ) -> Iterator[Answer]:
        """A bad sector is bad in most of its codewords, so that together they tell where it is.

        Random mixtures tell as much as all do, also of what has few wrong bytes or resembles another sector.
        """
        roots = self.layout.roots
        mixed = np.empty((roots, SLICE), np.uint8)
        product(rest, _noise(), mixed)
        few = np.ascontiguousarray(mixed[:, : roots - erased.size + _SPARE])
        together = locate_together(few, erased.size, self._allowed(erased))
        if together.size and erased.size + together.size <= roots - (self.wanted is None):
            yield from self._if_agreed(syndromes, np.sort(np.concatenate([erased, together])))

    def _by_bytes(
        self, syndromes: Bytes, erased: NDArray[np.int64], wrong: NDArray[np.int64], rest: Bytes
    ) -> Iterator[Answer]:
        """Lone wrong bytes tell it codeword by codeword.

        A row past mending is so in most codewords: a few of them tell.
        """
        from heliograph.archive.rs03.locate import locate

        roots, allowed = self.layout.roots, self._allowed(erased)
        for every in (max(1, wrong.size // _FEW), 1):
            marks, found = locate(np.ascontiguousarray(rest[:, ::every]), erased.size, allowed)
            if not found.all():
                return
        everywhere = np.sort(np.concatenate([erased, allowed[marks.any(axis=1)]]))
        if everywhere.size <= roots:
            yield from self._if_agreed(syndromes, everywhere)
        # They are in more sectors than there are roots: solve per set of places, each for its own codewords.
        right = np.setdiff1d(np.arange(SECTOR), wrong).tolist()
        groups: dict[bytes, list[int]] = {bytes(allowed.size): right} if right else {}
        for column, pattern in zip(wrong, np.ascontiguousarray(marks.T), strict=True):
            groups.setdefault(pattern.tobytes(), []).append(int(column))
        changes = np.zeros((LAYERS, SECTOR), np.uint8)
        answer = np.empty_like(syndromes)
        for pattern_bytes, here in groups.items():
            positions = np.sort(np.concatenate([erased, allowed[np.frombuffer(pattern_bytes, np.uint8) != 0]]))
            matrix = solver(roots, tuple(positions.tolist()))
            if len(here) <= _FEW:
                answers = few_columns(matrix, syndromes[:, here])
            else:
                product(matrix, syndromes, answer)
                answers = answer[:, here]
            if answers[positions.size :].any():
                return
            changes[np.ix_(positions, np.array(here))] = answers[: positions.size]
        yield np.arange(LAYERS), changes

    def _agrees(self, changed: Flags) -> bool:
        """What was mended, and what should have been, matches its CRCs."""
        n = self.layout.data_layers
        doubtful = changed | ~self.vouched
        if doubtful[n] and not crc_sectors_are_whole(self.sectors[n : n + 1], self.layout)[0]:
            return False
        data = np.flatnonzero(doubtful[:n])
        if self.wanted is None or not data.size:
            return True
        return bool((sector_crcs(np.ascontiguousarray(self.sectors[data]))[:, 0] == self.wanted[data]).all())


def guess_layout(row: Bytes, layer_sectors: int) -> Layout | None:
    """The layout from one damaged row, (255, 2048), of an image without header and CRC sectors; None if it is not told.

    Few numbers of roots can be right: one with which the row decodes to a CRC sector that says so, is.
    """
    for roots in likely_roots(row):
        layout = Layout(0, layer_sectors, roots)
        n = layout.data_layers
        sectors = row.copy()
        difference = np.empty((roots, SECTOR), np.uint8)
        product(parity_matrix(roots), sectors[: n + 1], difference)
        difference ^= sectors[n + 1 :]
        nothing = np.zeros(n, np.uint32)
        state = _Row(sectors, layout, None, nothing, False, np.zeros(LAYERS, np.bool_))
        for positions, changes in state.answers(difference, lone=False):
            mended = sectors[n] ^ np.bitwise_xor.reduce(changes[positions == n], axis=0)
            found = read_crc_sector(mended.tobytes())
            if found is not None and (found.roots, found.layer_sectors) == (roots, layer_sectors):
                return found
    return None
