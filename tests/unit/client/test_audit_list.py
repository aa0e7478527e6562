"""``audit list``: pages are followed, each entry is verified, and shown as it is."""

import io
import re

import grpc
import pytest
from kit.access_log import DECISION, OUTLINE, PSEUDONYM, idle_entry, log_entry
from kit.wire import RefusalError, invalid
from placement_client.commands.audit_words import BRIEF_HEADINGS, brief_row
from placement_client.commands.report import table
from placement_client.entries import opened
from rich.console import Console

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1.types_pb2 import Verdict
from placement.audit.details import Outline
from placement.audit.merkle import leaf_hash

LIST = ("audit", "list", "--purpose", "incident", "--matter", "TSN 7", "--case")
ASKED = (*LIST, DECISION.hex())


def pages(*sizes, size=1000, step=1):
    """Answer pages of so many entries; the last has no token."""
    index = iter(range(0, 10_000, step))
    made = [
        audit.ListEntriesResponse(
            entries=[log_entry(next(index)) for _ in range(count)],
            next_page_token=b"" if place == len(sizes) else b"t%d" % place,
            size=size,
        )
        for place, count in enumerate(sizes, 1)
    ]
    return iter(made).__next__


def served(wire, *sizes, **given):
    following = pages(*sizes, **given)
    wire.answers["ListEntries"] = lambda _request: following()


@pytest.mark.parametrize(
    ("words", "sizes", "asked", "got", "cut"),
    [
        ((), (3,), [100], 3, False),
        ((), (0, 0, 2, 0), [100, 100, 100, 98], 2, False),
        ((), (100, 7), [100], 100, True),
        (("--limit", "130"), (100, 30), [100, 30], 130, False),
        (("--limit", "130"), (100, 0, 30, 9), [100, 30, 30], 130, True),
        (("--limit", "2"), (2,), [2], 2, False),
        (("--limit", "5000"), (0,), [100], 0, False),
    ],
)
def test_pages_are_followed_to_the_limit_or_the_end(  # noqa: PLR0917 (fixtures)
    cli, wire, words, sizes, asked, got, cut
):
    """Over empty pages, and never for more than is left."""
    served(wire, *sizes)
    code, data = cli.json(*ASKED, *words)
    requests = wire.requests("ListEntries")

    assert code == 0
    assert [each.page_size for each in requests] == asked
    assert [each.page_token for each in requests] == [
        b"t%d" % place if place else b"" for place in range(len(asked))
    ]
    assert (len(data["entries"]), data["size"], data["cut"]) == (got, 1000, cut)


def test_how_many_of_how_many_is_told(cli, wire):
    """And that more may follow."""
    served(wire, 3, size=1000)
    whole = cli(*ASKED)
    served(wire, 2, 1, size=1000)
    part = cli(*ASKED, "--limit", "2")

    assert whole.stderr == "3 of 1000 entries in the log.\n"
    assert part.stderr.splitlines()[0] == "2 of 1000 entries in the log."
    assert "--limit" in part.stderr


def test_a_list_of_nothing_is_a_sentence(cli, wire):
    """No headings over nothing."""
    served(wire, 0)

    assert cli(*ASKED).stdout == "There is nothing to list.\n"


def test_an_entry_is_a_row(cli, wire):
    """Who did what, how it ended, of which case, where: counties by name, ids short."""
    served(wire, 1)
    result = cli(*ASKED, "--wide")
    head, row = result.stdout.splitlines()
    cells = re.split(r"  +", row.strip())

    assert re.split(r"  +", head.strip()) == [
        *("Index", "At (Stockholm)", "Who", "Action", "Purpose", "Outcome"),
        *("Case pseudonym", "Counties", "Verdicts", "Decisions", "Objects"),
    ]
    assert cells == [
        *("0", "2026-06-15 12:00:00", "caseworker 1480/cw-01", "CHECK"),
        *("PLANNED", "ANSWERED", PSEUDONYM.hex()[:8]),
        *("Västra Götalands län, Stockholms län", "CLEAR REVIEW"),
        *("dededede dfdfdfdf", "2"),
    ]


def test_a_row_is_brief_unless_told_otherwise(cli, wire):
    """When, in Stockholm; who; what; and what came of it: verdicts are counted."""
    served(wire, 1)
    head, row = cli(*ASKED).stdout.splitlines()

    assert re.split(r"  +", head.strip()) == [
        *("Index", "At (Stockholm)", "Who", "Action", "Came of it"),
    ]
    assert re.split(r"  +", row.strip()) == [
        *("0", "2026-06-15 12:00:00", "caseworker 1480/cw-01", "CHECK"),
        "1 CLEAR, 1 REVIEW",
    ]


@pytest.mark.parametrize(
    ("verdicts", "changes"),
    [
        ((1, 2, 3, 4, 4), {}),
        ((1,), {"action": "FACILITY_REGISTER", "person": "person-01"}),
        ((), {"outcome": "CERTIFICATE_REFUSED", "action": "FACILITY_REGISTER"}),
        ((), {"outcome": "REQUEST_ID_REUSED", "action": "PLACEMENT_RECORD"}),
    ],
)
def test_an_entry_takes_two_lines_of_a_narrow_terminal(verdicts, changes):
    """Eighty columns, whoever did whatever."""
    who = {"role": "coordinator", "organisation": "bergslagen", "person": "co-01"}
    sent = log_entry(123_456, Outline(verdicts=verdicts), **(who | changes))
    screen = Console(width=80, file=io.StringIO())
    screen.print(table(BRIEF_HEADINGS, [brief_row(opened(sent))]))
    head, *lines = screen.file.getvalue().splitlines()

    assert head.split()[0] == "Index"
    assert len(lines) <= 2


def only(wire, *entries):
    wire.answers["ListEntries"] = audit.ListEntriesResponse(entries=entries, size=9)


def test_what_the_law_took_is_said_to_be_erased(cli, wire):
    """The entry stays; its details are null."""
    erased = log_entry(4)
    erased.details = b""
    only(wire, erased)
    result = cli(*ASKED, "--wide")
    brief = cli(*ASKED)
    _, data = cli.json(*ASKED)

    assert result.stdout.splitlines()[1].split().count("erased") == 5
    assert brief.stdout.splitlines()[1].split()[-1] == "ANSWERED"
    assert data["entries"][0]["details"] is None
    assert data["entries"][0]["action"] == "CHECK"


def test_what_is_not_there_is_a_dash(cli, wire):
    """A call whose certificate was refused has no caller and no case."""
    only(
        wire,
        log_entry(
            4, Outline(), person="", organisation="", role="", purpose="", outcome="X"
        ),
    )
    row = cli(*ASKED, "--wide").stdout.splitlines()[1].split()
    brief = cli(*ASKED).stdout.splitlines()[1].split()

    assert row == ["4", *row[1:3], "-", "CHECK", "-", "X", "-", "-", "-", "-", "-"]
    assert brief == ["4", *brief[1:3], "-", "CHECK", "X"]


def test_an_entry_is_an_object(cli, wire):
    """Everything that stands in it, whole."""
    sent = log_entry(4)
    only(wire, sent)
    _, data = cli.json(*ASKED)
    (found,) = data["entries"]

    assert found.pop("commitment") in sent.entry.hex()
    assert found == {
        "index": 4,
        "at": "2026-06-15T10:00:00.000000Z",
        "kind": "CONSULTATION",
        "action": "CHECK",
        "person": "cw-01",
        "organisation": "1480",
        "role": "caseworker",
        "certificate": "03" * 32,
        "purpose": "PLANNED",
        "outcome": "ANSWERED",
        "revision": 3,
        "ruleset": "2026-11-1",
        "rules": "04" * 32,
        "recipient": "",
        "leaf_hash": leaf_hash(sent.entry).hex(),
        "details": {
            "case": PSEUDONYM.hex(),
            "subjects": [],
            "counties": [
                {"code": "14", "name": "Västra Götalands län"},
                {"code": "01", "name": "Stockholms län"},
            ],
            "verdicts": ["CLEAR", "REVIEW"],
            "decisions": [each.hex() for each in OUTLINE.decisions],
            "objects": [each.hex() for each in OUTLINE.objects],
            "search": "",
        },
    }


def test_a_text_that_steers_a_terminal_is_shown_harmless(cli, wire):
    """An entry's texts come from outside."""
    only(wire, log_entry(4, purpose="\x1b[2J"))

    assert "\x1b" not in cli(*ASKED).stdout


def test_the_filter_is_sent(cli, wire):
    """As the wire has it."""
    served(wire, 0)
    cli(*ASKED, "--verdict", "conflict", "--first", "3", "--action", "check")
    (request,) = wire.requests("ListEntries")

    assert request.filter == audit.EntryFilter(
        case_handle=DECISION,
        verdict=Verdict.VERDICT_CONFLICT,
        first_index=3,
        action="CHECK",
    )


def lying():
    """Name servers that lie, and what they answer, page by page."""
    other = log_entry(1)
    wrong = log_entry(1)
    wrong.details = other.details
    garbage = log_entry(1)
    garbage.entry = b"\x02garbage"
    late = log_entry(1, at=1 << 63)
    page = audit.ListEntriesResponse
    return {
        "details of another entry": [page(entries=[wrong], size=9)],
        "garbage": [page(entries=[garbage], size=9)],
        "an instant beyond every calendar": [page(entries=[late], size=9)],
        "twice on a page": [page(entries=[other, other], size=9)],
        "back on the next page": [
            page(entries=[log_entry(3)], next_page_token=b"a", size=9),
            page(entries=[log_entry(2)], size=9),
        ],
        "behind the end": [page(entries=[log_entry(9)], size=9)],
        "in a circle": [
            page(next_page_token=token, size=9) for token in (b"a", b"b", b"a")
        ],
        "more than asked for": [
            page(entries=[log_entry(n) for n in range(101)], size=1000)
        ],
    }


@pytest.mark.parametrize("name", lying())
def test_a_server_that_lies_is_found_out(cli, wire, name):
    """Nothing of its answer is shown."""
    wire.answers["ListEntries"] = lying()[name]
    result = cli(*ASKED)

    assert result.exit_code == 5
    assert result.stdout == ""


def test_idle_entries_that_were_asked_for_are_shown(cli, wire):
    """By their action."""
    only(wire, idle_entry(4))
    _, data = cli.json(*LIST[:-1], "--first", "3", "--action", "idle")

    assert [each["index"] for each in data["entries"]] == [4]


@pytest.mark.parametrize(
    "words",
    [
        ("--person", "cw-02"),
        ("--organisation", "1280"),
        ("--role", "coordinator"),
        ("--kind", "disclosure"),
        ("--action", "case-show"),
        ("--entry-purpose", "urgent"),
        ("--outcome", "access-denied"),
        ("--verdict", "conflict"),
        ("--decision", "77" * 16),
        ("--from", "2026-06-15T10:00:00.000001Z"),
        ("--to", "2026-06-15T10:00:00Z"),
        ("--first", "5"),
        ("--end", "4"),
    ],
    ids=lambda words: words[0],
)
def test_an_entry_that_was_not_asked_for_is_found_out(cli, wire, words):
    """By every field that the client can see."""
    only(wire, log_entry(4))
    asked = cli(*ASKED)
    result = cli(*ASKED, *words)

    assert (asked.exit_code, result.exit_code, result.stdout) == (0, 5, "")


def test_what_the_server_refuses_is_told_with_its_option(cli, wire):
    """A search without a period, for example."""
    wire.answers["ListEntries"] = invalid(("filter.since", "must be set"))
    result = cli(*LIST[:-1])

    assert result.exit_code == 2
    assert "--from must be set." in result.stderr


def test_a_server_that_is_gone_ends_it(cli, wire):
    """Without a part of a list that looks whole."""
    served(wire, 1, 1)
    first = wire.answers["ListEntries"](None)
    wire.answers["ListEntries"] = [
        first,
        RefusalError(grpc.StatusCode.PERMISSION_DENIED),
    ]
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (1, "")
