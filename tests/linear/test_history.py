"""Calls with retries become steps that say no more than what was seen."""

import pytest

from tests.linear.areas import ACTIVE, CLEAR, CONFLICT, DONE, HELD, REFUSED
from tests.linear.checker import Step
from tests.linear.history import Call, steps

PLACE = ("A", "x")


def call(act, answer, attempts=1, ret=9.0, place=PLACE):
    return Call(
        act=tuple(act.split()),
        first=1.0,
        last=1.0 if attempts == 1 else 5.0,
        ret=ret,
        attempts=attempts,
        answer=answer,
        place=place,
    )


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        ("hold A x a", (CLEAR, True)),
        ("confirm a", (CLEAR, ACTIVE)),
        ("release a", DONE),
        ("check A x", (CONFLICT,)),
        ("end a", REFUSED),
    ],
)
def test_a_call_answered_at_once_is_one_step(act, answer):
    """It happened between the call and its answer."""
    expected = Step(act=tuple(act.split()), call=1.0, ret=9.0, answer=answer)

    assert steps([call(act, answer)]) == [expected]


def test_a_hold_found_again_is_made_once_and_looked_at_again():
    """The hold is of some attempt, the verdict of the last."""
    found = steps([call("hold A x a", (CLEAR, True), attempts=3)])

    assert found == [
        Step(act=("hold", "A", "x", "a"), call=1.0, ret=9.0, answer=(None, True)),
        Step(act=("check", "A", "x"), call=5.0, ret=9.0, answer=(CLEAR,), after=0),
    ]


def test_a_confirmation_found_again_is_made_once():
    """The state is of some attempt, the verdict of the last."""
    found = steps([call("confirm a", (CONFLICT, ACTIVE), attempts=2)])

    assert found == [
        Step(act=("confirm", "a"), call=1.0, ret=9.0, answer=(None, ACTIVE)),
        Step(act=("check", "A", "x"), call=5.0, ret=9.0, answer=(CONFLICT,), after=0),
    ]


def test_a_confirmation_found_when_it_was_over():
    """It happened, and ended before the last attempt."""
    made, seen = steps([call("confirm n", (CLEAR, "ENDED"), attempts=2)])

    assert made.answer == (None, ACTIVE)
    assert seen.answer == (CLEAR,)


@pytest.mark.parametrize(
    ("act", "answer"), [("confirm a", (CONFLICT, HELD)), ("release a", REFUSED)]
)
def test_an_earlier_attempt_may_come_late(act, answer):
    """What the last attempt did not do, one that was given up may still do."""
    named = tuple(act.split())

    assert steps([call(act, answer, attempts=2)]) == [
        Step(act=named, call=5.0, ret=9.0, answer=answer),
        Step(act=named, call=1.0, ret=None, after=0),
    ]


def test_a_release_answered_again_happened_once():
    """There is no verdict to look at."""
    found = steps([call("release a", DONE, attempts=2, place=None)])

    assert found == [Step(act=("release", "a"), call=1.0, ret=9.0, answer=DONE)]


def test_what_was_never_answered_may_have_happened():
    """But looking leaves nothing behind."""
    lost = [call("hold A x a", None, ret=None), call("check A x", None, ret=None)]

    assert steps(lost) == [Step(act=("hold", "A", "x", "a"), call=1.0, ret=None)]


def test_steps_are_numbered_through():
    """A second call points at its own first step."""
    twice = [call("hold A x a", (CLEAR, True), attempts=2) for _ in range(2)]

    assert [each.after for each in steps(twice)] == [None, 0, None, 2]
