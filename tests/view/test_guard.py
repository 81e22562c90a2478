"""The server lets in who may read, and nobody changes anything: asked without a socket."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest

from heliograph.errors import UsageWrong
from heliograph.view import Day
from heliograph.web import Address, listen
from heliograph.web.app import application

HOST = "127.0.0.1:8000"


def ask(
    day: Day, path: str, *, host: str = HOST, method: str = "GET", token: str = "", cookie: str = ""
) -> httpx.Response:
    async def one() -> httpx.Response:
        app = application(day, [HOST, "localhost:8000"], token)
        headers = {"host": host, **({"cookie": cookie} if cookie else {})}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(one())


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1:8001", "127.0.0.1", "127.0.0.1:8000.evil.example"])
def test_another_name_is_refused(day: Day, host: str):
    """A page of another site whose name is made to point here gets nothing."""
    assert ask(day, "/api/floor", host=host).status_code == 421


def test_names_of_this_machine_are_answered(day: Day):
    assert ask(day, "/api/span").json() == [0, 3_600_000]
    assert ask(day, "/api/span", host="LOCALHOST:8000").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(day: Day, method: str):
    assert ask(day, "/api/floor", method=method).status_code == 405


def test_every_answer_forbids_what_the_page_does_not_need(day: Day):
    for path in ("/", "/api/floor", "/static/main.js", "/nowhere", "/api/chunk?from=0"):
        headers = ask(day, path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_beyond_this_machine_a_token_is_needed(day: Day):
    """Given once in the address, then kept in a cookie that scripts cannot read."""
    assert ask(day, "/api/span", token="secret").status_code == 403
    assert ask(day, "/?token=wrong", token="secret").status_code == 403
    first = ask(day, "/?token=secret", token="secret")
    assert first.status_code == 200
    assert "HttpOnly" in first.headers["set-cookie"] and "SameSite=Strict" in first.headers["set-cookie"]
    assert ask(day, "/api/span", token="secret", cookie="heliograph=secret").status_code == 200
    assert ask(day, "/api/span", token="secret", cookie="heliograph=secre").status_code == 403
    assert "set-cookie" not in ask(day, "/").headers


@pytest.mark.parametrize(
    "path",
    [
        "/api/chunk?from=x&to=1",
        "/api/chunk?from=0&to=99999999999999999999",
        "/api/chunk?from=0",
        "/api/chunk?from=-&to=0",
        "/api/chunk?from=0&to=7200000",
        "/api/details?kind=vehicle&id=V001&at=1e3",
        "/api/details?kind=cell&id=%00&at=0",
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(day: Day, path: str):
    answer = ask(day, path)

    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"kind", "message", "hint"}


def test_what_is_not_there_is_404(day: Day):
    assert ask(day, "/api/details?kind=vehicle&id=V999&at=0").json()["error"]["kind"] == "NotFound"
    for path in (
        "/api/details?kind=lot&id=%3Cscript%3E&at=0",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/api/",
        "/x",
    ):
        assert ask(day, path).status_code == 404


def test_only_the_loopback_interface_goes_without_a_token():
    listening, here = listen("127.0.0.1", 0)
    listening.close()
    assert here.token == "" and here.url == f"http://127.0.0.1:{here.port}/"
    assert set(here.hosts) == {f"127.0.0.1:{here.port}", f"localhost:{here.port}"}
    listening, everywhere = listen("0.0.0.0", 0)
    listening.close()
    assert len(everywhere.token) >= 32 and everywhere.url.endswith(f"/?token={everywhere.token}")
    assert f"127.0.0.1:{everywhere.port}" in everywhere.hosts
    assert Address("::1", 80, "").url == "http://[::1]:80/" and "[::1]:80" in Address("::1", 80, "").hosts


def test_a_port_that_is_taken_is_told_by_name():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageWrong, match=f"127.0.0.1:{port}: cannot listen") as wrong:
            listen("127.0.0.1", port)
    assert "--port" in wrong.value.hint
    with pytest.raises(UsageWrong):
        listen("no-such-host.invalid", 0)


def test_the_floor_is_plain_json(day: Day):
    floor = ask(day, "/api/floor").json()

    assert floor["format"] == "heliograph-view/1"
    assert json.dumps(floor, allow_nan=False)
