"""How strongly a fact counts (semantics.md section 6: Strength, Time)."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kit.world import NOW, TODAY, token

from placement.domain.facts import Alliance, Faction
from placement.domain.strength import Strength, Turns, Weigh, acting, standing
from placement.domain.terms import Day, Grade, Reason, Scheme, Window

NONE, SOFT, FIRM = Strength
COMMON = {
    "recorded_at": NOW,
    "author": "co-01",
    "region": "syd",
    "scheme": Scheme.THREE_FIVE_TWO,
    "given": "1B",
    "grade": Grade.STRONG,
    "reason": Reason.INTELLIGENCE,
}
LINK = Alliance(
    id=token("link"),
    low=token("A"),
    high=token("B"),
    **COMMON,
)
SPLIT = Faction(
    id=token("split"),
    child=token("A"),
    parent=token("B"),
    **COMMON,
)


def weigh(start: int = 0, end: int | None = None, today: int = 0) -> Weigh:
    window = Window(start=Day(TODAY + start), end=None if end is None else TODAY + end)
    return Weigh(window, Day(TODAY + today), 180)


def offset(days: int | None) -> Day | None:
    return None if days is None else Day(TODAY + days)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, FIRM),
        ({"grade": Grade.MEDIUM}, FIRM),
        ({"grade": Grade.WEAK}, SOFT),
        ({"grade": Grade.DISCREDITED}, NONE),
        ({"retracted": True}, NONE),
        ({"approved": False}, SOFT),
        ({"review_by": TODAY}, FIRM),
        ({"review_by": TODAY - 1}, SOFT),
        ({"review_by": TODAY - 1, "grade": Grade.DISCREDITED}, NONE),
    ],
)
def test_standing(given, expected):
    """Weak, overdue or unapproved is soft; discredited or retracted is nothing."""
    got = standing(replace(LINK, **given), TODAY)

    assert got == expected


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "end", "expected"),
    [
        (None, None, None, FIRM),
        (0, None, None, FIRM),
        (5, None, 5, NONE),
        (4, None, 5, FIRM),
        (5, None, None, FIRM),
        (None, 1, None, FIRM),
        (None, 0, None, SOFT),
        (None, -179, None, SOFT),
        (None, -180, None, NONE),
        (-400, -1, 5, SOFT),
    ],
)
def test_acting(valid_from, valid_to, end, expected):
    """A fact acts firmly in its time and softly for 180 days after it (R12)."""
    link = replace(LINK, valid_from=offset(valid_from), valid_to=offset(valid_to))
    question = weigh(0, end)
    got = (
        acting(link, question.window, TODAY, 180),
        question.acting(link),
    )

    assert got == (expected, expected)


def test_cooling_down_strengthens_nothing():
    """What is discredited stays so when it cools down."""
    link = replace(LINK, grade=Grade.DISCREDITED, valid_to=offset(-1))
    got = weigh().acting(link)

    assert got == NONE


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, True), ({"grade": Grade.WEAK}, False), ({"valid_to": 0}, True)],
)
def test_firmly_stands(given, expected):
    """Standing firmly has nothing to do with dates."""
    got = weigh().firmly_stands(replace(LINK, **given))

    assert got == expected


@pytest.mark.parametrize(
    ("given", "end", "expected"),
    [
        ({"valid_to": TODAY + 5}, None, True),
        ({"valid_to": TODAY + 5}, 6, True),
        ({"valid_to": TODAY + 5}, 5, False),
        ({"valid_to": TODAY - 900}, 5, True),
        ({}, None, False),
        ({"valid_to": TODAY - 5, "grade": Grade.WEAK}, None, False),
        ({"valid_to": TODAY - 5, "retracted": True}, None, False),
    ],
)
def test_splits(given, end, expected):
    """A firm link that ends before the window's end splits, however long ago."""
    got = weigh(0, end).splits(replace(SPLIT, **given), FIRM)

    assert got == expected


def test_splits_softly():
    """A weak link that ended splits for a soft reading only."""
    link = replace(SPLIT, valid_to=TODAY, grade=Grade.WEAK)
    got = [weigh().splits(link, strength) for strength in (SOFT, FIRM)]

    assert got == [True, False]


@pytest.mark.parametrize(
    ("split_at", "valid_from", "valid_to", "end", "expected"),
    [
        (-300, None, None, None, True),
        (-300, 0, None, None, True),
        (-300, 1, None, None, False),
        (5, 5, None, None, True),
        (5, 6, None, None, False),
        (-300, None, 900, None, False),
        (-300, None, 10, 10, True),
        (-300, None, 9, 10, False),
        (-300, 1, 10, 10, False),
        (None, 0, None, None, True),
    ],
)
def test_settles(split_at, valid_from, valid_to, end, expected):
    """What settles a split stands from the split on, for all of the window left."""
    link = replace(LINK, valid_from=offset(valid_from), valid_to=offset(valid_to))
    split = replace(SPLIT, valid_to=offset(split_at), recorded_at=NOW - 1)
    got = weigh(0, end).settles(link, split)

    assert got == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, True), ({"region": "nord"}, False), ({"recorded_at": NOW}, False)],
)
def test_what_settles_took_two_of_one_region(given, expected):
    """It is of the region of the split, which was on record when it came."""
    split = replace(SPLIT, valid_to=TODAY, recorded_at=NOW, region="syd")
    link = replace(LINK, **{"recorded_at": NOW + 1, "region": "syd"} | given)

    assert weigh().settles(link, split) is expected


DAYS = st.one_of(st.none(), st.integers(-200, 20).map(offset))
LINKS = st.builds(
    replace,
    st.sampled_from((LINK, SPLIT)),
    valid_from=DAYS,
    valid_to=DAYS,
    review_by=DAYS,
)
QUESTIONS = st.builds(
    weigh,
    st.integers(-30, 30),
    st.one_of(st.none(), st.integers(31, 60)),
    st.integers(-5, 5),
)


@given(st.lists(LINKS, max_size=4), st.lists(QUESTIONS, min_size=2, max_size=8))
def test_questions_of_one_era_weigh_alike(links, questions):
    """Two questions between the same turning days see every link alike."""
    turns = Turns(links, 180)
    first, *others = questions
    alike = [other for other in others if turns.era(other) == turns.era(first)]
    assume(alike)
    got = [_weights(links, other) for other in alike]

    assert got == [_weights(links, first)] * len(alike)


def _weights(links, question):
    return [
        (
            question.acting(link),
            question.firmly_stands(link),
            isinstance(link, Faction) and question.splits(link, SOFT),
            [
                question.settles(link, split)
                for split in links
                if isinstance(split, Faction) and not isinstance(link, Faction)
            ],
        )
        for link in links
    ]


def test_eras_differ():
    """A turning day between two questions tells them apart."""
    links = [
        replace(
            LINK,
            valid_from=offset(-5),
            valid_to=offset(10),
            review_by=offset(0),
        )
    ]
    turns = Turns(links, 180)
    asked = [
        weigh(),
        weigh(9),
        weigh(10),
        weigh(189),
        weigh(190),
        weigh(today=1),
        weigh(0, 10),
        weigh(0, 11),
        weigh(-9, -5),
    ]
    got = [turns.era(question) for question in asked]

    assert got == [
        (1, None, 0),
        (1, None, 0),
        (2, None, 0),
        (2, None, 0),
        (3, None, 0),
        (1, None, 1),
        (1, 1, 0),
        (1, 2, 0),
        (0, 0, 0),
    ]
