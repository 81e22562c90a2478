"""Drives: one port, three doors (a folder, a recorder through xorriso, a changer through mtx that feeds a recorder)."""

from heliograph.archive.drive.changer import Changer
from heliograph.archive.drive.doors import drive_called
from heliograph.archive.drive.folder import FolderDrive
from heliograph.archive.drive.port import Drive, Loaded
from heliograph.archive.drive.recorder import Recorder, recorders

__all__ = ["Changer", "Drive", "FolderDrive", "Loaded", "Recorder", "drive_called", "recorders"]
