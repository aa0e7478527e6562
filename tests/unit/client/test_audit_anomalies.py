"""``audit anomalies``: patterns in plain words, with the entries that support them."""

import json
import os
import re
import signal
import time

import grpc
import pytest
from kit.access_log import AT, PSEUDONYM
from kit.wire import RefusalError, in_turn
from placement_client.commands import audit_anomalies
from placement_client.commands.audit_anomalies import PATTERNS
from placement_client.commands.audit_printing import print_line

from placement.api.v1 import audit_service_pb2 as audit
from placement.domain.anomalies.patterns import PATTERNS as SERVICE

REPORT = (
    *("audit", "anomalies", "--purpose", "supervision", "--matter", "TSN 7"),
    *("--from", "2026-06-15T00:00:00Z"),
)
MIDNIGHT = AT - 10 * 3_600_000_000
GONE = RefusalError(grpc.StatusCode.UNAVAILABLE)


def anomaly(*entries, pattern="MANY_AREAS", **changes):
    given = {
        "organisation": "1480",
        "person": "cw-01",
        "case": PSEUDONYM,
        "at": AT,
        "count": 6,
        "limit": 5,
    }
    found = audit.Anomaly(pattern=pattern, entries=entries, **{**given, **changes})
    return audit.ReportAnomaliesResponse(anomaly=found)


def progress(done, total=9):
    return audit.ReportAnomaliesResponse(
        progress=audit.Progress(done=done, total=total)
    )


def test_every_pattern_of_the_service_has_its_sentence():
    """And no other has."""
    assert set(PATTERNS) == set(SERVICE)
    assert all(re.fullmatch(r"[A-Z].*\.", each) for each in PATTERNS.values())


def test_an_anomaly_is_a_row(cli, wire):
    """What, who, which case, how much of how much, which entries."""
    wire.answers["ReportAnomalies"] = [
        progress(3),
        anomaly(3, 5, 8),
        anomaly(*range(1, 14), pattern="NEW", organisation="", person="", case=b""),
        progress(9),
    ]
    result = cli(*REPORT, "--to", "2026-07-01")
    rows = [re.split("  +", line.strip()) for line in result.stdout.splitlines()]

    assert (result.exit_code, result.stderr) == (0, "Anomalies: 2.\n")
    assert rows == [
        ["At (Stockholm)", "Pattern", "Who", "Case pseudonym", "Found", "Entries"],
        [
            *("2026-06-15 12:00:00", "One case was asked about in many areas."),
            *("1480/cw-01", "cacacaca", "6, allowed 5", "3 5 8"),
        ],
        [
            *("2026-06-15 12:00:00", "NEW", "more than one", "-"),
            *("6, allowed 5", "1 2 3 4 5 6 7 8 9 10 and 3 more"),
        ],
    ]


def test_an_anomaly_is_an_object(cli, wire):
    """As the wire names it, with its sentence."""
    wire.answers["ReportAnomalies"] = anomaly(3, 5, 8)
    code, data = cli.json(*REPORT)

    assert code == 0
    assert data["anomalies"] == [
        {
            "pattern": "MANY_AREAS",
            "organisation": "1480",
            "person": "cw-01",
            "case": PSEUDONYM.hex(),
            "at": "2026-06-15T10:00:00.000000Z",
            "count": 6,
            "limit": 5,
            "entries": [3, 5, 8],
            "sentence": "One case was asked about in many areas.",
        }
    ]


def test_the_period_is_sent(cli, wire):
    """To a day or instant; to now, if none is given; without an end to follow."""
    wire.answers["ReportAnomalies"] = lambda _request: []
    before = time.time() * 1_000_000
    cli(*REPORT, "--to", "2026-06-15T10:00:00Z")
    cli(*REPORT)
    wire.answers["ReportAnomalies"] = RefusalError(grpc.StatusCode.PERMISSION_DENIED)
    cli(*REPORT, "--follow")
    some, until_now, followed = wire.requests("ReportAnomalies")

    assert (some.since, some.until) == (MIDNIGHT, AT)
    assert before - 1 <= until_now.until <= time.time() * 1_000_000
    assert followed.since == MIDNIGHT
    assert not followed.HasField("until")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--to", "soon"), "until (--to) must be a date"),
        (("--to", "2026-07-01", "--follow"), "until (--to) has no meaning beside"),
        (("--from", "soon"), "since (--from) must be a date"),
    ],
)
def test_a_period_that_is_none_is_refused(cli, wire, words, option):
    """Before anything is sent."""
    result = cli(*REPORT, *words)

    assert result.exit_code == 2
    assert option in result.stderr
    assert wire.seen == []


@pytest.mark.parametrize(
    "answer",
    [
        anomaly(),
        anomaly(5, 3),
        anomaly(3, 3),
        anomaly(3, at=1 << 63),
        audit.ReportAnomaliesResponse(),
    ],
    ids=["nothing supports it", "order", "twice", "no calendar", "no step"],
)
def test_an_anomaly_that_nothing_supports_is_refused(cli, wire, answer):
    """The report is whole or there is none."""
    wire.answers["ReportAnomalies"] = [anomaly(1), answer]
    result = cli(*REPORT)

    assert (result.exit_code, result.stdout) == (5, "")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_each_is_told_once_however_often_a_stream_breaks(cli, wire, monkeypatch, form):
    """The next stream begins with the same period, and finds the same again."""
    told = []
    first, second, third = anomaly(1), anomaly(2), anomaly(1, 3)

    def print_and_stop(*given, **more):
        print_line(*given, **more)
        told.append(given)
        if len(told) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(audit_anomalies, "print_line", print_and_stop)
    wire.answers["ReportAnomalies"] = in_turn(
        [first, progress(3), GONE], [first, second, third, progress(9)]
    )
    result = cli(*REPORT, "--follow", *form)
    lines = result.stdout.splitlines()

    assert result.exit_code == 0
    assert result.stderr.count("The connection broke") == 1
    if form:
        assert [json.loads(line)["entries"] for line in lines] == [[1], [2], [1, 3]]
    else:
        assert [line.rsplit("  ")[-1] for line in lines] == ["1", "2", "1 3"]
