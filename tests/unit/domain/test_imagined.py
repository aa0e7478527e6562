"""What is imagined is what happens, and leaves no trace."""

from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.often import often
from kit.small import ANY, SMALL, Small, settled
from kit.world import NOW, RULESET, TODAY, World, day, token

from placement.domain.decide.command import Moment
from placement.domain.decide.weighing import remaining, weighed
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    CoverageAttested,
    Event,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    ProviderLifted,
)
from placement.domain.facts import Attestation
from placement.domain.group_events import GroupsMerged
from placement.domain.imagined import Imagined
from placement.domain.life_events import ChangeRejected, FactRenewed
from placement.domain.state import State
from placement.domain.stay_events import ProviderStopped
from placement.domain.terms import (
    AreaCode,
    DossierId,
    FactId,
    Grade,
    PlacementState,
    Reason,
    Scheme,
    Verdict,
)
from placement.errors import TamperedError

MOMENT = Moment(now=NOW, ruleset=SMALL)


def worth(state: State) -> dict[FactId, Verdict]:
    """Weigh everything that counts."""
    found = {}
    for placement in state.placements.values():
        window = remaining(placement, MOMENT)
        if window is not None and not placement.over and placement.live(NOW):
            verdict = weighed(state, placement, window, MOMENT).verdict
            found[placement.id] = verdict
    return found


def drafted(small: Small, statements) -> list[Event]:
    """State something in another world, and take its facts over under new ids."""
    world = copy(small).build()
    known = len(world.state.facts)
    for statement in statements:
        statement.tell(world)
    new = list(world.state.facts.values())[known:]
    return [FactRecorded(fact=fact) for fact in new]


_AMENDED = st.lists(
    st.tuples(
        st.sampled_from(("end", "retract", "regrade", "renew", "lift")),
        st.integers(0, 50),
    ),
    max_size=4,
)


def amended(state: State, kinds) -> list[Event]:
    """Amend some of the facts that stand."""
    facts = list(state.facts)
    made: list[Event] = []
    for kind, pick in kinds:
        if kind == "lift" or not facts:
            made.append(ProviderLifted(id=token("firm"), region="syd"))
            continue
        fact = facts[pick % len(facts)]
        grade = Grade.DISCREDITED if pick % 2 else Grade.STRONG
        made.append(
            {
                "end": FactEnded(id=fact, valid_to=day(-pick)),
                "retract": FactRetracted(id=fact),
                "regrade": FactRegraded(
                    id=fact, scheme=Scheme.SIX_SIX, given="A1", grade=grade
                ),
                "renew": FactRenewed(
                    id=fact, review_by=day(pick - 25), reason=Reason.COURT
                ),
            }[kind]
        )
    return made


@often(40)
@given(settled(), st.lists(ANY, max_size=4), _AMENDED, st.booleans())
def test_what_is_imagined_is_what_happens(
    small: Small,
    statements,
    kinds,
    approved,
):
    """Every placement is worth then what was foreseen, and only what was planned moves."""
    world = small.build()
    world.apply(ProviderStopped(provider=token("firm"), region="syd"))
    state = world.state
    events = drafted(small, statements)
    amendments = amended(state, kinds)
    if approved:
        waiting = tuple(fact.id for fact in state.facts.values() if not fact.approved)
        change = ChangeProposed(
            id=token("change"),
            person="co-01",
            region="syd",
            expires_at=NOW + 1,
            records=waiting,
            amendments=tuple(amendments),
        )
        world.apply(change)
        events = [*events, ChangeApproved(id=change.id, person="co-02")]
    else:
        lifted = [e for e in amendments if isinstance(e, ProviderLifted)]
        events = [*events, *(e for e in amendments if e not in lifted)]
    before, records, at = worth(state), list(state.records()), state.revision
    views = dict(state.graph._views)
    imagined = Imagined(state, events, NOW)
    foreseen = worth(imagined)
    planned = set(imagined.affected(SMALL))

    assert (list(state.records()), state.revision) == (records, at)
    assert worth(state) == before
    assert views.items() <= dict(state.graph._views).items()
    assert imagined.fits(state)
    for event in events:
        world.apply(event)
    happened = worth(state)
    moved = {key for key in before if before[key] != happened[key]}

    assert foreseen == happened
    assert moved <= planned
    assert imagined.fits(state) is not bool(events)


def test_a_rejected_change_can_be_imagined():
    """What it recorded is gone there, and here it waits."""
    world = World()
    base = world.presence("A", "1480", approved=False)
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW + 1,
        records=(base,),
        amendments=(),
    )
    world.apply(change)
    imagined = Imagined(world.state, [ChangeRejected(id=change.id, person="x")], NOW)

    assert imagined.facts[base].retracted
    assert [fact.retracted for fact in imagined.presences.of(AreaCode("1480"))] == [
        True
    ]
    assert not world.state.facts[base].retracted
    assert change.id in world.state.changes
    assert world.state.histories.later(base) == ()


def test_no_end_of_a_placement_is_imagined():
    """Not in a change, either: placements are shared with the real state."""
    world = World()
    stay = world.placement(world.case("i"), "1480")
    end = PlacementEnded(id=stay, state=PlacementState.ENDED, valid_to=TODAY)
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW + 1,
        records=(),
        amendments=(end,),
    )
    world.apply(change)
    before = world.state.placements[stay]
    for event in (end, ChangeApproved(id=change.id, person="co-02")):
        with pytest.raises(TamperedError):
            Imagined(world.state, [event], NOW)

    assert world.state.placements[stay] == before
    assert not before.over


def test_of_nothing_nothing_is_imagined():
    """As in the log, a hole is never skipped."""
    with pytest.raises(TamperedError):
        Imagined(World().state, [FactRetracted(id=token("x"))], NOW)


def test_no_erasure_is_imagined():
    """It would take from what is shared with the real state."""
    world = World()
    base = world.presence("A", "1480")
    with pytest.raises(TamperedError):
        Imagined(world.state, [DossiersErased(dossiers=(DossierId(base),))], NOW)

    assert base in world.state.facts


def test_nothing_is_imagined_that_is_shared():
    """A picture that somebody only imagines as fresh would be fresh in the real state."""
    world = World()
    case = world.case("h")
    attested = Attestation(
        id=FactId(token("x")),
        region="national",
        areas=tuple(RULESET.areas),
        reviewed_on=TODAY,
    )
    with pytest.raises(TamperedError):
        Imagined(world.state, [CoverageAttested(attestation=attested)], NOW)
    base = world.affiliation("h", "A")
    with pytest.raises(KeyError):
        del Imagined(world.state, [], NOW).facts[base]

    assert world.verdict(case, "0180") == "UNKNOWN"
    assert base in world.state.facts


def test_a_merge_that_is_imagined_leaves_no_key_of_the_real_state_in_sight():
    """Taking the last entry from under a key uncovers nothing."""
    world = World()
    world.affiliation("h", "B")
    world.rivalry("B", "D")
    merged = GroupsMerged(low=token("A"), high=token("B"), region="syd")
    imagined = Imagined(world.state, [merged], NOW)
    low, high = sorted((token("A"), token("B")))

    assert [len(imagined.members.of(each)) for each in (low, high)] == [1, 0]
    assert len(world.state.members.of(token("B"))) == 1
    pair = frozenset((token("B"), token("D")))
    assert [len(each.graph.between(pair)) for each in (world.state, imagined)] == [
        1,
        low == token("B"),
    ]


def test_what_is_retracted_there_is_not_retracted_here():
    """Nor is it known from when."""
    world = World()
    base = world.presence("A", "1480")
    imagined = Imagined(world.state, [FactRetracted(id=base)], NOW)

    assert dict(imagined.erasures.retracted) == {base: NOW}
    assert world.state.erasures.retracted == {}


def test_another_state_is_another_state():
    """Even at the same revision: a commit may have failed in between."""
    one, other = World().state, World().state
    imagined = Imagined(one, [], NOW)

    assert imagined.fits(one)
    assert not imagined.fits(other)


def test_groups_that_would_be_one():
    """Facts are found under the group that stands for both, there and not here."""
    world = World()
    world.affiliation("h", "B")
    world.rivalry("B", "C")
    real = world.state
    merged = GroupsMerged(low=token("A"), high=token("B"), region="syd")
    imagined = Imagined(real, [merged], NOW)

    assert len(imagined.members.of(token("A"))) == 1
    assert not imagined.members.of(token("B"))
    assert imagined.graph.around(token("A")) == {token("A"), token("C")}
    assert len(real.members.of(token("B"))) == 1
    assert not real.members.of(token("A"))
    assert real.graph.around(token("B")) == {token("B"), token("C")}
