"""What was erased, and what can't be opened."""

from dataclasses import replace

import pytest
from kit.world import NOW, TODAY, World, token

from placement.domain.erasure_events import DossiersErased, ErasureAgreed, Sealed
from placement.domain.erasures import Erasures
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    FactEnded,
    FactRetracted,
    PlacementEnded,
    Record,
)
from placement.domain.group_events import GroupsMerged
from placement.domain.life_events import ChangeRejected, Doubt, FactContested
from placement.domain.state import State
from placement.domain.terms import AreaCode, Micros, PlacementState
from placement.errors import TamperedError

CHANGE = {"id": token("c"), "person": "co-01", "region": "syd", "expires_at": Micros(9)}


def proposed(*records, amendments=()):
    return ChangeProposed(**CHANGE, records=records, amendments=amendments)


def approved():
    return ChangeApproved(id=CHANGE["id"], person="co-02")


def left(name):
    """Say that a household moved out."""
    state = PlacementState.ENDED
    return PlacementEnded(id=token(name), state=state, valid_to=TODAY)


def erased(*dossiers):
    return DossiersErased(dossiers=dossiers)


def sealed(name):
    return Sealed(dossier=token(name), content=b"")


def test_what_could_not_be_opened_waits_for_its_erasure():
    """Before it, behind it, or never."""
    erasures = Erasures()
    erasures.miss(token("a"))
    erasures.miss(token("b"))
    erasures.add([token("a"), token("c")])
    erasures.miss(token("c"))

    assert [*erasures.unproven] == [token("b")]
    assert [*erasures.erased] == [token("a"), token("c")]
    assert [erasures.gone(token(name)) for name in "abcd"] == [True] * 3 + [False]


def test_what_is_erased_is_kept_in_some_records(monkeypatch):
    """A snapshot names it, not too much at once."""
    monkeypatch.setattr("placement.domain.erasures._AT_ONCE", 2)
    state = State()
    state.apply(Record(at=NOW, event=erased(*map(token, "abcde"))))
    events = [record.event for record in state.records()][:3]

    assert [event.dossiers for event in events] == [
        (token("a"), token("b")),
        (token("c"), token("d")),
        (token("e"),),
    ]


def test_a_change_of_what_can_t_be_opened_passes_it_by():
    """Its approval made something firm that nobody can read any more."""
    world = World()
    base = world.presence("B", "1480", approved=False)
    world.apply(sealed("gone"))
    ending = FactEnded(id=token("gone"), valid_to=TODAY)
    world.apply(proposed(token("gone"), base, amendments=(ending,)))
    world.apply(approved())

    assert world.state.facts[base].approved
    assert [*world.state.facts] == [base]


@pytest.mark.parametrize(
    "change",
    [
        proposed(token("x")),
        proposed(amendments=(FactEnded(id=token("x"), valid_to=TODAY),)),
        proposed(amendments=(left("x"),)),
    ],
    ids=["records", "amendments", "placements"],
)
def test_a_change_of_what_never_was_is_refused(change):
    """That is no erasure but a hole."""
    world = World()
    world.apply(change)
    with pytest.raises(TamperedError):
        world.apply(approved())


def test_the_end_of_a_placement_whose_case_is_erased_passes_it_by():
    """While it waits it goes with the case; approved before, it is read as nothing."""
    world = World()
    stay = world.placement(world.case("h"), "1480")
    world.apply(proposed(amendments=(replace(left("x"), id=stay),)))
    (case,) = world.state.cases
    world.apply(erased(case))
    waiting = dict(world.state.changes)
    world.apply(proposed(amendments=(left("gone"),)))
    world.apply(approved())

    assert (waiting, world.state.changes) == ({}, {})
    assert world.state.placements == {}


def test_a_change_that_waits_loses_what_was_erased():
    """What is left of it waits on; a change of nothing is none."""
    world = World()
    first, second = world.presence("A", "1480"), world.presence("B", "1480")
    world.apply(
        proposed(
            amendments=(FactRetracted(id=first), FactRetracted(id=second)),
        )
    )
    world.apply(erased(first))
    (left,) = world.state.changes.values()
    world.apply(erased(second))

    assert left.amendments == (FactRetracted(id=second),)
    assert world.state.changes == {}


def test_an_agreed_erasure_is_done_by_its_own_event():
    """Approving alone takes nothing away."""
    world = World()
    base = world.presence("B", "1480")
    world.apply(proposed(amendments=(ErasureAgreed(id=base),)))
    world.apply(approved())

    assert base in world.state.facts


def test_when_a_fact_was_retracted_is_known_until_it_is_erased():
    """From the event, from a change, and from a snapshot."""
    world = World()
    first, second = world.presence("A", "1480"), world.presence("B", "1480")
    world.apply(FactRetracted(id=first))
    world.apply(proposed(amendments=(FactRetracted(id=second),)))
    world.apply(approved())
    again = State()
    for record in world.state.records():
        again.apply(record)
    known = dict(again.erasures.retracted)
    again.apply(Record(at=NOW, event=erased(first)))

    assert known == world.state.erasures.retracted == {first: NOW, second: NOW}
    assert [*again.erasures.retracted] == [second]


STATEMENTS = {
    "affiliation": lambda world: world.affiliation("h", "A"),
    "faction": lambda world: world.faction("A", "B"),
    "rivalry": lambda world: world.rivalry("A", "B"),
    "alliance": lambda world: world.alliance("A", "B"),
    "presence": lambda world: world.presence("A", "1480"),
    "threat by a group": lambda world: world.threat("h", by_group="A"),
    "threat by somebody": lambda world: world.threat("h", by="x"),
    "located": lambda world: world.located("x", "1480"),
    "tie": lambda world: world.tie("h", "1480"),
    "same as": lambda world: world.same_as("h", "i"),
}


@pytest.mark.parametrize("merged", [None, "before", "behind"])
@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_fact_of_any_kind_leaves_nothing_behind(kind, merged):
    """In no index, whatever its groups are by then: as if it had never been said."""
    world, other = World(), World()
    for one in (world, other):
        one.placement(one.case("h"), "1480")
    low, high = sorted((token("A"), token("C")))
    merging = GroupsMerged(low=low, high=high, region="syd")
    other.apply(merging) if merged else None
    world.apply(merging) if merged == "before" else None
    fact = STATEMENTS[kind](world)
    world.apply(FactContested(id=fact, doubt=Doubt.SOURCE, person="co-01"))
    world.apply(merging) if merged == "behind" else None
    world.apply(erased(fact))
    left, never = vars(world.state), vars(other.state)
    indexes = [
        name for name, part in left.items() if type(part).__name__ in {"Index", "dict"}
    ]
    rowed = ("affiliations", "members")

    assert fact not in world.state.facts
    for name in rowed:
        assert left[name].entries() == never[name].entries()
    for name in indexes:
        one, two = left[name], never[name]
        assert getattr(one, "_by_key", one) == getattr(two, "_by_key", two), name
    for name in ("graph", "calendar", "histories", "residents"):
        one, two = vars(left[name]), vars(never[name])
        parts = one.keys() - {"_known", "_roll", "_turns" if name == "graph" else ""}
        assert {part: one[part] for part in parts} == {
            part: two[part] for part in parts
        }


def test_a_change_that_was_rejected_passes_by_what_can_t_be_opened():
    """What is left of it counts no more."""
    world = World()
    base = world.presence("B", "1480", approved=False)
    world.apply(sealed("gone"))
    world.apply(proposed(token("gone"), base))
    world.apply(ChangeRejected(id=CHANGE["id"], person="co-02"))

    assert world.state.facts[base].retracted
    assert world.state.erasures.retracted == {base: NOW}
    assert world.state.histories.later(token("gone")) == ()


def test_a_change_of_groups_waits_on_whatever_is_erased():
    """It speaks of no fact; and a release goes with its case."""
    world = World()
    base = world.presence("B", "1480")
    low, high = sorted((token("A"), token("C")))
    merging = GroupsMerged(low=low, high=high, region="syd")
    world.apply(proposed(amendments=(merging, FactRetracted(id=base))))
    world.apply(erased(base))
    (left,) = world.state.changes.values()
    world.apply(approved())

    assert left.amendments == (merging,)
    assert world.state.merges.of(high) == low


def test_a_case_leaves_nothing_behind():
    """Who is placed for it is found nowhere, nor is its number."""
    world = World()
    world.affiliation("h", "A")
    case = world.case("h", assessed=False)
    world.placement(case, "1480")
    world.apply(erased(case.handle))
    state = world.state

    assert (state.cases, state.cases_of, state.casebook.under) == ({}, {}, {})
    assert (state.placements, state.stays._standing, state.stays._ever) == ({}, {}, {})
    assert [*state.residents.unassessed(AreaCode("1480"))] == []
    assert dict(state.residents.in_area(AreaCode("1480"))) == {}
    assert state.residents._groups_of == {}
