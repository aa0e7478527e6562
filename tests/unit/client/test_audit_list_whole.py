"""``audit list`` of a whole range: no entry is left out, and idle ones are counted."""

import pytest
from kit.access_log import OUTLINE, idle_entry, log_entry

from placement.api.v1 import audit_service_pb2 as audit
from placement.audit.details import Outline

WHOLE = (
    *("audit", "list", "--purpose", "incident", "--matter", "TSN 7"),
    *("--first", "3", "--end", "9"),
)


def whole(wire, *indexes, size=9):
    wire.answers["ListEntries"] = audit.ListEntriesResponse(
        entries=[log_entry(index) for index in indexes], size=size
    )


def test_a_whole_range_is_listed(cli, wire):
    """Every index; the log may end before it does."""
    whole(wire, *range(3, 9))
    ended = cli.json(*WHOLE)
    whole(wire, 3, 4, size=5)
    short = cli.json(*WHOLE)
    whole(wire, size=3)
    empty = cli.json(*WHOLE)

    assert [code for code, _ in (ended, short, empty)] == [0, 0, 0]
    assert [len(data["entries"]) for _, data in (ended, short, empty)] == [6, 2, 0]


@pytest.mark.parametrize(
    "indexes",
    [(4, 5, 6, 7, 8), (3, 4, 6, 7, 8), (3, 4, 5, 6, 7), (), (2, *range(3, 9))],
    ids=["first", "midst", "last", "all", "one before"],
)
def test_an_entry_that_is_left_out_of_a_whole_range_is_found_out(cli, wire, indexes):
    """Or one that does not belong there; nothing is shown."""
    whole(wire, *indexes)
    result = cli(*WHOLE)

    assert (result.exit_code, result.stdout) == (5, "")


def test_idle_entries_of_a_whole_range_are_counted_and_not_shown(cli, wire):
    """They fill no gap but their own; how many there were is told."""
    sent = [log_entry(3), idle_entry(4), idle_entry(5), log_entry(6)]
    wire.answers["ListEntries"] = audit.ListEntriesResponse(entries=sent, size=7)
    result = cli(*WHOLE)
    _, data = cli.json(*WHOLE)
    wire.answers["ListEntries"].entries.pop(2)
    gap = cli(*WHOLE)

    assert [each["index"] for each in data["entries"]] == [3, 6]
    assert (data["idle"], data["cut"]) == (2, False)
    assert "2 entries that nothing happened (--action idle)" in result.stderr
    assert (gap.exit_code, gap.stdout) == (5, "")


def test_what_only_calls_itself_idle_is_shown(cli, wire):
    """In a whole range: nobody hides a call behind the word."""
    case = idle_entry(3, OUTLINE)
    caller = log_entry(4, Outline(), kind="ALTERATION", action="IDLE")
    page = audit.ListEntriesResponse(entries=[case, caller], size=5)
    wire.answers["ListEntries"] = page
    _, data = cli.json(*WHOLE)

    assert [each["index"] for each in data["entries"]] == [3, 4]
    assert data["idle"] == 0


def test_idle_entries_take_nothing_of_the_limit(cli, wire):
    """Pages are read until there are as many to show, and what is more is cut off."""
    first = [log_entry(3), *map(idle_entry, range(4, 7))]
    answers = [
        audit.ListEntriesResponse(entries=first, size=9, next_page_token=b"t"),
        audit.ListEntriesResponse(entries=[log_entry(7), log_entry(8)], size=9),
    ]
    wire.answers["ListEntries"] = answers
    _, data = cli.json(*WHOLE, "--limit", "2")

    assert [each["index"] for each in data["entries"]] == [3, 7]
    assert (data["cut"], data["idle"]) == (True, 3)
    assert [each.page_size for each in wire.requests("ListEntries")] == [100, 100]


def test_a_limit_ends_a_whole_range(cli, wire):
    """What follows was not asked for; a gap before it is one."""
    answer = audit.ListEntriesResponse(
        entries=[log_entry(3), log_entry(4)], size=9, next_page_token=b"t"
    )
    wire.answers["ListEntries"] = answer
    good = cli(*WHOLE, "--limit", "2")
    answer.entries[1].index = 5
    bad = cli(*WHOLE, "--limit", "2")

    assert (good.exit_code, bad.exit_code) == (0, 5)
