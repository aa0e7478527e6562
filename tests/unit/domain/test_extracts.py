"""Extracts as the fold knows them: readable for a while, counted, and of nobody."""

import pytest
from kit.world import NOW, subject, token

from placement.domain.events import Record
from placement.domain.extract_events import (
    ExtractAgreed,
    ExtractAsked,
    ExtractGranted,
    ExtractPart,
)
from placement.domain.extracts import (
    Extracts,
    named,
)
from placement.domain.ruleset import ExtractBudget
from placement.domain.ruleset_keys import LOOKED_BACK_DAYS
from placement.domain.state import State
from placement.domain.terms import MICROS_A_DAY, Micros

BUDGET = ExtractBudget(person_day=5, organisation=50, days=30)
ASKED = ExtractAsked(organisation="syd", person="co-01")


def granted(name="e", days=7):
    agreed = ExtractAgreed(
        id=token(name), named=bytes(32), cases=(), ground="COURT", reference="A 1"
    )
    return ExtractGranted(
        agreed=agreed,
        region="syd",
        proposer="co-01",
        approver="co-02",
        organisation="syd",
        released=(token("f"),),
        withheld=(token("w"),),
        parts=(ExtractPart.VERDICTS,),
        expires_at=Micros(NOW + days * MICROS_A_DAY),
    )


def after(days):
    return Micros(NOW + days * MICROS_A_DAY)


def test_what_is_kept_of_a_person_can_be_made_again_and_no_more():
    """In any order; of another person or for another extract it is another."""
    one, other = subject("a"), subject("b")
    kept = named(token("c"), [one, other])

    assert named(token("c"), [other, one]) == kept
    assert named(token("d"), [one, other]) != kept
    assert named(token("c"), [one]) != kept
    assert len(kept) == 32
    assert one.rstrip(b"\0") not in kept


def test_an_extract_that_lapsed_is_dropped():
    """With the next one that is asked for or granted."""
    extracts = Extracts()
    extracts.apply(granted("old"), NOW)
    extracts.apply(granted("new", days=9), after(1))
    extracts.apply(ASKED, after(7))

    assert [*extracts.granted] == [token("new")]


def test_a_person_may_propose_a_few_a_day():
    """Another day, or somebody else, is another matter."""
    extracts = Extracts()
    for _ in range(BUDGET.person_day):
        assert extracts.affords(ASKED, BUDGET, NOW)
        extracts.apply(ASKED, NOW)
    second = ExtractAsked(organisation="syd", person="co-02")
    elsewhere = ExtractAsked(organisation="nord", person="co-01")

    assert not extracts.affords(ASKED, BUDGET, NOW)
    assert extracts.affords(ASKED, BUDGET, after(1))
    assert extracts.affords(second, BUDGET, NOW)
    assert extracts.affords(elsewhere, BUDGET, NOW)


def test_an_organisation_may_propose_some_a_month():
    """Whoever it is that does; what is older is forgotten."""
    extracts = Extracts()
    for number in range(BUDGET.organisation):
        each = ExtractAsked(organisation="syd", person=f"co-{number}")
        assert extracts.affords(each, BUDGET, NOW)
        extracts.apply(each, NOW)

    assert not extracts.affords(ASKED, BUDGET, after(BUDGET.days - 1))
    assert extracts.affords(ASKED, BUDGET, after(BUDGET.days))
    extracts.apply(ASKED, after(LOOKED_BACK_DAYS))
    assert len([*extracts.records()]) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_snapshot_keeps_both(times):
    """What may be read, and what was asked for when; again and again the same."""
    state = State()
    for at, event in ((NOW, ASKED), (NOW, granted()), (after(1), granted("f"))):
        state.apply(Record(at=at, event=event))
    for _ in range(times):
        records = [*state.records()]
        state = State()
        for record in records:
            state.apply(record)

    assert state.extracts.granted == {
        token("e"): granted(),
        token("f"): granted("f"),
    }
    assert next(iter(state.extracts.records())) == Record(at=NOW, event=ASKED)
