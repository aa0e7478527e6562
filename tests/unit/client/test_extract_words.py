"""An extract in words: the same parts for everybody, sentences that a person reads."""

import pytest
from kit.asked import CASE, NORTH
from placement_client.commands.extract_data import WITHHELD, extract_data, head_data
from placement_client.commands.extract_words import document
from placement_client.extracts import Extract

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1 import types_pb2 as types

AT = 1_764_547_200_000_000  # the first of December in Stockholm
LATE = AT - 1_800_000_000  # half an hour before: in Stockholm it is the first already
MATTERS = "That Malmö (1280) matters for where you can be placed"
NAMES = {NORTH: "North *Side*"}
HEADINGS = [
    "# What is kept about you",
    "## What this is",
    "## What is recorded about you",
    "## Your cases",
    "## Where you were placed",
    "## Who did something with it",
    "## Cases that were erased",
]


def head(**given):
    values = {
        "ground": wire.EXTRACT_GROUND_OWN_REQUEST,
        "reference": "A 12/2026",
        "region": "syd",
        "at": AT,
    }
    return wire.ExtractHead(**(values | given))


def told(*entries, names=NAMES, **given):
    return document(extract_data(Extract(head=head(**given), entries=entries), names))


def fact(**given):
    return wire.ExtractFact(fact_id=bytes(16), recorded_at=LATE, **given)


def case(**given):
    values = {
        "case_handle": CASE,
        "municipality": "1280",
        "reference": "SN 1",
        "basis": check.BASIS_POLICE,
        "is_first": True,
        "opened_at": LATE,
    }
    return wire.ExtractCase(**(values | given))


def entry(**given):
    values = {
        "at": LATE,
        "action": "CHECK",
        "role": "caseworker",
        "organisation": "1280",
        "purpose": "PLANNED",
        "answered": True,
    }
    return wire.ExtractEntry(**(values | given))


def lines(text):
    """Return what is told under the headings, line by line."""
    told = text[text.index(HEADINGS[2]) :]
    return [line[2:] for line in told.splitlines() if line[:2] == "- "]


def test_everybody_gets_the_same_parts():
    """Whatever is kept: on whom nothing is, has the same paper."""
    full = told(entry(), facts=[fact(threat={"severity": 2})], cases=[case()])
    empty = told()
    before = full[: full.index(HEADINGS[2])]

    for text in (full, empty):
        assert [line for line in text.splitlines() if line[:1] == "#"] == HEADINGS
        assert text.startswith(before)
        assert " ".join(WITHHELD.split()) in " ".join(text.split())
    assert empty.count("Nothing is told here.") == 5


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"affiliation": {"group": NORTH, "role": 1}},
            r"That you belong, or belonged, to the group North \*Side\* (as core).",
        ),
        (
            {"affiliation": {"group": bytes(16), "role": 1, "left_on_day": 20_000}},
            "That you belong, or belonged, to a group (as core); you left it 2024-10-04.",
        ),
        (
            {"tie": {"area": "1280", "danger": True}},
            "That Malmö (1280) is a danger to you.",
        ),
        (
            {"tie": {"area": "1280"}, "valid_from_day": 20_000, "valid_to_day": 20_001},
            f"{MATTERS}, since 2024-10-04, until 2024-10-05.",
        ),
        (
            {"threat": {"severity": 2}},
            "That you are threatened (severity 2 of 3).",
        ),
        ({"same_as": {}}, "That you have another number, too."),
        ({}, "Something that this version does not know."),
    ],
)
def test_each_fact_is_a_sentence(given, says):
    """With the day on which it was recorded, in Stockholm."""
    assert f"{says} Recorded 2025-12-01." in lines(told(facts=[fact(**given)]))


def test_what_was_taken_back_says_so():
    """It is kept, and is told."""
    (line,) = lines(told(facts=[fact(threat={"severity": 1}, retracted=True)]))

    assert line.endswith("It has been taken back, and counts no more.")


def test_cases_and_places():
    """Whose it is, its days, and where they were placed for it."""
    stays = [
        wire.ExtractStay(
            area="1480",
            in_facility=True,
            window=types.Window(start_day=20_000, end_day=20_009),
            state=types.PLACEMENT_STATE_ENDED,
            moved_in_day=20_001,
        ),
        wire.ExtractStay(area="0180", window=types.Window(start_day=20_000), state=77),
    ]
    first = case(assessed_at=AT, closed_at=AT, stays=stays)
    found = lines(told(cases=[first, case(is_first=False)]))

    opened = "number SN 1 of Malmö (1280), opened 2025-12-01"
    closed = "assessed 2025-12-01, closed 2025-12-01"
    over = "2024-10-13: the placement is over; moved in 2024-10-05."

    assert found == [
        f"Case {CASE.hex()}, yours, {opened}, {closed}.",
        f"Case {CASE.hex()}, of a household that you are in, {opened}.",
        f"Göteborg (1480), in a registered house, from 2024-10-04 until {over}",
        "Stockholm (0180), from 2024-10-04: 77.",
    ]


def test_entries_stand_in_the_order_of_time():
    """As what, for whom, why, and what came of it."""
    answers = [wire.ExtractAnswer(area="1480", verdict=types.VERDICT_CONFLICT)]
    found = lines(
        told(
            entry(at=AT + 2, action="SOME_THING", role="coordinator", purpose=""),
            entry(at=AT + 1, answers=answers),
            entry(answered=False),
            entry(
                at=AT + 3,
                action="EXTRACT_READ",
                role="coordinator",
                organisation="syd",
                purpose="OWN_REQUEST",
            ),
        )
    )

    read = "a coordinator of syd read an extract about you"
    asked = "a caseworker of municipality 1280 asked whether a place is safe for you"

    assert found == [
        f"2025-12-01: {asked} (planned); it was refused.",
        f"2025-12-01: {asked} (planned); answered: Göteborg (1480) CONFLICT.",
        "2025-12-01: a coordinator of 1280 did this: some thing.",
        f"2025-12-01: {read} (you asked for it).",
    ]


def test_an_erased_case_is_named():
    """By the handle that the person has."""
    found = lines(told(erased_cases=[CASE]))

    assert found == [
        f"Case {CASE.hex()} was erased. Whose it was can't be told any more."
    ]


@pytest.mark.parametrize(
    ("ground", "region", "says"),
    [
        (1, "syd", "because you asked for it, by the police: region syd."),
        (
            2,
            "national",
            "because the supervisory authority asked for it, by the police",
        ),
        (
            3,
            "national",
            "because a court asked for it, by the police: the national unit",
        ),
        (9, "syd", "because of another reason, by the police: region syd."),
    ],
)
def test_it_says_why_it_was_made(ground, region, says):
    """And by whom."""
    text = told(ground=ground, region=region)

    assert "Number of the request: A 12/2026. Made 2025-12-01," in text
    assert says in text


def test_nothing_steers_a_terminal_or_a_page():
    """Whatever a server sent, or a group is called."""
    names = {NORTH: "\x1b[31m<b>[x](y)|"}
    text = told(
        facts=[fact(affiliation={"group": NORTH, "role": 1})],
        reference="#1\n# Heading",
        names=names,
    )

    assert "\x1b" not in text
    assert r"?\[31m\<b\>\[x\](y)\|" in text
    assert [line for line in text.splitlines() if line[:1] == "#"] == HEADINGS


def test_the_object_has_no_token_and_no_person():
    """What the second coordinator is shown beside it, comes from the head."""
    data = head_data(head(proposer="co-01", facts=[fact(same_as={})]), NAMES)

    assert "co-01" not in str(data)
    assert data["note"] == WITHHELD
    assert data["facts"][0]["kind"] == "same_as"
