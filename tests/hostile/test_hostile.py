"""Whoever means harm hurts nobody else: another caller's calls are all answered.

Each attack goes on from several connections, again and again, while somebody who keeps
to the rules asks one question after another over an old connection and over new ones.
"""

import os
import secrets
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from kit.certs import TRUST_DOMAIN, Pki
from kit.frames import (
    AWAY,
    CANCEL,
    CONTINUATION,
    HEADERS,
    PING,
    RESET,
    SETTINGS,
    begin,
    block,
    call,
    frame,
    plain,
    secure,
)
from kit.town import PATHS, PEOPLE, TIMEOUT, Town

from placement.api.v1 import check_service_pb2 as check
from placement.rpc import door as doors
from placement.rpc.limits import CALLS_EACH
from tests.kit.processes import prepare

ROOT = Path(__file__).parents[2]
LANES = 4
CALLS = 32  # on a connection
SECONDS = 1.5
PATIENCE = 30.0  # seconds; it ends before on any machine that is not busy
HANDSHAKE = 3.0  # seconds that one may take
SHOW = PATHS["ShowCase"]


@pytest.fixture(scope="module")
def inside():
    """Whoever counts the calls of the server, once it runs."""
    return []


@pytest.fixture(scope="module")
def town(tmp_path_factory, inside):
    made = doors.Inside

    def noted(*given):
        inside.append(made())
        return inside[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doors, "Inside", noted)
        with Town(tmp_path_factory.mktemp("town")) as town:
            yield town


@pytest.fixture(scope="module")
def mallory(town):
    """A caseworker's certificate in bad hands."""
    role, organisation, _ = PEOPLE["worker"]
    return town.served.pki.client(role, organisation, "cw-66")


# Attacks: each is one connection's, and comes again until it is over


def says_nothing(town, pair, over):
    """Connects, and leaves the handshake to the other."""
    with plain(town.served) as connection:
        connection.settimeout(0.2)
        while not over.is_set():
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return


def begins_a_handshake(town, pair, over):
    """Says the first three bytes of what would be long."""
    with plain(town.served) as connection:
        connection.sendall(b"\x16\x03\x01")
        over.wait(HANDSHAKE)


def makes_noise(town, pair, over):
    """Sends what is nothing."""
    with plain(town.served) as connection:
        while not over.is_set():
            connection.sendall(secrets.token_bytes(4096))


def has_no_certificate(town, pair, over):
    """Makes the server do its part of a handshake, for nothing."""
    with secure(town.served, None) as connection:
        connection.recv(1)


def has_a_foreign_certificate(town, pair, over):
    """Of an authority of its own."""
    with secure(town.served, town.foreign) as connection:
        connection.recv(1)


def pings(town, pair, over):
    """As fast as it can."""
    with secure(town.served, pair) as connection:
        connection.sendall(begin())
        while not over.is_set():
            connection.sendall(frame(PING, content=bytes(8)) * 100)


def changes_settings(town, pair, over):
    """Each of them wants an answer."""
    with secure(town.served, pair) as connection:
        connection.sendall(begin())
        while not over.is_set():
            connection.sendall(frame(SETTINGS) * 100)


def asks_and_gives_up(town, pair, over):
    """One call after another, each cut off at once."""
    headers = block(path=SHOW, grpc_timeout="5S")
    asked = check.ShowCaseRequest(case_handle=town.case).SerializeToString()
    with secure(town.served, pair) as connection:
        connection.sendall(begin())
        stream = 1
        while not over.is_set():
            connection.sendall(
                call(stream, headers, asked) + frame(RESET, stream, CANCEL)
            )
            stream += 2


def never_ends_its_headers(town, pair, over):
    """And makes them longer and longer."""
    with secure(town.served, pair) as connection:
        connection.sendall(begin() + frame(HEADERS, 1, block(path=SHOW)))
        while not over.is_set():
            connection.sendall(frame(CONTINUATION, 1, b"\0\x01x\x7f\x00" + b"x" * 127))


def has_long_headers(town, pair, over):
    """Longer than is let in, on each call."""
    headers = block(path=SHOW, x_much="x" * 12_000)
    with secure(town.served, pair) as connection:
        connection.sendall(begin())
        stream = 1
        while not over.is_set():
            connection.sendall(call(stream, headers, b""))
            stream += 2


def opens_and_waits(town, pair, over):
    """Half of a connection: nothing is ever asked."""
    with ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(secure(town.served, pair))
            connection.sendall(begin())
        over.wait(PATIENCE)


def takes_no_answer(town, pair, over):
    """Asks as often as it may, without a deadline, with a window of no bytes."""
    asked = check.ShowCaseRequest(case_handle=town.case).SerializeToString()
    headers = block(path=SHOW)
    with secure(town.served, pair) as connection:
        calls = [call(2 * n + 1, headers, asked) for n in range(CALLS)]
        connection.sendall(begin(window=0) + b"".join(calls))
        over.wait(PATIENCE)


def follows_and_reads_nothing(town, pair, over):
    """Streams that need no deadline, as many as a connection may have."""
    headers = block(path="/grpc.health.v1.Health/Watch")
    with secure(town.served, pair) as connection:
        calls = [call(2 * n + 1, headers, b"") for n in range(CALLS)]
        connection.sendall(begin() + b"".join(calls))
        over.wait(PATIENCE)


def comes_with_many_connections(town, pair, over):
    """Each with all the calls that one may have."""
    asked = check.ShowCaseRequest(case_handle=town.case).SerializeToString()
    headers = block(path=SHOW, grpc_timeout="8S")
    with ExitStack() as stack:
        calls = [call(2 * n + 1, headers, asked) for n in range(CALLS)]
        for _ in range(3):
            connection = stack.enter_context(secure(town.served, pair))
            connection.sendall(begin() + b"".join(calls))
        over.wait(0.3)


ATTACKS = (
    says_nothing,
    begins_a_handshake,
    makes_noise,
    has_no_certificate,
    has_a_foreign_certificate,
    pings,
    changes_settings,
    asks_and_gives_up,
    never_ends_its_headers,
    has_long_headers,
    opens_and_waits,
    takes_no_answer,
    follows_and_reads_nothing,
    comes_with_many_connections,
)


@contextmanager
def attacked(town, pair, attack):
    """Attack from several connections until the block ends; count how often."""
    over, times = threading.Event(), []

    def go():
        while not over.is_set():
            times.append(attack)
            with suppress(OSError, ssl.SSLError):
                attack(town, pair, over)

    lanes = [threading.Thread(target=go) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    try:
        yield times
    finally:
        over.set()
        for lane in lanes:
            lane.join()


@pytest.fixture(scope="module", autouse=True)
def foreign(town, tmp_path_factory):
    """A certificate that no authority of ours signed."""
    pki = Pki(tmp_path_factory.mktemp("foreign"))
    town.foreign = pki.client_uri(f"spiffe://{TRUST_DOMAIN}/caseworker/1280/cw-01")


def ask(town, channel):
    """Ask once; return how long it took."""
    began = time.monotonic()
    request = check.CheckPlacementRequest.SerializeToString(town.question())
    answer = channel.unary_unary(PATHS["CheckPlacement"])(request, timeout=TIMEOUT)

    assert len(check.CheckPlacementResponse.FromString(answer).verdicts) == 1
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_others_are_answered_all_the_while(town, mallory, attack):
    """Over the connection that they have, and over new ones."""
    pair = town.served.pki.client(*PEOPLE["worker"])
    took, anew = [], []
    with town.served.connect(pair) as old:
        ask(town, old)
        with attacked(town, mallory, attack) as times:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                took.append(ask(town, old))
                with town.served.connect(pair) as new:
                    anew.append(ask(town, new))
    print(  # noqa: T201 (what pytest -s shows)
        f"{attack.__name__}: {len(times)} times; {len(took) + len(anew)} calls,"
        f" the slowest {max(took):.2f} s, over a new connection {max(anew):.2f} s"
    )

    assert len(times) >= LANES
    assert len(took) == len(anew) > 0


def test_nobody_holds_the_calls_of_all(town, mallory, inside):
    """Who takes no answer has a share, and leaves it with the connection."""
    with attacked(town, mallory, takes_no_answer):
        time.sleep(SECONDS)
        held = len(inside[0])
    until = time.monotonic() + PATIENCE
    while len(inside[0]) and time.monotonic() < until:
        time.sleep(0.05)

    assert CALLS_EACH <= held <= 2 * CALLS_EACH + LANES
    assert len(inside[0]) == 0


@pytest.mark.slow
def test_a_handshake_that_does_not_go_on_is_ended(town):
    """After some seconds, whatever it began with."""
    ended = []
    for first in (b"", b"\x16\x03\x01"):
        with plain(town.served) as connection:
            began = time.monotonic()
            connection.settimeout(2 * HANDSHAKE)
            connection.sendall(first)
            with suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass
            ended.append(time.monotonic() - began)

    assert max(ended) < HANDSHAKE + 1


@pytest.mark.slow
def test_a_flood_of_pings_is_cut_off(town, mallory):
    """The connection is closed, not only left alone."""
    over = threading.Event()
    until = threading.Timer(PATIENCE, over.set)
    until.start()
    with pytest.raises(OSError):  # noqa: PT011 (reset, broken pipe, end of TLS)
        pings(town, mallory, over)
    until.cancel()

    assert not over.is_set()


def test_who_is_told_to_go_away_is_told_why(town, mallory):
    """Too many pings, in HTTP/2's own word."""
    heard = b""
    with secure(town.served, mallory) as connection, suppress(OSError):
        connection.sendall(begin() + frame(PING, content=bytes(8)) * 5)
        while content := connection.recv(4096):
            heard += content

    assert b"too_many_pings" in heard
    assert bytes((AWAY,)) in heard


@pytest.mark.slow
def test_whoever_keeps_to_the_bound_is_never_cut_off(town):
    """As many calls at once as one may have, again and again, on one connection."""
    pair = town.served.pki.client(*PEOPLE["worker"])
    show = check.ShowCaseRequest(case_handle=town.case).SerializeToString()
    with town.served.connect(pair) as channel, ThreadPoolExecutor(CALLS) as lanes:
        ask = partial(channel.unary_unary(SHOW), show, timeout=TIMEOUT)
        asked = [lanes.submit(ask) for _ in range(40 * CALLS)]
        answered = [each.result() for each in asked]

    assert len(answered) == 40 * CALLS


@pytest.mark.slow
def test_strangers_write_nothing_into_the_log(tmp_path):
    """Nor does who goes away while he is answered: else he could fill the disk."""
    (port,) = prepare(tmp_path, 1)
    with subprocess.Popen(
        [sys.executable, "server.py", "serve", "--settings", str(tmp_path / "0.toml")],
        cwd=ROOT,
        env={key: text for key, text in os.environ.items() if key != "GRPC_VERBOSITY"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        server.stdout.readline()
        there = SimpleNamespace(
            port=port,
            pki=SimpleNamespace(
                paths=SimpleNamespace(authority=tmp_path / "pki" / "ca.pem")
            ),
        )
        one = SimpleNamespace(
            certificate_path=tmp_path / "pki" / "one.pem",
            key_path=tmp_path / "pki" / "one.key",
        )
        calls = b"".join(call(2 * n + 1, block(path=SHOW), b"") for n in range(CALLS))
        for _ in range(10):
            with suppress(OSError), secure(there, None) as connection:
                connection.recv(1)
            with suppress(OSError), secure(there, one) as connection:
                connection.sendall(begin() + calls)
                connection.close()
        server.terminate()
        out, err = server.communicate(timeout=PATIENCE)

    assert (server.returncode, out, err) == (0, "Stopped.\n", "")
