"""Write labels into one PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from heliograph.archive.label.facts import Facts, code_text
from heliograph.archive.label.fonts import Fonts
from heliograph.archive.label.form import Form, Say
from heliograph.archive.label.pen import MM, Pen
from heliograph.archive.label.words import MEDIUM_NAMES, WORDS, Language
from heliograph.files import whole_file

__all__ = ["Labels", "write_labels"]

_PLAIN = "".join(map(chr, range(32, 127))) + "…·–□"


@dataclass(frozen=True, slots=True)
class Labels:
    """What was written."""

    pages: int
    placed: tuple[tuple[Facts, int], ...]
    """Each disc and the page of its label, from 1."""
    missing: str
    """Letters that no font has: boxes stand for them."""


def write_labels(
    facts: Sequence[Facts],
    out: Path,
    form: Form,
    *,
    lang: Language = "en",
    medium: str = "",
    outline: bool = False,
    font: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Labels:
    """Write a label for each disc, in their order; the same facts give the same bytes on the same machine.

    Args:
        form: `Stickers`, `Face` or one of `CASES`.
        medium: what the discs are, a name from `MEDIA` or any other; else the least that would do is named.
        font: a font file for letters that DejaVu Sans lacks; else one is looked for on this machine.
        outline: thin lines where the labels end, to try a sheet on plain paper.
    Raises:
        UsageWrong: no font here has the Chinese letters. CannotWrite: full disk, read-only folder.
    """
    words = WORDS[lang]
    texts = [each.title + "".join(held.name for held in each.holds) for each in facts]
    fonts = Fonts({*_PLAIN, *words.every_letter(), *"".join(MEDIUM_NAMES.values()), *medium, *"".join(texts)}, font)
    slots = form.slots
    placed: list[tuple[Facts, int]] = []
    with whole_file(out) as aside:
        canvas = Canvas(str(aside), pagesize=(form.page[0] * MM, form.page[1] * MM), pageCompression=1, invariant=1)
        canvas.setTitle("Heliograph: disc labels")
        canvas.setCreator("heliograph archive label")
        pen = Pen(canvas, fonts)
        for number, each in enumerate(facts, form.skip):
            page, slot = divmod(number, len(slots))
            if slot == 0 and placed:
                canvas.showPage()
            canvas.saveState()
            canvas.translate(slots[slot][0] * MM, slots[slot][1] * MM)
            form.draw(pen, Say(each, words, code_text(each), words.medium(each, medium)), outline=outline)
            canvas.restoreState()
            placed.append((each, page + 1))
            if progress is not None:
                progress(len(placed), len(facts))
        canvas.save()
    return Labels(placed[-1][1], tuple(placed), fonts.missing)
