"""Labels: what stands on them is true, can be read by other programs, and nothing leaves its place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from disc_sets import DATE, damage, write_files

from heliograph.archive.catalog import Where, add, enter
from heliograph.archive.label import (
    CASES,
    Face,
    Facts,
    Holding,
    Stickers,
    facts_in_catalog,
    facts_of_discs,
    fonts,
    write_labels,
)
from heliograph.archive.label.form import Form
from heliograph.archive.medium import of_size
from heliograph.archive.read.disc import DiscImage
from heliograph.archive.read.identify import identify
from heliograph.archive.seal.seal import DiscSet, seal
from heliograph.archive.texts.index import FORMAT, Disc, Index
from heliograph.cli.main import main
from heliograph.errors import NotFound, UsageWrong

MM = 72 / 25.4
TITLES = ("Family photographs and letters, 1998 to 2026", "徐汇车间二〇二六年十一月生产记录与质量追溯档案")
FORMS: dict[str, Form] = {"stickers": Stickers(), "face": Face(), "old face": Face(46, 116), **CASES}
FORMS["small stickers"] = Stickers(4, 10, 48.5, 25.4, (8, 21), (0, 0))
FORMS["upright stickers"] = Stickers(4, 4, 45, 70, (10, 8), (2, 0))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> list[DiscSet]:
    """Two sets in one folder: two data discs and a parity disc each; one with a Chinese title."""
    folder = tmp_path_factory.mktemp("shelf")
    made = []
    for number, title in enumerate(TITLES):
        write_files(folder / f"tree{number}" / "photos", a_bin=600_000 + number, b_bin=600_000)
        write_files(folder / f"tree{number}" / "letters", c_txt=10)
        write_files(folder / f"tree{number}" / "信件", d_txt=10)
        more = {"date": DATE, "medium": of_size("3MB"), "parity": 1, "title": title}
        made.append(seal([folder / f"tree{number}"], folder / "discs", **more))  # type: ignore[arg-type]
        assert [disc.name for disc in made[-1].discs] == ["D01", "D02", "P01"]
    return made


@pytest.fixture(scope="module")
def facts(shelf: list[DiscSet]) -> list[Facts]:
    return facts_of_discs(identify([shelf[0].discs[0].path.parent]))


def pages(pdf: Path, dpi: int = 300) -> list[np.ndarray[Any, Any]]:
    """Each page as a viewer shows it, grey: rows from the top."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [np.asarray(page.render(scale=dpi / 72, grayscale=True).to_pil()) for page in document]


def codes(pdf: Path) -> list[str]:
    """What another program reads in the QR codes, page by page."""
    found: list[str] = []
    for page in pages(pdf):
        found += [code.text for code in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)]
    return found


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_each_code_says_which_disc_it_is(shelf: list[DiscSet], facts: list[Facts], tmp_path: Path, form: Form):
    """Held against the disc itself, not against what the label was made from."""
    write_labels(facts, tmp_path / "labels.pdf", form, lang="zh")

    expected = set()
    for one in shelf:
        for place, disc in enumerate(one.discs, 1):
            image = DiscImage(disc.path)
            index = hashlib.sha256(image.read("index.json")).hexdigest()[:16]
            name = image.volume_name.replace("_", " ")
            image.close()
            expected.add(
                f"Heliograph disc\n{name}\n{place}/3 {disc.kind}\n2026-11-22\nindex {index}\n{one.index.title}"
            )
    read = codes(tmp_path / "labels.pdf")
    assert len(read) == 6
    assert set(read) == expected


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_person_reads(facts: list[Facts], tmp_path: Path, lang: Any):
    write_labels(facts, tmp_path / "labels.pdf", CASES["bd"], lang=lang, medium="bd-25")

    with pypdfium2.PdfDocument(tmp_path / "labels.pdf") as document:
        texts = ["".join(page.get_textpage().get_text_range().split()) for page in document]
    for one, text in zip(facts, texts, strict=True):
        said = [one.title, one.set_id, one.disc, one.day, "BD-R 25 GB", *(held.name for held in one.holds)]
        if lang == "en":
            said += [f"disc {one.place} of 3", one.kind, "Any one of the 3 discs may be lost.", "apart from each other"]
        else:
            said += [f"第 {one.place} / 3 张", "数据盘" if one.kind == "data" else "校验盘", "分开存放"]
        for words in said:
            assert "".join(words.split()) in text


def awkward(facts: list[Facts]) -> list[Facts]:
    """Discs whose words are too many, too long, or in many scripts."""
    one = facts[0]
    many = tuple(Holding(f"数据/{year} 年/", 12_345_678, 10**15) for year in range(1900, 2026))
    long = tuple(Holding("x" * 255, 1, 1) for _ in range(40))
    return [
        replace(one, title="The complete and unabridged works, letters, invoices and drawings " * 3, holds=many),
        replace(one, title="W" * 128, disc="D100", place=100, of=255, data=239, holds=long),
        replace(one, title="徐汇车间生产记录与质量追溯档案" * 8, holds=many, image_bytes=None, least_medium=""),
        replace(one, title="x", of=1, data=1, holds=()),
        replace(one, title="Ünïcödé Ελληνικά Русский 日本語", kind="parity", disc="P16", place=255, of=255, data=239),
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_word_leaves_its_label_or_lies_on_another_or_on_a_code(
    facts: list[Facts], tmp_path: Path, form: Form, lang: Any
):
    labels = awkward(facts)
    write_labels(labels, tmp_path / "labels.pdf", form, lang=lang)

    used = []
    with pypdfium2.PdfDocument(tmp_path / "labels.pdf") as document:
        for page in document:
            text = page.get_textpage()
            letters = [text.get_charbox(at) for at in range(text.count_chars()) if text.get_text_range(at, 1).strip()]
            boxes = np.array(letters)
            within = np.array([_within(boxes, *corners) for corners in _slots(form)])
            assert within.any(axis=0).all()
            assert _overlaps(boxes) == 0
            used += [slot for slot in within if slot.any()]
    assert len(used) == len(labels)
    # What covers a code makes it unreadable.
    read = [code.splitlines()[1] for code in codes(tmp_path / "labels.pdf")]
    assert sorted(read) == sorted(f"{one.set_id} {one.disc}" for one in labels)


Corner = tuple[float, float]


def _slots(form: Form) -> list[tuple[Corner, Corner]]:
    """Lower left and upper right corner of each label on a page, in points."""
    found = []
    for x, y in form.slots:
        if isinstance(form, Stickers):
            right, high = x + form.width, y + form.height
        else:
            right, high = form.page[0] - x, form.page[1] - y
        found.append(((x * MM, y * MM), (right * MM, high * MM)))
    return found


def _within(boxes: np.ndarray[Any, Any], low: Corner, high: Corner) -> np.ndarray[Any, Any]:
    inside: np.ndarray[Any, Any] = (boxes[:, :2] >= np.array(low)).all(axis=1)
    return inside & (boxes[:, 2:] <= np.array(high)).all(axis=1)


def _overlaps(boxes: np.ndarray[Any, Any]) -> int:
    """Pairs of letters of which one covers more than a fifth of the other's box."""
    left, low, right, high = boxes.T
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    along = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    area = (right - left) * (high - low)
    covered = np.clip(across, 0, None) * np.clip(along, 0, None) / np.maximum(np.minimum(area[:, None], area), 0.05)
    np.fill_diagonal(covered, 0)
    return int((covered > 0.2).sum() // 2)


@pytest.mark.parametrize(("inner", "outer"), [(23, 118), (46, 116)])
def test_nothing_is_printed_outside_the_ring_of_a_disc(facts: list[Facts], tmp_path: Path, inner: float, outer: float):
    write_labels([*facts, *awkward(facts)], tmp_path / "faces.pdf", Face(inner, outer))

    for page in pages(tmp_path / "faces.pdf", 200):
        y, x = np.nonzero(page < 250)
        away_mm = np.hypot(x + 0.5 - page.shape[1] / 2, y + 0.5 - page.shape[0] / 2) * 25.4 / 200
        assert away_mm.min() > inner / 2
        assert away_mm.max() < outer / 2


def embedded(pdf: Path) -> list[bool]:
    """Whether the font of each text is in the file."""
    with pypdfium2.PdfDocument(pdf) as document:
        texts = [each for page in document for each in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT])]
        return [pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(each.raw)) == 1 for each in texts]


def test_every_font_is_in_the_file(facts: list[Facts], tmp_path: Path):
    write_labels(facts, tmp_path / "labels.pdf", Stickers(), lang="zh")

    there = embedded(tmp_path / "labels.pdf")
    assert len(there) > 50
    assert all(there)


def cubic_font(letters: str) -> bytes:
    """A font with PostScript outlines (CFF), as Noto Sans CJK has: a ring of 800 units for each letter."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    def ring() -> Any:
        pen = T2CharStringPen(1000, None)
        for radius, way in ((400, 1), (250, -1)):
            bend, points = radius * 0.5523, []
            for a, b in ((1, 0), (0, 1), (-1, 0), (0, -1)):
                points.append((500 + radius * a, 400 + way * radius * b, a, way * b))
            pen.moveTo(points[0][:2])
            for (x0, y0, a0, b0), (x1, y1, a1, b1) in zip(points, [*points[1:], points[0]], strict=True):
                pen.curveTo((x0 + bend * a1, y0 + bend * b1), (x1 + bend * a0, y1 + bend * b0), (x1, y1))
            pen.closePath()
        return pen.getCharString()

    names = [".notdef", *(f"g{at}" for at in range(len(letters)))]
    build = FontBuilder(1000, isTTF=False)
    build.setupGlyphOrder(names)
    build.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    build.setupCFF("Rings", {}, {name: ring() for name in names}, {})
    build.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    build.setupHorizontalHeader(ascent=900, descent=-100)
    build.setupNameTable({"familyName": "Rings", "styleName": "Regular"})
    build.setupOS2()
    build.setupPost()
    out = BytesIO()
    build.save(out)
    return out.getvalue()


def test_a_font_with_postscript_outlines_is_embedded_too(facts: list[Facts], tmp_path: Path):
    """What is drawn is the ring that stands in this font for a Chinese letter."""
    (tmp_path / "rings.otf").write_bytes(cubic_font("徐"))

    write_labels(
        [replace(facts[0], title="徐", holds=())], tmp_path / "a.pdf", CASES["dvd"], font=tmp_path / "rings.otf"
    )

    assert all(embedded(tmp_path / "a.pdf"))
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        text = document[0].get_textpage()
        where = [text.get_charbox(at) for at in range(text.count_chars()) if text.get_text_range(at, 1) == "徐"]
    left, low, right, high = max(where, key=lambda box: box[2] - box[0])
    (page,) = pages(tmp_path / "a.pdf", 300)
    scale = 300 / 72
    rows = slice(int(page.shape[0] - high * scale), int(page.shape[0] - low * scale))
    letter = page[rows, int(left * scale) : int(right * scale)] < 128
    tall, wide = letter.shape
    ink = np.pi * (400**2 - 250**2) / 800**2
    assert letter[tall // 2 - 4 : tall // 2 + 4, wide // 2 - 4 : wide // 2 + 4].sum() == 0  # the hole is a hole
    assert 0.85 * ink < letter.mean() < 1.35 * ink  # bold thickens it


def test_without_a_chinese_font_no_label_is_written(
    facts: list[Facts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fonts, "_candidates", lambda: [])
    fonts._found.cache_clear()
    try:
        with pytest.raises(UsageWrong, match="no font with the letters") as refused:
            write_labels(facts, tmp_path / "labels.pdf", Stickers())
        assert "--font" in refused.value.hint
        assert not (tmp_path / "labels.pdf").exists()

        plain = [one for one in facts if one.title.isascii()]
        odd = [replace(plain[0], title="rare \U00010480", holds=())]
        assert write_labels(odd, tmp_path / "labels.pdf", Stickers()).missing == "\U00010480"
    finally:
        fonts._found.cache_clear()


def test_what_is_no_font_is_named(facts: list[Facts], tmp_path: Path):
    (tmp_path / "letter.ttf").write_text("Dear friend")

    with pytest.raises(UsageWrong, match=r"--font .*letter\.ttf: "):
        write_labels(facts, tmp_path / "labels.pdf", Stickers(), font=tmp_path / "letter.ttf")


def test_the_same_discs_give_the_same_bytes(facts: list[Facts], tmp_path: Path):
    for name in ("a.pdf", "b.pdf"):
        write_labels(facts, tmp_path / name, Stickers(skip=20))

    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        assert len(document) == 2  # one sticker was left on the first sheet


def test_a_catalog_says_the_same_as_the_discs(shelf: list[DiscSet], facts: list[Facts], catalog: Where):
    add(catalog, [shelf[0].discs[0].path.parent])

    assert facts_in_catalog(catalog) == facts
    one = facts_in_catalog(catalog, [shelf[1].set_id.lower()], ["p01"])
    assert [(each.set_id, each.disc) for each in one] == [(shelf[1].set_id, "P01")]
    with pytest.raises(NotFound, match="no disc called D09"):
        facts_in_catalog(catalog, discs=["D09"])


def test_what_a_disc_holds_is_told_by_the_folders_where_the_set_parts(facts: list[Facts]):
    english = [one for one in facts if one.title == TITLES[0]]
    names = {one.disc: [held.name for held in one.holds] for one in english}

    assert sorted({name for held in names.values() for name in held}) == [
        "tree0/letters/",
        "tree0/photos/",
        "tree0/信件/",
    ]
    assert names["P01"] == []
    assert sum(one.files for one in english) == 4


def test_a_title_cannot_add_lines_to_a_code(tmp_path: Path):
    """Seal lets no such title through; a tampered disc may have one."""
    title = "a\n2026-01-01\r\x1b[2J" + "b" * 10**6
    hostile = Index(FORMAT, "HG000000001", title, "2026", "test", 0.15, (Disc("D01", "data", 1),), (), ())
    enter(tmp_path / "c.sqlite", hostile, {})

    (one,) = facts_in_catalog(tmp_path / "c.sqlite")
    write_labels([one], tmp_path / "labels.pdf", Stickers())

    assert one.title.startswith("a 2026-01-01 [2Jbbb")
    (code,) = codes(tmp_path / "labels.pdf")
    assert code.splitlines()[:4] == ["Heliograph disc", "HG000000001 D01", "1/1 data", "2026"]
    assert len(code.splitlines()) == 6


def test_a_disc_that_cannot_be_identified_is_named_and_gets_no_label(
    shelf: list[DiscSet], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    import shutil

    folder = shutil.copytree(shelf[0].discs[0].path.parent, tmp_path / "discs")
    sick = folder / shelf[0].discs[0].path.name
    damage(sick, 0.95)
    out = tmp_path / "labels.pdf"

    code = main(["archive", "label", str(folder), "--out", str(out), "--json"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert code in (7, 10)
    assert error["message"].startswith(f"{sick} has no label: ")
    assert list(error["fields"]["unidentified"]) == [str(sick)]
    assert len(error["fields"]["labels"]) == 5
    assert len(codes(out)) == 5
    out.unlink()
    assert main(["archive", "label", str(sick), "--out", str(out)]) in (7, 10)
    assert not out.exists()


def test_a_disc_that_was_renamed_within_is_not_believed(shelf: list[DiscSet], tmp_path: Path):
    """The ISO alone, without checksums: its volume says D07, its index knows no such disc."""
    disc = shelf[0].discs[0]
    whole = bytearray(disc.path.read_bytes()[: disc.iso_bytes])
    name = f"{shelf[0].set_id}_D01".encode()
    at = whole.index(name, 16 * 2048)
    whole[at : at + len(name)] = name.replace(b"D01", b"D07")
    (tmp_path / "renamed.iso").write_bytes(whole)

    found = identify([tmp_path / "renamed.iso"])

    assert not found.sets
    (wrong,) = found.unread.values()
    assert "D07', which is no disc of the set" in wrong.message


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["discs", "--catalog", "c.sqlite"], 2, "give either PATH..., or --catalog"),
        ([], 2, "give either PATH..., or --catalog"),
        (["nowhere"], 6, "nowhere: no such file or directory"),
        (["empty"], 6, "empty: no discs of Heliograph here"),
        (["discs", "--disc", "D09"], 6, "no disc called D09"),
        (["--catalog", "none.sqlite"], 6, "none.sqlite: no such catalog"),
        (["discs", "--size", "30x10"], 2, "stickers of 30 x 10 mm: expected at least 45 x 20 mm"),
        (["discs", "--size", "wide"], 2, "'wide': expected two numbers such as 63.5x38.1"),
        (["discs", "--grid", "4x7"], 2, "4 x 7 stickers take 268.75 x 281.85 mm; the page has 210 x 297 mm"),
        (["discs", "--grid", "0x7"], 2, "0 x 7 stickers"),
        (["discs", "--skip", "21"], 2, "skip 21: a sheet has 21 stickers"),
        (["discs", "--form", "face", "--ring", "60x118"], 2, "a printable ring of 60 to 118 mm"),
        (["discs", "--form", "bd", "--page", "148x210"], 2, "a case of 270 x 148 mm does not fit on 210 x 148 mm"),
        (["discs", "--form", "bd", "--spine", "1"], 2, "a spine of 1 mm: expected 3 to 40 mm"),
        (["discs", "--out", "empty"], 12, "empty: is a directory"),
    ],
)
def test_mistakes_get_one_clear_line(
    shelf: list[DiscSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    said: str,
):
    (tmp_path / "discs").symlink_to(shelf[0].discs[0].path.parent)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    assert main(["archive", "label", *words]) == code
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "labels.pdf").exists()


def test_the_command_tells_where_each_label_is(
    shelf: list[DiscSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    discs = str(shelf[0].discs[0].path.parent)

    assert main(["archive", "label", discs, "--form", "face", "--set", shelf[1].set_id, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(each["disc"], each["page"]) for each in document["labels"]] == [("D01", 1), ("D02", 2), ("P01", 3)]
    assert [each["code"] for each in document["labels"]] == codes(tmp_path / "labels.pdf")
    assert main(["archive", "label", "--catalog", discs, "--lang", "zh", "--outline"]) == 0
    assert TITLES[0] in capsys.readouterr().out
