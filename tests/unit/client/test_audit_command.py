"""``audit``: every search says why, and asks in the words of the wire."""

import grpc
import pytest
from kit.access_log import DECISION
from kit.wire import refusal
from placement_client.__main__ import app
from typer.main import get_command

from placement.api.v1 import audit_service_pb2 as audit

WHY = ("--purpose", "incident", "--matter", "TSN 2026/7")
SEARCHES = {
    ("list", "--case", DECISION.hex()): "ListEntries",
    ("show", "4"): "ShowEntry",
    ("tail", "--count", "1"): "TailEntries",
    ("replay", DECISION.hex()): "ReplayDecision",
    ("anomalies", "--from", "2026-06-01"): "ReportAnomalies",
    ("anomalies", "--from", "2026-06-01", "--follow"): "ReportAnomalies",
}


@pytest.mark.parametrize("words", SEARCHES)
@pytest.mark.parametrize("why", [WHY[:2], WHY[2:], ()])
def test_no_search_without_a_reason(cli, wire, words, why):
    """Purpose and matter are both asked for, and nothing is sent without them."""
    result = cli("audit", *words, *why)

    assert result.exit_code == 2
    assert wire.seen == []


@pytest.mark.parametrize("words", SEARCHES)
@pytest.mark.parametrize(
    ("why", "field", "option"),
    [
        (("--purpose", "curiosity", *WHY[2:]), "purpose", "--purpose"),
        ((*WHY[:2], "--matter", "Anna Svensson"), "matter", "--matter"),
        ((*WHY[:2], "--matter", "19870605-4321"), "matter", "--matter"),
        ((*WHY[:2], "--matter", ""), "matter", "--matter"),
    ],
)
def test_a_reason_that_is_none_is_refused(  # noqa: PLR0917 (fixtures)
    cli, wire, words, why, field, option
):
    """Before anything is sent: a matter's number has no room for a name."""
    code, data = cli.json("audit", *words, *why)
    result = cli("audit", *words, *why)

    assert (code, data["error"]["field"]) == (2, field)
    assert f"{field} ({option})" in result.stderr
    assert wire.seen == []


@pytest.mark.parametrize(("words", "method"), SEARCHES.items())
def test_the_reason_is_sent(cli, wire, words, method):
    """It stands in the search's own entry; whoever may not search is told."""
    wire.answers[method] = refusal(grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
    result = cli("audit", *words, *WHY)
    (request,) = wire.requests(method)

    assert result.exit_code == 1
    assert result.stderr == "This certificate does not grant this action.\n"
    assert request.ground == audit.Ground(
        purpose=audit.AUDIT_PURPOSE_INCIDENT, matter="TSN 2026/7"
    )


def test_the_help_tells_the_exit_codes_of_a_replay(cli):
    """A script that replays decisions needs them."""
    result = cli("audit", "replay", "--help")

    assert "0 the same verdict, 5 another one, 3" in " ".join(result.stdout.split())


def test_every_command_is_there(cli):
    """One word for each thing that audit staff do."""
    names = set(get_command(app).commands["audit"].commands)

    assert names >= {
        *("list", "show", "tail", "checkpoints", "prove", "consistency"),
        *("replay", "anomalies"),
    }
