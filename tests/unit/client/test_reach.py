"""A server that is silent is told from one that is wrong."""

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from placement_client import reach
from placement_client.findings import Level

SILENT = "The server does not answer within 5 s"


@pytest.fixture
def reached(profile):
    """Try to reach a server; findings by step."""

    def reached(**changes):
        now = datetime.fromtimestamp(time.time(), UTC)
        changed = replace(profile, **changes)
        steps = reach.reach(changed, now, files_are_sound=True)
        return {each.step: each for each in steps}

    return reached


def test_a_frozen_server_is_silent(reached, monkeypatch):
    """The machine takes the connection; nobody speaks TLS, or anything."""
    monkeypatch.setattr(reach, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        got = reached(server=f"localhost:{listener.getsockname()[1]}")

    assert list(got) == ["port", "TLS"]
    assert got["TLS"].level is Level.FAILURE
    assert got["TLS"].sentence.startswith(SILENT)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("DEADLINE_EXCEEDED", SILENT),
        ("CANCELLED", "The server is stopping"),
        ("UNAVAILABLE", "The server hangs up after the handshake"),
    ],
)
def test_silence_after_the_handshake_is_told(wire, reached, code, sentence):
    """No answer says nothing about who signed the certificate."""
    wire.health_refusal = code
    got = reached()
    wire.health_refusal = None

    assert got["health"].level is Level.FAILURE
    assert got["health"].sentence.startswith(sentence)
    assert got["health"].is_final == (code == "UNAVAILABLE")


@pytest.mark.parametrize(
    ("code", "is_final"),
    [("UNAUTHENTICATED", True), ("RESOURCE_EXHAUSTED", False), ("INTERNAL", False)],
)
def test_only_a_refusal_is_final(wire, reached, code, is_final):
    """Who has too much to do answers again later."""
    wire.health_refusal = code
    got = reached()
    wire.health_refusal = None

    assert got["health"].is_final == is_final
