"""Each thing that can be wrong on the way to the server is found, and told apart."""

import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from grpc_health.v1 import health_pb2
from kit.certs import Pki
from kit.diagnosed import client, diagnosed, levels, now
from kit.wire import Wire
from placement_client import reach
from placement_client.doctor import examine
from placement_client.findings import Level

OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE
STATUS = health_pb2.HealthCheckResponse


@pytest.fixture
def found(wire, profile):
    """Examine the profile with some values changed; findings by step."""
    return diagnosed(wire, profile)


def test_a_certificate_of_another_authority_is_found(found, tmp_path):
    """The server hangs up after the handshake; only that much can be told."""
    got = found(**client(Pki(tmp_path)))

    assert levels(got) == {"authority": WARNING, "health": FAILURE}
    assert "does not trust" in got["health"].sentence


def test_a_server_of_another_authority_is_found(found, tmp_path):
    """Somebody else under the server's name."""
    got = found(ca=str(Pki(tmp_path).paths.authority))

    assert got["TLS"].level is FAILURE
    assert "do not go on" in got["TLS"].sentence
    assert "health" not in got


def test_another_name_is_found(found):
    """The certificate must bear the name that is asked for."""
    got = found(server_name="other.test")

    assert levels(got) == {"TLS": FAILURE}
    assert "another name" in got["TLS"].sentence


def test_why_a_custodian_is_not_reached(wire, profile, tmp_path):
    """Its certificate is of another host, or signed by another; else its operator knows."""
    pki = Pki(tmp_path)
    pki.server(hosts=["custodian.test"])
    apart = Wire(pki)
    other = replace(profile, custodian_ca=str(pki.paths.authority))
    said = [
        reach.hindrance(other, apart.address),
        reach.hindrance(other, profile.server),
        reach.hindrance(profile, "localhost:1"),
        reach.hindrance(profile, profile.server),
    ]
    apart.stop()

    assert said[0].startswith("It has another name: check its address, which has to")
    assert said[1].startswith("It is not signed by the authority")
    assert said[2].startswith("Nothing listens there: check its address")
    assert said[3] == ""


def test_an_expired_server_is_found(tmp_path, profile):
    """It may be this machine's clock."""
    pki = Pki(tmp_path)
    pki.server(now=now() - timedelta(days=200))
    wire = Wire(pki)
    changed = replace(
        profile, server=wire.address, ca=str(pki.paths.authority), **client(pki)
    )
    got = {each.step: each for each in examine(changed, clock=time.time)}
    custodian = reach.hindrance(changed, wire.address)
    wire.stop()

    assert got["TLS"].level is FAILURE
    assert "clock" in got["TLS"].sentence
    assert custodian.startswith("Its certificate is not valid now")


@pytest.mark.parametrize(
    ("server", "word"),
    [("localhost:1", "Nothing listens"), ("no-such-host.invalid:1", "Nobody knows")],
)
def test_a_server_that_is_not_there_is_found(found, server, word):
    """Port and name are told apart."""
    got = found(server=server)

    assert levels(got) == {"port": FAILURE}
    assert got["port"].sentence.startswith(word)


def test_a_firewall_is_told_from_an_empty_port(found, monkeypatch):
    """Silence is not refusal."""

    def silent(*_args):
        raise TimeoutError

    monkeypatch.setattr(reach.socket, "create_connection", silent)
    got = found()

    assert levels(got) == {"port": FAILURE}
    assert "firewall" in got["port"].sentence


def test_something_else_that_listens_is_found(found):
    """A port that speaks no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up():
            for _ in range(2):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        got = found(server=f"localhost:{listener.getsockname()[1]}")
        thread.join()

    assert levels(got) == {"TLS": FAILURE}


def test_a_server_that_does_not_serve_is_found(wire, found):
    """Up, but not answering; it is asked for nothing else."""
    wire.health.set("", STATUS.NOT_SERVING)
    got = found()

    assert levels(got) == {"health": FAILURE}
    assert wire.seen == []


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("UNAUTHENTICATED", FAILURE),
        ("UNIMPLEMENTED", WARNING),
        ("DEADLINE_EXCEEDED", FAILURE),
    ],
)
def test_a_refused_question_is_told(wire, found, monkeypatch, code, level):
    """A revoked certificate connects and is then refused."""
    wire.health_refusal = code
    got = found()
    wire.health_refusal = None

    assert got["health"].level is level


@pytest.mark.parametrize(
    ("told", "level"),
    [
        (timedelta(), OK),
        (timedelta(seconds=50), FAILURE),
        (timedelta(seconds=-50), FAILURE),
        (None, WARNING),
    ],
    ids=["same", "ahead", "behind", "unreadable"],
)
def test_clocks_are_compared(wire, found, told, level):
    """Where a response tells the time, half a minute apart is too much."""
    date = "soon" if told is None else f"{now() + told:%a, %d %b %Y %H:%M:%S} +0000"
    wire.initial = (("date", date),)
    got = found()
    wire.initial = ()

    assert got["clock"].level is level
