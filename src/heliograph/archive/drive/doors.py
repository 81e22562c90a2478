"""Which door a person means: `image:DIR`, `stdio:FILE`, /dev/sr0."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from heliograph.archive.drive.folder import FolderDrive
from heliograph.archive.drive.port import Drive
from heliograph.archive.drive.recorder import STDIO, Recorder
from heliograph.errors import UsageWrong

__all__ = ["drive_called"]

_IMAGE: Final = "image:"


def drive_called(text: str, home: Path) -> Drive:
    """The drive that `text` names.

    Args:
        home: a folder that recorders may use while they burn.
    Raises:
        UsageWrong: none of the three kinds.
    """
    if text.startswith(_IMAGE) and len(text) > len(_IMAGE):
        return FolderDrive(Path(text.removeprefix(_IMAGE)))
    if text.startswith("/dev/") or (text.startswith(STDIO) and len(text) > len(STDIO)):
        return Recorder(text, home)
    raise UsageWrong(
        f"--drive {text}: expected image:DIR, stdio:FILE or a device such as /dev/sr0",
        hint="`heliograph archive burn --list` shows the drives of this machine",
    )
