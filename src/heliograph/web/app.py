"""The application: the page's files, and what it asks its source.

/                                  the page
/static/...                        its script and style
/api/floor                         what stands still (JSON)
/api/sketch                        the same, as far as it is known yet: `reading` says that there is more to come
/api/span                          from when to when (JSON)
/api/chunk?from=MS&to=MS           what is on the floor in that time (bytes; view/series.py)
/api/details?kind=K&id=ID&at=MS    what is known of a thing at a moment (JSON)
/api/trace?id=ID[&unit=N&from=MS&to=MS]
                                   the genealogy of a cell or a lot; or what was in a machine (JSON)
/api/together?machine=ID&unit=N&batch=N
                                   all that was in one batch (JSON)
/api/search?q=TEXT                 things whose ids hold the text (JSON)
/api/figures                       figures over the whole span (JSON)

Of a run in progress, also:

/api/pulse?lots=N&reasons=N&ways=N how it stands, and names beyond so many (JSON)
POST /api/pace                     another pace: {"speed": 60}, {"paused": true} or {"step_ms": 1000}
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable
from importlib.resources import files as resource_files
from pathlib import Path
from typing import Final

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from heliograph.errors import HeliographError, NotFound, UsageWrong
from heliograph.view.source import LiveSource, Order, Source
from heliograph.web.coming import Coming
from heliograph.web.guard import Guard

__all__ = ["STATIC", "application"]

STATIC: Final = Path(str(resource_files("heliograph.web") / "static"))
_FAR_MS: Final = 10**12
_PACE: Final = "/api/pace"
_JSON: Final = "application/json"
_LONGEST_ORDER: Final = 1000


def application(
    source: Source | Coming, hosts: Iterable[str], token: str = "", live: LiveSource | None = None, key: str = ""
) -> ASGIApp:
    """The page over a source, for browsers that ask for one of these hosts (`127.0.0.1:8000`).

    Args:
        source: one that is still being read keeps whoever asks waiting, but for the page's own files.
        live: the same source, where it is a run in progress.
        key: what a request has to show that changes its pace; the page knows it from the floor.
    """
    json = msgspec.json.Encoder()

    def answer(content: object) -> Response:
        return Response(json.encode(content), media_type=_JSON)

    files = CapacityLimiter(1)

    async def found() -> Source:
        return await source.source() if isinstance(source, Coming) else source

    def told(ask: Callable[[Source, Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Off the loop of events, so that one long answer holds up no other; errors of ours become JSON.

        Answers from tables are read one after the other: they share the open files of a record. Chunks come from
        memory and wait for nobody.
        """

        async def endpoint(request: Request) -> Response:
            try:
                limiter = files if ask in from_tables else None
                return await to_thread.run_sync(ask, await found(), request, limiter=limiter)
            except HeliographError as wrong:
                return _refused(wrong, json)

        return endpoint

    def floor(source: Source, request: Request) -> Response:
        return Response(source.floor(), media_type=_JSON)

    def span(source: Source, request: Request) -> Response:
        return answer(source.span())

    def chunk(source: Source, request: Request) -> Response:
        part = source.chunk(_whole(request, "from"), _whole(request, "to"))
        return Response(part, media_type="application/octet-stream")

    def details(source: Source, request: Request) -> Response:
        asked = request.query_params
        return answer(source.details(asked.get("kind", ""), asked.get("id", ""), _whole(request, "at")))

    def trace(source: Source, request: Request) -> Response:
        asked = request.query_params
        unit, begin, end = (_whole(request, name) if name in asked else None for name in ("unit", "from", "to"))
        return answer(source.trace(asked.get("id", ""), unit, begin, end))

    def together(source: Source, request: Request) -> Response:
        machine = request.query_params.get("machine", "")
        return answer(source.together(machine, _whole(request, "unit"), _whole(request, "batch")))

    def search(source: Source, request: Request) -> Response:
        return answer(source.search(request.query_params.get("q", "")))

    def figures(source: Source, request: Request) -> Response:
        return answer(source.figures())

    def charts(source: Source, request: Request) -> Response:
        return answer(source.charts())

    def units(source: Source, request: Request) -> Response:
        return answer(source.units(request.query_params.get("step", "")))

    def heat(source: Source, request: Request) -> Response:
        return answer(source.heat(_whole(request, "from"), _whole(request, "to")))

    async def sketch(request: Request) -> Response:
        if isinstance(source, Coming) and not source.here:
            return Response(source.opening.sketch(), media_type=_JSON)
        return await told(floor)(request)

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html", media_type="text/html; charset=utf-8")

    from_tables = {details, trace, together, search, figures, charts, units, heat}
    answers = (floor, span, chunk, details, trace, together, search, figures, charts, units, heat)
    routes = [
        Route("/", page),
        Route("/api/sketch", sketch),
        *(Route(f"/api/{ask.__name__}", told(ask)) for ask in answers),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    if live is not None:
        routes += _live(live, key, json)
    return Guard(Starlette(routes=routes), hosts, token, () if live is None else (_PACE,))


def _live(source: LiveSource, key: str, json: msgspec.json.Encoder) -> list[Route]:
    """What a run in progress answers besides."""

    async def pulse(request: Request) -> Response:
        known = {name: _whole(request, name) for name in ("lots", "reasons", "ways")}
        return Response(json.encode(await to_thread.run_sync(lambda: source.pulse(**known))), media_type=_JSON)

    async def pace(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("x-heliograph-key", ""), key):
            return _refused(UsageWrong("the key is not that of this run", hint="load the page again"), json, 403)
        said = b""
        async for piece in request.stream():
            said += piece
            if len(said) > _LONGEST_ORDER:
                return _refused(UsageWrong("an order of a pace is a short JSON document"), json)
        order = msgspec.json.decode(said, type=Order)
        await to_thread.run_sync(source.steer, order)
        return Response(status_code=204)

    def safe(ask: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await ask(request)
            except HeliographError as wrong:
                return _refused(wrong, json)
            except msgspec.MsgspecError as wrong:
                return _refused(UsageWrong(f"no order of a pace: {wrong}"), json)

        return endpoint

    return [Route("/api/pulse", safe(pulse)), Route(_PACE, safe(pace), methods=["POST"])]


def _refused(wrong: HeliographError, json: msgspec.json.Encoder, status: int = 0) -> Response:
    error = {"kind": type(wrong).__name__, "message": wrong.message, "hint": wrong.hint}
    status = status or (404 if isinstance(wrong, NotFound) else 400)
    return Response(json.encode({"error": error}), status, media_type=_JSON)


def _whole(request: Request, name: str) -> int:
    """A whole number that the request names: a time in ms, a unit, a batch.

    Raises:
        UsageWrong: it is missing, no whole number, or beyond all records.
    """
    text = request.query_params.get(name, "")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 13 and int(digits) <= _FAR_MS):
        raise UsageWrong(f"{name}: expected a whole number, got {text[:40]!r}", hint=f"e.g. {name}=3600000")
    return int(text)
