"""Affiliations in rows: nothing of them is lost, and nothing left of what is erased."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.often import often
from kit.world import NOW, TODAY, World, subject, token

from placement.domain import rolled
from placement.domain.events import FactEnded, FactRecorded, FactRetracted, Record
from placement.domain.facts import Affiliation
from placement.domain.group_events import GroupsMerged
from placement.domain.imagined import Imagined
from placement.domain.life_events import FactRenewed, FactsKept
from placement.domain.roll import NEVER, Roll
from placement.domain.roll_events import AffiliationsKept, RollBegun, RollRarity
from placement.domain.rolled import require_whole
from placement.domain.shelf import Shelf
from placement.domain.state import State
from placement.domain.terms import AffiliationRole, Day, Grade, Micros, Reason, Scheme
from placement.errors import TamperedError
from placement.store.codec import decode, encode

_DAYS = st.none() | st.integers(-(2**31), 2**31 - 1).map(Day)
_WORDS = st.sampled_from(("", "a", "b", "å"))
FACTS = st.builds(
    Affiliation,
    id=st.binary(min_size=16, max_size=16) | st.binary(max_size=17),
    subject=st.sampled_from([subject(name) for name in "hij"])
    | st.binary(min_size=31, max_size=33),
    group=st.sampled_from([token(name) for name in "ABC"]) | st.binary(max_size=17),
    role=st.sampled_from(AffiliationRole),
    valid_from=_DAYS,
    valid_to=_DAYS,
    left_on=_DAYS,
    review_by=_DAYS,
    recorded_at=st.integers(-(2**63), 2**63 - 1).map(Micros),
    author=_WORDS,
    region=_WORDS,
    scheme=st.sampled_from(Scheme),
    given=_WORDS,
    grade=st.sampled_from(Grade),
    reason=st.sampled_from(Reason),
    approved=st.booleans(),
    retracted=st.booleans(),
    replaces=st.none() | st.binary(min_size=16, max_size=16),
)
MANY = st.lists(FACTS, max_size=12, unique_by=lambda fact: fact.id)


def snapshot(state: State) -> State:
    """Return what is folded of a state's snapshot."""
    again = State()
    for record in state.records():
        again.apply(decode(encode(record)))
    return again


def told(*facts: Affiliation) -> State:
    """Return a state in which facts were recorded."""
    state = State()
    for fact in facts:
        state.apply(Record(at=NOW, event=FactRecorded(fact=fact)))
    return state


@often(40)
@given(MANY)
def test_nothing_is_lost(facts):
    """Whatever an affiliation holds comes back, out of rows and out of a snapshot."""
    state = told(*facts)
    again = snapshot(state)

    for each in (state, again):
        assert dict(each.facts) == {fact.id: fact for fact in facts}
        assert len(each.facts) == len(facts)
        assert [each.histories.recorded(fact.id) for fact in facts] == [
            number for number, _ in enumerate(facts, 1)
        ]
        for person in {fact.subject for fact in facts}:
            assert {*each.affiliations.of(person)} == {
                fact for fact in facts if fact.subject == person
            }
    assert again.erasures.retracted == state.erasures.retracted
    assert list(again.records()) == list(state.records())


@often(25)
@given(MANY)
def test_a_snapshot_from_before_is_read(facts):
    """Facts as they are, and the revisions of all: what is in no row and what is."""
    state, older = told(*facts), State()
    for fact in facts:
        at = state.erasures.retracted.get(fact.id, Micros(0))
        older.apply(Record(at=at, event=FactRecorded(fact=fact)))
    kept = FactsKept(
        ids=tuple(fact.id for fact in facts),
        revisions=tuple(state.histories.recorded(fact.id) for fact in facts),
    )
    older.apply(Record(at=Micros(0), event=kept))

    assert list(older.records()) == list(state.records())


@often(25)
@given(MANY, st.data())
def test_nothing_is_left_of_what_is_erased(facts, data):
    """Nor is anything else gone; a snapshot names nothing that no row names."""
    state = told(*facts)
    gone = data.draw(st.sets(st.sampled_from(facts)) if facts else st.just(set()))
    for fact in gone:
        del state.facts[fact.id]
    left = [fact for fact in facts if fact not in gone]

    assert dict(state.facts) == {fact.id: fact for fact in left}
    events = list(rolled.records(state.roll, {}))
    written = b"".join(encode(Record(at=NOW, event=event)) for event in events)
    for fact in gone:
        assert fact.id not in state.facts
        assert len(fact.id) < 16 or fact.id not in written
    assert state.roll.regions() == {
        fact.region for fact in left if state.roll.find(fact.id) >= 0
    }


def affiliation(name: str = "x", **given: Any) -> Affiliation:
    """Return an affiliation that a row can hold."""
    world = World()
    made = world.affiliation("h", "A", **given)
    return replace(world.state.facts[made], id=token(name))


@pytest.mark.parametrize(
    "changed", [{"subject": subject("i")}, {"group": token("B")}, {"region": "väst"}]
)
def test_a_row_stays_somebodys(changed):
    """A newer form of somebody else, of another group or region, is refused."""
    state, fact = told(affiliation()), affiliation()

    with pytest.raises(TamperedError):
        state.apply(Record(at=NOW, event=FactRecorded(fact=replace(fact, **changed))))


def test_no_newer_form_is_lost():
    """One that the row can't hold is refused, and so is a fact of another kind."""
    world, shelf = World(), Shelf(Roll())
    fact = affiliation()
    shelf[fact.id] = fact
    other = world.state.facts[world.presence("A", "0180")]

    for newer in (other, replace(fact, review_by=Day(NEVER))):
        with pytest.raises(KeyError):
            shelf[fact.id] = newer
    assert dict(shelf) == {fact.id: fact}


def test_what_no_row_holds_is_found_and_forgotten():
    """A subject of another size, by person and by group; its keys come once."""
    long, short = affiliation("a"), replace(affiliation("b"), subject=b"short")
    mixed = replace(affiliation("c"), review_by=Day(NEVER))
    state = told(long, short, mixed)

    assert sorted(state.affiliations.keys()) == sorted({long.subject, short.subject})
    assert (len(state.affiliations.keys()), len(state.members.keys())) == (2, 1)
    assert {*state.members.of(long.group)} == {long, short, mixed}
    assert list(state.affiliations.newest(long.subject)) == [mixed, long]
    for fact in (short, mixed, long):
        del state.facts[fact.id]
        state.affiliations.drop(fact.subject, fact.id)
        state.members.drop(fact.group, fact.id)

    assert (list(state.affiliations.keys()), list(state.members.keys())) == ([], [])
    assert state.affiliations.of(long.subject) == ()


def test_merged_groups_have_one_list():
    """Under the token that stands for both, and under no other."""
    world = World()
    facts = [world.affiliation("h", "A"), world.affiliation("i", "B")]
    world.state.members.of(token("B"))
    low, high = sorted((token("A"), token("B")))
    world.apply(GroupsMerged(low=low, high=high, region="stockholm"))

    assert [each.id for each in world.state.members.of(low)] == facts
    assert list(world.state.members.of(high)) == []
    assert {each.group for each in world.state.affiliations.of(subject("i"))} == {low}


def test_who_was_not_found_is_found_once_rows_came():
    """That somebody belonged to nothing is forgotten with the next row."""
    begun, kept = events(affiliation())
    state = State()
    assert subject("h") not in state.affiliations.keys()  # noqa: SIM118 (no mapping)
    for event in (*begun, kept):
        state.apply(Record(at=NOW, event=event))

    assert subject("h") in state.affiliations.keys()  # noqa: SIM118 (no mapping)
    assert len(state.affiliations.of(subject("h"))) == 1


def test_many_persons_are_looked_up():
    """What was made for one is forgotten when there are too many, and made again."""
    world = World()
    world.affiliation("h", "A")
    state = world.state
    for number in range(5_000):
        assert state.affiliations.of(number.to_bytes(32, "big")) == ()

    assert len(state.affiliations._made) <= 4_096
    assert len(state.affiliations.of(subject("h"))) == 1


def events(*facts: Affiliation) -> tuple[list[RollBegun], AffiliationsKept]:
    """Return what a snapshot has of facts: tables, and one piece of rows."""
    *begun, kept = rolled.records(told(*facts).roll, {})
    return begun, kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": b"x" * 15},
        {"ids": bytes(16)},
        {"subjects": b"x" * 33},
        {"sources": (1,)},
        {"weights": (1,)},
        {"groups": (1,)},
        {"groups": ()},
        {"recorded_at": ()},
        {"recorded_at": (1 << 63,)},
        {"revisions": (-1,)},
        {"valid_from": (1, 2)},
        {"review_by": (1 << 40,)},
        {
            "rarities": (
                RollRarity(
                    row=1, valid_to=None, left_on=None, replaces=None, retracted_at=None
                ),
            )
        },
    ],
    ids=str,
)
def test_what_does_not_add_up_is_refused(wrong):
    """No row of it is skipped, and none made up."""
    begun, kept = events(affiliation(start=-3))
    state = State()
    for event in begun:
        state.apply(Record(at=NOW, event=event))

    with pytest.raises(TamperedError):
        state.apply(Record(at=NOW, event=replace(kept, **wrong)))


def test_rows_come_once():
    """The same rows again, or a table behind rows or twice, are refused."""
    begun, kept = events(affiliation())
    state = State()
    for event in begun:
        state.apply(Record(at=NOW, event=event))
    again = next(event for event in begun if event.groups)
    with pytest.raises(TamperedError):
        state.apply(Record(at=NOW, event=again))
    state.apply(Record(at=NOW, event=kept))

    for event in (kept, again):
        with pytest.raises(TamperedError):
            state.apply(Record(at=NOW, event=event))


@pytest.mark.parametrize("table", ["sources", "weights", "groups"])
def test_rows_without_a_table_are_refused(table):
    """Not even the first entry of it is there."""
    begun, kept = events(affiliation())
    state = State()
    for event in begun:
        if not getattr(event, table):
            state.apply(Record(at=NOW, event=event))

    with pytest.raises(TamperedError):
        state.apply(Record(at=NOW, event=kept))


def test_a_roll_says_how_many_rows_come():
    """Fewer at the end are a hole, and no table says another number."""
    begun, kept = events(affiliation())
    state = State()
    for event in begun:
        state.apply(Record(at=NOW, event=event))
    with pytest.raises(TamperedError):
        require_whole(state.roll)
    with pytest.raises(TamperedError):
        state.apply(Record(at=NOW, event=RollBegun(rows=2)))
    state.apply(Record(at=NOW, event=kept))
    require_whole(state.roll)
    with pytest.raises(TamperedError):
        state.apply(Record(at=NOW, event=replace(kept, ids=b"i" * 16)))


def test_a_snapshot_from_before_there_were_rows_is_whole():
    """Its affiliations come one by one."""
    state = State()
    state.apply(Record(at=NOW, event=FactRecorded(fact=affiliation())))
    require_whole(state.roll)

    assert len(state.roll) == 1


def test_what_was_reviewed_is_not_looked_at_again():
    """Nor what counts no more; and nothing erased is listed anywhere."""
    world = World()
    renewed, retracted, erased = (
        world.affiliation(name, "A", review_by=3) for name in "hij"
    )
    world.apply(
        FactRenewed(id=renewed, review_by=Day(TODAY + 9), reason=Reason.INTELLIGENCE)
    )
    world.apply(FactRetracted(id=retracted))
    roll = world.state.roll

    assert list(roll.reviewed_on(TODAY + 3)) == [erased]
    assert list(roll.reviewed_on(TODAY + 9)) == [renewed]
    del world.state.facts[erased]
    assert set(roll.review_days()) == {TODAY + 9}
    assert roll.of_groups([token("A")]) == list(roll.rows())
    del world.state.facts[renewed]
    del world.state.facts[retracted]
    lists = (roll._turning, roll._reviews, roll._members, roll._regions)
    assert [[*each] for each in lists] == [[], [], [], []]
    assert not any(roll.revision)


@pytest.mark.parametrize("known", ["case", "presence"])
def test_rows_come_before_all_that_follows_from_them(known):
    """Behind a case somebody could be placed whose groups nobody looked at."""
    world = World()
    if known == "case":
        world.case("h")
    else:
        world.presence("A", "0180")
    begun, _ = events(affiliation())

    with pytest.raises(TamperedError):
        world.apply(begun[0])


def test_what_waits_and_what_is_retracted_is_kept():
    """Who has to look at an affiliation, and since when one counts no more."""
    world = World()
    waits = world.affiliation("h", "A", approved=False, review_by=5)
    gone = world.affiliation("i", "B", start=-9, end=7)
    world.retract(gone)
    state, again = world.state, snapshot(world.state)

    assert list(again.histories.unapproved) == [waits]
    assert again.erasures.retracted == {gone: NOW}
    for each in (state, again):
        reviewed = each.histories.reviewed_until("stockholm", Day(TODAY + 5))
        assert list(reviewed) == [waits]
        assert not list(each.histories.reviewed_until("stockholm", Day(TODAY + 4)))
        assert not list(each.histories.reviewed_until("väst", Day(TODAY + 5)))
        assert list(each.calendar.turning(TODAY + 6, 180, 90)) == [waits]
        assert list(each.calendar.turning_on(Day(TODAY + 7))) == [gone]


def test_long_rolls_come_in_pieces():
    """Tables and rows alike; the numbers go on."""
    facts = [
        replace(affiliation(), id=number.to_bytes(16, "big"), author=str(number))
        for number in range(1, 2_101)
    ]
    state = told(*facts)
    kinds = [type(event).__name__ for event in rolled.records(state.roll, {})]

    assert kinds == [*["RollBegun"] * 5, *["AffiliationsKept"] * 3]
    assert dict(snapshot(state).facts) == {fact.id: fact for fact in facts}


def test_what_is_imagined_is_counted_once():
    """A newer form stands before the real one, and is no fact more."""
    world = World()
    known = [world.affiliation("h", "A"), world.presence("A", "0180")]
    ended = FactEnded(id=known[0], valid_to=TODAY)
    imagined = Imagined(world.state, [ended], NOW)

    assert (len(imagined.facts), {*imagined.facts}) == (2, {*known})
    assert imagined.facts[known[0]].valid_to == TODAY
    assert world.state.facts[known[0]].valid_to is None
