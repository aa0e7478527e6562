"""What is kept of a changeover: everything, in pieces, and no count of people."""

from dataclasses import replace

import pytest
from kit.changing import BEGUN, NEW, OLD, THIRD, agree, ended, offered, pair, under
from kit.world import NOW, World, subject, token

from placement.domain.changeover import _CHUNK, Changeover, pairs_dossier
from placement.domain.changeover_events import (
    ChangeoverBegun,
    ChangeoverSaid,
    ChangeoverStep,
    CustodianNamed,
    Pair,
    PairsKept,
    PairState,
)
from placement.domain.terms import Revision


def busy() -> World:
    """Return a world in which everything is there that a changeover may leave."""
    world = World()
    world.apply(CustodianNamed(key_id=OLD))
    for who in "hpqrs":
        world.affiliation(who, "A")
    world.apply(BEGUN)
    agree(world, *map(pair, "hpqr"))
    world.apply(ended(world.state))
    said = ChangeoverSaid(
        step=ChangeoverStep.END, to_key=THIRD, person="co-09", left=2, expires_at=NOW
    )
    world.apply(ChangeoverBegun(from_key=NEW, to_key=THIRD))
    third = {who: Pair(old=subject(who), new=under(THIRD, who)) for who in "hpqr"}
    agree(world, third["h"], third["p"])
    agree(world, replace(third["h"], new=under(THIRD, "x")))
    world.apply(offered(third["q"], third["r"]))
    world.apply(offered(third["q"], by="cw-01", coordinates=False))
    world.apply(said)
    return world


def test_a_snapshot_holds_everything():
    """And the fold of its records goes on as the log would have."""
    world, again = busy(), World()
    for record in world.state.records():
        again.state.apply(record)
    before, after = world.state.changeover, again.state.changeover

    assert vars(after) == vars(before)
    assert after.left
    assert after.disputed
    assert after.agreed
    assert after.offers
    assert after.said
    assert after.resolved
    for each in (world, again):
        each.apply(offered(Pair(old=subject("r"), new=under(THIRD, "r")), by="co-02"))
        each.apply(ended(each.state))
    assert vars(again.state.changeover) == vars(world.state.changeover)


def test_of_a_log_without_a_changeover_a_snapshot_says_the_key_alone():
    """As it always did."""
    changeover = Changeover()
    assert list(changeover.records()) == []
    changeover.apply(CustodianNamed(key_id=OLD))

    assert list(changeover.records()) == [CustodianNamed(key_id=OLD)]
    assert changeover.serves == {OLD}


def test_many_pairs_are_kept_in_pieces():
    """None of them is larger than a part of a snapshot."""
    changeover = Changeover()
    many = tuple(
        Pair(old=token(f"o{n}", 32), new=token(f"n{n}", 32)) for n in range(_CHUNK + 1)
    )
    changeover.apply(PairsKept(state=PairState.RESOLVED, pairs=many))
    pieces = [each for each in changeover.records() if isinstance(each, PairsKept)]

    assert [len(each.pairs) for each in pieces] == [_CHUNK, 1]
    assert sum((each.pairs for each in pieces), ()) == many


@pytest.mark.parametrize(("people", "pairs"), [(0, 64), (1, 64), (64, 64), (65, 128)])
def test_what_the_log_keeps_counts_no_people(people, pairs):
    """Its rows are as many, and as long, up to a power of two; nobody is resolved."""
    world = World()
    world.apply(CustodianNamed(key_id=OLD))
    world.apply(BEGUN)
    agreed = [
        Pair(old=subject(f"h{n}"), new=subject(f"new h{n}")) for n in range(people)
    ]
    for number in range(people):
        world.affiliation(f"h{number}", "A")
    state = world.state
    state.changeover.agreed = {each.old: each.new for each in agreed}
    (kept,) = state.changeover.ending(state, Revision(7))
    state.changeover.apply(kept)

    assert (len(kept.pairs), kept.first) == (pairs, True)
    assert kept.dossier == pairs_dossier(Revision(7))
    assert state.changeover.resolved == {each.new: each.old for each in agreed}
