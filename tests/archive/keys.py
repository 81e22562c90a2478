"""Keys for the tests of encrypted and signed sets, made by the programs that people make theirs with."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
from pathlib import Path

from disc_sets import tool
from rs03_discs import need


def age_key(folder: Path, name: str = "me") -> tuple[Path, str]:
    """An identity file of age-keygen, and its public key."""
    path = folder / f"{name}.key"
    tool("age-keygen", "-o", path)
    return path, tool("age-keygen", "-y", path).strip()


def minisign_pair(folder: Path, name: str = "minisign") -> tuple[Path, Path]:
    """Secret and public key of minisign, without a password."""
    secret, public = folder / f"{name}.key", folder / f"{name}.pub"
    tool("minisign", "-G", "-W", "-p", public, "-s", secret)
    return secret, public


def ssh_pair(folder: Path, password: str = "") -> tuple[Path, Path]:
    """Secret and public Ed25519 key of OpenSSH."""
    path = folder / "id_ed25519"
    tool("ssh-keygen", "-q", "-t", "ed25519", "-N", password, "-f", path)
    return path, path.with_suffix(".pub")


def at_a_terminal(command: list[str], answers: list[str]) -> str:
    """What a program says that asks for passphrases at its terminal and takes them from nowhere else."""
    need(command[0])
    child, screen = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    said, asked = b"", 0
    try:
        while True:
            ready, _, _ = select.select([screen], [], [], 60)
            assert ready, f"{command[0]} waits after: {said!r}"
            try:
                part = os.read(screen, 4096)
            except OSError:  # the program has ended, and its terminal with it
                break
            if not part:
                break
            said += part
            # What is typed before the prompt is there may be thrown away.
            prompts = len(re.findall(rb"(?im)(?:^|\x1b\[K)(?:enter |confirm )?pass(?:word|phrase)[^\n]{0,60}: ", said))
            if prompts > asked:
                os.write(screen, answers[asked].encode() + b"\n")
                asked = prompts
    finally:
        os.close(screen)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said
    return said.decode("utf-8", "replace")


def plain_python(*words: str | Path, cwd: Path) -> str:
    """What a program in plain Python says, with nothing installed."""
    done = subprocess.run(
        ["python3", "-I", *map(str, words)], capture_output=True, text=True, check=False, timeout=120, cwd=cwd
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
