"""A real PostgreSQL for the tests: its own data, a free port on loopback, stopped by its process."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

USER = "archive"


def _programs() -> Path:
    """Debian keeps the server's programs out of PATH, a folder for each version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    if found is None:
        pytest.fail("the tests of the catalog need PostgreSQL's server: apt-get install postgresql")
    return Path(found).parent


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server, up to the name of the database; it is gone at the end."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="heliograph-pg-", dir="/tmp"))
    # The server refuses to run as root.
    other: dict[str, object] = {}
    if os.geteuid() == 0:
        who = next(user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
        other = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        os.chown(folder, who.pw_uid, who.pw_gid)
    data, at = folder / "data", {"cwd": folder, **other}
    try:
        words = [programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync"]
        # A place whose alphabet is not the order of bytes: the catalog must not notice.
        locale = ["--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8"]
        subprocess.run([*words, *locale], check=True, capture_output=True, timeout=120, **at)  # type: ignore[call-overload]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        words = [programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*map(str, words)], stdout=log, stderr=log, **at)  # type: ignore[call-overload]
        try:
            url = f"postgresql://{USER}@127.0.0.1:{port}"
            _wait(server, f"{url}/postgres", folder / "log")
            yield url
        finally:
            server.send_signal(signal.SIGQUIT)  # at once, without writing out what is thrown away
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(300):
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def new_database(server: str) -> str:
    """The URL of a database of its own."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"{server}/{name}"
