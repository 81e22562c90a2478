"""What labels say, in English and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from heliograph.archive.label.facts import Facts, Holding

__all__ = ["MEDIUM_NAMES", "WORDS", "Language", "Words"]

Language = Literal["en", "zh"]
_NAMES: Final = 60
"""No label has room for more."""

MEDIUM_NAMES: Final = {
    "cd": "CD-R",
    "dvd": "DVD-R",
    "bd-25": "BD-R 25 GB",
    "bd-50": "BD-R DL 50 GB",
    "bd-100": "BD-R XL 100 GB",
    "bd-128": "BD-R XL 128 GB",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language; what is in braces is filled in."""

    place: str
    data: str
    parity: str
    sealed: str
    on: str
    or_larger: str
    files: str
    one_file: str
    locked: str
    parity_of: str
    spare: str
    one_spare: str
    no_spare: str
    single: str
    apart: str
    read: str
    contents: str
    more: str
    set: str
    how: tuple[str, ...]
    comma: str

    def kind(self, facts: Facts) -> str:
        """Data disc or parity disc."""
        return self.data if facts.kind == "data" else self.parity

    def where(self, facts: Facts) -> str:
        """Which disc of how many."""
        return self.place.format(place=facts.place, of=facts.of)

    def medium(self, facts: Facts, medium: str) -> str:
        """On which medium it is, or at least has to be; nothing where that is not known."""
        if medium:
            return MEDIUM_NAMES.get(medium, medium)
        if not facts.least_medium:
            return ""
        size = "" if facts.image_bytes is None else human_size(facts.image_bytes)
        least = self.or_larger.format(medium=MEDIUM_NAMES[facts.least_medium])
        return self.on.format(size=size, medium=least) if size else least

    def amount(self, held: Facts | Holding) -> str:
        """So many files, so many bytes."""
        phrase = self.one_file if held.files == 1 else self.files
        return phrase.format(files=f"{held.files:,}", size=human_size(held.bytes))

    def holds(self, facts: Facts) -> str:
        """What is on it, in one line."""
        if facts.kind == "parity":
            last = f"D{facts.data:02d}"
            return self.parity_of.format(discs="D01" if facts.data == 1 else f"D01 – {last}")
        if facts.locked:
            return self.locked.format(amount=self.amount(facts))
        names = self.comma.join(each.name for each in facts.holds[:_NAMES])
        return f"{self.amount(facts)}{': ' if self.comma == ', ' else '：'}{names}" if names else self.amount(facts)

    def losses(self, facts: Facts) -> str:
        """How many discs may be lost."""
        if facts.of == 1:
            return self.single
        if facts.parity == 0:
            return self.no_spare
        return (self.one_spare if facts.parity == 1 else self.spare).format(parity=facts.parity, of=facts.of)

    def every_letter(self) -> str:
        """All letters that these phrases can show."""
        return "".join("".join(each) for name in self.__dataclass_fields__ for each in [getattr(self, name)])


def human_size(count: int) -> str:
    """Bytes in the decimal units that media are sold in."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.95 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


WORDS: Final[dict[Language, Words]] = {
    "en": Words(
        place="disc {place} of {of}",
        data="data",
        parity="parity",
        sealed="Sealed {day}",
        on="{size}, {medium}",
        or_larger="{medium} or larger",
        files="{files} files, {size}",
        one_file="{files} file, {size}",
        locked="{amount}, encrypted (age): opens with its key alone",
        parity_of="Parity of {discs}: stands in for a lost disc",
        spare="Any {parity} of the {of} discs may be lost.",
        one_spare="Any one of the {of} discs may be lost.",
        no_spare="Every one of the {of} discs is needed.",
        single="The only disc of its set.",
        apart="Keep the discs of a set apart from each other.",
        read="Opens on any computer (ISO 9660, UDF): see README.txt.",
        contents="On this disc",
        more="and {more} more; all are named in index.json on the disc",
        set="Set {set_id}",
        how=(
            "Open it in any computer: the file system is ISO 9660 and UDF, the files are plain. README.txt explains "
            "the disc in English and Chinese.",
            "Check it: python3 read_discs.py (on the disc), or dvdisaster, or heliograph archive verify.",
            "Scratched? Copy it with ddrescue and mend the image: dvdisaster, or heliograph archive repair.",
            "Keep it upright, dark, dry and cool. Write on it with soft, water-based pens only. No stickers.",
        ),
        comma=", ",
    ),
    "zh": Words(
        place="第 {place} / {of} 张",
        data="数据盘",
        parity="校验盘",
        sealed="封存日期 {day}",
        on="{size}，{medium}",
        or_larger="{medium} 或更大",
        files="{files} 个文件，{size}",
        one_file="{files} 个文件，{size}",
        locked="{amount}，已加密（age），凭密钥打开",
        parity_of="{discs} 的校验盘：可替代丢失的光盘",
        spare="全套 {of} 张中任意 {parity} 张丢失均可恢复。",
        one_spare="全套 {of} 张中任意一张丢失均可恢复。",
        no_spare="全套 {of} 张缺一不可。",
        single="本套仅此一张。",
        apart="同一套光盘请分开存放。",
        read="任何电脑均可打开（ISO 9660、UDF）；见 README.txt。",
        contents="本盘内容",
        more="另有 {more} 项，全部列于盘内 index.json",
        set="盘组 {set_id}",
        how=(
            "任何电脑均可打开（ISO 9660、UDF），文件均为原样；说明见 README.txt（中英文）。",
            "核验：python3 read_discs.py（在盘内），或 dvdisaster，或 heliograph archive verify。",
            "划伤后：用 ddrescue 读成映像，再用 dvdisaster 或 heliograph archive repair 修复。",
            "竖放，避光，干燥，阴凉。只用软头水性笔书写；不要在盘面贴标签。",
        ),
        comma="、",
    ),
}
