"""What was erased, and what can't be opened."""

import pytest
from kit.world import NOW, TODAY, World, token

from placement.domain.erasure_events import DossiersErased, ErasureAgreed, Sealed
from placement.domain.erasures import Erasures
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    FactEnded,
    FactRetracted,
    Record,
)
from placement.domain.state import State
from placement.domain.terms import Micros
from placement.errors import TamperedError

CHANGE = {"id": token("c"), "person": "co-01", "region": "syd", "expires_at": Micros(9)}


def proposed(*records, amendments=()):
    return ChangeProposed(**CHANGE, records=records, amendments=amendments)


def approved():
    return ChangeApproved(id=CHANGE["id"], person="co-02")


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
    ],
    ids=["records", "amendments"],
)
def test_a_change_of_what_never_was_is_refused(change):
    """That is no erasure but a hole."""
    world = World()
    world.apply(change)
    with pytest.raises(TamperedError):
        world.apply(approved())


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


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_fact_of_any_kind_leaves_nothing_behind(kind):
    """In no index: the state is one in which it was never said."""
    world, other = World(), World()
    fact = STATEMENTS[kind](world)
    world.apply(erased(fact))
    left, never = vars(world.state), vars(other.state)
    indexes = [
        name for name, part in left.items() if type(part).__name__ in {"Index", "dict"}
    ]

    assert fact not in world.state.facts
    for name in indexes:
        one, two = left[name], never[name]
        assert getattr(one, "_by_key", one) == getattr(two, "_by_key", two), name
    graph = world.state.graph
    assert (graph._links, graph._pairs, graph._at) == ({}, {}, {})
    assert (world.state.calendar._turns, world.state.calendar._reviews) == ({}, {})
