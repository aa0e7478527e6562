"""Facts as people write them become facts of the wire, strictly."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.numbers import number
from placement_client.areas import areas
from placement_client.drafts import (
    Names,
    enum_words,
    identifiers,
    people,
    read_drafts,
    read_fact,
    read_token,
)
from placement_client.identifiers import Identifier, parse_identifier

from placement.api.v1 import types_pb2 as types
from placement.errors import InvalidInputError

TODAY = date(2026, 6, 15)
HANDLE = bytes(range(16))
PSEUDONYM = bytes(range(32))
NORTH, SOUTH = bytes([1]) * 16, bytes([2]) * 16
IDENTIFIER = parse_identifier(number(), field="identifier", today=TODAY)
DAY = (date(2026, 3, 1) - date(1970, 1, 1)).days
MEMBER = types.Person(case_member=types.CaseMember(case_handle=HANDLE, position=1))


def group(text, field):
    if text not in {"North", "South"}:
        raise InvalidInputError(field, "is not in the label book")
    return {"North": NORTH, "South": SOUTH}[text]


NAMES = Names(
    group=group,
    area=lambda text, field: areas().find(text, field=field),
    pseudonym=lambda identifier: {IDENTIFIER: PSEUDONYM}[identifier],
    today=TODAY,
)
MEMBER_DRAFT = {"case": HANDLE.hex(), "member": 1}

STATEMENTS = {
    "affiliation": (
        {
            "person": MEMBER_DRAFT,
            "group": "North",
            "role": "associate",
            "left_on": "2026-03-01",
        },
        types.Affiliation(
            person=MEMBER,
            group=NORTH,
            role=types.AFFILIATION_ROLE_ASSOCIATE,
            left_on_day=DAY,
        ),
    ),
    "faction": (
        {"child": "North", "parent": "South", "own_rivalries_only": True},
        types.Faction(child=NORTH, parent=SOUTH, own_rivalries_only=True),
    ),
    "rivalry": (
        {
            "group_a": "North",
            "group_b": "South",
            "severity": 3,
            "last_violence_on": "2026-03-01",
        },
        types.Rivalry(
            group_a=NORTH, group_b=SOUTH, severity=3, last_violence_on_day=DAY
        ),
    ),
    "alliance": (
        {"group_a": "North", "group_b": "South"},
        types.Alliance(group_a=NORTH, group_b=SOUTH),
    ),
    "presence": (
        {"group": "North", "area": "Göteborg", "kind": "base"},
        types.Presence(group=NORTH, area="1480", kind=types.PRESENCE_KIND_BASE),
    ),
    "threat": (
        {"target": MEMBER_DRAFT, "group": "South", "severity": 2},
        types.Threat(target=MEMBER, group=SOUTH, severity=2),
    ),
    "located": (
        {"person": IDENTIFIER, "area": "0180"},
        types.Located(person=types.Person(pseudonym=PSEUDONYM), area="0180"),
    ),
    "tie": (
        {"person": MEMBER_DRAFT, "area": "0180", "danger": False},
        types.Tie(person=MEMBER, area="0180"),
    ),
    "same_as": (
        {"person_a": MEMBER_DRAFT, "person_b": IDENTIFIER},
        types.SameAs(person_a=MEMBER, person_b=types.Person(pseudonym=PSEUDONYM)),
    ),
}


def fact(**draft):
    return read_fact(draft, NAMES, where="facts[0]")


def refusal(**draft):
    """Return place and phrase of a refusal."""
    with pytest.raises(InvalidInputError) as caught:
        fact(**draft)
    return caught.value.field, caught.value.description


@pytest.mark.parametrize("kind", STATEMENTS)
def test_each_statement_is_read(kind):
    """Every kind of the wire, with all its fields."""
    draft, expected = STATEMENTS[kind]
    got = fact(**{kind: draft})

    assert got == types.Fact(**{kind: expected})
    assert got.WhichOneof("statement") == kind


def test_every_kind_of_the_wire_is_covered():
    """No statement is forgotten."""
    (one_of,) = (o for o in types.Fact.DESCRIPTOR.oneofs if o.name == "statement")

    assert sorted(STATEMENTS) == sorted(field.name for field in one_of.fields)


def test_what_every_fact_has_is_read():
    """Days, grade and reason stand beside the statement."""
    got = fact(
        valid_from="2026-03-01",
        valid_to="today",
        review_by="2026-12-31",
        grade={"scheme": "6x6", "given": "B2"},
        reason="court",
        alliance={"group_a": "North", "group_b": "South"},
    )

    assert got == types.Fact(
        valid_from_day=DAY,
        valid_to_day=(TODAY - date(1970, 1, 1)).days,
        review_by_day=(date(2026, 12, 31) - date(1970, 1, 1)).days,
        grade=types.SourceGrade(scheme=types.GRADE_SCHEME_SIX_SIX, given="B2"),
        reason=types.FACT_REASON_COURT,
        alliance=types.Alliance(group_a=NORTH, group_b=SOUTH),
    )


def test_a_case_can_go_without_saying():
    """Where one case is meant, a member of it is enough, the first if none is named."""
    names = Names(
        group=group,
        area=NAMES.area,
        pseudonym=NAMES.pseudonym,
        today=TODAY,
        case=HANDLE,
    )
    got = read_fact({"tie": {"person": {}, "area": "0180"}}, names)

    assert got.tie.person.case_member == types.CaseMember(case_handle=HANDLE)


TIE = {"person": MEMBER_DRAFT, "area": "0180"}
REFUSALS = {
    "no statement": ({}, "facts[0]"),
    "two statements": ({"tie": TIE, "located": TIE}, "facts[0]"),
    "unknown key": ({"tie": TIE, "colour": "red"}, "facts[0]"),
    "unknown inner key": ({"tie": {**TIE, "valid_from_day": 1}}, "facts[0].tie"),
    "no object": ({"tie": []}, "facts[0].tie"),
    "no person": ({"tie": {"person": "x"}}, "facts[0].tie.person"),
    "no case": ({"tie": {"person": {"member": 1}}}, "facts[0].tie.person"),
    "bad handle": ({"tie": {"person": {"case": "00"}}}, "facts[0].tie.person"),
    "handle is no text": ({"tie": {"person": {"case": 1}}}, "facts[0].tie.person"),
    "a pseudonym": ({"tie": {"person": {"pseudonym": "00"}}}, "facts[0].tie.person"),
    "an identifier as text": (
        {"tie": {"person": {"identifier": number()}}},
        "facts[0].tie.person",
    ),
    "unknown area": ({"tie": {"area": "Atlantis"}}, "facts[0].tie.area"),
    "danger is no boolean": ({"tie": {"danger": "yes"}}, "facts[0].tie.danger"),
    "unknown word": ({"reason": "rumour"}, "facts[0].reason"),
    "number for a word": ({"reason": 1}, "facts[0].reason"),
    "scheme by name": ({"grade": {"scheme": "six-six"}}, "facts[0].grade.scheme"),
    "half a character": ({"grade": {"given": "\ud800"}}, "facts[0].grade.given"),
    "no date": ({"valid_from": "1 March"}, "facts[0].valid_from"),
    "unknown group": ({"alliance": {"group_a": "East"}}, "facts[0].alliance.group_a"),
    "severity is a text": ({"rivalry": {"severity": "3"}}, "facts[0].rivalry.severity"),
    "severity is true": ({"rivalry": {"severity": True}}, "facts[0].rivalry.severity"),
    "severity is a fraction": (
        {"rivalry": {"severity": 1.5}},
        "facts[0].rivalry.severity",
    ),
    "severity is below": ({"rivalry": {"severity": -1}}, "facts[0].rivalry.severity"),
    "severity is above": (
        {"rivalry": {"severity": 2**31}},
        "facts[0].rivalry.severity",
    ),
    "two sources": (
        {"threat": {"group": "North", "person": MEMBER_DRAFT}},
        "facts[0].threat",
    ),
}


@pytest.mark.parametrize(("draft", "place"), REFUSALS.values(), ids=REFUSALS)
def test_the_place_of_a_mistake_is_named(draft, place):
    """The path leads to it; what stood there is not repeated."""
    got, phrase = refusal(**draft)

    assert got == place
    assert number() not in phrase


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "tie",
                    "person",
                    "case",
                    "member",
                    "area",
                    "grade",
                    "scheme",
                    "rivalry",
                    "severity",
                    "valid_from",
                    "threat",
                    "group",
                    "identifier",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_nothing_but_a_refusal_comes_of_nonsense(draft):
    """Whatever JSON holds, it is a fact or refused."""
    try:
        got = read_fact(draft, NAMES)
    except InvalidInputError:
        return
    assert got.WhichOneof("statement")


# Files


def test_a_file_holds_facts():
    """The list comes out as it stands."""
    assert read_drafts('{"facts": [{"reason": "court"}]}') == [{"reason": "court"}]


FILES = {
    "empty": "",
    "not JSON": "{",
    "no object": "[]",
    "no facts": "{}",
    "more than facts": '{"facts": [{}], "other": 1}',
    "no list": '{"facts": {}}',
    "empty list": '{"facts": []}',
    "a key twice": '{"facts": [{"reason": "court", "reason": "court"}]}',
    "no number": '{"facts": [NaN]}',
    "bottomless": '{"facts": ' + "[" * 100_000,
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_any_other_file_is_refused(text):
    """One shape, and no key twice; the error holds nothing of the file."""
    with pytest.raises(InvalidInputError) as caught:
        read_drafts(text)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


# Persons by identifier


def test_identifiers_are_found_and_replaced():
    """Wherever a person stands, and in order."""
    text = f"{number()[:8]}-{number()[8:]}"
    draft = {"same_as": {"person_a": {"identifier": text}, "person_b": MEMBER_DRAFT}}

    def read(text, where):
        return parse_identifier(text, field=where, today=TODAY)

    got = people(draft, read, where="facts[0]")

    assert list(identifiers(got)) == [Identifier(number())]
    assert got["same_as"]["person_b"] == MEMBER_DRAFT
    assert number() not in repr(got)


def test_an_identifier_beside_other_keys_is_no_person():
    """It is left where it is, and refused with its place."""
    draft = {"tie": {"person": {"identifier": number(), "member": 1}}}

    got = people(draft, lambda *_: pytest.fail("read"), where="facts[0]")

    assert got == draft


# Words


@pytest.mark.parametrize(
    "text", ["", "00", "0" * 31, "0" * 33, "g" * 32, " " + "0" * 32, "00 " * 16]
)
def test_a_token_is_32_hex_digits(text):
    """One spelling of 16 bytes, in either case."""
    with pytest.raises(InvalidInputError):
        read_token(text, field="case_handle")


def test_a_token_is_read():
    """Capitals are the same digits."""
    assert read_token(HANDLE.hex().upper(), field="case_handle") == HANDLE


def test_words_are_those_of_the_wire():
    """Lower case, hyphens, and nothing for the unspecified."""
    assert enum_words(types.FactReason.DESCRIPTOR) == {
        "intelligence": 1,
        "incident": 2,
        "court": 3,
        "statement": 4,
        "administrative": 5,
    }
    schemes = enum_words(types.GradeScheme.DESCRIPTOR)

    assert [types.GradeScheme.Name(each)[13:] for each in schemes.values()] == [
        "THREE_FIVE_TWO",
        "SIX_SIX",
        "FOUR_FOUR",
    ]


def test_a_draft_is_json():
    """What the module draws can be written in a file."""
    drafts = [
        {kind: draft} for kind, (draft, _) in STATEMENTS.items() if kind == "rivalry"
    ]

    assert read_drafts(json.dumps({"facts": drafts})) == drafts


def test_a_key_that_may_be_meant_is_told():
    """By what there is; the key that stood there is not repeated."""
    near = refusal(rivalry={"severity": 3, "last_violense_on": "x"})
    far = refusal(alliance={"zzzz": 1})

    assert near == (
        "facts[0].rivalry",
        "has a key that is not known, number 2; perhaps last_violence_on is meant",
    )
    assert far[1].endswith("number 1; there are group_a, group_b")
