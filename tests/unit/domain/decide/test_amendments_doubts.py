"""Contest, which alters but a flag; propose again what nobody stood behind."""

from dataclasses import replace

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    SECOND,
    approve,
    coordinator,
    draft,
    field_of,
    presence,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import (
    amend_facts,
    contest_facts,
    kinds,
    over,
    propose_facts,
    record,
    reject,
    renew_facts,
    show_fact,
    withdraw,
)
from kit.world import TODAY, subject, token

from placement.domain.decide.drafts import Member
from placement.domain.facts import Affiliation
from placement.domain.life_events import Doubt, StepKind
from placement.domain.terms import MICROS_AN_HOUR, AffiliationRole
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    StaleError,
)

LAPSED = 72 * MICROS_AN_HOUR


# Contest


@pytest.mark.parametrize("doubt", Doubt)
def test_a_doubt_changes_nothing_but_the_flag(court, fact, doubt):
    """The fact stands as it did."""
    before = court.state.facts[fact]
    court.reply(contest_facts(fact, doubt=doubt))
    (step,) = court.state.histories.later(fact)

    assert court.state.facts[fact] is before
    assert court.state.histories.contested == {fact: (step,)}
    assert (step.kind, step.doubt, step.person) == (StepKind.CONTESTED, doubt, "co-01")


def test_one_doubt_a_person(court, fact):
    """Neither a second one of theirs, nor one withdrawn that is not there."""
    with pytest.raises(ConflictError):
        court.reply(contest_facts(fact, doubt=None))
    court.reply(contest_facts(fact))
    with pytest.raises(ConflictError):
        court.reply(contest_facts(fact, doubt=Doubt.SOURCE))


def test_another_doubts_it_too(court, fact):
    """Each stands until who raised it withdraws it; the first is shown."""
    court.reply(contest_facts(fact))
    court.reply(contest_facts(fact, doubt=Doubt.SOURCE, caller=SECOND))
    both = court.reply(show_fact(fact)).view.doubt
    court.reply(contest_facts(fact, doubt=None))
    (left,) = court.state.histories.contested[fact]
    other = court.reply(show_fact(fact)).view.doubt
    court.reply(contest_facts(fact, doubt=None, caller=SECOND))

    assert (both, other) == (Doubt.OUTDATED, Doubt.SOURCE)
    assert left.person == "co-02"
    assert court.state.histories.contested == {}


def test_a_rejection_takes_no_doubt_away(court):
    """The fact acts as before; once it is retracted nobody has to look."""
    base, change = record(court, presence(kind="BASE"))
    court.reply(contest_facts(base))
    (retraction,) = court.reply(reject(change)).ids
    doubted = base in court.state.histories.contested
    court.reply(approve(retraction, caller=COORDINATOR))

    assert doubted
    assert court.state.histories.contested == {}


def test_only_who_doubted_doubts_no_more(court, fact):
    """Another coordinator looks, and renews."""
    court.reply(contest_facts(fact))
    with pytest.raises(AccessDeniedError):
        court.reply(contest_facts(fact, doubt=None, caller=SECOND))
    court.reply(contest_facts(fact, doubt=None))

    assert court.state.histories.contested == {}
    assert kinds(court, fact) == [StepKind.CONTESTED, StepKind.UNCONTESTED]


@pytest.mark.parametrize(
    "look",
    [
        lambda court, fact: court.reply(renew_facts(fact)),
        over,
        lambda court, fact: court.reply(
            approve(court.reply(retract_facts(fact)).ids[0])
        ),
        lambda court, fact: court.reply(
            approve(court.reply(regrade_facts(fact, grade="2B")).ids[0])
        ),
    ],
    ids=["renewed", "ended", "retracted", "regraded"],
)
def test_a_doubt_stands_until_somebody_looked(court, fact, look):
    """Whatever they then did."""
    court.reply(contest_facts(fact))
    look(court, fact)

    assert court.state.histories.contested == {}


def test_what_is_doubted_stands_until_the_date_that_it_has(court):
    """Nobody has to wait a day to say so; not doubted, it says nothing, nor less."""
    fact, _ = record(court, presence(review_by=TODAY + 365))
    renewal = {"days": 365, "caller": SECOND}
    with pytest.raises(InvalidInputError):
        court.reply(renew_facts(fact, **renewal))
    court.reply(contest_facts(fact))
    with pytest.raises(InvalidInputError):
        court.reply(renew_facts(fact, days=364, caller=SECOND))
    court.reply(renew_facts(fact, **renewal))

    assert court.state.histories.contested == {}


def test_an_approval_takes_no_doubt_away(court):
    """It may be doubted while it waits."""
    base, change = record(court, presence(kind="BASE"))
    court.reply(contest_facts(base))
    court.reply(approve(change))

    assert base in court.state.histories.contested


# Propose again


def test_what_lapsed_is_proposed_again(court):
    """By whoever has it; softly it counted all the while."""
    base, _ = record(court, presence(kind="BASE"))
    court.later(LAPSED)
    (change,) = court.reply(propose_facts(base, caller=SECOND)).ids
    with pytest.raises(AccessDeniedError):
        court.reply(approve(change))
    court.reply(approve(change, caller=coordinator(person="co-03")))

    assert court.state.facts[base].approved


def test_what_waits_or_stands_is_not_proposed(court, fact):
    """One change at a time."""
    base, _ = record(court, presence(kind="BASE"))
    for key in (fact, base):
        with pytest.raises(ConflictError):
            court.reply(propose_facts(key))


def test_what_was_recorded_anew_is_not_proposed(court):
    """Two wars of one pair would stand."""
    war, _ = record(court, rivalry(severity=3))
    court.later(LAPSED)
    record(court, rivalry(severity=2))
    with pytest.raises(ConflictError):
        court.reply(propose_facts(war))


def test_seen_is_said_of_each(court):
    """Of all facts, or of none."""
    base, change = record(court, presence(kind="BASE"))
    command = replace(propose_facts(base), seen=(1, 2))

    assert field_of(court, command) == "seen_revisions"
    assert field_of(court, replace(retract_facts(base), seen=(1, 2))) == (
        "seen_revisions"
    )
    court.reply(withdraw(change))
    with pytest.raises(StaleError):
        court.reply(propose_facts(base, seen=1))


def test_a_member_of_a_case_may_be_named(court, case):
    """As when a fact is recorded."""
    stated = {"group": token("A"), "role": AffiliationRole.CORE}
    old, _ = record(
        court, draft(Affiliation, "affiliation", subject=subject("x"), **stated)
    )
    member = Member(case=case, position=0)
    new = draft(Affiliation, "affiliation", subject=member, **stated)
    pair = (old, new)
    given = {"caller": NATIONAL}
    made, _ = court.reply(amend_facts(pair, **given)).ids

    assert court.state.facts[made].subject == subject("h")
