"""Labels to print: what stands on a disc, for people and, as a QR code, for machines.

facts = facts_of_discs(identify([Path("discs")]))
write_labels(facts, Path("labels.pdf"), Stickers())
"""

from heliograph.archive.label.case import CASES, Case
from heliograph.archive.label.face import Face
from heliograph.archive.label.facts import Facts, Holding, code_text, facts_in_catalog, facts_of_discs
from heliograph.archive.label.sheet import Labels, write_labels
from heliograph.archive.label.sticker import Stickers

__all__ = [
    "CASES",
    "Case",
    "Face",
    "Facts",
    "Holding",
    "Labels",
    "Stickers",
    "code_text",
    "facts_in_catalog",
    "facts_of_discs",
    "write_labels",
]
