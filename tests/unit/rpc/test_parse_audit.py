"""Requests about the access log become commands; no word of them has room for a name."""

from dataclasses import replace

import pytest
from kit.commands import CASEWORKER
from kit.numbers import NUMBERS
from kit.parsed import violation
from kit.town import GROUND

from placement.access import Caller, Role
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide import searches
from placement.domain.decide.searches import Filter, Ground
from placement.domain.terms import Verdict
from placement.errors import InvalidInputError
from placement.rpc import parse_audit as parse

CASE, DECISION = b"c" * 16, b"d" * 16
FULL = audit.EntryFilter(
    person="cw-01",
    organisation="1280",
    role="caseworker",
    kind="DISCLOSURE",
    action="CHECK",
    purpose="PLANNED",
    outcome="ANSWERED",
    verdict=wire.VERDICT_CONFLICT,
    case_handle=CASE,
    reference="SN 2026/17",
    decision_id=DECISION,
    since=1,
    until=2,
    first_index=0,
    end_index=9,
)
READ = Filter(
    person="cw-01",
    organisation="1280",
    role="caseworker",
    kind="DISCLOSURE",
    action="CHECK",
    purpose="PLANNED",
    outcome="ANSWERED",
    verdict=Verdict.CONFLICT,
    case=CASE,
    reference="SN 2026/17",
    decision=DECISION,
    since=1,
    until=2,
    first=0,
    end=9,
)


def listing(**given):
    values = {"filter": audit.EntryFilter(), "page_size": 10, "ground": GROUND}
    return audit.ListEntriesRequest(**(values | given))


def filtered(origin, **given):
    """Return how a filter is read."""
    request = listing(filter=audit.EntryFilter(**given))
    return parse.list_entries(request, origin).filter


# Searches


def test_a_page_to_list(origin):
    """Every field of the filter, and why."""
    got = parse.list_entries(listing(filter=FULL), origin)

    assert got == searches.ListEntries(
        caller=CASEWORKER,
        ground=Ground(purpose="SUPERVISION", matter="DI 2026-17"),
        filter=READ,
        scope=got.scope,
        resume=(),
        page_size=10,
    )


def test_what_is_unset_selects_everything(origin):
    """An instant or index of zero is not unset."""
    assert filtered(origin) == Filter()
    assert filtered(origin, since=0, first_index=0) == Filter(since=0, first=0)


def test_an_entry_to_show(origin):
    """A search for one index."""
    request = audit.ShowEntryRequest(index=7, ground=GROUND)
    got = parse.show_entry(request, origin)

    assert got.filter == Filter(first=7, end=8)
    assert got.ground.matter == "DI 2026-17"


def test_what_to_follow(origin):
    """From where the filter says, without an end."""
    request = audit.TailEntriesRequest(
        filter=audit.EntryFilter(person="cw-01", since=5), ground=GROUND
    )
    got = parse.tail_entries(request, origin)

    assert (got.filter, got.resume) == (Filter(person="cw-01", since=5), ())


@pytest.mark.parametrize("end", ["until", "end_index"])
def test_following_has_no_end(origin, end):
    """Not even one of zero."""
    request = audit.TailEntriesRequest(
        filter=audit.EntryFilter(**{end: 0}), ground=GROUND
    )

    assert violation(parse.tail_entries, request, origin) == "filter"


def test_what_to_take_along(origin):
    """No token: an export is one stream."""
    request = audit.ExportEntriesRequest(filter=FULL, ground=GROUND)
    got = parse.export_entries(request, origin)

    assert (got.filter, got.resume) == (READ, ())


def test_a_decision_to_replay(origin):
    """By its id."""
    request = audit.ReplayDecisionRequest(decision_id=DECISION, ground=GROUND)

    assert parse.replay_decision(request, origin).filter == Filter(decision=DECISION)
    request.decision_id = DECISION[:15]
    assert violation(parse.replay_decision, request, origin) == "decision_id"


def anomalies(**given):
    return audit.ReportAnomaliesRequest(ground=GROUND, **given)


def test_where_to_look_for_misuse(origin):
    """A period, or from an instant on and on."""
    period = parse.report_anomalies(anomalies(since=3, until=4), origin)
    following = parse.report_anomalies(anomalies(since=3), origin)

    assert period.filter == Filter(since=3, until=4)
    assert following.filter == Filter(since=3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"since": 4, "until": 4}, "until"),
        ({"since": 4, "until": 0}, "until"),
        ({"since": 2**62, "until": 2**62 + 1}, "since"),
        ({"since": 0, "until": 2**62}, "until"),
        ({"since": 2**62}, "since"),
    ],
    ids=["empty", "turned", "a late beginning", "a late end", "no end"],
)
def test_periods_that_are_none(origin, given, expected):
    """Turned around, empty, or beyond every clock."""
    assert violation(parse.report_anomalies, anomalies(**given), origin) == expected


# Filters


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"person": "Anna"}, "person"),
        ({"person": "anna"}, "person"),
        ({"person": "cw-850101-1234"}, "person"),
        ({"person": "cw 01"}, "person"),
        ({"person": "x1" * 17}, "person"),
        ({"organisation": "Malmö"}, "organisation"),
        ({"organisation": "8501011234"}, "organisation"),
        ({"organisation": "x" * 33}, "organisation"),
        ({"role": "Caseworker"}, "role"),
        ({"role": "police"}, "role"),
        ({"kind": "disclosure"}, "kind"),
        ({"action": "C"}, "action"),
        ({"action": "CHECK "}, "action"),
        ({"action": "CHECK\n"}, "action"),
        ({"purpose": "P" * 33}, "purpose"),
        ({"outcome": "19850101"}, "outcome"),
        ({"verdict": 5}, "verdict"),
        ({"verdict": -1}, "verdict"),
        ({"case_handle": CASE[:15]}, "case_handle"),
        ({"case_handle": CASE + b"x"}, "case_handle"),
        ({"decision_id": b"x"}, "decision_id"),
        ({"reference": "about Anna"}, "reference"),
        *(({"reference": text}, "reference") for text in NUMBERS),
        ({"since": 2**62}, "since"),
        ({"until": 2**64 - 1}, "until"),
        ({"first_index": 2**62}, "first_index"),
        ({"end_index": 2**63}, "end_index"),
        ({"since": 5, "until": 5}, "until"),
        ({"since": 5, "until": 4}, "until"),
        ({"first_index": 5, "end_index": 5}, "end_index"),
        ({"first_index": 5, "end_index": 0}, "end_index"),
    ],
    ids=map(str, range(27 + len(NUMBERS))),
)
def test_filters_that_are_none(origin, given, expected):
    """The field is named, below the filter."""
    request = listing(filter=audit.EntryFilter(**given))

    assert violation(parse.list_entries, request, origin) == f"filter.{expected}"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"person": "a1"}, Filter(person="a1")),
        ({"organisation": "1280"}, Filter(organisation="1280")),
        ({"organisation": "national"}, Filter(organisation="national")),
        ({"organisation": "imy"}, Filter(organisation="imy")),
        *(({"role": role.value}, Filter(role=role.value)) for role in Role),
        ({"role": "officer"}, Filter(role="officer")),
        *(
            ({"verdict": value}, Filter(verdict=Verdict(value)))
            for value in wire.Verdict.values()
            if value
        ),
        ({"outcome": "REQUEST_ID_REUSED"}, Filter(outcome="REQUEST_ID_REUSED")),
        ({"until": 2**62 - 1}, Filter(until=2**62 - 1)),
        ({"first_index": 4, "end_index": 5}, Filter(first=4, end=5)),
    ],
    ids=map(str, range(17)),
)
def test_filters(origin, given, read):
    """What a certificate or an entry may hold, and the last that a number may be."""
    assert filtered(origin, **given) == read


# Where a search goes on


def scope_of(origin, request=None):
    return parse.list_entries(request or listing(), origin).scope


def test_a_scope_names_method_and_filter(origin):
    """Not the page's size, nor the ground: those may change between two pages."""
    other = audit.Ground(purpose=audit.AUDIT_PURPOSE_EXTRACT, matter="DI 9")
    follow = audit.TailEntriesRequest(ground=GROUND)
    full = scope_of(origin, listing(filter=FULL))
    unlike = {
        scope_of(origin),
        scope_of(origin, listing(filter=audit.EntryFilter(first_index=0))),
        parse.tail_entries(follow, origin).scope,
        full,
    }

    assert len(full) == 32
    assert len(unlike) == 4
    assert scope_of(origin, listing(filter=FULL, page_size=1, ground=other)) == full


def test_a_token_leads_back(origin, bookmarks):
    """To the numbers that it was made of."""
    token = bookmarks.seal(CASEWORKER, scope_of(origin), 7, 9, 9)
    got = parse.list_entries(listing(page_token=token, page_size=3), origin)

    assert got.resume == (7, 9, 9)


def test_a_token_of_following_leads_back(origin, bookmarks):
    """To the index that comes next."""
    request = audit.TailEntriesRequest(ground=GROUND)
    scope = parse.tail_entries(request, origin).scope
    request.resume_token = bookmarks.seal(CASEWORKER, scope, 7)

    assert parse.tail_entries(request, origin).resume == (7,)


OTHERS = [
    Caller(Role.CASEWORKER, CASEWORKER.organisation, "cw-02", bytes(32)),
    Caller(Role.CASEWORKER, "0180", CASEWORKER.person, bytes(32)),
    Caller(Role.AUDITOR, CASEWORKER.organisation, CASEWORKER.person, bytes(32)),
]


@pytest.mark.parametrize("caller", OTHERS, ids=["person", "organisation", "role"])
def test_a_token_of_somebody_else(origin, bookmarks, caller):
    """It is no token at all."""
    token = bookmarks.seal(caller, scope_of(origin), 7, 9, 9)
    request = listing(page_token=token)

    assert violation(parse.list_entries, request, origin) == "page_token"


def test_a_token_survives_a_new_certificate(origin, bookmarks):
    """A person goes on with another certificate the next day."""
    renewed = replace(CASEWORKER, certificate=b"x" * 32)
    token = bookmarks.seal(renewed, scope_of(origin), 7, 9, 9)

    assert parse.list_entries(listing(page_token=token), origin).resume == (7, 9, 9)


def test_a_token_of_another_search(origin, bookmarks):
    """Another filter, or following in the place of listing."""
    token = bookmarks.seal(CASEWORKER, scope_of(origin), 7, 9, 9)
    other = listing(page_token=token, filter=audit.EntryFilter(person="cw-01"))
    follow = audit.TailEntriesRequest(resume_token=token, ground=GROUND)

    assert violation(parse.list_entries, other, origin) == "page_token"
    assert violation(parse.tail_entries, follow, origin) == "resume_token"


def test_any_other_token(origin, bookmarks):
    """Every byte of it counts."""
    token = bookmarks.seal(CASEWORKER, scope_of(origin), 7, 9, 9)
    spoilt = [
        token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        for at in range(len(token))
    ]
    for each in (*spoilt, token[:-1], token + b"\0", token[:4], b"x"):
        request = listing(page_token=each)

        assert violation(parse.list_entries, request, origin) == "page_token"


def test_no_refusal_repeats_what_stood_there(origin):
    """A number that slipped into a field goes no further."""
    number = "850101-1234"
    requests = [
        listing(filter=audit.EntryFilter(**{field: number}))
        for field in ("person", "organisation", "role", "kind", "reference")
    ]
    requests.append(listing(ground=audit.Ground(purpose=1, matter=number)))
    for request in requests:
        with pytest.raises(InvalidInputError) as refused:
            parse.list_entries(request, origin)

        assert number not in f"{refused.value} {refused.value.description}"
        assert refused.value.__cause__ is None
