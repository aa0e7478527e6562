"""The lives of facts: one number for most, and a snapshot that keeps them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    SECOND,
    Court,
    approve,
    end_facts,
    presence,
    record_facts,
    register_groups,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import (
    amend_facts,
    contest_facts,
    list_facts,
    list_reviews,
    propose_facts,
    reject,
    renew_facts,
    report_reviews,
    show_fact,
    withdraw,
)
from kit.often import often
from kit.world import NOW, TODAY, World, token

from placement.domain.decide.table import decide
from placement.domain.events import (
    ChangeProposed,
    FactEnded,
    FactRetracted,
    Record,
    Request,
)
from placement.domain.histories import Histories, steps_of
from placement.domain.life_events import (
    ChangeRejected,
    ContestWithdrawn,
    Doubt,
    FactContested,
    FactsKept,
    StepKind,
)
from placement.domain.roll import Roll
from placement.domain.state import State
from placement.domain.terms import MICROS_A_DAY
from placement.errors import TamperedError


def test_most_facts_cost_a_number():
    """Their one step is made when somebody looks."""
    world = World()
    fact = world.presence("A", "1480")
    histories = world.state.histories
    (step,) = histories.steps(world.state.facts[fact])

    assert histories._later == {}
    assert histories.changed(fact) == histories.recorded(fact) == step.revision == 1
    assert (step.kind, step.at, step.person) == (StepKind.RECORDED, NOW, "co-01")


def test_an_old_log_says_who_asked():
    """An end that names nobody was asked for by whoever's request it belongs to."""
    request = Request(
        organisation="syd", person="co-07", id=bytes(16), digest=bytes(32)
    )
    event = FactEnded(id=token("x"), valid_to=TODAY)
    ((_, asked),) = steps_of(Record(at=NOW, event=event, request=request), 9, {})
    ((_, alone),) = steps_of(Record(at=NOW, event=event), 9, {})
    gone = FactRetracted(id=token("x"))
    ((_, retracted),) = steps_of(Record(at=NOW, event=gone, request=request), 9, {})

    assert [step.person for step in (asked, alone, retracted)] == ["co-07", "", "co-07"]


@pytest.mark.parametrize(
    "event",
    [
        FactContested(id=token("x"), doubt=Doubt.SOURCE, person="co-01"),
        ContestWithdrawn(id=token("x"), person="co-01"),
        ChangeRejected(id=token("x"), person="co-01"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_hole_in_the_log_is_an_incident(event):
    """A step of a fact or change that isn't there is never skipped."""
    world = World()
    with pytest.raises(TamperedError):
        world.apply(event)

    assert world.state.revision == 0


def test_a_snapshot_keeps_few_large_events():
    """A thousand facts in one."""
    histories = Histories(Roll())
    world = World()
    fact = world.state.facts[world.presence("A", "1480")]
    for number in range(1001):
        key = number.to_bytes(16)
        histories.put(None, replace(fact, id=key), number)
    kept = list(histories.records())

    assert [type(each) for each in kept] == [FactsKept, FactsKept]
    assert [len(each.ids) for each in kept] == [1000, 1]


# Lives of facts: whatever may happen to them

_DEEDS = (
    "record",
    "war",
    "base",
    "end",
    "retract",
    "regrade",
    "renew",
    "contest",
    "uncontest",
    "amend",
    "propose",
    "approve",
    "approve",
    "reject",
    "withdraw",
    "wait",
)
LIVES = st.lists(
    st.tuples(st.sampled_from(_DEEDS), st.integers(0, 30)), min_size=5, max_size=40
)


def lived(deeds) -> Court:
    """Let it happen; what is refused does not."""
    court = Court()
    court.reply(register_groups("A", "B", "C", "D"))
    for name, number in (("record", 0), ("base", 1), *deeds):
        facts, changes = list(court.state.facts), list(court.state.changes)
        fact = facts[number % len(facts)] if facts else b""
        change = changes[number % len(changes)] if changes else b""
        late = {"review_by": TODAY + number - 9, "valid_from": TODAY - 40}
        where = presence("ABCD"[number % 4], ("1480", "1280")[number % 2], **late)
        caller = NATIONAL if number % 5 == 0 else COORDINATOR
        made = {
            "record": lambda w=where, c=caller: record_facts(w, caller=c),
            "war": lambda n=number: record_facts(rivalry(severity=1 + n % 3)),
            "base": lambda n=number: record_facts(presence("ABCD"[n % 4], kind="BASE")),
            "end": lambda f=fact, n=number: end_facts((f, -n)),
            "retract": lambda f=fact: retract_facts(f),
            "regrade": lambda f=fact, n=number: regrade_facts(
                f, grade=("1E", "2B", "3A")[n % 3]
            ),
            "renew": lambda f=fact, n=number: renew_facts(f, days=n + 30),
            "contest": lambda f=fact: contest_facts(f),
            "uncontest": lambda f=fact: contest_facts(f, doubt=None),
            "amend": lambda f=fact, w=where: amend_facts((f, w)),
            "propose": lambda f=fact: propose_facts(f),
            "approve": lambda c=change: approve(c, caller=SECOND),
            "reject": lambda c=change: reject(c),
            "withdraw": lambda c=change: withdraw(c),
        }
        if name == "wait":
            court.later((number % 4) * MICROS_A_DAY)
        else:
            court.decide(made[name]())
    return court


def _refolded(state: State) -> State:
    again = State()
    for record in state.records():
        again.apply(record)
    again.revision, again.at = state.revision, state.at
    return again


@often(30)
@given(LIVES)
def test_a_snapshot_of_lives_is_those_lives(deeds):
    """Steps, doubts, queues and revisions are all there, and decide alike."""
    court = lived(deeds)
    state, again = court.state, _refolded(court.state)
    probes = [
        list_facts(NATIONAL),
        list_facts(),
        list_reviews(NATIONAL),
        report_reviews(NATIONAL),
        *(show_fact(fact, NATIONAL) for fact in state.facts),
    ]
    got = [decide(again, probe, court.moment).outcome.reply for probe in probes]
    expected = [decide(state, probe, court.moment).outcome.reply for probe in probes]

    assert got == expected
    assert list(again.records()) == list(state.records())


@often(30)
@given(LIVES)
def test_the_queue_is_what_a_full_scan_finds(deeds):
    """The indexes hold every fact that has to be looked at, and no other."""
    court = lived(deeds)
    state, today = court.state, court.moment.today
    queued = {item.view.fact.id for item in court.reply(list_reviews(NATIONAL)).items}
    live = {
        fact
        for change in state.changes.values()
        if court.moment.now < change.expires_at
        for fact in change.records
    }
    expected = {
        fact.id
        for fact in state.facts.values()
        if not (fact.valid_to is not None and fact.valid_to <= today)
        and (
            fact.id in state.histories.contested
            or (not fact.approved and not fact.retracted and fact.id not in live)
            or (
                not fact.retracted
                and fact.grade.name != "DISCREDITED"
                and fact.review_by is not None
                and fact.review_by <= today + 30
                and (fact.valid_to is None or fact.valid_to > fact.review_by)
            )
        )
    }

    assert queued == expected


def test_what_somebody_stood_behind_stays():
    """Whatever becomes of another change that holds it."""
    world = World()
    base = world.presence("A", "1480", approved=True)
    waits = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW + 1,
        records=(base,),
        amendments=(),
    )
    world.apply(waits)
    world.apply(ChangeRejected(id=waits.id, person="co-02"))

    assert not world.state.facts[base].retracted
    assert world.state.changes == {}


@pytest.mark.parametrize(("softly", "retracted"), [(False, True), (True, False)])
def test_a_log_of_before_says_what_a_rejection_did(softly, retracted):
    """Then it took away what the change had recorded; now it doesn't."""
    world = World()
    base = world.presence("A", "1480", kind="BASE", approved=False)
    waits = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW + 1,
        records=(base,),
        amendments=(),
    )
    world.apply(waits)
    world.apply(ChangeRejected(id=waits.id, person="co-02", softly=softly))

    assert world.state.facts[base].retracted is retracted
