"""Which rulesets were adopted, and which one is in force."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.world import NOW, token

from placement.domain.changeover_events import CustodianNamed
from placement.domain.events import Record
from placement.domain.rule_events import (
    RulesetAdopted,
    RulesetFounded,
    RulesetProposed,
    RulesetShadowed,
    RulesetWithdrawn,
    Shift,
)
from placement.domain.state import State
from placement.domain.terms import Micros, Verdict
from placement.errors import TamperedError
from placement.store.codec import decode, encode

SHIFTS = (Shift(before=Verdict.CLEAR, after=Verdict.REVIEW, count=3),)


def proposed(name, lapses=NOW + 10):
    return RulesetProposed(
        id=token(name),
        person="co-01",
        expires_at=Micros(lapses),
        version="2026-12-1",
        content=f"content of {name}",
        rules=token(name, 32),
    )


def shadowed(name):
    return RulesetShadowed(id=token(name), person="co-01", weighed=7, shifts=SHIFTS)


def adopted(name):
    return RulesetAdopted(id=token(name), person="co-02", rules=token(name, 32))


def withdrawn(name):
    return RulesetWithdrawn(id=token(name), person="co-02")


FOUNDED = RulesetFounded(content="content of the first")


def founded(_name):
    return FOUNDED


def fold(*events, at=NOW):
    state = State()
    for event in events:
        state.apply(Record(at=Micros(at), event=event))
    return state


def in_force(state):
    kept = state.rulebook.in_force
    return None if kept is None else kept.proposed.content


def test_nothing_is_adopted_at_first():
    """The ruleset of the program is in force then."""
    assert in_force(State()) is None
    assert in_force(fold(proposed("a"), shadowed("a"))) is None


def test_what_was_adopted_last_is_in_force():
    """What was before stays, with all that it said."""
    state = fold(
        *(make(name) for name in "ab" for make in (proposed, shadowed, adopted))
    )

    assert in_force(state) == "content of b"
    assert [each.revision for each in state.rulebook.adopted] == [3, 6]
    assert [each.shadowed.shifts for each in state.rulebook.adopted] == [SHIFTS] * 2
    assert state.rulebook.drafts == {}


def test_the_first_record_says_which_one_the_store_was_made_with():
    """A snapshot says it apart; an older log says nothing."""
    named = CustodianNamed(key_id=bytes(32), ruleset=FOUNDED)
    state = fold(decode(encode(Record(at=NOW, event=named))).event)

    assert list(state.rulebook.records()) == [FOUNDED]
    assert state.rulebook.content == FOUNDED.content
    assert fold(CustodianNamed(key_id=bytes(32))).rulebook.content is None


def test_what_the_store_was_made_with_is_in_force_until_another_is_adopted():
    """And is known for ever."""
    later = fold(FOUNDED, proposed("a"), shadowed("a"), adopted("a"))

    assert fold(FOUNDED).rulebook.content == FOUNDED.content
    assert later.rulebook.content == "content of a"
    assert later.rulebook.founded == FOUNDED


@pytest.mark.parametrize(
    "events",
    [
        (FOUNDED, FOUNDED),
        (proposed("a"), shadowed("a"), adopted("a"), FOUNDED),
        (adopted("a"),),
        (shadowed("a"),),
        (withdrawn("a"),),
        (proposed("a"), adopted("a")),
        (proposed("a"), withdrawn("a"), adopted("a")),
    ],
    ids=[
        "founded twice",
        "founded late",
        "none",
        "none to shadow",
        "none to withdraw",
        "not shadowed",
        "withdrawn",
    ],
)
def test_a_hole_in_the_log_is_an_incident(events):
    """What does not wait, or was not shadowed, can't have been adopted."""
    with pytest.raises(TamperedError):
        fold(*events)


def test_what_lapsed_is_forgotten_when_another_is_proposed():
    """At the instant at which it lapses."""
    state = fold(proposed("a", NOW), proposed("b", NOW + 1))

    assert set(state.rulebook.drafts) == {token("b")}


MADE = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from([founded, proposed, shadowed, adopted, withdrawn]),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(MADE, st.data())
def test_every_server_has_the_same_in_force_at_every_revision(made, data):
    """However much of it comes from a snapshot, and through the bytes of the log."""
    one, records = State(), []
    for name, make in made:
        record = decode(encode(Record(at=NOW, event=make(name))))
        try:
            one.apply(record)
        except TamperedError:
            continue
        records.append(record)
    cut = data.draw(st.integers(0, len(records)))
    first, other = State(), State()
    for record in records[:cut]:
        first.apply(record)
    for record in first.records():
        other.apply(decode(encode(record)))
    other.revision = first.revision
    again = State()
    for record in records[:cut]:
        again.apply(record)
    for record in records[cut:]:
        other.apply(record)
        again.apply(record)

        assert other.rulebook.content == again.rulebook.content
    assert other.rulebook.adopted == again.rulebook.adopted == one.rulebook.adopted
    assert other.rulebook.content == again.rulebook.content == one.rulebook.content
    assert other.rulebook.drafts == again.rulebook.drafts == one.rulebook.drafts


def test_what_waits_is_kept_with_its_shadow_run():
    """So that a snapshot holds all that an approval needs."""
    state = fold(proposed("a"), shadowed("a"), proposed("b"))

    assert list(state.rulebook.records()) == [
        proposed("a"),
        shadowed("a"),
        proposed("b"),
    ]
