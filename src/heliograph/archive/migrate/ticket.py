"""What a killed migration into an encrypted set is known by: its id, drawn by chance, on a ticket in the new folder.

A plain set that is sealed again has the same id and the same bytes. An encrypted one has neither, so that the images of
a killed run would lie about for ever, half a set under good names. The ticket says which these are. It goes when the
set is whole and entered.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from heliograph.archive.read.reader import SetView, find_sets
from heliograph.archive.seal.plan import chance_id
from heliograph.archive.texts.index import image_name
from heliograph.errors import CannotWrite, Locked
from heliograph.files import PARTIAL, cannot_write, write_whole

if TYPE_CHECKING:
    from heliograph.archive.secret import Holders

__all__ = ["Ticket"]


class _Told(msgspec.Struct, frozen=True):
    """What stands on a ticket."""

    set_id: Annotated[str, msgspec.Meta(pattern="^HG[0-9A-Z]{9}$")]
    """Of the new set. Images of that name are removed, so nothing else will do."""
    recipients_sha256: str
    """Nothing, for a passphrase: a hash would let it be guessed."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket of one old set in the folder of the new one."""

    to: Path
    old_set: str
    holders: Holders = field(repr=False)

    def begin(self) -> str:
        """Draw the id of the new set, and remove what a killed run has left of another, unless that one is whole.

        Raises:
            CannotWrite: the folder cannot be written.
        """
        before = self._told()
        if before is not None:
            self._clear(before.set_id)
        new = _Told(chance_id(), self._recipients_sha256)
        write_whole(self._path, msgspec.json.encode(new))
        return new.set_id

    def check(self, view: SetView) -> None:
        """See that a whole set in the folder is for the same holders: then it is the one wanted.

        Raises:
            CannotWrite: it is not, or that cannot be told.
        """
        told = self._told()
        if self.holders.passphrase is not None:
            same = self._opens(view)
        else:
            same = told is not None and told == _Told(view.set_id, self._recipients_sha256)
        if not same:
            raise CannotWrite(
                f"{self.to}: holds set {view.set_id}, which an earlier migration of set {self.old_set} wrote; for whom "
                "it is encrypted cannot be told",
                hint="it is whole: keep it; or choose another folder (--to), or move its images away, and say it again",
                path=str(self.to),
            )

    def end(self) -> None:
        """The set is whole and entered."""
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.to / f"{self.old_set}-migration{PARTIAL}"

    @property
    def _recipients_sha256(self) -> str:
        if self.holders.passphrase is not None:
            return ""
        return hashlib.sha256("\n".join(sorted(set(self.holders.recipients))).encode()).hexdigest()

    def _told(self) -> _Told | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Told)
        except FileNotFoundError:
            return None
        except OSError as wrong:
            raise cannot_write(self._path, wrong) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise CannotWrite(
                f"{self._path}: not what a migration left there", hint="move it away", path=str(self._path)
            ) from None

    def _opens(self, view: SetView) -> bool:
        from heliograph.archive.secret import Keyring
        from heliograph.archive.secret.contents import KEY

        disc: Any = next(iter(view.discs.values()))
        try:
            Keyring(passphrase=self.holders.passphrase).open(disc.read(KEY), view.set_id)
        except Locked:
            return False
        return True

    def _clear(self, set_id: str) -> None:
        found = find_sets([self.to])
        try:
            if any(view.set_id == set_id and not view.missing for view in found.sets):
                return
        finally:
            found.close()
        for path in self.to.glob(image_name(set_id, "*") + "*"):
            if path.suffix in (".iso", PARTIAL):
                path.unlink(missing_ok=True)
