"""Where to listen, and the address to open."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import secrets
import socket
from typing import Final, NamedTuple

from heliograph.errors import UsageWrong

__all__ = ["Address", "listen"]

_HOST: Final = "--host takes an address of this machine: 127.0.0.1, or, for others to look as well, 0.0.0.0"
_EVERYWHERE: Final = ("0.0.0.0", "::")


class Address(NamedTuple):
    """Where the page answers."""

    host: str
    port: int
    token: str
    """Empty on the loopback interface."""

    @property
    def url(self) -> str:
        """What to open."""
        host = socket.gethostname() if self.host in _EVERYWHERE else self.host
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    @property
    def hosts(self) -> tuple[str, ...]:
        """What browsers may call it."""
        names = (
            {self.host, "localhost"} if self.host not in _EVERYWHERE else {"localhost", "127.0.0.1", "[::1]", *_own()}
        )
        return tuple(
            f"[{name}]:{self.port}" if name.count(":") and name[0] != "[" else f"{name}:{self.port}" for name in names
        )


def _own() -> set[str]:
    """Names and addresses of this machine."""
    name = socket.gethostname()
    found = {name}
    with contextlib.suppress(OSError):
        found |= {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
    return found


def listen(host: str, port: int) -> tuple[socket.socket, Address]:
    """A socket that listens; port 0: any free one. An address beyond this machine gets a token.

    Raises:
        UsageWrong: the address is not one of this machine, or the port is taken.
    """
    if not host:
        raise UsageWrong("--host: no address given", hint=_HOST)
    named = host if len(host) <= 80 else f"{host[:80]}…"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(128)
    except UnicodeError as wrong:
        raise UsageWrong(f"{named}:{port}: cannot listen there: no name of a machine", hint=_HOST) from wrong
    except OSError as wrong:
        whose = wrong.errno in (errno.EADDRINUSE, errno.EACCES)
        raise UsageWrong(
            f"{named}:{port}: cannot listen there: {str(wrong.strerror).lower()}",
            hint="choose another with --port, or 0 for a free one" if whose else _HOST,
        ) from wrong
    bound = listening.getsockname()
    loopback = ipaddress.ip_address(bound[0]).is_loopback
    return listening, Address(host, bound[1], "" if loopback else secrets.token_urlsafe(24))
