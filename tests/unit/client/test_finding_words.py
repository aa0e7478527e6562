"""Findings in words: a sentence for each link, and nothing that the region lacks."""

import re
from inspect import getsource

import pytest
from kit.asked import CASE, NORTH, SOUTH, day
from placement_client.commands.finding_words import (
    RULES,
    findings_data,
    place_data,
    place_words,
    sentences,
    verdict_code,
    verdict_text,
    verdict_word,
)
from placement_client.commands.report import Exit

from placement.api.v1 import alert_service_pb2 as wire
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import Candidate
from placement.domain import relations, rules

FACT = bytes([8]) * 16
NAMES = {NORTH: "North Side"}
RIVALRY = types.Fact(
    valid_from_day=day("2026-03-01"),
    valid_to_day=day("2026-09-01"),
    grade=types.SourceGrade(scheme=types.GRADE_SCHEME_THREE_FIVE_TWO, given="2B"),
    rivalry=types.Rivalry(group_a=NORTH, group_b=SOUTH, severity=3),
)
LINKS = [
    wire.FindingLink(fact=wire.VisibleFact(fact_id=FACT, fact=RIVALRY)),
    wire.FindingLink(hidden=wire.HiddenFact(region="nord", contact="0101")),
    wire.FindingLink(hidden=wire.HiddenFact(region="national", contact="0102")),
    wire.FindingLink(
        placement=wire.PlacementLink(case_handle=CASE, region="vast", contact="0103")
    ),
    wire.FindingLink(),
]


def finding(rule="R2", verdict=types.VERDICT_CONFLICT, links=LINKS):
    return wire.Finding(rule=rule, verdict=verdict, links=links)


def test_a_finding_has_a_sentence_for_each_link():
    """A fact with names, something hidden, a placement; a new kind is not left out."""
    assert list(sentences([finding()], NAMES)) == [
        "CONFLICT by R2: a rival group is there.",
        (
            f"  - Rivalry: group a North Side, group b {SOUTH.hex()}, severity 3, since "
            f"2026-03-01, until 2026-09-01, grade 2B (fact {FACT.hex()})."
        ),
        "  - Something exists in region nord: phone 0101.",
        "  - Something exists at the national unit: phone 0102.",
        (
            f"  - Another household is held or placed: case {CASE.hex()}, in region vast: "
            "phone 0103."
        ),
        "  - Something that this version does not know.",
    ]


def test_a_fact_without_days_says_none():
    """A tie of nobody: its person is never shown."""
    tie = types.Fact(grade=types.SourceGrade(given="1A"), same_as=types.SameAs())
    link = wire.FindingLink(fact=wire.VisibleFact(fact_id=FACT, fact=tie))
    _, told = sentences([finding(links=[link])], {})

    assert told == f"  - Same-as: grade 1A (fact {FACT.hex()})."


def test_nothing_found_is_said():
    """An empty page could be a broken one."""
    assert list(sentences([], NAMES)) == ["There are no findings."]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("R10", "the picture of the area, or of one near it, is not fresh"),
        ("R9/R1", "near it, a group that counts as the household's own is there"),
        ("STOP", "the house's provider is stopped"),
        ("R99", "see the rules"),
    ],
)
def test_a_rule_is_said_in_words(rule, says):
    """One that this version does not know, by its id."""
    (told,) = sentences([finding(rule, types.VERDICT_REVIEW, [])], {})

    assert told == f"REVIEW by {rule}: {says}."


def test_every_rule_of_the_service_has_its_words():
    """As the rules themselves name them."""
    source = getsource(rules) + getsource(relations)
    named = set(re.findall(r'"(R[0-9]+|STOP)"', source))

    assert named <= set(RULES)
    assert len(named) > 5


def test_findings_are_objects():
    """A link says which kind it is."""
    (data,) = findings_data([finding()], NAMES)
    fact, nord, national, placement, unknown = data["links"]

    assert (data["rule"], data["verdict"]) == ("R2", "CONFLICT")
    assert data["says"] == "a rival group is there"
    assert fact == {
        "link": "fact",
        "fact_id": FACT.hex(),
        "kind": "rivalry",
        "statement": {"group_a": "North Side", "group_b": SOUTH.hex(), "severity": 3},
        "since": "2026-03-01",
        "until": "2026-09-01",
        "review_by": None,
        "grade": "2B",
        "scheme": "THREE_FIVE_TWO",
    }
    assert nord == {"link": "hidden", "region": "nord", "contact": "0101"}
    assert national["region"] == "national"
    assert placement == {
        "link": "placement",
        "case_handle": CASE.hex(),
        "region": "vast",
        "contact": "0103",
    }
    assert unknown == {"link": "unknown"}


def test_a_place_is_said_with_its_days():
    """With the facility and the end, if there are any."""
    house = Candidate(area="1480", facility=bytes([3]) * 16)
    start = day("2026-06-01")
    closed = types.Window(start_day=start, end_day=day("2026-07-01"))

    assert (
        place_words(Candidate(area="1480"), types.Window(start_day=start))
        == "1480 Göteborg, from 2026-06-01 on"
    )
    assert place_words(house, closed) == (
        f"1480 Göteborg, facility {'03' * 16}, from 2026-06-01 to 2026-07-01"
    )
    assert place_data(house, closed) == {
        "area": "1480",
        "name": "Göteborg",
        "facility": "03" * 16,
        "from": "2026-06-01",
        "to": "2026-07-01",
    }


def test_a_verdict_that_is_not_known_is_the_worst():
    """Whatever a newer service says, nothing becomes milder."""
    assert [verdict_code(number) for number in (1, 2, 3, 4, 9)] == [
        Exit.CLEAR,
        Exit.REVIEW,
        Exit.REVIEW,
        Exit.CONFLICT,
        Exit.CONFLICT,
    ]
    assert [verdict_word(number) for number in (0, 1, 9)] == ["-", "CLEAR", "9"]
    assert verdict_text(4).plain == "CONFLICT"
