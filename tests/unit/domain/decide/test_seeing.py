"""What a coordinator is shown of a place: of one person, one question, one answer."""

from dataclasses import replace

import pytest
from kit.commands import COORDINATOR, SECOND, check, coordinator
from kit.world import TODAY, day, token

from placement.domain.decide.seeing import (
    asked_note,
    explained,
    seen_by,
    told_note,
    weighed_place,
)
from placement.domain.questions import Candidate
from placement.domain.terms import Verdict, Window
from placement.errors import InvalidInputError

OPEN = "2480"
PLACE = Candidate(area=OPEN)
DAYS = Window(start=TODAY, end=day(30))


@pytest.fixture
def case(stage):
    """The case of h, for whom 2480 is a REVIEW."""
    stage.tie("h", OPEN)
    made = stage.case("h")
    stage.court.reply(check(made.handle))
    return stage.state.cases[made.handle]


@pytest.fixture
def look(stage, case):
    """Return a function that weighs a place now."""

    def weighed(case=case, place=PLACE, window=DAYS):
        return weighed_place(stage.state, stage.court.moment, case, place, window)

    return weighed


def test_the_same_person_sees_the_same(look):
    """As often as they look."""
    assert seen_by(COORDINATOR, look()) == seen_by(COORDINATOR, look())
    assert len(seen_by(COORDINATOR, look())) == 32


def test_whoever_is_shown_something_else_sees_something_else(stage, case, look):
    """Another person, region, step, case, place, house, day, verdict or reason."""
    stage.facility("house", "firm", OPEN)
    weighed = look()
    seen = [
        seen_by(COORDINATOR, weighed),
        seen_by(SECOND, weighed),
        seen_by(coordinator("vast"), weighed),
        seen_by(COORDINATOR, weighed, about=token("permit")),
        seen_by(COORDINATOR, look(case=stage.case("h"))),
        seen_by(COORDINATOR, look(place=Candidate(area="1480"))),
        seen_by(COORDINATOR, look(place=replace(PLACE, facility=token("house")))),
        seen_by(COORDINATOR, look(window=Window(start=TODAY, end=day(29)))),
        seen_by(COORDINATOR, look(window=Window(start=TODAY))),
        *(
            seen_by(COORDINATOR, replace(weighed, found=found))
            for found in (
                replace(weighed.found, verdict=Verdict.UNKNOWN),
                replace(weighed.found, floor=Verdict.UNKNOWN),
                replace(weighed.found, findings=()),
            )
        ),
    ]

    assert len(set(seen)) == len(seen)


def test_what_is_explained(stage, look):
    """The verdict, why, and the digest that goes with it."""
    weighed = look()
    told = explained(stage.state, COORDINATOR, stage.court.moment, weighed, b"about")

    assert (told.verdict, len(told.reasons), told.needs_second) == (
        Verdict.REVIEW,
        1,
        False,
    )
    assert told.seen == seen_by(COORDINATOR, weighed, b"about")


def test_what_is_noted(case, look):
    """The case, the place and its days; then whose it is, and what it is worth."""
    asked = asked_note(case.handle, PLACE, DAYS)
    told = told_note(asked, look())

    assert (asked.case, asked.candidates, asked.facilities) == (
        case.handle,
        (OPEN,),
        (b"",),
    )
    assert asked.window == str(DAYS)
    assert told == replace(asked, reference="SN 1", verdicts=(Verdict.REVIEW,))


@pytest.mark.parametrize(
    "window", [Window(start=day(2), end=day(2)), Window(start=day(-2), end=TODAY)]
)
def test_days_that_are_none(look, window):
    """There is nothing to see."""
    with pytest.raises(InvalidInputError):
        look(window=window)
