"""Every error Heliograph raises on purpose: one root, one tree, an exit code each.

HeliographError             1   the root; never raised itself
├── UsageWrong              2   the command line (click's own code)
├── PlantWrong              3   a plant directory has mistakes
├── RunWrong                4   a run directory is partial, missing or not a run
├── CheckFailed             5   the independent checker found violations
├── NotFound                6   the cell, lot, machine or file asked for is not in the record
├── DiscWrong               7   an image is not one of ours, or its structure is broken
├── SectorsLost             8   damage beyond the parity of an image
├── DiscsLost               9   more discs of a set are gone than its parity replaces
├── Damaged                10   damage was found, and it can be repaired
├── DoesNotFit             11   the data is larger than the medium
├── CannotWrite            12   full disk, read-only folder, refused overwrite
├── InstanceWrong          13   an instance to bench the fleet with has a mistake
├── RuleWrong              14   a rule file for keeping discs has a mistake
├── DriveWrong             15   a drive, a changer or the disc in it refuses, or what was burnt reads back otherwise
├── Overdue                16   a disc is overdue for its test or copy (`due --exit-code`)
├── Locked                 17   a set is encrypted, and no key opens it
└── SignatureWrong         18   a signature is missing or wrong

130 is Ctrl-C. An error carries its fields; the message says which, what and how much; the hint says what to do next.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "CannotWrite",
    "CheckFailed",
    "Damaged",
    "DiscWrong",
    "DiscsLost",
    "DoesNotFit",
    "DriveWrong",
    "HeliographError",
    "InstanceWrong",
    "Locked",
    "NotFound",
    "Overdue",
    "PlantWrong",
    "RuleWrong",
    "RunWrong",
    "SectorsLost",
    "SignatureWrong",
    "UsageWrong",
]


class HeliographError(Exception):
    """The root: one clear line for people, a hint, and an exit code for machines."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UsageWrong(HeliographError):
    """The command was called with words it cannot take."""

    exit_code = 2


class PlantWrong(HeliographError):
    """A plant directory has mistakes; `mistakes` lists each with its path in the file."""

    exit_code = 3

    def __init__(self, mistakes: list[str], *, where: Path | str = "") -> None:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__(
            "\n".join(mistakes),
            hint=f"{count} in {where}; mend the file and try `heliograph plant check {where}` again",
            mistakes=mistakes,
        )
        self.mistakes = mistakes


class RunWrong(HeliographError):
    """A run directory is missing, partial, or not a run."""

    exit_code = 4


class CheckFailed(HeliographError):
    """The independent checker found violations in a record."""

    exit_code = 5


class NotFound(HeliographError):
    """What was asked for is not in the record."""

    exit_code = 6


class DiscWrong(HeliographError):
    """An image is not one of ours, or its structure cannot be read."""

    exit_code = 7


class SectorsLost(HeliographError):
    """More sectors of an image are damaged than its parity rebuilds."""

    exit_code = 8


class DiscsLost(HeliographError):
    """More discs of a set are gone than its parity discs replace."""

    exit_code = 9


class Damaged(HeliographError):
    """Damage was found that the parity can still repair."""

    exit_code = 10


class DoesNotFit(HeliographError):
    """The data is larger than the medium."""

    exit_code = 11


class CannotWrite(HeliographError):
    """A file could not be written: full disk, read-only folder, refused overwrite."""

    exit_code = 12


class InstanceWrong(HeliographError):
    """An instance to bench the fleet with, or the record of such a run, is missing or has a mistake."""

    exit_code = 13


class RuleWrong(HeliographError):
    """A rule file for keeping discs has a mistake."""

    exit_code = 14


class DriveWrong(HeliographError):
    """A drive, a changer or the disc in it refuses, or what was burnt does not read back as it should."""

    exit_code = 15


class Overdue(HeliographError):
    """A disc is overdue for its test or its copy."""

    exit_code = 16


class Locked(HeliographError):
    """A set, or a key, is encrypted, and nothing that was given opens it."""

    exit_code = 17


class SignatureWrong(HeliographError):
    """A set is not signed, or not by the signer that was expected, or its signed parts were changed."""

    exit_code = 18
