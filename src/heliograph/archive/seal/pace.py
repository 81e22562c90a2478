"""How long sealing and burning take, estimated from two speeds: one measured or given, one that the drive is set to."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from heliograph.archive.medium import Medium, of_size
from heliograph.archive.seal.seal import seal
from heliograph.errors import UsageWrong

__all__ = ["burn_bytes_s", "burn_s", "measure_seal_bytes_s"]

_SAMPLE_BYTES: Final = 24_000_000
_WARM_BYTES: Final = 100_000


def measure_seal_bytes_s(folder: Path | None = None) -> float:
    """Bytes of image that this machine seals in a second: 24 MB of noise are sealed in `folder`, and removed.

    A little is sealed before the clock runs, so that compiling is not counted. A large set on a slow disk takes longer
    than the sample says, because the sample fits into memory.

    Args:
        folder: where; the system's folder for temporary files if not given.
    Raises:
        CannotWrite: too little room there.
    """
    with tempfile.TemporaryDirectory(prefix="heliograph-", dir=folder) as scratch:
        home = Path(scratch)
        for name, size in (("warm", _WARM_BYTES), ("sample", _SAMPLE_BYTES)):
            (home / name).write_bytes(np.random.default_rng(1).bytes(size))
        date = datetime(2000, 1, 1, tzinfo=UTC)
        seal([home / "warm"], home / "discs", date=date)
        before_s = time.perf_counter()
        sealed = seal([home / "sample"], home / "discs", date=date)
        return sealed.bytes / (time.perf_counter() - before_s)


def burn_bytes_s(text: str, medium: Medium) -> float:
    """Bytes a second for a speed in words: '4x' of a known medium, or '18MB' (a second) of any.

    Raises:
        UsageWrong: not a speed, or a multiple where the kind of disc is not known.
    """
    times = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]+)?)\s*[xX×]\s*", text)
    if times is not None and float(times[1]) > 0:
        if medium.once_bytes_s is None:
            raise UsageWrong(
                f"burn speed {text!r}: a medium of {medium.name} has no 1x",
                hint="name a --medium, or give bytes a second: 18MB",
            )
        return float(times[1]) * medium.once_bytes_s
    try:
        return float(of_size(re.sub(r"(?i)/s\s*$", "", text)).bytes)
    except UsageWrong:
        raise UsageWrong(f"burn speed {text!r}: expected a multiple such as 4x, or a rate such as 18MB") from None


def burn_s(image_bytes: Iterable[int], bytes_s: float) -> float:
    """Seconds to burn these images one after the other, at one speed; without changing, closing and checking discs."""
    return sum(image_bytes) / bytes_s
