"""Who is left is the same for whoever folds the log later, whatever was erased when.

They can't open what was erased, not even what was said before a changeover ended.
"""

from dataclasses import replace

import pytest
from hypothesis import event as noted
from hypothesis import example, given
from hypothesis import strategies as st
from kit.changing import AREA, NEW, OLD, THIRD, ask, ended, named, under
from kit.commands import RULESET, Court
from kit.often import often
from kit.world import NOW, World, subject, token

from placement.domain.changeover_events import (
    ChangeoverBegun,
    CustodianNamed,
    Pair,
    PairsOffered,
)
from placement.domain.dossiers import dossier_of
from placement.domain.erasure_events import DossiersErased, Sealed
from placement.domain.events import Event, FactRecorded, FactRetracted, Record
from placement.domain.facts import Affiliation, Group
from placement.domain.group_events import GroupRegistered
from placement.domain.state import State
from placement.domain.terms import DossierId, Verdict

PEOPLE = "hpq"
KEYS = (OLD, NEW, THIRD)
DEEDS = st.one_of(
    st.tuples(st.just("record"), st.integers(0, 2)),
    st.tuples(st.just("carry"), st.integers(0, 5)),
    st.tuples(st.just("erase"), st.integers(0, 5)),
    st.tuples(st.just("pair"), st.integers(0, 2)),
    st.tuples(st.just("end"), st.just(0)),
)


class Told(World):
    """A world with a changeover under way, that remembers what happened to whom."""

    def __init__(self) -> None:
        super().__init__(RULESET)
        self.script: list[tuple[Event, DossierId | None]] = []
        self.erased: set[DossierId] = set()
        self.apply(CustodianNamed(key_id=OLD))
        for name in "AB":
            label = Group(token=token(name), fingerprint=subject(name), label=b"x")
            self.apply(GroupRegistered(group=label))
        self.rivalry("A", "B")
        self.presence("B", AREA)
        self.cover(*RULESET.areas)
        self.apply(ChangeoverBegun(from_key=OLD, to_key=NEW))

    def apply(self, event: Event) -> None:
        self.script.append((event, dossier_of(event, self.state)))
        super().apply(event)

    def do(self, deed: str, number: int) -> None:
        getattr(self, f"do_{deed}")(number)

    def do_record(self, number: int) -> None:
        """Say something of somebody who is named by the key in force."""
        key, who = self.state.changeover.key, PEOPLE[number]
        known = self.state.changeover.resolved.get(under(key, who), under(key, who))
        self.carried(replace(self.sample, subject=known))

    def do_carry(self, number: int) -> None:
        """Say a fact anew, of whom it was, and take the one before back."""
        for fact in self.chosen(number):
            self.carried(fact)
            self.apply(FactRetracted(id=fact.id))

    def do_erase(self, number: int) -> None:
        for fact in self.chosen(number):
            self.erased.add(DossierId(fact.id))
            self.apply(DossiersErased(dossiers=(DossierId(fact.id),), counts=()))

    def do_pair(self, number: int) -> None:
        """Two persons say who somebody is under the next key."""
        begun, who = self.state.changeover.begun, PEOPLE[number]
        if begun is None:
            return
        old = under(begun.from_key, who)
        old = self.state.changeover.resolved.get(old, old)
        pairs = (Pair(old=old, new=under(begun.to_key, who)),)
        for person in ("co-01", "co-02"):
            offered = PairsOffered(
                organisation="syd", person=person, coordinates=True, pairs=pairs
            )
            self.apply(offered)

    def do_end(self, _: int) -> None:
        """End a changeover, whoever is left, and begin the next one."""
        begun = self.state.changeover.begun
        if begun is None:
            return
        self.apply(ended(self.state))
        if begun.to_key != KEYS[-1]:
            self.apply(ChangeoverBegun(from_key=begun.to_key, to_key=KEYS[-1]))

    @property
    def sample(self):
        world = World(RULESET)
        return world.state.facts[world.affiliation("h", "A")]  # like every other

    def carried(self, fact) -> None:
        name = token(f"fact {len(self.script)}")
        self.apply(FactRecorded(fact=replace(fact, id=name)))

    def chosen(self, number):
        """Return one of what is on record, or none."""
        facts = [
            each for each in self.state.facts.values() if isinstance(each, Affiliation)
        ]
        return facts[number : number + 1]

    def later(self) -> State:
        """Return what somebody folds who has no key of what was erased."""
        state = State()
        for event, dossier in self.script:
            gone = dossier is not None and dossier in self.erased
            sealed = Sealed(dossier=dossier, content=b"")
            state.apply(Record(at=NOW, event=sealed if gone else event))
        return state


CARRIED = [("record", 0), ("end", 0), ("carry", 0), ("erase", 0)]
EARLIER = [
    ("record", 0),
    ("record", 1),
    ("end", 0),
    ("erase", 1),
    ("carry", 0),
    ("erase", 0),
]


def lived(deeds) -> Told:
    world = Told()
    for deed in deeds:
        world.do(*deed)
    return world


def told(state):
    """Return who is left, and what is answered about everybody."""
    left = dict(state.changeover.left)
    people = [named(who, state.changeover.key) for who in (*PEOPLE, "nobody")]
    return left, [ask(Court(state), (each,)) for each in people]


@often(200)
@given(st.lists(DEEDS, max_size=20))
@example(CARRIED)
@example(EARLIER)
@pytest.mark.slow
def test_whoever_folds_later_leaves_the_same_persons(deeds):
    """And answers the same; so does whoever goes on from a snapshot of either."""
    world = lived(deeds)
    later, from_live, from_later = world.later(), State(), State()
    for record in world.state.records():
        from_live.apply(record)
    for record in later.records():
        from_later.apply(record)
    expected = told(world.state)
    noted(f"left: {len(expected[0])}, erased: {len(world.erased)}")

    assert told(later) == expected
    assert told(from_live) == told(from_later) == expected


@pytest.mark.parametrize("deeds", [CARRIED, EARLIER])
def test_what_is_carried_over_leaves_its_person_still(deeds):
    """The fact that was there at the end is erased, the one that took its place is not."""
    world = lived(deeds)
    left, verdicts = told(world.later())

    assert list(left) == [subject("h")]
    assert min(verdicts) is Verdict.UNKNOWN


def test_a_snapshot_between_two_erasures_lets_nobody_go():
    """Whoever folded up to there without what was erased since, goes on from it."""
    world = lived(EARLIER)
    half, again = State(), State()
    *before, last = world.script
    for event, dossier in before:
        gone = dossier is not None and dossier in world.erased
        sealed = Sealed(dossier=dossier, content=b"")
        half.apply(Record(at=NOW, event=sealed if gone else event))
    for record in half.records():
        again.apply(record)
    again.apply(Record(at=NOW, event=last[0]))

    assert list(again.changeover.left) == [subject("h")]
