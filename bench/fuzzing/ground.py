"""What is mutated: small real images, with what stands in them and the keys that open them."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["SECTOR", "Ground", "Seed", "make_ground"]

SECTOR = 2048
DATE = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Seed:
    """One small image, and where the things in it stand."""

    name: str
    data: bytes
    iso_sectors: int
    """Of the ISO; 0 when it is no disc of ours."""
    files: dict[str, tuple[int, int]]
    mates: dict[str, bytes]
    """The other discs of its set."""


@dataclass(frozen=True)
class Ground:
    """All seeds, what their files hold, and the keys."""

    seeds: list[Seed]
    contents: frozenset[bytes]
    identity: str
    signer: str


def make_ground(folder: Path) -> Ground:
    """Seal the seeds into `folder`."""
    import pyrage

    from heliograph.archive.medium import of_size
    from heliograph.archive.read.disc import DiscImage
    from heliograph.archive.rs03 import protect
    from heliograph.archive.seal.seal import seal
    from heliograph.archive.secret import Holders
    from heliograph.archive.signing.keys import Signer
    from heliograph.archive.signing.minisign import MinisignPublic, MinisignSecret

    chance = random.Random(1)
    tree = folder / "tree"
    (tree / "深" / "inner").mkdir(parents=True)
    for name, size in (("big.bin", 120_000), ("a.txt", 20), ("深/long " + "x" * 180 + ".txt", 3000), ("深/inner/b", 1)):
        (tree / name).write_bytes(chance.randbytes(size))
    (tree / "empty").touch()
    (tree / "nothing").mkdir()
    contents = {path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    key = pyrage.x25519.Identity.generate()
    secret = bytes(range(32))
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = MinisignPublic(b"fuzzfuzz", Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    signer = Signer(MinisignSecret(public, secret))
    plain = seal([tree], folder / "plain", date=DATE, medium=of_size("1.6MB"), parity=1, keep_times=False)
    locked = seal(
        [tree / "a.txt", tree / "深"],
        folder / "locked",
        date=DATE,
        medium=of_size("2MB"),
        parity=1,
        holders=Holders((str(key.to_public()),)),
        signer=signer,
    )
    seeds = []
    for sealed in (plain, locked):
        images = {disc.path.name: disc.path.read_bytes() for disc in sealed.discs}
        for disc in sealed.discs:
            image = DiscImage(disc.path)
            files = {path: (node.extent.start, node.extent.bytes) for path, node in image.files().items()}
            image.close()
            mates = {name: data for name, data in images.items() if name != disc.path.name}
            for data in (images[disc.path.name], images[disc.path.name][: disc.iso_bytes]):
                seeds.append(Seed(disc.path.name, data, disc.iso_bytes // SECTOR, files, mates))
    foreign = bytearray(chance.randbytes(90 * SECTOR))
    foreign[16 * SECTOR : 16 * SECTOR + 8] = b"\x01CD001\x01\x00"
    foreign[16 * SECTOR + 80 : 16 * SECTOR + 88] = struct.pack("<I", 90) + struct.pack(">I", 90)
    (folder / "foreign.iso").write_bytes(foreign)
    protect(folder / "foreign.iso")
    seeds.append(Seed("foreign.iso", (folder / "foreign.iso").read_bytes(), 0, {}, {}))
    return Ground(seeds, frozenset(contents), str(key), public.text)
