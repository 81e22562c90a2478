"""The bag on a disc: BagIt 1.0 tag files and manifests around `data/`.

Source: RFC 8493. Names on a disc hold no percent sign, line feed or carriage return (`names.disc_name`), so section
2.1.3's percent-encoding never applies, and every validator agrees on the manifests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from heliograph.errors import DiscWrong

__all__ = ["BAGIT", "INFO", "MANIFEST", "TAG_MANIFEST", "bag", "read_manifest"]

BAGIT = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"


def bag(
    payload: Sequence[tuple[str, int, str]], info: Sequence[tuple[str, str]], tags: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Every tag file of a bag, complete: the given ones, then those BagIt asks for.

    Args:
        payload: path on the disc (below `data/`), bytes and SHA-256 in hex of each payload file.
        info: labels and values of `bag-info.txt`; the oxum is added.
        tags: other tag files by name, e.g. README.txt.
    Returns:
        Contents by name. Their lengths depend on the hashes in `payload` and `tags` in nothing.
    """
    oxum = ("Payload-Oxum", f"{sum(size for _, size, _ in payload)}.{len(payload)}")
    files = dict(tags)
    files[BAGIT] = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    files[INFO] = "".join(f"{label}: {_one_line(value)}\n" for label, value in (*info, oxum) if value).encode()
    files[MANIFEST] = "".join(f"{sha256}  {path}\n" for path, _, sha256 in payload).encode()
    files[TAG_MANIFEST] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    ).encode()
    return files


def read_manifest(text: bytes, where: Path | str) -> dict[str, str]:
    """SHA-256 by path from a manifest.

    Raises:
        DiscWrong: a line is not a hash and a path.
    """
    hashes = {}
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
        sha256, _, path = line.partition("  ")
        if len(sha256) != 64 or not path:
            raise DiscWrong(
                f"{where}: line {number}: expected a SHA-256 and a path",
                hint="the disc is damaged: try `heliograph archive repair`",
            )
        hashes[path] = sha256
    return hashes


def _one_line(value: str) -> str:
    return " ".join(value.split())
