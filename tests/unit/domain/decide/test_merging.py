"""A merge is proposed by one coordinator and approved by another."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    approve,
    coordinator,
    draft,
    field_of,
    record_facts,
    rivalry,
    show_change,
)
from kit.naming import merge_groups
from kit.world import token

from placement.domain.facts import Faction
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.terms import MICROS_AN_HOUR
from placement.errors import AccessDeniedError, ConflictError, NotFoundError


def merge(court, *names, **given):
    """Propose a merge and have it approved."""
    (change,) = court.reply(merge_groups(*names, **given)).ids
    court.reply(approve(change))


def one(court, *names):
    """Tell whether all these groups are one."""
    return len({court.state.merges.of(token(name)) for name in names}) == 1


def test_a_merge_waits_for_a_second_person(court):
    """Until then nothing is merged; the proposer does not decide."""
    decision = court.decide(merge_groups("B", "A"))
    (change,) = decision.outcome.made
    view = court.reply(show_change(change))
    waits = one(court, "A", "B")
    with pytest.raises(AccessDeniedError):
        court.reply(approve(change, caller=COORDINATOR))
    court.reply(approve(change))

    assert view.change.amendments == (
        GroupsMerged(low=token("A"), high=token("B"), region="syd"),
    )
    assert (view.facts, view.permits) == ({}, {})
    assert (waits, one(court, "A", "B")) == (False, True)
    assert decision.note.tokens == (token("B"), token("A"))
    assert decision.note.objects == ()


def test_an_undoing_waits_as_well(court):
    """Until then they are one."""
    merge(court, "A", "B")
    (change,) = court.reply(merge_groups("A", "B", undo=True)).ids
    view, waits = court.reply(show_change(change)), one(court, "A", "B")
    court.reply(approve(change))

    assert view.change.amendments == (
        GroupsUnmerged(low=token("A"), high=token("B"), region="syd"),
    )
    assert (waits, one(court, "A", "B")) == (True, False)


def test_a_group_is_not_merged_with_itself(court):
    """The second one is refused by its name on the wire."""
    assert field_of(court, merge_groups("A", "A")) == "group_b"


@pytest.mark.parametrize("undo", [False, True])
def test_groups_are_registered_ones(court, undo):
    """A token that nobody got is not there, on either side."""
    for names in (("A", "nobody"), ("nobody", "A")):
        with pytest.raises(NotFoundError):
            court.reply(merge_groups(*names, undo=undo))


def test_what_is_one_is_not_merged_again(court):
    """Over a third group, too; else undoing one merge would not part them."""
    merge(court, "A", "B")
    merge(court, "B", "C")
    for names in (("A", "B"), ("A", "C")):
        with pytest.raises(ConflictError):
            court.reply(merge_groups(*names))


def test_only_a_merge_is_undone(court):
    """Two groups that are one over a third were never merged with one another."""
    merge(court, "A", "B")
    merge(court, "B", "C")
    with pytest.raises(NotFoundError):
        court.reply(merge_groups("A", "C", undo=True))
    with pytest.raises(NotFoundError):
        court.reply(merge_groups("A", "D", undo=True))


@pytest.mark.parametrize("caller", [coordinator("nord"), NATIONAL])
def test_another_regions_merge_is_not_there(court, caller):
    """Who did not say it does not know why it was said; nor does the national unit."""
    merge(court, "A", "B")
    with pytest.raises(NotFoundError):
        court.reply(merge_groups("A", "B", caller=caller, undo=True))

    assert one(court, "A", "B")


def test_one_proposal_at_a_time(court):
    """A second one that is approved later would act on what came meanwhile."""
    court.reply(merge_groups("A", "B"))
    other = merge_groups("B", "A", caller=coordinator("syd", "co-05"))
    with pytest.raises(ConflictError):
        court.reply(other)
    court.reply(merge_groups("A", "C"))
    court.later(72 * MICROS_AN_HOUR)

    assert court.reply(other).ids == (other.change,)


def test_one_undoing_at_a_time(court):
    """While the undoing of another merge may wait beside it."""
    merge(court, "A", "B")
    merge(court, "C", "D")
    court.reply(merge_groups("C", "D", undo=True))
    court.reply(merge_groups("A", "B", undo=True))
    with pytest.raises(ConflictError):
        court.reply(merge_groups("A", "B", undo=True))


def test_what_no_longer_fits_is_not_approved(court):
    """Three merges that close a circle wait; the last of them says nothing new."""
    pairs = ("A", "B"), ("B", "C"), ("A", "C")
    changes = [court.reply(merge_groups(*pair)).ids[0] for pair in pairs]
    for change in changes[:2]:
        court.reply(approve(change))
    with pytest.raises(ConflictError):
        court.reply(approve(changes[2]))

    assert [(each.low, each.high) for each in court.state.merges] == [
        tuple(map(token, pair)) for pair in pairs[:2]
    ]


def test_what_one_region_merged_the_next_may_merge(court):
    """And undoing the one leaves the other."""
    nord = {"caller": coordinator("nord")}
    merge(court, "A", "B")
    (change,) = court.reply(merge_groups("A", "B", **nord)).ids
    court.reply(approve(change, caller=coordinator("nord", "co-06")))
    merge(court, "A", "B", undo=True)
    stands = one(court, "A", "B")
    (change,) = court.reply(merge_groups("A", "B", undo=True, **nord)).ids
    court.reply(approve(change, caller=coordinator("nord", "co-06")))

    assert (stands, one(court, "A", "B")) == (True, False)


def test_two_names_of_one_group_are_one(court):
    """No fact joins them, and a second link of the one group is a double."""
    merge(court, "A", "B")
    court.reply(record_facts(rivalry("A", "C")))
    with pytest.raises(ConflictError):
        court.reply(record_facts(rivalry("B", "C")))

    assert field_of(court, record_facts(rivalry("A", "B"))) == "facts[0].rivalry"


def test_what_settles_a_split_of_one_group_needs_a_second_person(court):
    """A faction of one name, a rivalry of the other: together they may end REVIEWs."""
    pair = {"child": token("A"), "parent": token("C"), "inherits_rivalry": True}
    court.reply(record_facts(draft(Faction, "faction", **pair)))
    merge(court, "A", "B")
    (_, change) = court.reply(record_facts(rivalry("B", "C"))).ids

    assert change != b""
