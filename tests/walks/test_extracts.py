"""An extract over the wire: a person is told of themself, and of no one else."""

import grpc
import pytest
from kit.extracting import (
    PSEUDONYM,
    approving,
    granted,
    proposed,
    proposing,
    shown,
)
from kit.leaks import found_in
from kit.placing import roomy
from kit.town import GROUND, Refused, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types
from placement.crypto.keyring import Purpose
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Record
from placement.domain.terms import Micros
from placement.rpc.even import LIST_SIZE
from placement.service.traces import MOST
from placement.store.codec import encode

PARTNER, ENEMY, VICTIM, OTHER, NOBODY = (fresh(32) for _ in range(5))
STEPS = (
    "EXTRACT_PROPOSE",
    "EXTRACT_SHOW",
    "EXTRACT_SHOW",
    "EXTRACT_APPROVE",
    "EXTRACT_READ",
)


def of(pseudonym):
    return types.Person(pseudonym=pseudonym)


def record(town, *facts, by=("coordinator", "second")):
    """Record facts, and have them approved; return their ids."""
    answer = town.done(
        by[0], "RecordFacts", town.record(*facts), registry.RecordFactsResponse
    )
    if answer.change_id:
        town.done(
            by[1],
            "ApproveChange",
            registry.ApproveChangeRequest(
                request_id=fresh(), change_id=answer.change_id
            ),
            registry.ApproveChangeResponse,
        )
    return [*answer.fact_ids]


def peopled(town):
    """Let much be on record of one person, and of everybody around them."""
    role = types.AFFILIATION_ROLE_CORE
    own = record(
        town,
        town.fact_of(
            affiliation=types.Affiliation(
                person=of(PSEUDONYM), group=town.group, role=role
            )
        ),
        town.fact_of(tie=types.Tie(person=of(PSEUDONYM), area="1480", danger=True)),
        town.fact_of(
            threat=types.Threat(target=of(PSEUDONYM), person=of(ENEMY), severity=3)
        ),
        town.fact_of(same_as=types.SameAs(person_a=of(PSEUDONYM), person_b=of(OTHER))),
    )
    others = record(
        town,
        town.fact_of(
            affiliation=types.Affiliation(person=of(ENEMY), group=town.other, role=role)
        ),
        town.fact_of(located=types.Located(person=of(ENEMY), area="0180")),
        town.fact_of(located=types.Located(person=of(PSEUDONYM), area="0184")),
        town.fact_of(
            threat=types.Threat(target=of(VICTIM), person=of(PSEUDONYM), severity=2)
        ),
        town.fact_of(tie=types.Tie(person=of(OTHER), area="2580")),
        town.fact_of(
            rivalry=types.Rivalry(group_a=town.group, group_b=town.other, severity=3)
        ),
    )
    foreign = record(
        town,
        town.fact_of(tie=types.Tie(person=of(PSEUDONYM), area="2480")),
        by=("national", "national-second"),
    )
    town.case = town.opened("worker", pseudonyms=[PSEUDONYM, PARTNER])
    shared = town.opened("worker", pseudonyms=[PARTNER, PSEUDONYM], reference="SN 2")
    town.done(
        "worker", "CheckPlacement", town.question("2480"), check.CheckPlacementResponse
    )
    return own, [*others, *foreign], shared


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, **roomy(folder)) as town:
        town.peopled = peopled(town)
        yield town


def read(town, change, *pseudonyms, who="coordinator"):
    request = wire.ReadExtractRequest(
        change_id=change, pseudonyms=pseudonyms or (PSEUDONYM,)
    )
    return town.stream(who, "ReadExtract", request, wire.ReadExtractResponse)


def entries(pieces):
    return [each for piece in pieces for each in piece.entries.entries]


def test_a_person_is_told_what_was_released_and_nothing_else(town):
    """Facts by their ids; what the second coordinator did not name is withheld."""
    own, _, shared = town.peopled
    change = proposed(town)
    looked = shown(town, change)
    request = approving(change, released_ids=own[:2], seen=looked.seen)
    town.done("second", "ApproveExtract", request, wire.ApproveExtractResponse)
    head = read(town, change)[0].head

    assert {fact.fact_id for fact in looked.head.facts} == set(own)
    assert {case.case_handle for case in looked.head.cases} == {town.case, shared}
    assert [fact.fact_id for fact in head.facts] == own[:2]
    assert head.facts[0].affiliation.group == town.group
    assert [case.case_handle for case in head.cases] == [town.case]
    assert head.cases[0].reference == "SN 1"


def test_nobody_else_is_in_it(town):
    """Not even when everything is released: no person, source, victim or rival."""
    own, others, shared = town.peopled
    everything = {"released_ids": [*own, shared], "parts": [1, 2]}
    change = granted(town, **everything)
    pieces = read(town, change)
    received = b"".join(piece.SerializeToString() for piece in pieces)
    secrets = {
        "partner": PARTNER,
        "enemy": ENEMY,
        "victim": VICTIM,
        "other number": OTHER,
        "themself": PSEUDONYM,
        "rival group": town.other,
        "neighbour's case": town.theirs,
        "where the enemy is": "0180",
        "where they are as a danger": "0184",
        "another number's tie": "2580",
        "caseworker": "cw-01",
        "second": "co-02",
        "grade": "1B",
        **{f"fact {number}": each for number, each in enumerate(others)},
    }

    assert found_in(received, secrets) == []
    assert found_in(received, {"own": own[0], "shared": shared}) == ["own", "shared"]
    assert pieces[-1].entries.last


def test_who_looked_is_told_without_who_that_was(town):
    """A municipality's acts always, those of the police if they are released."""
    few = entries(read(town, granted(town)))
    change = granted(town, parts=[wire.EXTRACT_PART_VERDICTS])
    told = entries(read(town, change))
    asked = [each for each in told if each.action == "CHECK"]

    assert {"CASE_OPEN", "CHECK", *STEPS[:1]} <= {each.action for each in few}
    assert not any(each.answers for each in few)
    assert [[(a.area, a.verdict > 0) for a in each.answers] for each in asked] == [
        [("2480", True)]
    ]
    assert {each.role for each in told if each.case_handle} == {"caseworker"}


def test_somebody_on_whom_nothing_is_kept_is_answered_alike(tmp_path):
    """Answers of one size, entries of one kind, and a document all the same."""
    with Town(tmp_path) as town:
        sizes, left = {}, {}
        for who in (PSEUDONYM, NOBODY):
            if who == PSEUDONYM:
                town.opened("worker", pseudonyms=[who])
            before = town.settled().leaves
            answers = [
                town.call("coordinator", "ProposeExtract", request := proposing(who))
            ]
            change = wire.ProposeExtractResponse.FromString(answers[0]).change_id
            looking = wire.ShowExtractRequest(change_id=change, pseudonyms=[who])
            looked = town.sent("second", "ShowExtract", looking)
            seen = shown(town, change, who).seen
            answers.append(
                town.call("second", "ApproveExtract", approving(change, who, seen=seen))
            )
            pieces = read(town, change, who)
            left[who] = [
                (e.action, e.kind, e.outcome, e.recipient) for e in town.asked(before)
            ]
            reading = wire.ReadExtractRequest(change_id=change, pseudonyms=[who])
            sizes[who] = looked, town.sent("coordinator", "ReadExtract", reading)
            assert request.reference == pieces[0].head.reference

    assert sizes[PSEUDONYM] == sizes[NOBODY]
    assert sizes[NOBODY] == ([LIST_SIZE], [LIST_SIZE] * 2)
    assert left[PSEUDONYM] == left[NOBODY]
    assert left[NOBODY] == [(step, "DISCLOSURE", "ANSWERED", "syd") for step in STEPS]
    assert pieces[0].head.cases == []


@pytest.mark.slow
def test_many_entries_come_in_pieces(tmp_path):
    """None left out, and the last of them says that it is."""
    with Town(tmp_path) as town:
        case = town.opened("worker", pseudonyms=[PSEUDONYM])
        showing = check.ShowCaseRequest(case_handle=case)
        for _ in range(2 * MOST):
            town.done("worker", "ShowCase", showing, check.ShowCaseResponse)
        pieces = read(town, granted(town))
    told = entries(pieces)

    assert [len(piece.entries.entries) for piece in pieces] == [0, MOST, MOST, 4]
    assert [piece.entries.last for piece in pieces] == [False, False, False, True]
    assert [each.action for each in told].count("CASE_SHOW") == 2 * MOST
    assert told[0].action == "CASE_OPEN"


def test_nobody_reads_it_alone(town):
    """Neither before the second person, nor as somebody else, nor of somebody else."""
    change = proposed(town)
    asking = wire.ReadExtractRequest(change_id=change, pseudonyms=[PSEUDONYM])
    looking = wire.ShowExtractRequest(change_id=change, pseudonyms=[PSEUDONYM])
    wrong = wire.ShowExtractRequest(change_id=change, pseudonyms=[NOBODY])
    refused = [
        town.call("coordinator", "ReadExtract", asking),
        town.call("coordinator", "ShowExtract", looking),
        town.call("coordinator", "ApproveExtract", approving(change)),
        town.call("second", "ShowExtract", wrong),
        town.call("second", "ApproveExtract", approving(change, NOBODY)),
        town.call("auditor", "ShowExtract", looking),
    ]

    assert all(isinstance(each, Refused) for each in refused)
    assert [each.reason for each in refused] == [
        "NOT_FOUND",
        "ACCESS_DENIED",
        "ACCESS_DENIED",
        "CONTRADICTION",
        "CONTRADICTION",
        "ACCESS_DENIED",
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"pseudonyms": []}, "pseudonyms"),
        ({"pseudonyms": [b"x"]}, "pseudonyms[0]"),
        ({"pseudonyms": [PSEUDONYM] * 2}, "pseudonyms"),
        ({"reference": "Somebody's name"}, "reference"),
        ({"reference": "19990101-1234"}, "reference"),
        ({"ground": 0}, "ground"),
        ({"case_handles": [b"x"]}, "case_handles[0]"),
    ],
    ids=str,
)
def test_what_can_not_be_is_refused(town, given, field):
    """And costs nothing."""
    before = town.head().revision
    refused = town.call("second", "ProposeExtract", proposing(**given))

    assert (refused.code, refused.fields) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        [field],
    )
    assert town.head().revision == before


def test_whoever_audits_sees_who_was_unmasked(town):
    """Under one kind, with ground and number; of whom an alias that no case has."""
    if not any(e.action == "EXTRACT_APPROVE" for e in town.asked(0)):  # it runs alone
        change = proposed(town)
        given = approving(change, seen=shown(town, change).seen)
        assert isinstance(town.call("second", "ApproveExtract", given), bytes)
    request = audit.ListEntriesRequest(
        ground=GROUND,
        filter=audit.EntryFilter(first_index=0, action="EXTRACT_APPROVE"),
        page_size=10,
    )
    found = town.done(
        "second-auditor", "ListEntries", request, audit.ListEntriesResponse
    )
    outlines = [each.outline for each in town.details(0)]
    opened = [each.subjects for each in outlines if each.subjects[1:]]
    asked = {
        alias
        for each in outlines
        if each.search.startswith("matter=A")
        for alias in each.subjects
    }
    content = found.SerializeToString()

    assert b"OWN_REQUEST" in content
    assert found_in(content, {"person": PSEUDONYM, "case": town.case}) == []
    assert asked
    assert all(asked.isdisjoint(each) for each in opened)


def test_what_was_erased_is_told_by_its_handle(tmp_path):
    """To who has it; everybody else is told nothing of it."""
    with Town(tmp_path) as town:
        gone, there = fresh(), town.case
        erased = Record(at=Micros(0), event=DossiersErased(dossiers=(gone,)))
        with town.store.writing() as writing:
            writing.append([encode(erased)], ())
        given = {"case_handles": [gone, there, fresh()]}
        change = proposed(town, **given)
        looked = shown(town, change)

    assert [*looked.head.erased_cases] == [gone]


def test_nothing_of_the_person_stays(tmp_path):
    """Neither pseudonym nor what the store makes of it, in anything that is folded."""
    with Town(tmp_path) as town:
        change = granted(town)
        town.settled()
        subject = town.store.ring.mac(Purpose.SUBJECT, PSEUDONYM)
        content = repr([record.event for record in town.records()]).encode()

    assert change in town.state().extracts.granted
    assert repr(subject).encode() not in content
    assert repr(PSEUDONYM).encode() not in content
    assert repr(change).encode() in content
