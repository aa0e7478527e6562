"""Facts on the wire become drafts: every kind with all its attributes."""

from dataclasses import fields
from itertools import count
from typing import get_args

import pytest
from kit.world import TODAY, token

from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.drafts import MAX_FACTS, Draft, Member
from placement.domain.facts import AnyFact, Fact
from placement.domain.terms import AffiliationRole, PresenceKind, Reason, Scheme
from placement.errors import InvalidInputError
from placement.rpc.parse_facts import _KINDS, parse_facts

WHO = wire.Person(pseudonym=b"p" * 32)
OTHER = wire.Person(case_member=wire.CaseMember(case_handle=token("case"), position=3))
SUBJECT, MEMBER = b"P" * 32, Member(case=token("case"), position=3)
A, B = token("A"), token("B")

STATEMENTS = {
    "affiliation": (
        wire.Affiliation(person=WHO, group=A, role=2, left_on_day=TODAY),
        {
            "subject": SUBJECT,
            "group": A,
            "role": AffiliationRole.ASSOCIATE,
            "left_on": TODAY,
        },
    ),
    "faction": (
        wire.Faction(child=A, parent=B, own_rivalries_only=True),
        {"child": A, "parent": B, "inherits_rivalry": False},
    ),
    "rivalry": (
        wire.Rivalry(group_a=A, group_b=B, severity=3, last_violence_on_day=TODAY),
        {"low": A, "high": B, "severity": 3, "last_violence_on": TODAY},
    ),
    "alliance": (wire.Alliance(group_a=B, group_b=A), {"low": B, "high": A}),
    "presence": (
        wire.Presence(group=A, area="1480", kind=3),
        {"group": A, "area": "1480", "kind": PresenceKind.OCCASIONAL},
    ),
    "threat": (
        wire.Threat(target=WHO, group=A, severity=1),
        {"target": SUBJECT, "severity": 1, "source_group": A},
    ),
    "located": (
        wire.Located(person=OTHER, area="1480"),
        {"subject": MEMBER, "area": "1480"},
    ),
    "tie": (
        wire.Tie(person=WHO, area="1480", danger=True),
        {"subject": SUBJECT, "area": "1480", "danger": True},
    ),
    "same_as": (
        wire.SameAs(person_a=OTHER, person_b=WHO),
        {"low": MEMBER, "high": SUBJECT},
    ),
}


def parse(*facts):
    numbers = count()

    def subject_of(pseudonym, field):
        if len(pseudonym) != 32:
            raise InvalidInputError(field, "is short")
        return pseudonym.upper()

    return parse_facts(facts, lambda: token(f"id-{next(numbers)}"), subject_of)


def fact(**given):
    values = {
        "grade": wire.SourceGrade(scheme=1, given="2B"),
        "reason": wire.FACT_REASON_COURT,
    }
    return wire.Fact(**(values | given))


def violation(*facts):
    with pytest.raises(InvalidInputError) as refused:
        parse(*facts)
    return refused.value.field


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_kind(name):
    """All that is stated stands in the draft, and nothing else."""
    said, expected = STATEMENTS[name]
    (draft,) = parse(fact(**{name: said}))

    assert draft == Draft(
        id=token("id-0"),
        kind=_KINDS[name][0],
        name=name,
        valid_from=None,
        valid_to=None,
        scheme=Scheme.THREE_FIVE_TWO,
        given="2B",
        review_by=None,
        reason=Reason.COURT,
        statement=expected,
    )


def test_kinds_and_attributes_are_those_of_the_domain():
    """No kind, no attribute, is lost between the wire and the fact."""
    arms = wire.Fact.DESCRIPTOR.oneofs_by_name["statement"].fields
    common = {field.name for field in fields(Fact)}

    assert [arm.name for arm in arms] == list(_KINDS) == list(STATEMENTS)
    assert {kind for kind, _ in _KINDS.values()} == set(get_args(AnyFact))
    for name, (kind, _) in _KINDS.items():
        own = {field.name for field in fields(kind)} - common
        _, expected = STATEMENTS[name]
        assert own - set(expected) <= {"source_subject"}


def test_what_is_unset_is_unknown():
    """Optional days are None, flags are false."""
    drafts = parse(
        fact(affiliation=wire.Affiliation(person=WHO, group=A, role=1)),
        fact(rivalry=wire.Rivalry(group_a=A, group_b=B)),
        fact(faction=wire.Faction(child=A, parent=B)),
    )

    assert drafts[0].statement["left_on"] is None
    assert drafts[1].statement["last_violence_on"] is None
    assert drafts[2].statement["inherits_rivalry"] is True


def test_the_frame_of_a_fact():
    """Days, grade and reason."""
    (draft,) = parse(
        fact(
            presence=STATEMENTS["presence"][0],
            valid_from_day=1,
            valid_to_day=2,
            review_by_day=3,
        )
    )

    assert (draft.valid_from, draft.valid_to, draft.review_by) == (1, 2, 3)


def test_a_person_who_threatens():
    """The source is a person, or a group, and one of them."""
    said = wire.Threat(target=WHO, person=OTHER, severity=2)
    (draft,) = parse(fact(threat=said))

    assert draft.statement == {
        "target": SUBJECT,
        "severity": 2,
        "source_subject": MEMBER,
    }
    assert violation(fact(threat=wire.Threat(target=WHO))) == "facts[0].threat.source"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "statement"),
        ({"alliance": wire.Alliance(group_a=A)}, "alliance.group_b"),
        ({"alliance": wire.Alliance(group_b=A)}, "alliance.group_a"),
        ({"faction": wire.Faction(child=A)}, "faction.parent"),
        ({"faction": wire.Faction(parent=A)}, "faction.child"),
        ({"located": wire.Located(area="1480")}, "located.person.person"),
        ({"located": wire.Located(person=WHO)}, "located.area"),
        (
            {"tie": wire.Tie(person=wire.Person(pseudonym=b"p"), area="1480")},
            "tie.person.pseudonym",
        ),
        (
            {
                "tie": wire.Tie(
                    person=wire.Person(case_member=wire.CaseMember()), area="1480"
                )
            },
            "tie.person.case_member.case_handle",
        ),
        ({"same_as": wire.SameAs(person_a=WHO)}, "same_as.person_b.person"),
        ({"threat": wire.Threat(target=WHO, group=b"g")}, "threat.group"),
        ({"presence": wire.Presence(group=A, area="1480")}, "presence.kind"),
        ({"alliance": STATEMENTS["alliance"][0], "reason": 0}, "reason"),
        (
            {"alliance": STATEMENTS["alliance"][0], "grade": wire.SourceGrade()},
            "grade.scheme",
        ),
        (
            {"alliance": STATEMENTS["alliance"][0], "review_by_day": 2**30},
            "review_by_day",
        ),
    ],
)
def test_what_is_no_fact(given, expected):
    """The field of the item is named."""
    good = fact(alliance=STATEMENTS["alliance"][0])

    assert violation(good, fact(**given)) == f"facts[1].{expected}"


def test_too_many_facts():
    """Refused before a single one is looked at."""
    assert violation(*[wire.Fact()] * (MAX_FACTS + 1)) == "facts"
