"""The checker finds an order where there is one, and none where there is none."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linear.areas import ACTIVE, CLEAR, CONFLICT, DONE, HELD, REFUSED, Areas
from tests.linear.checker import Step, UndecidedError, order

MODEL = Areas([frozenset("AB")])
TAKEN = (CONFLICT, False)
MADE = (CLEAR, True)


def step(act, call, ret, answer=None, after=None):
    act = tuple(act.split())
    return Step(act=act, call=call, ret=ret, answer=answer, after=after)


LINEARIZABLE = {
    "nothing": [],
    "one after the other": [
        step("hold A x a", 0, 1, MADE),
        step("hold B x b", 2, 3, TAKEN),
    ],
    "at once, and one wins": [
        step("hold A x a", 0, 3, TAKEN),
        step("hold B x b", 1, 2, MADE),
    ],
    "at once, in two areas": [
        step("hold A x a", 0, 3, MADE),
        step("hold B y b", 1, 2, MADE),
    ],
    "unrelated": [
        step("hold A x a", 0, 3, MADE),
        step("hold C x c", 1, 2, MADE),
    ],
    "a release between two": [
        step("hold A x a", 0, 1, MADE),
        step("release a", 2, 6, DONE),
        step("hold B x b", 3, 7, MADE),
    ],
    "a hold that nobody was told of": [
        step("hold A x a", 0, None),
        step("check B x", 5, 6, (CLEAR,)),
        step("hold B x b", 7, 8, TAKEN),
    ],
    "a hold that was never made": [
        step("hold A x a", 0, None),
        step("hold B x b", 7, 8, MADE),
    ],
    "placed and moved on": [
        step("hold A x a", 0, 1, MADE),
        step("confirm a", 2, 3, (CLEAR, ACTIVE)),
        step("hold A y c", 2, 3, MADE),
        step("check B x", 4, 9, (CLEAR,)),
        step("move a c", 5, 8, (CLEAR, ACTIVE)),
        step("show A", 9, 10, ((("y", ACTIVE),),)),
    ],
    "a third hold": [
        step("hold A x a", 0, 1, MADE),
        step("hold A y b", 0, 1, MADE),
        step("hold A x c", 2, 3, REFUSED),
    ],
    "found again at the second attempt": [
        step("hold A x a", 0, 9, (None, True)),
        step("check A x", 8, 9, (CLEAR,), after=0),
        step("hold B x b", 3, 4, TAKEN),
    ],
}
NOT_LINEARIZABLE = {
    "both hold": [
        step("hold A x a", 0, 3, MADE),
        step("hold B x b", 1, 2, MADE),
    ],
    "neither holds": [
        step("hold A x a", 0, 3, TAKEN),
        step("hold B x b", 1, 2, TAKEN),
    ],
    "a hold not seen afterwards": [
        step("hold A x a", 0, 1, MADE),
        step("check B x", 2, 3, (CLEAR,)),
    ],
    "seen, and then no more": [
        step("hold A x a", 0, 9, MADE),
        step("check B x", 1, 2, (CONFLICT,)),
        step("check B x", 3, 4, (CLEAR,)),
    ],
    "seen before it was asked for": [
        step("check B x", 0, 1, (CONFLICT,)),
        step("hold A x a", 2, None),
    ],
    "a release that came to nothing": [
        step("hold A x a", 0, 1, MADE),
        step("release a", 2, 3, DONE),
        step("hold B x b", 4, 5, TAKEN),
    ],
    "refused for nothing": [
        step("hold A x a", 0, 1, MADE),
        step("hold A y b", 2, 3, REFUSED),
    ],
    "moved, and still there": [
        step("hold A x a", 0, 1, MADE),
        step("confirm a", 2, 3, (CLEAR, ACTIVE)),
        step("hold A y c", 4, 5, MADE),
        step("move a c", 6, 7, (CLEAR, ACTIVE)),
        step("check B x", 8, 9, (CONFLICT,)),
    ],
    "moved by half": [
        step("hold A x a", 0, 1, MADE),
        step("confirm a", 2, 3, (CLEAR, ACTIVE)),
        step("hold A y c", 4, 5, MADE),
        step("move a c", 6, 9, (CLEAR, ACTIVE)),
        step("show A", 7, 8, ((("x", ACTIVE), ("y", ACTIVE)),)),
    ],
    "placed in two places": [
        step("hold A x a", 0, 1, MADE),
        step("hold A y b", 0, 1, MADE),
        step("confirm a", 2, 3, (CLEAR, ACTIVE)),
        step("confirm b", 4, 5, (CLEAR, ACTIVE)),
    ],
    "seen without what had to come before": [
        step("hold A x a", 0, 9, (None, True)),
        step("check A x", 1, 2, (CLEAR,), after=0),
        step("hold B x b", 3, 4, MADE),
    ],
    "held, and confirmed despite": [
        step("hold A x a", 0, 1, MADE),
        step("confirm a", 2, 3, (CONFLICT, HELD)),
    ],
}


@pytest.mark.parametrize("name", LINEARIZABLE)
def test_an_order_is_found(name):
    """Whatever could have happened one after the other is linearizable."""
    steps = LINEARIZABLE[name]
    found = order(steps, MODEL)

    assert found is not None
    assert is_order(steps, found)


@pytest.mark.parametrize("name", NOT_LINEARIZABLE)
def test_no_order_is_made_up(name):
    """What no order explains is refused."""
    assert order(NOT_LINEARIZABLE[name], MODEL) is None


def test_a_search_that_takes_too_long_says_so():
    """Giving up is no verdict."""
    steps = [step(f"hold C x {n}", 0, None) for n in range(6)]
    steps.append(step("check A x", 1, 2, (CONFLICT,)))

    with pytest.raises(UndecidedError):
        order(steps, MODEL, most=3)


def is_order(steps, path):
    """Tell whether a path is an order that times and model allow."""
    if {n for n, each in enumerate(steps) if each.ret is not None} - set(path):
        return False
    state = MODEL.begin()
    for position, number in enumerate(path):
        each = steps[number]
        if any(steps[later].until < each.call for later in path[position:]):
            return False
        if each.after is not None and each.after not in path[:position]:
            return False
        state, answer = MODEL.step(state, each.act)
        if not each.fits(answer):
            return False
    return True


@st.composite
def histories(draw):
    """A few calls at random times, with random answers."""
    steps = []
    for number in range(draw(st.integers(1, 5))):
        call, took = draw(st.integers(0, 6)), draw(st.integers(1, 4))
        ret = draw(st.sampled_from([call + took, call + took, None]))
        case = draw(st.sampled_from("AB"))
        act, answers = draw(
            st.sampled_from(
                [
                    (f"hold {case} x {number}", [MADE, TAKEN]),
                    (f"check {case} x", [(CLEAR,), (CONFLICT,)]),
                    (f"release {draw(st.integers(0, 4))}", [DONE, REFUSED]),
                ]
            )
        )
        answer = None if ret is None else draw(st.sampled_from(answers))
        steps.append(step(act, call, ret, answer))
    return steps


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(histories())
def test_the_search_agrees_with_trying_every_order(steps):
    """On small histories, all orders of all subsets say the same."""
    numbers = range(len(steps))
    exists = any(
        is_order(steps, path)
        for size in range(len(steps) + 1)
        for path in permutations(numbers, size)
    )
    found = order(steps, MODEL)

    assert (found is not None) == exists
    assert found is None or is_order(steps, found)
