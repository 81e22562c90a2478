"""Letters for labels, embedded in the PDF, so that every viewer and printer shows the same.

DejaVu Sans, which comes with matplotlib, has Latin, Greek and Cyrillic. What it lacks is taken from a font of this
machine, Chinese ones first. The PDF standard's own Chinese font, STSong-Light, is no way out: it is not embedded, and
a viewer without it (poppler without its data, for one) shows nothing where the title should be.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from io import BytesIO
from itertools import accumulate, count, groupby
from pathlib import Path
from typing import Any, Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from heliograph.errors import UsageWrong

__all__ = ["BOX", "Fonts"]

BOX: Final = "□"
"""Stands for a letter that no font has."""

_CHINESE: Final = (
    *("notosanscjk", "sourcehansans", "notosanssc", "msyh", "pingfang", "hiraginosansgb", "wqy-microhei", "wqy-zenhei"),
    *("simhei", "stheiti", "droidsansfallback", "arialunicode"),
)
"""How the files of fonts with Chinese letters begin, the most legible first."""
_RESTRICTED: Final = 0x0002
"""OS/2 fsType: the maker does not allow embedding."""
_LIMITS: Final = tuple(
    f"max{each}"
    for each in (
        *("Points", "Contours", "CompositePoints", "CompositeContours", "TwilightPoints", "Storage", "FunctionDefs"),
        *("InstructionDefs", "StackElements", "SizeOfInstructions", "ComponentElements", "ComponentDepth"),
    )
)
"""What table maxp of a TrueType font says; 0 will do, it is computed when the font is saved."""
_TABLES: Final = {
    *("GlyphOrder", "head", "hhea", "maxp", "OS/2", "hmtx", "cmap", "loca", "glyf"),
    "CFF ",
    "CFF2",
    "name",
    "post",
}
"""What a font needs to be set from left to right."""
_number = count()


class Fonts:
    """The fonts for some letters, registered with reportlab."""

    def __init__(self, letters: Iterable[str], given: Path | None = None) -> None:
        """Find them.

        Args:
            given: a font file to look in first.
        Raises:
            UsageWrong: no font has the Chinese, Japanese or Korean letters, or the file given is no font.
        """
        from matplotlib import get_data_path

        home = Path(get_data_path()) / "fonts" / "ttf"
        self._plain, self._bold = (_registered(str(home / f"DejaVuSans{more}.ttf")) for more in ("", "-Bold"))
        self._latin = pdfmetrics.getFont(self._plain).face.charToGlyph
        self._others: dict[str, str] = {}
        wanted = {letter for letter in letters if letter.isprintable() and ord(letter) not in self._latin}
        for font, has in _found(frozenset(wanted), given):
            self._others |= dict.fromkeys(has, font)
        self.missing = "".join(sorted(wanted - self._others.keys()))
        """Letters that become a box."""
        if wide := [letter for letter in self.missing if unicodedata.east_asian_width(letter) in "WF"]:
            raise UsageWrong(
                f"no font with the letters {''.join(wide[:8])}{'…' if wide[8:] else ''} was found here",
                hint="install one (on Debian: fonts-noto-cjk), or name a font file with --font",
            )
        self._widths: dict[tuple[str, str], float] = {}
        self.ends = lru_cache(4096)(self._measured)
        """Where each letter of a text (bold or not) ends, in letter heights: the widths of all its beginnings."""

    def runs(self, text: str, *, bold: bool) -> list[tuple[str, str]]:
        """A text in parts of one font each: (font, part)."""
        main = self._bold if bold else self._plain
        known = [letter if ord(letter) in self._latin or letter in self._others else BOX for letter in text]
        return [(font, "".join(part)) for font, part in groupby(known, lambda letter: self._others.get(letter, main))]

    def is_bold(self, font: str) -> bool:
        """Whether a font is bold by itself; the others are thickened where bold is asked for."""
        return font == self._bold

    def width(self, text: str, size: float, *, bold: bool) -> float:
        """In points."""
        return self.ends(text, bold)[-1] * size if text else 0.0

    def _measured(self, text: str, bold: bool) -> list[float]:
        runs = self.runs(text, bold=bold)
        return list(accumulate(self._width(font, letter) for font, part in runs for letter in part))

    def _width(self, font: str, letter: str) -> float:
        known = self._widths.get((font, letter))
        if known is None:
            known = self._widths[font, letter] = pdfmetrics.stringWidth(letter, font, 1000) / 1000
        return known


@cache
def _registered(path: str) -> str:
    name = f"heliograph-{Path(path).stem}"
    pdfmetrics.registerFont(TTFont(name, path))
    return name


@cache
def _found(letters: frozenset[str], given: Path | None) -> tuple[tuple[str, frozenset[str]], ...]:
    """Fonts that have the letters, with those that each gives."""
    found, left = [], set(letters)
    if given is not None:
        try:
            found += _take(str(given), left)
        except Exception as wrong:
            raise UsageWrong(
                f"--font {given}: {str(wrong) or type(wrong).__name__}", hint="expected a .ttf, .otf or .ttc file"
            ) from None
    for path in _candidates() if left else ():
        with contextlib.suppress(Exception):  # a broken font of some other program is no trouble of ours
            found += _take(path, left)
        if not left:
            break
    return tuple(found)


def _candidates() -> list[str]:
    """The font files of this machine: those with Chinese letters, then all others by name."""
    from matplotlib.font_manager import findSystemFonts

    def rank(path: str) -> tuple[object, ...]:
        name = Path(path).stem.lower().replace(" ", "")
        first = next((place for place, begin in enumerate(_CHINESE) if name.startswith(begin)), len(_CHINESE))
        return first, "regular" not in name, "bold" in name or "italic" in name or "oblique" in name, path

    return sorted(findSystemFonts(), key=rank)


def _take(path: str, left: set[str]) -> list[tuple[str, frozenset[str]]]:
    """The letters that a font file gives of those that are left: registered, and left no longer."""
    with _face(path) as font:
        has = {letter for letter in left if ord(letter) in font.getBestCmap()}
        if not has or font["OS/2"].fsType & _RESTRICTED:
            return []
        name = f"heliograph-{next(_number)}"
        pdfmetrics.registerFont(TTFont(name, _cut(font, has, name)))
    left -= has
    return [(name, frozenset(has))]


def _face(path: str) -> Any:
    """A font file; of one with several faces that for simplified Chinese, if it says so, or the first."""
    from fontTools.ttLib import TTFont as Face

    if not path.lower().endswith((".ttc", ".otc")):
        return Face(path)
    faces = Face(path, fontNumber=0).reader.numFonts
    names = [Face(path, fontNumber=number)["name"].getBestFamilyName() or "" for number in range(faces)]
    return Face(path, fontNumber=next((at for at, name in enumerate(names) if name.endswith((" SC", " CN"))), 0))


def _cut(font: Any, letters: set[str], name: str) -> BytesIO:
    """A TrueType font of these letters alone, whatever outlines the font has.

    It gets a name of its own: reportlab takes fonts of one name for one font.
    """
    from fontTools.subset import Options, Subsetter

    for table in set(font.keys()) - _TABLES:
        del font[table]
    options = Options()
    options.layout_features, options.hinting, options.glyph_names = [], False, False
    cutter = Subsetter(options)
    cutter.populate(unicodes=[ord(letter) for letter in letters])
    cutter.subset(font)
    if "glyf" not in font:
        _to_quadratic(font)
    for platform in ((1, 0, 0), (3, 1, 0x409)):
        font["name"].setName(name, 6, *platform)
    out = BytesIO()
    font.save(out)
    out.seek(0)
    return out


def _to_quadratic(font: Any) -> None:
    """Cubic outlines (CFF) to TrueType's quadratic ones, which alone reportlab embeds; to a thousandth of an em."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    shapes, names = font.getGlyphSet(), font.getGlyphOrder()
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(shapes)
        shapes[name].draw(Cu2QuPen(pen, font["head"].unitsPerEm / 1000, reverse_direction=True))
        glyphs[name] = pen.glyph()
    for table in ("CFF ", "CFF2"):
        if table in font:
            del font[table]
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = names, glyphs
    for name, (advance, _) in font["hmtx"].metrics.items():
        glyphs[name].recalcBounds(font["glyf"])
        font["hmtx"][name] = (advance, getattr(glyphs[name], "xMin", 0))
    top = font["maxp"]
    top.tableVersion = 0x00010000
    for limit in _LIMITS:
        setattr(top, limit, 0)
    top.maxZones = 1
    font["post"].formatType, font["head"].glyphDataFormat = 3.0, 0
    font.sfntVersion = "\x00\x01\x00\x00"
