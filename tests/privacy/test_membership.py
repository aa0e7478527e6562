"""Nobody can tell from what they are answered whether somebody is on record.

Two servers have one history and one key; in one of them one more person is on record, or
one more group is registered. A caseworker, a client of the custodian and a coordinator
of another region do the same in both. Equal must be: what is answered, with ids called
by the order in which they came and counters by how far they went; bytes of each answer,
headers and trailers; and budgets. Different may be:

* of an assessed case that has the person in it, or somebody linked to him, or a rival of
  his who asks about the very area: the verdict, until when it holds, and what it holds;
* of the same case, once it wanted to hold: what is held for it.
"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.paired import DIFFERENCES, Pair
from kit.paired_life import KINDS, Life

from placement.domain.decide import cases, checks
from placement.domain.decide.table import DECIDES
from placement.domain.facts import Affiliation
from placement.domain.terms import Verdict
from placement.errors import NotFoundError

STORY = (
    *(("open", 1, 0), ("open", 2, 0), ("open", 0, 4), ("open", 3, 5)),
    *(("check", 0, 0), ("budgets", 0, 0), ("hold", 0, 0), ("evaluate", 0, 0)),
    *(("assess", number, 0) for number in range(4)),
    *(("budgets", number, number) for number in range(4)),
    *(("check", number, 0) for number in range(4)),
    *(("check", number, 2) for number in range(2)),
    *(("hold", number, 1) for number in range(4)),
    *(("budgets", number, 3) for number in range(4)),
    *(("check", number, 2) for number in range(4)),
    *((step, 2, 0) for step in ("confirm", "extend", "release", "show", "alerts")),
    *(("show", number, 0) for number in range(4)),
    *(("err", number, 0) for number in range(9)),
    *(("elsewhere", number, number) for number in range(8)),
    *(("close", number, 0) for number in range(4)),
    *(("check", 0, 0), ("show", 0, 0), ("alerts", 0, 0)),
)
"""Of everything something; the person is in the first case."""


@pytest.fixture(scope="module", params=DIFFERENCES)
def pair(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with Pair.differing(folder, DIFFERENCES[request.param]) as pair:
        yield pair


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """One pair, for bugs; the person belongs to a group in one of them."""
    folder = tmp_path_factory.mktemp("bugs")
    with Pair.differing(folder, DIFFERENCES["affiliation"]) as pair:
        yield pair


def told(life):
    """Return what differed, in words."""
    return [
        (
            step,
            one.told or one.refusal,
            other.told or other.refusal,
            one.size,
            other.size,
        )
        for step, one, other in life.leaks
    ]


@pytest.mark.slow
def test_a_life_in_both_worlds_looks_alike(pair):
    """Answers, sizes, headers, budgets; but for the verdict that meets the person."""
    life = Life(pair).live(STORY)

    assert told(life) == []
    # Where a verdict may tell, it does; or nothing above would show anything.
    assert (life.met > 0) == bool(pair.difference.about)


@pytest.mark.slow
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(0, 9)),
        min_size=4,
        max_size=14,
    )
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_life_in_both_worlds_looks_alike(pair, steps):
    """Whatever is done, in whatever order."""
    assert told(Life(pair).live(steps)) == []


# Planted bugs


def is_known(state, members):
    """Tell whether it is on record that somebody belonged to a group."""
    facts = state.facts.values()
    known = {fact.subject for fact in facts if isinstance(fact, Affiliation)}
    return not known.isdisjoint(members)


def names_absence(state, command, moment):
    """Refuse to open a case of people of whom nothing is known."""
    if not is_known(state, map(state.changeover.of, command.members)):
        raise NotFoundError
    return cases.open_case(state, command, moment)


def checked_of(state, command, moment):
    """Check, and tell whether the household is known."""
    members = state.cases[command.case].members if command.case in state.cases else ()
    return checks.check(state, command, moment), is_known(state, members)


def costs_less(state, command, moment):
    """Take nothing for a question whose answer will be no CLEAR anyhow."""
    outcome, known = checked_of(state, command, moment)
    return replace(outcome, events=()) if known else outcome


def repeats_an_id(state, command, moment):
    """Answer what is kept from an earlier look at a household that is known."""
    outcome, known = checked_of(state, command, moment)
    if not known:
        return outcome
    answers = (replace(e, decision=command.case) for e in outcome.reply.answers)
    return replace(outcome, reply=replace(outcome.reply, answers=tuple(answers)))


def looks_too_early(state, command, moment):
    """Give a verdict on a case that nobody assessed."""
    outcome, known = checked_of(state, command, moment)
    if not known or state.cases[command.case].assessed_at is not None:
        return outcome
    answers = (replace(e, verdict=Verdict.REVIEW) for e in outcome.reply.answers)
    return replace(outcome, reply=replace(outcome.reply, answers=tuple(answers)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "bug", "where"),
    [
        (cases.OpenCase, names_absence, "worker OpenCase"),
        (checks.Check, costs_less, "worker ShowBudgets"),
        (checks.Check, repeats_an_id, "worker CheckPlacement"),
        (checks.Check, looks_too_early, "worker CheckPlacement"),
    ],
)
def test_a_bug_that_tells_is_found(worlds, monkeypatch, kind, bug, where):
    """A text, a budget, an id or a verdict that depends on who is on record."""
    monkeypatch.setitem(DECIDES, kind, bug)
    life = Life(worlds).live(STORY)

    assert where in {step for step, *_ in life.leaks}
