"""Extracts on their way out: the person's own, of one size where there is little."""

from dataclasses import replace

import pytest
from kit.world import NOW, TODAY, World, subject, token

from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1 import types_pb2 as types
from placement.audit.entry import Entry
from placement.domain.decide.extracting import Kept, OwnCase
from placement.domain.decide.extracts import Told
from placement.domain.extract_events import ExtractAgreed, ExtractPart
from placement.domain.facts import Case, Placement
from placement.domain.terms import AreaCode, Basis, PlacementState
from placement.rpc import render_extracts as render
from placement.rpc.even import SIZES, padded
from placement.service.traces import Trace

AGREED = ExtractAgreed(
    id=token("change"), named=bytes(32), cases=(), ground="COURT", reference="A 1"
)
CASE = Case(
    handle=token("case"),
    organisation="1280",
    reference="SN 1",
    basis=Basis.POLICE,
    members=(subject("h"), subject("secret member")),
    opened_at=NOW,
)
STAY = Placement(
    id=token("secret stay"),
    case=CASE.handle,
    area=AreaCode("1480"),
    facility=token("secret house"),
    valid_from=TODAY,
    valid_to=TODAY + 9,
    state=PlacementState.ENDED,
    moved_in_on=TODAY + 1,
)


def told(*facts, cases=(), **given):
    values = {
        "agreed": AGREED,
        "region": "syd",
        "proposer": "co-01",
        "at": NOW,
        "subjects": (subject("h"),),
        "kept": Kept(facts=facts, cases=cases),
        "erased": (),
    }
    return Told(**(values | given))


@pytest.fixture
def facts():
    world = World()
    ids = (
        world.affiliation("h", "A"),
        world.tie("h", "1480", danger=True),
        world.threat("h", by="secret threatener"),
        world.same_as("h", "secret other"),
    )
    return [world.state.facts[each] for each in ids]


def test_each_kind_of_fact_has_its_own_words(facts):
    """And no field for anybody else, for a grade or for who recorded it."""
    head = render.head(told(*facts))
    content = head.SerializeToString()

    assert [each.WhichOneof("statement") for each in head.facts] == [
        "affiliation",
        "tie",
        "threat",
        "same_as",
    ]
    assert head.facts[0].affiliation.group == token("A")
    assert (head.facts[1].tie.area, head.facts[1].tie.danger) == ("1480", True)
    assert head.facts[2].threat.severity == facts[2].severity
    assert b"secret" not in content
    assert facts[0].given.encode() not in content


def test_what_was_never_true_says_so(facts):
    """With its days."""
    fact = replace(facts[0], retracted=True, valid_from=TODAY, valid_to=TODAY + 1)
    (got,) = render.head(told(fact)).facts

    assert (got.retracted, got.valid_from_day, got.valid_to_day) == (
        True,
        TODAY,
        TODAY + 1,
    )
    assert got.recorded_at == NOW


def test_a_case_names_no_member_and_no_house():
    """Its own number, its days, its places."""
    assessed = replace(CASE, assessed_at=NOW, assessed_by="secret-1", closed_at=NOW)
    own = OwnCase(case=assessed, is_first=True, placements=(STAY,))
    other = OwnCase(case=CASE, is_first=False, placements=())
    head = render.head(told(cases=(own, other)))
    (stay,) = head.cases[0].stays

    assert b"secret" not in head.SerializeToString()
    assert [case.is_first for case in head.cases] == [True, False]
    assert [case.assessed_at for case in head.cases] == [NOW, 0]
    assert [case.closed_at for case in head.cases] == [NOW, 0]
    assert (stay.area, stay.in_facility, stay.moved_in_day) == ("1480", True, TODAY + 1)
    assert (stay.window.start_day, stay.window.end_day) == (TODAY, TODAY + 9)
    assert stay.state == types.PLACEMENT_STATE_ENDED


def test_the_head_says_why_and_what_else():
    """And which of the given cases were erased."""
    parts = (ExtractPart.VERDICTS,)
    head = render.head(told(erased=(token("gone"),), parts=parts))

    assert (head.ground, head.reference) == (wire.EXTRACT_GROUND_COURT, "A 1")
    assert (head.region, head.proposer, head.at) == ("syd", "co-01", NOW)
    assert [*head.erased_cases] == [token("gone")]
    assert [*head.parts] == [wire.EXTRACT_PART_VERDICTS]


def test_an_entry_names_nobody():
    """As what, for whom, why, what came of it."""
    entry = Entry(
        at=NOW,
        kind="DISCLOSURE",
        action="CHECK",
        person="secret-1",
        organisation="1280",
        role="caseworker",
        purpose="PLANNED",
        outcome="ANSWERED",
    )
    trace = Trace(entry=entry, case=CASE.handle, answers=(("1480", 4),))
    sent = render.entries([trace], last=True)
    (got,) = sent.entries.entries
    refused = replace(trace, entry=replace(entry, outcome="BUDGET"))

    assert b"secret" not in sent.SerializeToString()
    assert (got.at, got.action, got.role) == (NOW, "CHECK", "caseworker")
    assert (got.organisation, got.purpose, got.answered) == ("1280", "PLANNED", True)
    assert got.case_handle == CASE.handle
    assert [(each.area, each.verdict) for each in got.answers] == [("1480", 4)]
    assert sent.entries.last
    assert not render.entries([refused]).entries.entries[0].answered


def test_little_and_nothing_have_one_size(facts):
    """So that who sees the wire learns nothing of most people."""
    own = OwnCase(case=CASE, is_first=True, placements=(STAY,))
    path = "/placement.api.v1.ExtractService/ReadExtract"
    sizes = {
        len(padded(response.SerializeToString(), SIZES[path]))
        for response in (
            wire.ReadExtractResponse(head=render.head(each))
            for each in (told(), told(*facts, cases=(own,)))
        )
    }

    assert sizes == {SIZES[path]}
