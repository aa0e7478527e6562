"""``provider``: stopped at once, let go on by two."""

import grpc
import pytest
from kit.asked import CHANGE
from kit.wire import refusal

from placement.api.v1 import registry_service_pb2 as registry

CODE = grpc.StatusCode
PROVIDER = bytes([4]) * 16


def test_a_provider_is_stopped_at_once(cli, wire):
    """No second coordinator is waited for."""
    wire.answers["StopProvider"] = registry.StopProviderResponse(revision=5)
    result = cli("provider", "stop", PROVIDER.hex())
    got = cli.json("provider", "stop", PROVIDER.hex())
    request = wire.requests("StopProvider")[0]

    assert result.stdout.startswith("Stopped. Every house of this provider answers")
    assert got == (0, {"revision": 5, "change_id": ""})
    assert (request.provider, request.lift) == (PROVIDER, False)


def test_a_provider_goes_on_once_a_second_coordinator_says_so(cli, wire):
    """Until then it stays stopped."""
    wire.answers["StopProvider"] = registry.StopProviderResponse(
        revision=5, change_id=CHANGE
    )
    result = cli("provider", "go-on", PROVIDER.hex())

    assert "stays stopped until a second coordinator approves" in result.stdout
    assert f"placement change approve {CHANGE.hex()}" in result.stdout
    assert wire.requests("StopProvider")[0].lift


def test_a_provider_that_goes_on_at_once_is_said_to(cli, wire):
    """The service says whether anybody is waited for."""
    wire.answers["StopProvider"] = registry.StopProviderResponse(revision=5)

    result = cli("provider", "go-on", PROVIDER.hex())

    assert (
        result.stdout
        == "The provider may go on, unless another region stopped it, too.\n"
    )


@pytest.mark.parametrize(
    ("word", "refused", "hint"),
    [
        ("stop", (CODE.PERMISSION_DENIED, "ACCESS_DENIED"), "Coordinators do this."),
        ("go-on", (CODE.PERMISSION_DENIED, "ACCESS_DENIED"), "Coordinators do this."),
        ("stop", (CODE.NOT_FOUND, "NOT_FOUND"), "placement facility register"),
        ("go-on", (CODE.NOT_FOUND, "NOT_FOUND"), "placement facility register"),
        ("stop", (CODE.FAILED_PRECONDITION, "CONTRADICTION"), "stopped this provider"),
        ("go-on", (CODE.FAILED_PRECONDITION, "CONTRADICTION"), "did not stop this"),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, word, refused, hint):
    """Beside its constant text."""
    wire.answers["StopProvider"] = refusal(*refused)
    result = cli("provider", word, PROVIDER.hex())

    assert result.exit_code == 1
    assert hint in result.stderr


def test_a_token_that_is_none_is_refused(cli, wire):
    """Before anything is sent."""
    result = cli("provider", "stop", "7")

    assert result.exit_code == 2
    assert "provider (PROVIDER) must be 32 hex digits." in result.stderr
    assert wire.seen == []
