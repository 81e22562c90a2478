"""Where everything lies in an RS03 image: pure geometry, in sectors of 2048 bytes.

An image is 255 layers of equal length, one after the other. Row i is the i-th sector of every layer; each of its 2048
byte positions is one codeword of the Reed-Solomon code.

    | data layers: ISO, two header sectors, padding | CRC layer | ECC layers (one per root) |
"""

from __future__ import annotations

from dataclasses import dataclass

from heliograph.archive.medium import SECTOR
from heliograph.errors import DoesNotFit

__all__ = ["LAYERS", "MAX_ROOTS", "MIN_ROOTS", "SCRATCH_SECTORS", "Layout", "largest_iso", "plan"]

LAYERS = 255
MIN_ROOTS = 8
MAX_ROOTS = 170
HEADER_SECTORS = 2
SCRATCH_SECTORS = 2_600
"""5.3 MB: a scratch that every disc we seal with 13 MB of data or more survives."""
SPREAD = 17
"""ECC layers beside a scratch: of 255 sectors at 2 % bad, more than 17 are bad in one row of 200,000 (binomial)."""
MOST_REDUNDANCY = 0.5
"""No image gets more parity than this for a scratch's sake."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The geometry of one image; three numbers fix it."""

    iso_sectors: int
    """Sectors of the ISO image itself, the first of the file."""
    layer_sectors: int
    """Sectors in each of the 255 layers; also the number of rows."""
    roots: int
    """ECC layers; so many sectors of any row may be lost."""

    @property
    def data_layers(self) -> int:
        """Layers of ISO, header and padding (the CRC layer not counted)."""
        return LAYERS - 1 - self.roots

    @property
    def data_sectors(self) -> int:
        """ISO, header and padding."""
        return self.data_layers * self.layer_sectors

    @property
    def padding_sectors(self) -> int:
        """Sectors between the header and the CRC layer."""
        return self.data_sectors - self.iso_sectors - HEADER_SECTORS

    @property
    def crc_start(self) -> int:
        """First sector of the CRC layer."""
        return self.data_sectors

    @property
    def ecc_start(self) -> int:
        """First sector of the first ECC layer."""
        return self.data_sectors + self.layer_sectors

    @property
    def sectors(self) -> int:
        """Sectors of the whole image."""
        return LAYERS * self.layer_sectors

    @property
    def image_bytes(self) -> int:
        """Bytes of the whole image."""
        return self.sectors * SECTOR

    @property
    def redundancy(self) -> float:
        """Parity per data: ECC layers over data layers."""
        return self.roots / self.data_layers


def _data_layers(redundancy: float) -> int:
    """The most data layers that still leave parity/data >= redundancy."""
    if not MIN_ROOTS / (LAYERS - 1 - MIN_ROOTS) <= redundancy <= MAX_ROOTS / (LAYERS - 1 - MAX_ROOTS):
        raise DoesNotFit(
            f"redundancy {redundancy:g}: RS03 knows {MIN_ROOTS / (LAYERS - 1 - MIN_ROOTS):.3f} to "
            f"{MAX_ROOTS / (LAYERS - 1 - MAX_ROOTS):.2f} ({MIN_ROOTS} to {MAX_ROOTS} roots)",
            hint="0.15 rebuilds about one sector in eight; choose a value in that range",
            redundancy=redundancy,
        )
    layers = int((LAYERS - 1) / (1 + redundancy) + 1e-9)
    return max(LAYERS - 1 - MAX_ROOTS, min(LAYERS - 1 - MIN_ROOTS, layers))


def _layers_beside(scratch_sectors: int, layer_sectors: int) -> int:
    """The most data layers that leave room for a scratch and `SPREAD` more; negative where none do."""
    return LAYERS - 1 - SPREAD - -(-scratch_sectors // layer_sectors)


def _smallest_beside(scratch_sectors: int) -> int:
    """Sectors of data from which on parity for such a scratch stays within `MOST_REDUNDANCY`."""
    layers = _data_layers(MOST_REDUNDANCY)
    return layers * -(-scratch_sectors // (LAYERS - 1 - SPREAD - layers))


def plan(
    iso_sectors: int,
    *,
    roots: int | None = None,
    redundancy: float = 0.15,
    medium_sectors: int | None = None,
    scratch_sectors: int = 0,
) -> Layout:
    """The smallest image that protects an ISO at least so well; or one that fills a medium.

    Args:
        iso_sectors: length of the ISO image.
        roots: at least so many ECC layers, 8 to 170; instead of `redundancy`.
        redundancy: at least so much parity per data.
        medium_sectors: fill this many sectors (less the remainder of 255) with as much parity as there is room for;
            must still reach `roots` or `redundancy`.
        scratch_sectors: a scratch does not shrink with the image: add parity until so many sectors in a row, and 2 % of
            the others, can be lost; in images too small for that with `MOST_REDUNDANCY`, none is added.
    Raises:
        DoesNotFit: the medium is too small, or the redundancy is not one that RS03 has.
    """
    if roots is not None and not MIN_ROOTS <= roots <= MAX_ROOTS:
        raise DoesNotFit(f"{roots} roots: RS03 knows {MIN_ROOTS} to {MAX_ROOTS}", hint="choose a number in that range")
    most_layers = _data_layers(redundancy) if roots is None else LAYERS - 1 - roots
    needed = iso_sectors + HEADER_SECTORS
    if scratch_sectors and needed >= _smallest_beside(scratch_sectors):
        while most_layers > _layers_beside(scratch_sectors, -(-needed // most_layers)):
            most_layers -= 1
    layer_sectors = -(-needed // most_layers)
    if medium_sectors is not None:
        if medium_sectors // LAYERS < layer_sectors:
            room = most_layers * (medium_sectors // LAYERS) - HEADER_SECTORS
            raise DoesNotFit(
                f"an ISO of {iso_sectors} sectors and its parity need {layer_sectors * LAYERS} sectors; "
                f"the medium has {medium_sectors}, room for an ISO of {max(room, 0)}",
                hint="choose a larger medium, less data per disc, or less redundancy",
                iso_sectors=iso_sectors,
                medium_sectors=medium_sectors,
            )
        layer_sectors = medium_sectors // LAYERS
    data_layers = max(-(-needed // layer_sectors), LAYERS - 1 - MAX_ROOTS)
    return Layout(iso_sectors, layer_sectors, LAYERS - 1 - data_layers)


def largest_iso(medium_sectors: int, *, redundancy: float = 0.15, scratch_sectors: int = 0) -> int:
    """Sectors of the largest ISO image that fits on a medium together with its parity; arguments as of `plan`."""
    layer_sectors = medium_sectors // LAYERS
    layers = _data_layers(redundancy)
    if scratch_sectors and layer_sectors:
        beside = _layers_beside(scratch_sectors, layer_sectors)
        smallest = _smallest_beside(scratch_sectors)
        if beside * layer_sectors < smallest:
            return max(min(layers * layer_sectors, smallest - 1) - HEADER_SECTORS, 0)
        layers = min(layers, beside)
    return max(layers * layer_sectors - HEADER_SECTORS, 0)
