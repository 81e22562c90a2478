"""Encrypted sets that are packed anew: who may read the old one, for whom the new one is, and that no name gets out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.read.identify import identify
from heliograph.archive.read.reader import SetView
from heliograph.archive.texts.custody import Step
from heliograph.errors import Damaged, DiscWrong, UsageWrong
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.secret import Holders, Keyring

__all__ = ["check_keys", "check_names", "unlocked"]

_SEALED: Final = re.compile(r"\d{7}\.age")
"""What a file is called in an encrypted set."""


def check_keys(paths: Sequence[Path], ring: Keyring | None, holders: Holders | None) -> None:
    """See that the encrypted sets can be read, and for whom to encrypt, before hours of checking and mending.

    A disc that must be mended before it can be asked is asked later, by `unlocked`.

    Raises:
        UsageWrong, Locked: as `unlocked`, and as `Holders.lock`. NotFound: a path does not exist.
    """
    for here in identify(paths).sets:
        if here.index.locked:
            _check_given(here.index.set_id, ring, holders)
    if holders is not None:
        from heliograph.archive.secret.setkey import SetKey

        holders.lock(SetKey.new())
    if ring is not None:
        with suppress(Damaged, DiscWrong):
            identify(paths, ring)


def unlocked(view: SetView, ring: Keyring | None, holders: Holders | None) -> SetView:
    """The set with its true names; one that is not encrypted as it is.

    Raises:
        UsageWrong: it is encrypted, and there are no holders for the new one.
        Locked: no key, or the wrong one. Damaged, DiscWrong: no disc here holds what it should.
    """
    if not view.index.locked:
        return view
    _check_given(view.set_id, ring, holders)
    from heliograph.archive.read.unlock import unlock

    assert ring is not None
    return unlock(view, ring)


def check_names(set_id: str, custody: Sequence[Step]) -> None:
    """See that the custody of a set that is to be encrypted names no file in the clear.

    Raises:
        UsageWrong: it does: files that were let go of a set that was not encrypted.
    """
    named = sum(1 for step in custody for file in step.lost if not _SEALED.fullmatch(file.path))
    if named:
        raise UsageWrong(
            f"set {set_id}: its custody, which is not encrypted, would name {counted(named, 'file')} let go",
            hint="pack it anew without encryption; or restore it, and seal what there is with --recipient",
        )


def _check_given(set_id: str, ring: Keyring | None, holders: Holders | None) -> None:
    if ring is None:
        from heliograph.archive.read.restore import locked

        raise locked(set_id)
    if holders is None:
        raise UsageWrong(
            f"set {set_id}: is encrypted, and its discs do not tell for whom: say who may read the new set",
            hint="--recipient AGE1…, --recipients-file FILE, --new-passphrase or --new-passphrase-file FILE",
        )
