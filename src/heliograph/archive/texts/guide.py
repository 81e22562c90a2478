"""README.txt on every disc: for a stranger who has the disc, a computer, and no Heliograph.

The words stand in `texts/`, in English and in Chinese; here they are filled in and the set is listed. Beside README.txt
stands `read_discs.py`, the same on every disc: a reader in plain Python, which imports nothing of Heliograph.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template
from typing import Final

from heliograph.archive.texts.custody import CUSTODY
from heliograph.archive.texts.index import Disc, File, Index, image_name, volume_name
from heliograph.units import counted

__all__ = ["READER", "guide", "reader"]

READER: Final = "read_discs.py"
"""The file on every disc that reads, checks, mends and joins without Heliograph."""

_LISTED: Final = 200
"""Files named one by one; beyond that the guide points to index.json."""

_THIS_DISC: Final = {
    ("en", "data"): "This disc is a data disc: the files stand in the folder data/, under their own names.",
    (
        "en",
        "parity",
    ): "This disc is a parity disc: data/ holds no files of the set, but numbers from which lost data discs\n"
    "are computed.",
    ("zh", "data"): "本盘是数据盘：文件以原名存放在 data/ 文件夹中。",
    ("zh", "parity"): "本盘是校验盘：data/ 中不是文件本身，而是用来恢复丢失数据盘的校验数据。",
}
_CHECK_MINISIGN: Final = """   minisign -V -P {0} -m index.json
   minisign -V -P {0} -m tagmanifest-sha256.txt"""
_CHECK_SSH: Final = """   echo "sealer KEY" > signers          KEY: the key above, both words
   ssh-keygen -Y verify -f signers -I sealer -n heliograph -s index.json.sig < index.json
   (and the same with tagmanifest-sha256.txt)"""


def guide(index: Index, disc: Disc, *, parity_explained: str = "") -> bytes:
    """The text of README.txt for `disc`, in English and then in Chinese.

    Args:
        parity_explained: how the parity discs are computed, in words and formulas.
    """
    parts = [
        f"{index.title}\nDisc {disc.name} of set {index.set_id}, sealed {index.created[:10]}\n\n"
        "(A Chinese version follows the English one. 中文说明在英文之后。)\n\n",
        _text("en", index, disc),
        _custody(index),
        _discs(index),
        _files(index),
        _split(index),
        _renamed(index),
        "-" * 92 + "\n\n",
        _text("zh", index, disc),
    ]
    if parity_explained and index.parity_discs:
        parts.append(f"HOW THE PARITY DISCS ARE COMPUTED   校验盘的计算方法\n\n{parity_explained.rstrip()}\n")
    return "".join(parts).encode()


@cache
def reader() -> bytes:
    """The program `read_discs.py`, byte for byte as it stands on every disc."""
    return (files("heliograph.archive.texts") / READER).read_bytes()


@cache
def _template(name: str) -> Template:
    return Template((files("heliograph.archive.texts") / name).read_text(encoding="utf-8"))


def _and_parity(language: str, parity: int) -> str:
    if not parity:
        return ""
    return f" and {counted(parity, 'parity disc')}" if language == "en" else f"，另有 {parity} 张校验盘"


def _text(language: str, index: Index, disc: Disc) -> str:
    parity = len(index.parity_discs)
    lost = _template(f"LOST.{language}.txt").substitute(parity=parity, all=len(index.discs)) if parity else ""
    return _template(f"README.{language}.txt").substitute(
        title=index.title,
        set_id=index.set_id,
        disc=disc.name,
        date=index.created[:10],
        files=f"{len(index.files):,}",
        bytes=f"{index.bytes:,}",
        data=len(index.data_discs),
        and_parity=_and_parity(language, parity),
        this_disc=_THIS_DISC[language, disc.kind],
        about=f"\n{index.about.strip()}\n" if index.about.strip() else "",
        redundancy=f"{index.redundancy:.0%}",
        lost_discs=lost,
        locked=_template(f"LOCKED.{language}.txt").template if index.locked else "",
        signed=_signed(language, index),
    )


def _signed(language: str, index: Index) -> str:
    if not index.signed_by:
        return ""
    ssh = index.signed_by.startswith("ssh-")
    return _template(f"SIGNED.{language}.txt").substitute(
        signed_by=index.signed_by, how=_CHECK_SSH if ssh else _CHECK_MINISIGN.format(index.signed_by)
    )


def _custody(index: Index) -> str:
    if not index.custody:
        return ""
    old = index.custody[-1].set_id
    return (
        "COPIED FROM OLDER DISCS   自旧盘迁移\n\n"
        f"  These files stood in set {old} before. {CUSTODY} tells of every step.\n"
        f"  这些文件此前存放在盘组 {old} 中；每一步见 {CUSTODY}。\n\n"
    )


def _discs(index: Index) -> str:
    count = dict.fromkeys((disc.name for disc in index.discs), 0)
    size = dict(count)
    for file in index.files:
        for piece in file.pieces:
            count[piece.disc] += 1
            size[piece.disc] += piece.bytes
    lines = ["DISCS   光盘\n\n"]
    for disc in index.discs:
        holds = f"{counted(count[disc.name], 'file')}, {size[disc.name]:,} bytes" if disc.kind == "data" else "parity"
        names = f"image {image_name(index.set_id, disc.name)}, volume {volume_name(index.set_id, disc.name)}"
        lines.append(f"  {disc.name}  {holds}; {names}\n")
    return "".join(lines) + "\n"


def _files(index: Index) -> str:
    lines = ["FILES   文件\n\n"]
    for file in index.files[:_LISTED]:
        discs = ", ".join(dict.fromkeys(piece.disc for piece in file.pieces))
        lines.append(f"  {file.path}   {file.bytes:,} bytes   {discs}\n")
    if len(index.files) > _LISTED:
        more = len(index.files) - _LISTED
        lines.append(f"  ... and {more:,} more, listed in index.json (其余 {more:,} 个文件见 index.json)\n")
    return "".join(lines) + "\n"


def _split(index: Index) -> str:
    split = [file for file in index.files if len(file.pieces) > 1]
    if not split:
        return ""
    lines = ["SPLIT FILES, AND THEIR PIECES IN ORDER   被分割的文件及其各部分（按顺序）\n\n"]
    for file in split[:_LISTED]:
        lines.append(f"  {file.path}   SHA-256 {file.sha256}\n")
        lines += [f"    {each.disc}: {each.path}   {each.bytes:,} bytes from {each.start:,}\n" for each in file.pieces]
    return "".join(lines) + "\n"


def _renamed(index: Index) -> str:
    changed = [file for file in index.files if _is_renamed(file)]
    if not changed:
        return ""
    lines = ["NAMES THAT HAD TO CHANGE ON THE DISC   在光盘上更改过的文件名\n\n"]
    lines += [f"  {file.pieces[0].path}   was   {file.path!r}\n" for file in changed[:_LISTED]]
    if len(changed) > _LISTED:
        lines.append(
            "  ... and more; in index.json, `path` of a file is its true name, `path` of a piece the one here\n"
        )
    return "".join(lines) + "\n"


def _is_renamed(file: File) -> bool:
    return len(file.pieces) == 1 and file.pieces[0].path != f"data/{file.path}"
