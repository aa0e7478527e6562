"""Searches are admitted with a ground and a limit, and noted without a case's name."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import (
    AUDITOR,
    CASEWORKER,
    GROUND,
    Court,
    caseworker,
    field_of,
    list_entries,
    open_case,
    read_receipt,
    search,
)
from kit.world import NOW, token

from placement.domain.decide import searches
from placement.domain.decide.command import Note
from placement.domain.decide.searches import MAX_PAGE, Filter
from placement.domain.terms import Verdict
from placement.errors import NotFoundError

SEARCHES = (
    searches.ShowEntry,
    searches.TailEntries,
    searches.ExportEntries,
    searches.ReplayDecision,
    searches.ReportAnomalies,
)
each = pytest.mark.parametrize("kind", SEARCHES, ids=lambda kind: kind.__name__)
BY_PERIOD = (searches.ShowEntry, searches.ExportEntries, searches.ReportAnomalies)
REFERENCE = "SN 2026/1234"
FULL = Filter(
    person="cw-01",
    organisation="1280",
    role="caseworker",
    kind="DISCLOSURE",
    action="CHECK",
    purpose="PLANNED",
    outcome="ANSWERED",
    verdict=Verdict.REVIEW,
    case=token("a case's handle"),
    reference=REFERENCE,
    decision=bytes(range(16)),
    since=NOW,
    until=NOW + 1,
    first=0,
    end=7,
)


@pytest.fixture
def court():
    """A court where nothing is registered."""
    return Court()


# Admission


@each
def test_a_search_is_admitted_and_changes_nothing(court, kind):
    """The reply is what was admitted; there is no event."""
    command = search(kind, first=0)
    decision = court.decide(command)

    assert decision.outcome.reply == searches.Admitted(search=command, cases=None)
    assert decision.outcome.events == ()
    assert decision.note == Note(
        purpose="SUPERVISION", search="matter=DI 2026-17 first=0"
    )


@pytest.mark.parametrize("size", [0, -1, MAX_PAGE + 1])
def test_pages_have_limits(court, size):
    """At least one entry, and not too many."""
    assert field_of(court, list_entries(page_size=size)) == "page_size"


@pytest.mark.parametrize("size", [1, MAX_PAGE])
def test_a_page_of_any_size_in_between(court, size):
    """Its size is part of what was admitted."""
    reply = court.reply(list_entries(page_size=size))

    assert reply.search.page_size == size


# What a filter must have

BROAD = {
    "organisation": "1280",
    "role": "caseworker",
    "kind": "DISCLOSURE",
    "action": "CHECK",
    "purpose": "PLANNED",
    "outcome": "ANSWERED",
    "verdict": Verdict.REVIEW,
    "until": NOW,
    "end": 7,
}
NARROW = {
    "person": "cw-01",
    "case": token("case"),
    "decision": token("decision"),
    "since": NOW,
    "first": 0,
}


@pytest.mark.parametrize("kind", BY_PERIOD, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", [None, *BROAD])
def test_what_selects_everything_needs_a_period(court, kind, name):
    """An end alone is none, nor is what nearly every entry has."""
    asked = {} if name is None else {name: BROAD[name]}

    assert field_of(court, search(kind, **asked)) == "filter"
    assert field_of(court, list_entries(Filter(**asked))) == "filter"


def test_everything_broad_at_once_still_needs_a_period(court):
    """Many words that select much select much."""
    assert field_of(court, list_entries(Filter(**BROAD))) == "filter"


@pytest.mark.parametrize("name", NARROW)
def test_what_names_a_beginning_a_person_or_a_case_does_not(court, name):
    """Index 0 and the first instant are beginnings, too."""
    for kind in BY_PERIOD:
        assert court.reply(search(kind, **{name: NARROW[name]}))
    assert court.reply(search(searches.ExportEntries, since=0))
    assert court.reply(list_entries(Filter(**BROAD, **{name: NARROW[name]})))


def test_following_begins_by_itself(court):
    """With whatever is written from now on."""
    assert court.reply(search(searches.TailEntries))


def test_a_reference_stands_with_a_municipality(court):
    """Each has numbers of its own; that is said, whatever else is named."""
    for asked in ({"reference": REFERENCE}, {"reference": REFERENCE, "first": 0}):
        command = list_entries(Filter(**asked))

        assert field_of(court, command) == "filter.reference"
    both = Filter(reference=REFERENCE, organisation="1280")
    assert court.reply(list_entries(both)).cases == frozenset()


# Cases


def test_a_reference_names_a_municipalitys_cases(court):
    """All that have it, and nobody else's."""
    mine = [open_case("h", reference=REFERENCE), open_case("i", reference=REFERENCE)]
    court.reply(open_case("j", reference="SN 2"))
    court.reply(open_case("k", reference=REFERENCE, caller=caseworker("0180")))
    for command in mine:
        court.reply(command)
    reply = court.reply(list_entries(Filter(reference=REFERENCE, organisation="1280")))

    assert reply.cases == {command.handle for command in mine}
    assert court.reply(list_entries()).cases is None


def test_a_known_case_is_noted_as_one(court):
    """By its handle, for whose case it is; what an auditor sees is made of it."""
    command = open_case("h")
    court.reply(command)
    got = court.decide(list_entries(Filter(case=command.handle))).note

    assert (got.case, got.alias) == (command.handle, b"")
    assert got.search == "matter=DI 2026-17 case"


def test_an_alias_is_noted_as_what_it_is(court):
    """The auditor gave it, and sees it again."""
    got = court.decide(list_entries(Filter(case=token("alias")))).note

    assert (got.case, got.alias) == (b"", token("alias"))


def test_without_a_case_none_is_noted(court):
    """The command's own note stands."""
    command = list_entries()

    assert court.decide(command).note == command.note
    assert (command.note.case, command.note.alias) == (b"", b"")


# Notes


def test_a_note_holds_the_search_in_words(court):
    """Everything that was looked for, by name."""
    got = court.decide(list_entries(FULL)).note

    assert got.purpose == GROUND.purpose
    assert got.search == (
        "matter=DI 2026-17 person=cw-01 organisation=1280 role=caseworker "
        "kind=DISCLOSURE action=CHECK purpose=PLANNED outcome=ANSWERED verdict=REVIEW "
        "case reference decision=000102030405060708090a0b0c0d0e0f "
        f"since={NOW} until={NOW + 1} first=0 end=7"
    )


def test_a_refused_search_is_noted_as_well(court):
    """Who tried to see everything stands there with his reason."""
    got = court.decide(list_entries(Filter(action="CHECK"))).note

    assert got == Note(purpose="SUPERVISION", search="matter=DI 2026-17 action=CHECK")


def test_a_search_for_nothing_in_particular_has_its_matter(court):
    """And no blank behind it."""
    note = court.decide(search(searches.TailEntries)).note

    assert note.search == "matter=DI 2026-17"


@given(st.sets(st.sampled_from([field.name for field in fields(Filter)])))
def test_words_tell_no_case_and_no_reference(names):
    """Whatever else is looked for with them."""
    asked = Filter(**{name: getattr(FULL, name) for name in names})
    words = str(asked)

    for secret in (FULL.case.hex(), FULL.case.decode(), REFERENCE):
        assert secret.rstrip("\0") not in words
    assert {word.partition("=")[0] for word in words.split()} == names


@each
def test_the_ground_is_the_searchers(court, kind):
    """Another one stands in the note as it was given."""
    ground = searches.Ground(purpose="INCIDENT", matter="DI 9")
    command = replace(search(kind, first=3), ground=ground)

    assert court.decide(command).note == Note(
        purpose="INCIDENT", search="matter=DI 9 first=3"
    )


# Receipts


def test_an_own_entry_may_be_read(court):
    """Which one is noted; the entry itself is read elsewhere."""
    decision = court.decide(read_receipt(7))

    assert (decision.outcome.reply, decision.outcome.events) == (None, ())
    assert decision.note == Note(search="first=7")


@pytest.mark.parametrize("caller", [CASEWORKER, AUDITOR])
def test_a_foreign_entry_is_not_there(court, caller):
    """Whoever asks; that he asked stands in the log."""
    command = read_receipt(7, owned=False, caller=caller)
    with pytest.raises(NotFoundError):
        court.reply(command)

    assert court.decide(command).note == Note(search="first=7")
