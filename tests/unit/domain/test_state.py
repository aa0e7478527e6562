"""The state as the fold of the log."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import NATIONAL, check
from kit.lives import LIVES, Life
from kit.often import often
from kit.small import Small, worlds
from kit.steps import hold, list_alerts, reevaluate, tick
from kit.world import NOW, TODAY, World, token

from placement.domain.changeover_events import CustodianNamed
from placement.domain.decide.command import Command, Outcome
from placement.domain.decide.table import decide
from placement.domain.events import (
    Asked,
    CaseAssessed,
    CaseClosed,
    ChangeApproved,
    ChangeProposed,
    Evaluated,
    FactEnded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    Record,
    Request,
    RequestKept,
)
from placement.domain.facts import Group
from placement.domain.group_events import GroupRegistered
from placement.domain.questions import Question
from placement.domain.rules import assess
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AreaCode,
    Grade,
    PlacementState,
    Scheme,
)
from placement.errors import TamperedError

GROUP = Group(token=token("A"), fingerprint=b"f" * 32, label=b"sealed")
AMENDMENTS = (
    FactEnded(id=token("x"), valid_to=TODAY),
    FactRetracted(id=token("x")),
    FactRegraded(
        id=token("x"),
        scheme=Scheme.SIX_SIX,
        given="A5",
        grade=Grade.DISCREDITED,
    ),
)


def change(*records: bytes, amendments=()) -> ChangeProposed:
    return ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW + 1,
        records=records,
        amendments=amendments,
    )


def request(number: int) -> Request:
    return Request(
        organisation="1280",
        person="p",
        id=token(f"request {number}"),
        digest=b"d" * 32,
        made=(token("made"),),
    )


@pytest.fixture
def world() -> World:
    return World()


def test_a_revision_counts_records(world):
    """Each applied record adds one to the revision, and time never runs back."""
    world.state.apply(Record(at=NOW, event=GroupRegistered(group=GROUP)))
    world.state.apply(Record(at=NOW - 5, event=GroupRegistered(group=GROUP)))
    got = (world.state.revision, world.state.at)

    assert got == (2, NOW)


@pytest.mark.parametrize(
    ("amendment", "expected"),
    [
        (AMENDMENTS[0], {"valid_to": TODAY}),
        (AMENDMENTS[1], {"retracted": True}),
        (
            AMENDMENTS[2],
            {"scheme": Scheme.SIX_SIX, "given": "A5", "grade": Grade.DISCREDITED},
        ),
    ],
)
@pytest.mark.parametrize("approved", [False, True])
def test_amendments(world, amendment, expected, approved):
    """An end, a retraction or a regrading replaces the fact, at once or on approval."""
    fact_id = world.presence("A", "0180")
    fact = world.state.facts[fact_id]
    event = replace(amendment, id=fact_id)
    if approved:
        world.apply(change(amendments=(event,)))
        world.apply(ChangeApproved(id=token("change"), person="co-02"))
    else:
        world.apply(event)
    got = (
        world.state.facts[fact_id],
        *world.state.presences.of(AreaCode("0180")),
    )

    assert got == (replace(fact, **expected),) * 2


def test_a_proposed_change_waits(world):
    """Until a second person approves, the fact is not approved and the change is kept."""
    fact_id = world.presence("A", "0180", approved=False)
    world.apply(change(fact_id))
    before = (world.state.facts[fact_id].approved, len(world.state.changes))
    world.apply(ChangeApproved(id=token("change"), person="co-02"))
    got = (before, world.state.facts[fact_id].approved, world.state.changes)

    assert got == ((False, 1), True, {})


def test_indexes(world):
    """Every kind of fact is found by what the rules look for."""
    facts = {
        "affiliation": world.affiliation("h", "A"),
        "tie": world.tie("h", "0180"),
        "located": world.located("h", "0180"),
        "by_subject": world.threat("p", by="h"),
        "by_group": world.threat("p", group="A"),
        "same": world.same_as("h", "p"),
        "link": world.rivalry("A", "B"),
    }
    state, h, p = world.state, token("h", 32), token("p", 32)
    found = {
        "affiliation": state.affiliations.of(h),
        "tie": state.ties.of(h),
        "located": state.located.of(h),
        "by_subject": state.threats_by.of(h),
        "by_group": state.threats_by.of(token("A")),
        "same": state.same_as.of(h),
        "link": state.graph.between(frozenset((token("B"), token("A")))),
    }
    got = {name: [fact.id for fact in index] for name, index in found.items()}

    assert got == {name: [fact_id] for name, fact_id in facts.items()}
    assert [fact.id for fact in state.threats_against.of(p)] == [
        facts["by_subject"],
        facts["by_group"],
    ]
    assert [fact.id for fact in state.same_as.of(p)] == [facts["same"]]


def test_a_case_is_assessed_and_closed(world):
    """A case keeps when it was assessed and closed, by whom, and who is a child."""
    case = world.case("h", "i", assessed=False)
    world.apply(CaseAssessed(handle=case.handle, person="co-01", children=(1,)))
    world.state.apply(Record(at=NOW + 9, event=CaseClosed(handle=case.handle)))
    got = world.state.cases[case.handle]

    assert got == replace(
        case, assessed_at=NOW, assessed_by="co-01", children=(1,), closed_at=NOW + 9
    )


def test_a_placement_ends(world):
    """An ended placement stands under its id, and nowhere else."""
    world.facility("house", "firm", "0180")
    made = world.placement(world.case("h"), "0180", facility="house")
    placement = world.state.placements[made]
    world.apply(PlacementEnded(id=made, state=PlacementState.ENDED, valid_to=TODAY))
    got = (
        world.state.placements[made],
        *world.state.stays.in_area(AreaCode("0180")),
        *world.state.stays.with_provider(token("firm")),
        *world.state.stays.of_case(placement.case),
    )

    assert got == (replace(placement, state=PlacementState.ENDED, valid_to=TODAY),)


@pytest.mark.parametrize(
    "event",
    [
        *AMENDMENTS,
        ChangeApproved(id=token("x"), person="co-02"),
        CaseAssessed(handle=token("x"), person="co-01", children=()),
        CaseClosed(handle=token("x")),
        PlacementEnded(id=token("x"), state=PlacementState.ENDED, valid_to=TODAY),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_hole_in_the_log_is_an_incident(world, event):
    """A record that speaks of something that isn't there is never skipped."""
    with pytest.raises(TamperedError):
        world.apply(event)

    assert world.state.revision == 0


def test_an_approval_of_a_missing_fact_is_an_incident(world):
    """So is a change whose fact is missing."""
    world.apply(change(token("x")))

    with pytest.raises(TamperedError):
        world.apply(ChangeApproved(id=token("change"), person="co-02"))


def test_a_placement_in_an_unknown_house_is_an_incident(world):
    """So is a placement in a house that nobody registered."""
    case = world.case("h")

    with pytest.raises(TamperedError):
        world.placement(case, "0180", facility="house")


def test_requests_are_remembered_for_a_month(world):
    """A retry finds its answer for 30 days; older requests are forgotten."""
    for number, days in enumerate((0, 1, 31)):
        world.state.apply(
            Record(
                at=NOW + days * MICROS_A_DAY,
                event=GroupRegistered(group=GROUP),
                request=request(number),
            )
        )
    got = [
        (kept.event.request, kept.event.revision, kept.at)
        for kept in world.state.requests.records()
    ]

    assert got == [
        (request(1), 2, NOW + MICROS_A_DAY),
        (request(2), 3, NOW + 31 * MICROS_A_DAY),
    ]


def full(world: World) -> World:
    """Return a world with something of everything."""
    world.facility("house", "firm", "0180")
    world.apply(GroupRegistered(group=GROUP))
    world.apply(CustodianNamed(key_id=b"k" * 32))
    world.affiliation("h", "A")
    world.rivalry("A", "B")
    world.retract(world.presence("B", "0180"))
    world.placement(world.case("p"), "0180", facility="house")
    world.cover("0180")
    world.apply(change(world.presence("B", "1480", approved=False)))
    areas = (AreaCode("0180"),)
    world.apply(Asked(case=token("c"), organisation="o", person="p", areas=areas))
    world.apply(Evaluated(organisation="o", person="p", count=3))
    kept = RequestKept(request=request(1), revision=3)
    world.state.apply(Record(at=NOW, event=kept))
    return world


def test_a_snapshot_is_a_shorter_log(world):
    """The records of a state fold to the same records again."""
    records = list(full(world).state.records())
    again = State()
    for record in records:
        again.apply(record)
    got = list(again.records())

    assert got == records


def test_a_snapshot_keeps_requests(world):
    """A retry after a restart finds its answer too, at its own revision."""
    again = State()
    for record in full(world).state.records():
        again.apply(record)
    got = list(again.requests.records())

    assert got == list(world.state.requests.records())


@often(25)
@given(worlds())
def test_a_snapshot_answers_alike(small: Small):
    """A state that was folded from a snapshot gives the same verdicts."""
    world = small.build()
    again = State()
    for record in world.state.records():
        again.apply(record)
    question = Question(
        case=next(iter(again.cases.values())),
        candidates=small.candidates,
        window=small.window,
        now=NOW,
    )
    got = tuple(one.verdict for one in assess(again, question, world.ruleset, TODAY))

    assert got == small.verdicts()


# Lives: whatever may happen, in a country where it does


def refolded(state: State) -> State:
    """Return the fold of a state's records, at its revision."""
    again = State()
    for record in state.records():
        again.apply(record)
    again.revision, again.at = state.revision, state.at
    return again


@often(20)
@given(LIVES)
def test_a_snapshot_of_a_life_is_that_life(life: Life):
    """Holds, permits, alerts and what is due are all there, as they were."""
    state = life.lived().state
    again = refolded(state)

    assert list(again.records()) == list(state.records())
    assert again.agenda.next() == state.agenda.next()
    assert again.stays.standing() == state.stays.standing()
    assert list(again.alerts.changed_after(0)) == list(state.alerts.changed_after(0))
    for case in state.cases:
        permits = list(state.standing.permits_of(case))
        assert list(again.standing.permits_of(case)) == permits
        assert list(again.stays.of_case(case)) == list(state.stays.of_case(case))


@often(20)
@given(LIVES, st.integers(0, 400))
def test_a_snapshot_decides_alike(life: Life, hours: int):
    """What comes next is the same, whoever decides it."""
    stage = life.lived()
    state, again = stage.state, refolded(stage.state)
    stage.court.later(hours * MICROS_AN_HOUR)
    moment = stage.court.moment
    case = next(iter(state.cases))
    turn = state.agenda.next()
    probes: list[Command] = [tick(), list_alerts(NATIONAL), hold(case), check(case)]
    if turn is not None:
        probes.append(reevaluate(turn.until, *state.stays.standing()))
    got = [decide(again, probe, moment) for probe in probes]
    expected = [decide(state, probe, moment) for probe in probes]

    assert list(map(_told, got)) == list(map(_told, expected))


def _told(decision):
    outcome = decision.outcome
    return (decision.note, outcome if isinstance(outcome, Outcome) else type(outcome))
