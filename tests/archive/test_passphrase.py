"""Age files under a passphrase: the program `age` judges, both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from keys import at_a_terminal

from heliograph.archive.secret.passphrase import lock, unlock

WORDS = "correct horse, 正确的马"
TEXT = bytes(range(256)) * 600
"""Three chunks of 64 KiB, the last one not full."""


@pytest.fixture(scope="module")
def locked() -> bytes:
    return lock(TEXT, WORDS)


def test_age_opens_what_is_locked_here(locked: bytes, tmp_path: Path):
    (tmp_path / "locked").write_bytes(locked)
    at_a_terminal(["age", "-d", "-o", str(tmp_path / "text"), str(tmp_path / "locked")], [WORDS])
    assert (tmp_path / "text").read_bytes() == TEXT


@pytest.mark.parametrize("armor", [(), ("-a",)])
def test_what_age_locked_is_opened_here(armor: tuple[str, ...], tmp_path: Path):
    (tmp_path / "text").write_bytes(TEXT)
    command = ["age", "-p", *armor, "-o", str(tmp_path / "locked"), str(tmp_path / "text")]
    at_a_terminal(command, [WORDS, WORDS])
    assert unlock((tmp_path / "locked").read_bytes(), WORDS) == TEXT


def test_it_takes_the_same_effort_wherever_it_is_written(locked: bytes):
    assert re.match(rb"age-encryption.org/v1\n-> scrypt [^ ]{22} 18\n", locked)


def test_an_empty_text_has_a_body_too():
    assert unlock(lock(b"", WORDS), WORDS) == b""


def changed(locked: bytes, at: int) -> bytes:
    return locked[:at] + (b"B" if locked[at : at + 1] == b"A" else b"A") + locked[at + 1 :]  # base64, as it was


def test_what_does_not_fit_is_refused_by_name(locked: bytes):
    body = locked.index(b"--- ") + 48
    salt = locked.index(b"scrypt ") + 7
    for wrong, words, why in (
        (locked, "correct horse", "another one does"),
        (locked, "", "another one does"),
        (changed(locked, salt), WORDS, "another one does"),
        (changed(locked, body - 10), WORDS, "its age header was changed"),
        (changed(locked, body + 20), WORDS, "its body was changed or cut"),
        (locked[:-1], WORDS, "its body was changed or cut"),
        (locked[: body + 16 + 65552], WORDS, "its body was changed or cut"),
        (locked[: body + 3], WORDS, "its body was changed or cut"),
        (locked.replace(b" 18\n", b" 23\n"), WORDS, r"2\^23 rounds of scrypt; 2\^22 are accepted"),
        (locked.replace(b" 18\n", b" 018\n"), WORDS, "no age file under a passphrase"),
        (b"", WORDS, "no age file under a passphrase"),
    ):
        with pytest.raises(ValueError, match=why):
            unlock(wrong, words)
