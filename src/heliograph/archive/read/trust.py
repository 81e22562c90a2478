"""Judge whether a set was sealed by the holder of a key: the signature of its index, and those of its data discs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.archive.read.disc import INDEX, DiscFolder, DiscImage
from heliograph.archive.read.reader import SetView
from heliograph.archive.signing.keys import Public
from heliograph.archive.texts.bag import INFO, TAG_MANIFEST, read_manifest
from heliograph.archive.texts.index import Index
from heliograph.errors import Damaged, DiscWrong, SignatureWrong

__all__ = ["SIGNED", "UNSIGNED", "WRONG", "Trust", "comment_of", "judge", "require"]

SIGNED: Final = "signed"
UNSIGNED: Final = "unsigned"
WRONG: Final = "wrong"


@dataclass(frozen=True, slots=True)
class Trust:
    """What the signatures of a set say: signed, unsigned, or wrong."""

    set_id: str
    state: str
    by: str = ""
    """The key, as minisign or OpenSSH calls it."""
    comment: str = ""
    """When and with what: vouched for by the signature."""
    why: str = ""
    discs: tuple[str, ...] = ()
    """Data discs whose own signature was checked."""

    def error(self) -> SignatureWrong | None:
        """The refusal, unless it is signed."""
        if self.state == SIGNED:
            return None
        return SignatureWrong(
            f"set {self.set_id}: {self.why or 'is not signed'}",
            hint="trust nothing on it that you cannot check otherwise; another --signer may be the right one",
            set_id=self.set_id,
            state=self.state,
        )


def comment_of(index: Index, what: str) -> str:
    """The trusted comment of a signature: the instant and the program stamped on the set, and what it is of."""
    return f"{index.created} {index.software} {what}"


def judge(view: SetView, signers: Sequence[Public]) -> Trust:
    """Whether one of `signers` signed the set, and each of its data discs that is here.

    Nothing is judged by what the discs say of themselves.

    Raises:
        Damaged: a sector on the way is damaged: mend it first.
    """
    wrong: dict[str, None] = {}
    for public in signers:
        why, comment, discs = _judge_by(public, view)
        if not why:
            return Trust(view.set_id, SIGNED, public.name, comment, "", discs)
        wrong[why] = None
    state = UNSIGNED if all(each.endswith(_NONE) for each in wrong) else WRONG
    return Trust(view.set_id, state, why="; ".join(wrong))


def require(view: SetView, signers: Sequence[Public]) -> None:
    """Refuse a set that none of `signers` signed; with no signers named, none is refused.

    Raises:
        SignatureWrong: not signed, signed by another, or changed since. Damaged: as `judge`.
    """
    if signers and (refused := judge(view, signers).error()) is not None:
        raise refused


_NONE: Final = "is not signed"


def _judge_by(public: Public, view: SetView) -> tuple[str, str, tuple[str, ...]]:
    """What is wrong (nothing, when all is right), the comment on the index, the data discs that were checked."""
    comment, checked = "", []
    for name, disc in view.discs.items():
        signature = _read(disc, INDEX + public.suffix)
        if signature is None:
            return f"{disc.where}: index.json {_NONE}", "", ()
        try:
            comment = public.check(signature, disc.index_text)
        except ValueError as wrong:
            return f"{disc.where}: the signature of index.json: {wrong}", "", ()
        for beside, sha256 in view.index.beside.items():  # the key of an encrypted set, and its names
            if hashlib.sha256(_read(disc, beside) or b"").hexdigest() != sha256:
                return f"{disc.where}: {beside} is not the one that the signed index names", "", ()
        if not name.startswith("D"):
            continue  # a parity disc's numbers are proved by what they rebuild
        signature = _read(disc, TAG_MANIFEST + public.suffix)
        if signature is None:
            return f"{disc.where}: {TAG_MANIFEST} {_NONE}", "", ()
        manifest = disc.read(TAG_MANIFEST)
        try:
            public.check(signature, manifest)
        except ValueError as wrong:
            return f"{disc.where}: the signature of {TAG_MANIFEST}: {wrong}", "", ()
        if not _is_of(disc, manifest, f"{view.set_id}-{name}"):
            return f"{disc.where}: {TAG_MANIFEST} is signed, and is that of another disc", "", ()
        checked.append(name)
    return "", comment.rpartition(" file:")[0], tuple(checked)


def _is_of(disc: DiscImage | DiscFolder, manifest: bytes, name: str) -> bool:
    """Whether the tag manifest is that of the disc `name`: it vouches for bag-info.txt, which says so."""
    info = disc.read(INFO)
    vouched = read_manifest(manifest, disc.where).get(INFO)
    return hashlib.sha256(info).hexdigest() == vouched and f"External-Identifier: {name}\n".encode() in info


def _read(disc: DiscImage | DiscFolder, path: str) -> bytes | None:
    try:
        return disc.read(path)
    except Damaged:
        raise
    except DiscWrong:
        return None
