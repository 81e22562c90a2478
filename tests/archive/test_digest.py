"""Hashes that several threads take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from heliograph.archive.digest import InTurn, hashing


def test_parts_that_come_out_of_order_are_hashed_in_order():
    """The last part waits for the others."""
    digest, parts = InTurn(), [bytes([number]) * 1000 for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(digest.update, 1000 * number, memoryview(parts[number])) for number in (7, 3, 0, 1, 6, 5)]
        assert not jobs[0].done()
        jobs += [pool.submit(digest.update, 1000 * number, memoryview(parts[number])) for number in (4, 2)]

    assert [job.result() for job in jobs] == [None] * 8
    assert digest.hexdigest() == sha256(b"".join(parts)).hexdigest()


def test_nobody_waits_for_a_part_that_will_not_come():
    digest = InTurn()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(digest.update, 1000, memoryview(b"later"))
        digest.stop()

    assert waiting.done()


@pytest.mark.parametrize("size", [0, 1 << 30])
def test_two_buffers_in_turn_are_enough(size: int):
    """Small and large files; two hashes of the same bytes."""
    buffers, one, two = [bytearray(100_000), bytearray(100_000)], sha256(), sha256()

    with hashing(size) as update:
        for number in range(50):
            buffers.reverse()
            buffers[0][:] = bytes([number]) * 100_000
            update(memoryview(buffers[0]), one, two)

    right = sha256(b"".join(bytes([number]) * 100_000 for number in range(50))).hexdigest()
    assert one.hexdigest() == two.hexdigest() == right
