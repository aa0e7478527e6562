"""What must hold of the rules in every small world."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kit import small
from kit.often import often
from kit.small import EVERYWHERE, SMALL, Small, Statement, worlds
from kit.world import NOW, TODAY

from placement.domain.events import (
    CaseOpened,
    FacilityRegistered,
    FactRecorded,
    PlacementRecorded,
    Record,
)
from placement.domain.questions import Finding, Question
from placement.domain.rules import assess
from placement.domain.state import State
from placement.domain.terms import Verdict

ADVERSE = st.one_of(
    small.LINK,
    small.PRESENCE,
    small.GROUP_THREAT,
    small.THREAT,
    small.LOCATED,
    small.TIE,
    small.AFFILIATION,
)
FIRM = {"grade": "1B"}
many = often(60)


def softened(world: Small, index: int, **given: object) -> Small:
    """Return the world with one statement given otherwise."""
    statements = list(world.statements)
    one = statements[index]
    statements[index] = replace(one, given={**one.given, **given})
    return replace(world, statements=tuple(statements))


def without(world: Small, index: int) -> Small:
    """Return the world without one statement."""
    kept = (*world.statements[:index], *world.statements[index + 1 :])
    return replace(world, statements=kept)


def may_excuse(world: Small, statement: Statement) -> bool:
    """Tell whether a fact may make something safer: join two records, settle a split.

    A split is settled by the region that says it.
    """
    region = statement.given.get("region")
    split = any(
        one.kind == "faction"
        and one.given.get("end") is not None
        and one.given.get("region") == region
        for one in (*world.statements, statement)
    )
    settles = split and statement.kind in {"rivalry", "alliance"}
    return settles or statement.kind == "same_as"


def at_least(got: tuple[Verdict, ...], expected: tuple[Verdict, ...]) -> list[bool]:
    return [one >= other for one, other in zip(got, expected, strict=True)]


def findings(world: Small, state: State) -> list[Finding]:
    question = Question(
        case=next(iter(state.cases.values())),
        candidates=world.candidates,
        window=world.window,
        now=NOW,
    )
    answers = assess(state, question, SMALL, TODAY)
    return [finding for answer in answers for finding in answer.findings]


@many
@given(worlds(), st.data())
def test_the_order_of_facts_does_not_matter(world, data):
    """The same facts give the same verdicts in any order."""
    shuffled = replace(
        world,
        statements=tuple(data.draw(st.permutations(world.statements))),
        stands=tuple(data.draw(st.permutations(world.stands))),
    )
    got = shuffled.verdicts()

    assert got == world.verdicts()


@many
@given(worlds(), ADVERSE)
def test_an_adverse_fact_never_lowers_a_verdict(world, fact):
    """Whatever else is known, one more danger makes nothing safer."""
    assume(not may_excuse(world, fact))
    more = replace(world, statements=(*world.statements, fact))
    got = at_least(more.verdicts(), world.verdicts())

    assert got == [True] * len(got)


@many
@given(worlds(), st.one_of(small.STAND, small.HOUSED))
def test_a_placement_never_lowers_a_verdict(world, stand):
    """One more person placed makes nothing safer for others."""
    more = replace(world, stands=(*world.stands, stand))
    got = at_least(more.verdicts(), world.verdicts())

    assert got == [True] * len(got)


@many
@given(worlds(), st.data())
def test_a_weakened_fact_raises_no_verdict(world, data):
    """A fact of a worse source never makes a verdict worse, unless it excused."""
    index = data.draw(st.integers(0, len(world.statements) - 1))
    assume(not may_excuse(world, world.statements[index]))
    weak = softened(world, index, grade="3D").verdicts()
    got = at_least(softened(world, index, **FIRM).verdicts(), weak)

    assert got == [True] * len(got)


@many
@given(worlds(), st.data(), st.sampled_from([{"grade": "1E"}, {"retracted": True}]))
def test_an_inert_fact_equals_its_absence(world, data, inert):
    """A discredited or retracted fact might as well not be there."""
    index = data.draw(st.integers(0, len(world.statements) - 1))
    got = softened(world, index, **inert).verdicts()

    assert got == without(world, index).verdicts()


@many
@given(worlds(), st.data())
def test_soft_facts_are_alike(world, data):
    """Weak, past review and not yet approved come to the same."""
    index = data.draw(st.integers(0, len(world.statements) - 1))
    plain = {**FIRM, "review_by": None, "approved": True}
    soft = ({"grade": "3D"}, {"review_by": -1}, {"approved": False})
    got = {softened(world, index, **{**plain, **one}).verdicts() for one in soft}

    assert len(got) == 1


@pytest.mark.slow
@many
@given(worlds())
def test_coverage_is_all_that_makes_clear(world):
    """Without coverage nothing is CLEAR, and nothing else changes."""
    bare = replace(world, covered=())
    covered = replace(world, covered=EVERYWHERE)
    got = bare.verdicts()

    assert got == tuple(max(verdict, Verdict.UNKNOWN) for verdict in covered.verdicts())


@many
@given(worlds())
def test_a_finding_s_chain_is_all_it_needs(world):
    """The facts that a finding names give its verdict by themselves."""
    state = world.build().state
    for finding in findings(world, state):
        alone = State()
        for fact in state.facts.values():
            if fact.id in finding.facts:
                alone.apply(Record(at=NOW, event=FactRecorded(fact=fact)))
        for record in state.records():
            if _named(record, finding):
                alone.apply(record)
        got = max(one.outcome for one in findings(world, alone))

        assert got >= finding.outcome


def _named(record: Record, finding: Finding) -> bool:
    match record.event:
        case PlacementRecorded(placement=named):
            return named.id in finding.facts
        case CaseOpened() | FacilityRegistered():
            return True
    return False


@many
@given(worlds())
def test_a_household_is_dangerous_whoever_is_asked_first(world):
    """The order of a household's members does not matter."""
    first, *others = world.households
    turned = replace(world, households=(first[::-1], *others))
    got = turned.verdicts()

    assert got == world.verdicts()


PEOPLE = st.sampled_from("AB")


@many
@given(
    st.lists(small.LINK, max_size=8),
    st.lists(st.tuples(PEOPLE, st.sampled_from("AB")), max_size=3),
)
def test_two_placed_people_endanger_one_another_alike(links, extra):
    """Without personal threats a verdict is the same whoever of two came first (P6)."""
    statements = (
        Statement("affiliation", ("h", "A")),
        Statement("affiliation", ("p", "B")),
        *(
            Statement("affiliation", ("h" if who == "A" else "p", group))
            for who, group in extra
        ),
        *links,
    )
    got = [_meeting(statements, *order) for order in (("h", "p"), ("p", "h"))]

    assert got[0] == got[1]


def _meeting(statements, asking, standing):
    world = Small(
        households=((asking,), (standing,), ("q",)),
        statements=statements,
        stands=(small.Stand(1, "0001", {"facility": "red"}),),
        covered=EVERYWHERE,
        start=0,
        end=None,
    )
    return world.verdicts()


@pytest.mark.parametrize("start", range(0, 50, 7))
def test_a_chain_of_fifty_ends_alike_from_everywhere(start):
    """A chain of 50 factions with circles of alliances gives one verdict from each."""
    chain = [Statement("faction", (f"g{i}", f"g{i + 1}")) for i in range(49)]
    world = Small(
        households=(("h",), ("p",), ("q",)),
        statements=(
            *chain,
            Statement("alliance", ("g0", "C")),
            Statement("alliance", ("C", "D")),
            Statement("alliance", ("D", "g0")),
            Statement("rivalry", ("g49", "B"), {"severity": 3}),
            Statement("presence", ("B", "0001"), {"kind": "base"}),
            Statement("affiliation", ("h", f"g{start}")),
        ),
        stands=(),
        covered=EVERYWHERE,
        start=0,
        end=None,
    )
    got = [verdict.name for verdict in world.verdicts()[:4]]

    assert got == ["CONFLICT", "REVIEW", "CLEAR", "CLEAR"]
