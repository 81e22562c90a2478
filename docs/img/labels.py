"""Draw labels.png, the picture in docs/archive.md: the face of a disc, a sticker, a sticker in Chinese."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
from PIL import Image

from heliograph.archive.label import Face, Facts, Holding, Stickers, write_labels

DPI = 140
HOLDS = (Holding("letters/", 1_812, 4_100_000_000), Holding("photos/", 21_004, 18_700_000_000))
TITLES = ("Family photographs and letters, 1998 to 2026", "徐汇车间二〇二六年十一月生产记录")
DISC = Facts(
    "HG7K3M9QX2A", "D02", TITLES[0], "2026-11-22", "data", 2, 7, 5, "3f6f" * 16, 23_400_000_000, "bd-25", HOLDS
)
OTHER = Facts(
    "HG4T8WB2C6M", "P01", TITLES[1], "2026-11-30", "parity", 5, 5, 4, "77c0" * 16, 24_100_000_000, "bd-25", ()
)


def drawn(facts: Facts, form: Face | Stickers, lang: str) -> Image.Image:
    """One label, as a viewer shows it."""
    with TemporaryDirectory() as folder:
        write_labels([facts], Path(folder) / "a.pdf", form, lang=lang, outline=True)  # type: ignore[arg-type]
        with pypdfium2.PdfDocument(Path(folder) / "a.pdf") as document:
            image: Image.Image = document[0].render(scale=DPI / 72).to_pil().convert("RGB")
            return image


def main() -> None:
    sticker = Stickers(1, 1, first=(2, 2), page=(67.5, 42.1))
    face, first, second = drawn(DISC, Face(), "en"), drawn(DISC, sticker, "en"), drawn(OTHER, sticker, "zh")
    gap = DPI // 6
    sheet = Image.new("RGB", (face.width + gap + first.width, face.height), "white")
    sheet.paste(face, (0, 0))
    top = (face.height - 2 * first.height - gap) // 2
    sheet.paste(first, (face.width + gap, top))
    sheet.paste(second, (face.width + gap, top + first.height + gap))
    sheet.quantize(32).save(Path(__file__).with_name("labels.png"), optimize=True)


if __name__ == "__main__":
    main()
