"""One page over HTTP, and nothing that a stranger could fill."""

import asyncio
import http.client
import socket
from contextlib import closing

import pytest

from placement.ops import exposing
from placement.ops.exposing import LONGEST, MOST, Exposed

PAGE = b"placement_x 1\n"


def beside(act, address="127.0.0.1:0"):
    """Serve the page while a thread does something; return what that returns."""

    async def run():
        exposed = Exposed(address, lambda: PAGE, "text/x")
        await exposed.start()
        try:
            return await asyncio.to_thread(act, exposed.port)
        finally:
            await exposed.stop()

    return asyncio.run(run())


def get(port, method="GET", path="/metrics"):
    with closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=9)
    ) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()


@pytest.mark.parametrize("path", ["/metrics", "/metrics?name=x"])
def test_the_page(path):
    """With its type; a question behind it changes nothing."""
    assert beside(lambda port: get(port, path=path)) == (200, "text/x", PAGE)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/metrics", 405),
        ("HEAD", "/metrics", 405),
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/../metrics", 404),
    ],
)
def test_nothing_else(method, path, status):
    """There is nothing behind another path, and nothing to be done."""
    got, _, content = beside(lambda port: get(port, method, path))

    assert got == status
    assert PAGE not in content


def raw(port, *parts):
    """Send bytes, and return what comes until the end."""
    with socket.create_connection(("127.0.0.1", port), 9) as connection:
        for part in parts:
            connection.sendall(part)
        content = b""
        try:
            while more := connection.recv(4096):
                content += more
        except ConnectionResetError:
            return content
        return content


@pytest.mark.parametrize(
    "request_line",
    [b"", b"GET", b"GET /metrics", b"GET /metrics SPDY/1", b"\xff \x00 x"],
)
def test_what_is_no_request(request_line):
    """Is told so."""
    got = beside(lambda port: raw(port, request_line + b"\r\n\r\n"))

    assert got.startswith(b"HTTP/1.1 400 ")


def test_too_long_a_request():
    """Is not read to its end."""
    assert beside(lambda port: raw(port, b"GET /metrics " + b"x" * 2 * LONGEST)) == b""


def test_who_says_nothing_is_not_waited_for(monkeypatch):
    """Nor who says a little now and then."""
    monkeypatch.setattr(exposing, "PATIENCE", 0.2)

    assert beside(lambda port: raw(port, b"GET /met")) == b""


def test_no_more_than_there_is_room_for():
    """One connection more is closed; when one has gone, there is room again."""

    def act(port):
        held = [socket.create_connection(("127.0.0.1", port), 9) for _ in range(MOST)]
        full = raw(port)
        for connection in held:
            connection.close()
        while True:
            try:
                return full, get(port)[0]
            except (ConnectionError, http.client.BadStatusLine):
                continue

    assert beside(act) == (b"", 200)


def test_an_address_that_is_taken():
    """The start says so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            beside(get, f"127.0.0.1:{port}")


def test_stopped_before_it_began():
    """There is nothing to close."""

    async def run():
        await Exposed("127.0.0.1:0", lambda: PAGE, "text/x").stop()

    asyncio.run(run())


def test_the_other_loopback():
    """In brackets, as everywhere."""
    assert beside(lambda port: port > 0, "[::1]:0")
