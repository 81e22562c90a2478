"""What every request has to pass, and what every answer carries.

- Host: only names that the server was started for. A page of another site whose name was made to point here (DNS
  rebinding) is refused. Source: OWASP, WebSocket and Host header guidance; RFC 9110, 7.2.
- Method: GET and HEAD. POST only where the application says so (the pace of a run), only as JSON, and only from a page
  of this server: its origin has to be this one. Source: OWASP, Cross-Site Request Forgery Prevention.
- Token: needed where the server listens on more than the loopback interface; given once in the address, then kept in
  a cookie that scripts cannot read.
- Content policy: scripts, styles, pictures and answers from this server alone; nothing inline, nothing framed.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "Guard"]

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
COOKIE: Final = "heliograph"


class Guard:
    """Stands before an application."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str = "", posts: Iterable[str] = ()) -> None:
        """Let requests for these hosts (name and port) through; with the token, if there is one.

        Args:
            posts: paths that may be posted to.
        """
        self.app, self.token, self.posts = app, token, frozenset(posts)
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        fresh = self.token if self._asked(scope) == self.token else ""

        async def carry(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if fresh and refusal is None:
                    headers["set-cookie"] = f"{COOKIE}={fresh}; Path=/; HttpOnly; SameSite=Strict"
            await send(message)

        await (refusal or self.app)(scope, receive, carry)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get(b"host", "").lower() not in self.hosts:
            return PlainTextResponse(
                "421: this server answers to the address that it printed, and to no other name", 421
            )
        if scope["method"] == "POST" and scope["path"] in self.posts:
            if not _own_page(headers):
                return PlainTextResponse("403: only the page of this server may ask for that", 403)
        elif scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("405: nothing can be changed here", 405, {"allow": "GET, HEAD"})
        if self.token and not (_same(self._asked(scope), self.token) or _same(_cookie(headers), self.token)):
            return PlainTextResponse("403: open the whole address that the command printed; it ends in a token", 403)
        return None

    @staticmethod
    def _asked(scope: Scope) -> str:
        query: bytes = scope["query_string"]
        return parse_qs(query.decode("latin-1")).get("token", [""])[0]


def _own_page(headers: dict[bytes, str]) -> bool:
    """Whether a request comes from a page of this server, with JSON, which no form of another page can send."""
    scheme, _, origin = headers.get(b"origin", "").lower().partition("://")
    json = headers.get(b"content-type", "").partition(";")[0].strip().lower() == "application/json"
    return scheme in ("http", "https") and origin == headers.get(b"host", "").lower() and json


def _cookie(headers: dict[bytes, str]) -> str:
    cookies: SimpleCookie = SimpleCookie()
    cookies.load(headers.get(b"cookie", ""))
    return str(cookies[COOKIE].value) if COOKIE in cookies else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
