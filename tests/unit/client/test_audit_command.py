"""``audit``: entries are read page by page, and shown as they are."""

import re

import pytest
from kit.asked import CASE, NOON

from placement.api.v1 import audit_service_pb2 as audit


def entry(index):
    return audit.LogEntry(
        index=index,
        at=NOON,
        kind="CONSULTATION",
        action="CHECK",
        person="cw-01",
        organisation="1480",
        role="caseworker",
        purpose="PLANNED",
        outcome="ANSWERED",
        verdicts=["CLEAR", "REVIEW"],
        decision_ids=[CASE],
        revision=3,
        ruleset="2026-11-1",
    )


def log(size):
    """Answer as a log of a size, which every reading makes longer."""
    sizes = iter(range(size, size + 100))

    def answer(request):
        now = next(sizes)
        stop = min(request.first_index + request.count, now)
        return audit.ListEntriesResponse(
            entries=[entry(n) for n in range(request.first_index, stop)], size=now
        )

    return answer


@pytest.mark.parametrize(
    ("words", "pages", "got"),
    [
        ((), [(0, 100)], 100),
        (("--count", "130"), [(0, 100), (100, 30)], 130),
        (("--count", "500"), [(0, 100), (100, 100), (200, 50)], 250),
        (("--first", "240"), [(240, 100)], 10),
        (("--first", "150", "--count", "100"), [(150, 100)], 100),
        (("--first", "900"), [(900, 100)], 0),
    ],
)
def test_entries_are_read_a_hundred_at_a_time(cli, wire, words, pages, got):
    """As many as asked for, to the end of the log as it was met."""
    wire.answers["ListEntries"] = log(250)
    code, data = cli.json("audit", "list", "--purpose", "incident", *words)
    requests = wire.requests("ListEntries")

    assert code == 0
    assert [(each.first_index, each.count) for each in requests] == pages
    assert len(data["entries"]) == got
    assert data["size"] == 250
    assert {each.purpose for each in requests} == {audit.AUDIT_PURPOSE_INCIDENT}


def test_entries_are_shown(cli, wire):
    """Who did what, and how it ended."""
    wire.answers["ListEntries"] = log(1)
    result = cli("audit", "list", "--purpose", "supervision")

    assert "caseworker 1480/cw-01" in result.stdout
    assert re.search(f"CLEAR REVIEW +{CASE.hex()[:8]} *$", result.stdout, re.MULTILINE)
    assert "At (UTC)" in result.stdout
    assert result.stderr == "1 of 1 entries.\n"


def test_never_more_is_told_than_there_was(cli, wire):
    """The readings' own entries are left to the next reading."""
    wire.answers["ListEntries"] = log(157)
    result = cli("audit", "list", "--purpose", "supervision", "--count", "500")

    assert result.stderr == "157 of 157 entries.\n"


def test_a_log_that_ends_early_is_not_read_on(cli, wire):
    """A page that is not full is the last, whatever size was told."""
    wire.answers["ListEntries"] = audit.ListEntriesResponse(
        entries=[entry(0)], size=500
    )
    code, data = cli.json("audit", "list", "--purpose", "incident", "--count", "300")

    assert (code, len(data["entries"])) == (0, 1)
    assert len(wire.requests("ListEntries")) == 1


def test_an_entry_is_an_object(cli, wire):
    """Fields as the wire names them."""
    wire.answers["ListEntries"] = log(1)
    _, data = cli.json("audit", "list", "--purpose", "extract")

    assert data["entries"][0] == {
        "index": 0,
        "at": "2026-06-15T10:00:00.000000Z",
        "kind": "CONSULTATION",
        "action": "CHECK",
        "person": "cw-01",
        "organisation": "1480",
        "role": "caseworker",
        "purpose": "PLANNED",
        "outcome": "ANSWERED",
        "verdicts": ["CLEAR", "REVIEW"],
        "decision_ids": [CASE.hex()],
        "revision": 3,
        "ruleset": "2026-11-1",
        "recipient": "",
    }
