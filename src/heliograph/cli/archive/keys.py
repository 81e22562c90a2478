"""What commands are asked about keys: for whom to encrypt, what to open with, who signs. No secret is ever an argument.

A passphrase comes from a file, from the environment, or from a prompt at the terminal that shows nothing.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from heliograph.archive.secret import Holders, Keyring
    from heliograph.archive.signing import Signer
    from heliograph.archive.signing.keys import Public

__all__ = [
    "AskRing",
    "asked_holders",
    "asked_new_holders",
    "asked_signer",
    "asked_signers",
    "lock_options",
    "open_options",
    "planned_holders",
    "relock_options",
    "sign_options",
    "signer_option",
]

F = TypeVar("F", bound=Callable[..., Any])


class AskRing(Protocol):
    """What to open encrypted sets with; None for nothing. A passphrase is asked for when this is called, not before."""

    def __call__(self) -> Keyring | None:
        """Read the keys.

        Raises:
            UsageWrong: not a key, or no passphrase to be had. NotFound: no such file.
            Locked: the passphrase of a key file is wrong.
        """


PASSPHRASE: Final = "HELIOGRAPH_PASSPHRASE"
NEW_PASSPHRASE: Final = "HELIOGRAPH_NEW_PASSPHRASE"
PASSWORD: Final = "HELIOGRAPH_SIGN_PASSWORD"
_FILE = click.Path(path_type=Path)
_LONGEST: Final = 4096
"""Letters of a passphrase: a file without line ends is none."""

_PASSPHRASE = (
    click.option(
        "--passphrase", "by_passphrase", is_flag=True, help=f"A passphrase: asked for, or from ${PASSPHRASE}."
    ),
    click.option("--passphrase-file", type=_FILE, help="A passphrase: the first line of a file."),
)
_SIGN = (
    click.option("--sign", "sign", type=_FILE, metavar="KEYFILE", help="Sign with a key of minisign or OpenSSH."),
    click.option(
        "--sign-password-file", type=_FILE, help=f"Password of KEYFILE.  [default: ${PASSWORD}, or asked for]"
    ),
)
_RECIPIENTS = (
    click.option("--recipient", "recipients", multiple=True, metavar="AGE1…", help="Encrypt for this key; repeatable."),
    click.option("--recipients-file", "recipients_files", multiple=True, type=_FILE, help="The same: a key a line."),
)
_LOCK = (*_RECIPIENTS, *_PASSPHRASE, *_SIGN)
_RELOCK = (
    *_RECIPIENTS,
    click.option(
        "--new-passphrase",
        is_flag=True,
        help=f"Encrypt with a passphrase: asked for, or from ${NEW_PASSPHRASE}.",
    ),
    click.option("--new-passphrase-file", type=_FILE, help="The same: the first line of a file."),
    *_SIGN,
)
_OPEN = (
    click.option(
        "--identity",
        "identities",
        multiple=True,
        type=_FILE,
        help="Key that opens an encrypted set: of age-keygen, SSH.",
    ),
    *_PASSPHRASE,
)


def lock_options(command: F) -> F:
    """The options of what encrypts and signs."""
    for option in reversed(_LOCK):
        command = option(command)
    return command


def relock_options(command: F) -> F:
    """The options of what encrypts and signs a new set, beside those of `open_options`, which read the old one."""
    for option in reversed(_RELOCK):
        command = option(command)
    return command


def signer_option(what: str) -> Callable[[F], F]:
    """The option that names whose signature is asked for; `what` is to be signed."""
    return click.option(
        "--signer",
        "signers",
        multiple=True,
        metavar="PUBKEY",
        help=f"{what} must be signed with this key: a file of minisign or OpenSSH, or the key itself; repeatable.",
    )


def sign_options(command: F) -> F:
    """The options of what signs and does not encrypt."""
    for option in reversed(_SIGN):
        command = option(command)
    return command


def open_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of what reads encrypted sets, as one argument `ask_ring`, an `AskRing`."""

    @functools.wraps(command)
    def called(
        *arguments: Any,
        identities: tuple[Path, ...],
        by_passphrase: bool,
        passphrase_file: Path | None,
        **named: Any,
    ) -> Any:
        return command(*arguments, ask_ring=partial(_ring, identities, by_passphrase, passphrase_file), **named)

    for option in reversed(_OPEN):
        called = option(called)
    return called


def asked_holders(
    recipients: Sequence[str],
    files: Sequence[Path],
    by_passphrase: bool,
    passphrase_file: Path | None,
    variable: str = PASSPHRASE,
) -> Holders | None:
    """For whom to encrypt; None for nobody. `variable` of the environment may hold the passphrase.

    Raises:
        UsageWrong: recipients and a passphrase, or no passphrase to be had. NotFound: no such file.
    """
    if not recipients and not files and not by_passphrase and passphrase_file is None:
        return None
    from heliograph.archive.secret import Holders
    from heliograph.archive.secret.holders import recipients_file
    from heliograph.errors import UsageWrong

    every = [*recipients, *(each for path in files for each in recipients_file(path))]
    if not by_passphrase and passphrase_file is None:
        return Holders(tuple(every))
    if every:
        raise UsageWrong(
            "recipients and a passphrase: give one of the two",
            hint="with a passphrase no other recipient can open an age file; that is age's rule",
        )
    return Holders(passphrase=_secret(passphrase_file, variable, "the new set", twice=True))


def asked_new_holders(
    recipients: Sequence[str], files: Sequence[Path], by_passphrase: bool, passphrase_file: Path | None
) -> Holders | None:
    """As `asked_holders`, where another passphrase may open the old set."""
    return asked_holders(recipients, files, by_passphrase, passphrase_file, NEW_PASSPHRASE)


def planned_holders(
    recipients: Sequence[str], files: Sequence[Path], by_passphrase: bool, passphrase_file: Path | None
) -> Holders | None:
    """As `asked_holders`, to plan with: no passphrase is read or asked for, as none changes a size."""
    if not by_passphrase and passphrase_file is None:
        return asked_holders(recipients, files, False, None)
    if recipients or files:
        return asked_holders(recipients, files, by_passphrase, passphrase_file)
    from heliograph.archive.secret import Holders

    return Holders(passphrase="any is as long")


def _ring(identities: Sequence[Path], by_passphrase: bool, passphrase_file: Path | None) -> Keyring | None:
    if not identities and not by_passphrase and passphrase_file is None:
        return None
    from heliograph.archive.secret import Keyring
    from heliograph.archive.secret.holders import identity_file

    def ask(what: str) -> str:
        return _secret(passphrase_file, PASSPHRASE, what)

    found = tuple(each for path in identities for each in identity_file(path, ask))
    wanted = by_passphrase or (passphrase_file is not None and not identities)
    return Keyring(found, ask("the set") if wanted else None)


def asked_signer(key: Path | None, password_file: Path | None) -> Signer | None:
    """Who signs; None for nobody.

    Raises:
        UsageWrong: not a secret key, or no password to be had. NotFound: no such file. Locked: the wrong password.
    """
    if key is None:
        return None
    from heliograph.archive.signing import signing_key

    return signing_key(key, lambda what: _secret(password_file, PASSWORD, what))


def asked_signers(given: Sequence[str]) -> list[Public]:
    """The public keys named.

    Raises:
        UsageWrong: not one. NotFound: no such file.
    """
    from heliograph.archive.signing import public_key

    return [public_key(each) for each in given]


def _secret(path: Path | None, variable: str, what: str, *, twice: bool = False) -> str:
    from heliograph.errors import NotFound, UsageWrong

    if path is not None:
        try:
            with path.open(encoding="utf-8") as file:
                line = file.readline(_LONGEST + 1)
        except (OSError, UnicodeDecodeError) as wrong:
            why = getattr(wrong, "strerror", None) or "not text"
            raise NotFound(f"{path}: {why.lower()}", hint="its first line is the passphrase") from None
        if len(line) > _LONGEST:
            raise NotFound(
                f"{path}: its first line has more than {_LONGEST:,} letters", hint="its first line is the passphrase"
            )
        return line.rstrip("\r\n")
    if variable in os.environ:
        return os.environ[variable]
    if not sys.stdin.isatty():
        raise UsageWrong(
            f"no passphrase for {what}: stdin is not a terminal, so nobody can be asked",
            hint=f"set ${variable}, or name a file that holds it",
        )
    said: str = click.prompt(f"Passphrase of {what}", hide_input=True, confirmation_prompt=twice, err=True)
    return said
