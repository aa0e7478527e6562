"""Auditors look through the log over mutual TLS: pages, filters, single entries."""

import pytest
from kit.audited import (
    AREAS,
    REFERENCE,
    listed,
    outlines,
    question,
    selected,
    vouched,
)
from kit.town import GROUND, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.audit import merkle
from placement.audit.entry import parse


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town in which somebody was checked in three areas, and one is dangerous."""
    with Town(tmp_path_factory.mktemp("town")) as town:
        town.answer = question(town)
        yield town


def indexes(town, **given):
    """Return which entries a filter selects, up to the check's own."""
    bounded = {"end_index": town.answer.leaf_index + 1} | given
    return [each.index for each in selected(town, **bounded)]


def of_check(town):
    """Return the check's entry as an auditor gets it, with its outline."""
    (found,) = selected(town, decision_id=town.answer.verdicts[0].decision_id)
    return found, outlines([found])[0]


# Pages


@pytest.mark.parametrize("size", [1, 4, 100])
def test_pages_hold_everything_once(town, size):
    """In order, up to the search's own entry; what comes in between is not there."""
    own = town.head().leaves
    page = listed(town, page_size=size)
    got, sizes = [*page.entries], [page.size]
    while page.next_page_token:
        page = listed(town, page_size=size, page_token=page.next_page_token)
        got += page.entries
        sizes.append(page.size)
    leaves = town.store.entries(0, own + 1)

    assert [(each.index, each.entry) for each in got] == [
        (leaf.index, leaf.entry) for leaf in leaves
    ]
    assert set(sizes) == {own + 1}
    assert len(sizes) >= len(leaves) / size


@pytest.mark.slow
def test_large_entries_end_a_page_before_it_bursts(town):
    """An entry names each of five hundred facts; what is sent stays bounded."""
    first = town.head().leaves
    facts = [town.fact_of(presence=town.presence(area="0136"))] * 500
    for _ in range(40):
        assert isinstance(
            town.call("coordinator", "RecordFacts", town.record(*facts)), bytes
        )
    asked = {
        "filter": audit.EntryFilter(first_index=first, action="FACT_RECORD"),
        "page_size": 100,
    }
    page = listed(town, **asked)
    got, sizes = [*page.entries], [page.ByteSize()]
    while page.next_page_token:
        page = listed(town, page_token=page.next_page_token, **asked)
        got += page.entries
        sizes.append(page.ByteSize())

    assert [each.index for each in got] == list(range(first, first + 40))
    assert {len(outline.objects) for outline in outlines(got)} == {500}
    assert max(sizes) < 200_000


# Filters


@pytest.mark.parametrize(
    "given",
    [
        {"action": "CHECK"},
        {"purpose": "PLANNED"},
        {"kind": "DISCLOSURE", "role": "caseworker", "outcome": "ANSWERED"},
        {"person": "cw-01", "organisation": "1280", "verdict": wire.VERDICT_CONFLICT},
        {"verdict": wire.VERDICT_CLEAR},
    ],
    ids=["action", "purpose", "kind", "person", "verdict"],
)
def test_what_fields_select(town, given):
    """One check was made."""
    assert indexes(town, first_index=0, **given) == [town.answer.leaf_index]


@pytest.mark.parametrize(
    "given",
    [
        {"verdict": wire.VERDICT_CONFLICT, "person": "cw-02"},
        {"verdict": wire.VERDICT_REVIEW},
        {"organisation": "0180", "role": "coordinator"},
        {"organisation": "0180", "reference": REFERENCE},
        {"person": "cw-0"},
        {"action": "NO_METHOD"},
    ],
    ids=["person", "verdict", "role", "reference", "part of a word", "action"],
)
def test_what_fields_do_not_select(town, given):
    """All of them must fit, and each of them whole."""
    assert indexes(town, first_index=0, **given) == []


def test_every_word_that_an_entry_has_is_known(town):
    """Whatever stands in a field of codes, a filter takes it and finds the entry."""
    town.call("neighbour", "ShowCase", b"\xff")
    town.call("operator", "ShowCase", check.ShowCaseRequest(case_handle=town.case))
    entries = town.entries(0)
    for name in ("kind", "action", "purpose", "outcome"):
        words = {getattr(entry, name) for entry in entries} - {""}
        for word in words:
            got = selected(town, first_index=0, **{name: word})

            assert {getattr(parse(each.entry), name) for each in got} == {word}
    assert {"INVALID_INPUT", "ACCESS_DENIED", "ANSWERED"} <= words


def test_decisions(town):
    """Each of a check's leads to its one entry; any other to none."""
    for each in town.answer.verdicts:
        assert indexes(town, decision_id=each.decision_id) == [town.answer.leaf_index]
    assert indexes(town, decision_id=fresh()) == []


def test_a_case_is_found_by_whatever_names_it(town):
    """By its handle, by what entries show instead, by the municipality's number."""
    _, outline = of_check(town)
    by_handle = indexes(town, case_handle=town.case)
    by_reference = indexes(town, organisation="1280", reference=REFERENCE)
    actions = [entry.action for entry in town.entries(0)]

    assert [actions[index] for index in by_handle] == [
        *("CASE_OPEN", "CASE_ASSESS", "CHECK")
    ]
    assert indexes(town, case_handle=outline.case) == by_handle
    # Its number is looked for under its municipality, and so are the callers.
    assert [actions[index] for index in by_reference] == ["CASE_OPEN", "CHECK"]
    assert indexes(town, case_handle=fresh()) == []


def test_periods(town):
    """From an instant on, and before another."""
    found, _ = of_check(town)
    at = parse(found.entry).at

    assert indexes(town, since=at, until=at + 1) == [found.index]
    assert found.index not in indexes(town, since=at + 1)
    assert found.index not in indexes(town, since=0, until=at)
    assert indexes(town, first_index=3, end_index=5) == [3, 4]


# What a search leaves


def test_a_search_is_an_entry_with_its_ground_and_filter(town):
    """What was looked for, but no case and no municipality's number in words."""
    _, outline = of_check(town)
    first = town.head().leaves
    everything = audit.EntryFilter(
        person="cw-01",
        organisation="1280",
        reference=REFERENCE,
        case_handle=town.case,
        verdict=wire.VERDICT_CONFLICT,
        since=5,
    )
    ground = audit.Ground(purpose=audit.AUDIT_PURPOSE_INCIDENT, matter="DI 9/1")
    listed(town, filter=everything, ground=ground)
    (entry,), (details,) = town.entries(first), town.details(first)

    assert (entry.action, entry.kind, entry.purpose, entry.outcome) == (
        *("ENTRY_LIST", "CONSULTATION", "INCIDENT", "ANSWERED"),
    )
    assert (entry.person, entry.organisation, entry.recipient) == (
        *("au-01", "imy", "imy"),
    )
    assert details.outline.search == (
        "matter=DI 9/1 person=cw-01 organisation=1280 verdict=CONFLICT case reference"
        " since=5"
    )
    assert details.outline.case == outline.case
    # In words it stands where other auditors don't see it.
    assert (details.matter.case, details.matter.reference) == (town.case, REFERENCE)


def test_a_search_for_no_case_of_ours_shows_what_was_asked_for(town):
    """So that an auditor can be asked why; a case of ours never stands there."""
    nobodys, first = fresh(), town.head().leaves
    listed(town, filter=audit.EntryFilter(case_handle=nobodys))
    listed(town, filter=audit.EntryFilter(case_handle=town.case))
    unknown, known = town.details(first)

    assert unknown.outline.case == nobodys
    assert known.outline.case != town.case
    assert known.matter.case == town.case


# One entry


def test_an_entry_is_shown_with_its_proof(town):
    """It leads to a checkpoint that the log signed."""
    index = town.answer.leaf_index
    request = audit.ShowEntryRequest(index=index, ground=GROUND)
    got = town.done("auditor", "ShowEntry", request, audit.ShowEntryResponse)
    made = vouched(town, got.note)
    leaf = merkle.leaf_hash(got.entry.entry)
    merkle.verify_inclusion(leaf, index, made.size, got.hashes, made.root)
    (outline,) = outlines([got.entry])

    assert got.entry.index == index
    assert outline.counties == tuple(area[:2] for area in AREAS)
    assert outline.verdicts == (
        wire.VERDICT_CONFLICT,
        wire.VERDICT_CLEAR,
        wire.VERDICT_CLEAR,
    )


def test_the_newest_entry_is_shown_at_once(town):
    """Its own: a checkpoint is signed if that is all that is missing."""
    own = town.head().leaves
    request = audit.ShowEntryRequest(index=own, ground=GROUND)
    got = town.done("auditor", "ShowEntry", request, audit.ShowEntryResponse)

    assert (got.entry.index, parse(got.entry.entry).action) == (own, "ENTRY_SHOW")
    assert vouched(town, got.note).size > own


def test_an_entry_that_is_not_there(town):
    """The search is an entry, though it found nothing."""
    first = town.head().leaves
    request = audit.ShowEntryRequest(index=first + 9, ground=GROUND)
    got = town.call("auditor", "ShowEntry", request)
    (entry,) = town.entries(first)

    assert (got.code.name, got.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert (entry.action, entry.outcome) == ("ENTRY_SHOW", "ANSWERED")
