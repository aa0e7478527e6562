"""Two tokens that are one group: verdicts, and what is left when it is undone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.often import often
from kit.small import GROUPS, SMALL, SUBJECTS, Small, worlds
from kit.world import NOW, TODAY, World, token

from placement.domain.events import FactEnded, FactRecorded, Record
from placement.domain.facts import Rivalry
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.merges import Merges
from placement.domain.questions import Question
from placement.domain.rules import assess
from placement.domain.state import State
from placement.domain.terms import Verdict
from placement.errors import TamperedError

many = often(50)
PAIR = st.lists(st.sampled_from(GROUPS), min_size=2, max_size=2, unique=True)


def merged(one: str, other: str, *, region: str = "syd") -> GroupsMerged:
    low, high = sorted((token(one), token(other)))
    return GroupsMerged(low=low, high=high, region=region)


def undone(event: GroupsMerged) -> GroupsUnmerged:
    return GroupsUnmerged(low=event.low, high=event.high, region=event.region)


@st.composite
def forests(draw: st.DrawFn) -> list[GroupsMerged]:
    """Draw merges that each join what was apart to their region."""
    known, found = Merges(), []
    regions = st.sampled_from(["syd", "nord"])
    for pair, region in draw(
        st.lists(st.tuples(PAIR, regions), min_size=1, max_size=5)
    ):
        event = merged(*pair, region=region)
        if known.fits(event):
            known.apply(event)
            found.append(event)
    return found


def one_token(small: Small, events: list[GroupsMerged]) -> Small:
    """Return the world in which every fact had been recorded with one token."""
    merges = Merges()
    for event in events:
        merges.apply(event)
    names = {token(name): name for name in GROUPS}
    seen = {name: names[merges.of(token(name))] for name in GROUPS}
    statements = tuple(
        replace(
            one,
            parts=tuple(seen.get(part, part) for part in one.parts),
            given={
                key: seen.get(value, value) if isinstance(value, str) else value
                for key, value in one.given.items()
            },
        )
        for one in small.statements
    )
    return replace(small, statements=statements)


def verdicts(small: Small, state: State) -> tuple[Verdict, ...]:
    question = Question(
        case=next(iter(state.cases.values())),
        candidates=small.candidates,
        window=small.window,
        now=NOW,
    )
    return tuple(one.verdict for one in assess(state, question, SMALL, TODAY))


def indexed(state: State) -> dict[str, Any]:
    """Return what the indexes of facts hold: in order, but for the graph's own."""
    graph = state.graph
    unordered = {
        "pairs": graph._pairs,
        "at": graph._at,
        "links": {"": graph._links},
        "presences": state.presences._by_area,
    }
    ordered = {
        "members": state.members._by_key,
        "threats": state.threats_by._by_key,
        "against": state.threats_against._by_key,
        "affiliations": state.affiliations._by_key,
    }
    return {
        name: {key: kind(entries.items()) for key, entries in index.items() if entries}
        for kind, held in ((list, ordered), (dict, unordered))
        for name, index in held.items()
    }


def test_names_of_things_do_not_meet():
    """What is replaced in a statement is a group, never a subject."""
    assert not set(GROUPS) & set(SUBJECTS)


@many
@given(worlds(), forests())
def test_merged_groups_are_one(small: Small, events: list[GroupsMerged]):
    """Every verdict is that of a world in which all facts name one token."""
    world = small.build()
    for event in events:
        world.apply(event)

    assert verdicts(small, world.state) == one_token(small, events).verdicts()


@many
@given(worlds(), forests(), st.data())
def test_a_merge_that_is_undone_leaves_nothing(
    small: Small, events: list[GroupsMerged], data: st.DataObject
):
    """Whenever facts came, and in whatever order merges are undone."""
    facts = [one.fact for one in _told(small)]
    plain, world = World(SMALL), World(SMALL)
    script: list[Any] = [*(FactRecorded(fact=fact) for fact in facts)]
    for event in events:
        script.insert(data.draw(st.integers(0, len(script))), event)
    for event in script:
        world.apply(event)
        if isinstance(event, FactRecorded):
            plain.apply(event)
    for event in data.draw(st.permutations(events)):
        world.apply(undone(event))

    assert indexed(world.state) == indexed(plain.state)
    assert list(world.state.facts.items()) == list(plain.state.facts.items())
    assert world.state.merges.links == {}


@many
@given(worlds(), forests(), st.data())
def test_a_merge_may_come_before_its_facts(
    small: Small, events: list[GroupsMerged], data: st.DataObject
):
    """A snapshot tells merges first, and a state of it is the state."""
    first, last, kept = World(SMALL), World(SMALL), State()
    recorded = _told(small)
    for event in (*events, *recorded):
        first.apply(event)
    for event in (*recorded, *data.draw(st.permutations(events))):
        last.apply(event)
    for record in last.state.records():
        kept.apply(record)

    assert indexed(first.state) == indexed(last.state) == indexed(kept)
    assert list(kept.merges) == list(last.state.merges)


def _told(small: Small) -> list[FactRecorded]:
    return [FactRecorded(fact=fact) for fact in small.build().state.facts.values()]


def test_facts_stay_as_they_were_recorded():
    """What is resolved is what the graph holds, not what was said."""
    world = World()
    war = world.rivalry("B", "C")
    world.apply(merged("A", "C"))
    (link,) = world.state.graph.between(frozenset((token("A"), token("B"))))

    assert (link.low, link.high) == (token("A"), token("B"))
    assert world.state.facts[war].high == token("C")


def test_a_change_of_a_merged_fact_is_resolved_too():
    """An end that is recorded while groups are one goes with its fact afterwards."""
    world = World()
    war = world.rivalry("B", "C")
    event = merged("A", "C")
    for each in (event, FactEnded(id=war, valid_to=TODAY), undone(event)):
        world.apply(each)
    (link,) = world.state.graph.between(frozenset((token("B"), token("C"))))

    assert isinstance(link, Rivalry)
    assert link.valid_to == TODAY
    assert list(world.state.graph.between(frozenset((token("A"), token("B"))))) == []


def test_the_lowest_token_stands_for_all():
    """Whichever merge came first; each fits once."""
    merges = Merges()
    for event in (merged("C", "D"), merged("D", "B")):
        assert merges.fits(event)
        merges.apply(event)

    assert [merges.of(token(name)) for name in "ABCD"] == [
        *map(token, ("A", "B", "B", "B"))
    ]
    assert merges.with_(token("D"), token("A")) == set(map(token, "ABCD"))
    assert not merges.fits(merged("B", "C"))
    assert merges.fits(undone(merged("B", "D")))
    assert not merges.fits(undone(merged("B", "C")))


def test_each_region_has_its_own():
    """They are one until the last that says so undoes it."""
    merges, syd, nord = Merges(), merged("A", "B"), merged("A", "B", region="nord")
    merges.apply(syd)
    assert merges.fits(nord)
    merges.apply(nord)
    assert not any(map(merges.fits, (syd, nord)))
    of_both = {token("A"), token("B")}
    merges.apply(undone(syd))
    assert not merges.fits(undone(syd))
    assert merges.with_(token("A")) == of_both
    merges.apply(undone(nord))

    assert merges.with_(token("A")) == {token("A")}


def test_one_may_close_the_circle_of_another():
    """What two regions merged hangs together any way round, and comes apart as said."""
    merges = Merges()
    for event in (merged("A", "B"), merged("B", "C"), merged("A", "C", region="nord")):
        assert merges.fits(event)
        merges.apply(event)
    merges.apply(undone(merged("A", "B")))

    assert merges.with_(token("A")) == {token("A"), token("C"), token("B")}
    merges.apply(undone(merged("A", "C", region="nord")))
    assert merges.with_(token("A")) == {token("A")}


def test_a_log_from_before_regions_had_their_own_is_read():
    """There was one merge of two tokens at a time, and undoing it named no region."""
    merges = Merges()
    merges.apply(merged("A", "B"))
    merges.apply(replace(undone(merged("A", "B")), region=""))

    assert merges.links == {}


def test_undoing_what_nobody_did_is_an_incident():
    """The log is the truth, and a hole in it is never skipped."""
    with pytest.raises(TamperedError):
        State().apply(Record(at=NOW, event=undone(merged("A", "B"))))
