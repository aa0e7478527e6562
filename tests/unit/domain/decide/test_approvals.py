"""The second person: another one, in time, for what still stands."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    SECOND,
    approve,
    coordinator,
    end_facts,
    field_of,
    list_changes,
    presence,
    record_facts,
    regrade_facts,
    retract_facts,
    rivalry,
    show_change,
)
from kit.world import RULESET, TODAY, token

from placement.domain.decide import approvals
from placement.domain.decide.command import Note
from placement.domain.terms import MICROS_AN_HOUR, Grade
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

WAIT = RULESET.change_hours * MICROS_AN_HOUR
NORD = coordinator("nord", "co-03")


@pytest.fixture
def fact(court):
    """A fact that stands."""
    return court.reply(record_facts(presence(valid_from=TODAY - 10))).ids[0]


def propose(court, command):
    """Return the change that waits."""
    return court.reply(command).ids[-1]


def waiting(court, caller=COORDINATOR):
    return [change.id for change in court.reply(list_changes(caller)).changes]


# Approval


def test_a_second_person_makes_facts_firm(court):
    """What acted softly acts firmly, and the change is gone."""
    war, change = court.reply(record_facts(rivalry(severity=3))).ids
    court.reply(approve(change))

    assert court.state.facts[war].approved
    assert waiting(court) == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (lambda fact: end_facts((fact, -5)), ("valid_to", TODAY - 5)),
        (retract_facts, ("retracted", True)),
        (regrade_facts, ("grade", Grade.DISCREDITED)),
    ],
)
def test_a_second_person_puts_amendments_into_force(court, fact, command, expected):
    """An end, a retraction, a grade."""
    court.reply(approve(propose(court, command(fact))))
    name, value = expected

    assert getattr(court.state.facts[fact], name) == value


@pytest.mark.parametrize("caller", [COORDINATOR, coordinator("national", "co-01")])
def test_nobody_approves_their_own(court, fact, caller):
    """Nor under the same name elsewhere; who it is comes from the certificate."""
    change = propose(court, retract_facts(fact))
    with pytest.raises(AccessDeniedError):
        court.reply(approve(change, caller=caller))

    assert waiting(court) == [change]


@pytest.mark.parametrize("beside", [-1, 1, 4711])
def test_what_is_approved_was_shown(court, fact, beside):
    """Neither before there was the change, nor at a revision that is still to come."""
    change = propose(court, retract_facts(fact))
    shown = court.state.revision
    with pytest.raises(StaleError):
        court.reply(approve(change, shown=shown + beside))
    later = court.state.revision

    assert (waiting(court), later) == ([change], shown)
    assert court.reply(approve(change, shown=shown))


def test_a_change_is_as_old_as_its_proposal(court, fact):
    """Whatever was written since: it looks the same, until its fact changes."""
    change = propose(court, retract_facts(fact))
    first = court.state.revision
    court.reply(record_facts(presence(valid_from=TODAY - 3)))

    assert court.state.revision > first
    assert court.reply(approve(change, shown=first))


def test_other_regions_changes_are_not_there(court, fact):
    """Theirs is answered as none; the national unit may stand behind any."""
    change = propose(court, retract_facts(fact))
    theirs = court.decide(approve(change, caller=NORD))
    nobodys = court.decide(approve(token("nobody's"), caller=NORD))

    assert type(theirs.outcome) is type(nobodys.outcome) is NotFoundError
    assert theirs.note == Note(objects=(change,))
    assert nobodys.note == Note(objects=(token("nobody's"),))
    assert court.reply(approve(change, caller=NATIONAL))


def test_a_change_is_approved_once(court, fact):
    """Then it is no change any more."""
    change = propose(court, retract_facts(fact))
    court.reply(approve(change))
    with pytest.raises(NotFoundError):
        court.reply(approve(change))


@pytest.mark.parametrize(("wait", "lapsed"), [(WAIT - 1, False), (WAIT, True)])
def test_a_change_lapses(court, fact, wait, lapsed):
    """After its hours nobody can stand behind it, and it is listed no more."""
    change = propose(court, retract_facts(fact))
    court.later(wait)

    assert waiting(court) == ([] if lapsed else [change])
    if lapsed:
        with pytest.raises(ConflictError):
            court.reply(approve(change))
    assert court.state.facts[fact].retracted is False


# What happened meanwhile


@pytest.mark.parametrize(
    "command",
    [lambda fact: end_facts((fact, -5)), retract_facts, regrade_facts],
    ids=["end", "retract", "regrade"],
)
def test_a_fact_that_was_retracted_meanwhile(court, fact, command):
    """What was never true can't be amended."""
    change = propose(court, command(fact))
    court.reply(approve(propose(court, retract_facts(fact))))
    with pytest.raises(ConflictError):
        court.reply(approve(change))


def test_a_recorded_fact_that_was_retracted_meanwhile(court):
    """What was never true can't be made firm."""
    war, change = court.reply(record_facts(rivalry(severity=3))).ids
    court.reply(approve(propose(court, retract_facts(war))))
    with pytest.raises(ConflictError):
        court.reply(approve(change))

    assert not court.state.facts[war].approved


def test_a_fact_that_ended_earlier_meanwhile_is_not_reopened(court, fact):
    """The later end would let it act longer than is known by now."""
    later = propose(court, end_facts((fact, -1)))
    court.reply(approve(propose(court, end_facts((fact, -5)))))
    with pytest.raises(ConflictError):
        court.reply(approve(later))

    assert court.state.facts[fact].valid_to == TODAY - 5


def test_a_fact_that_ended_on_that_day_meanwhile(court, fact):
    """Two changes that say the same don't contradict one another."""
    twice = [propose(court, end_facts((fact, -5))) for _ in range(2)]
    for change in twice:
        court.reply(approve(change))

    assert court.state.facts[fact].valid_to == TODAY - 5


def test_a_fact_that_ended_later_meanwhile_may_end_earlier(court, fact):
    """Two persons say that it was over before."""
    earlier = propose(court, end_facts((fact, -5)))
    court.reply(approve(propose(court, end_facts((fact, -1)))))
    court.reply(approve(earlier))

    assert court.state.facts[fact].valid_to == TODAY - 5


# The list


def test_each_region_lists_its_own(court):
    """Oldest first; the national unit sees all."""
    first = propose(court, record_facts(rivalry(severity=3)))
    second = propose(court, record_facts(presence(kind="BASE"), caller=NORD))

    assert waiting(court) == waiting(court, SECOND) == [first]
    assert waiting(court, NORD) == [second]
    assert waiting(court, NATIONAL) == [first, second]


def test_the_list_has_a_limit(court, fact, monkeypatch):
    """The oldest come first; the rest when those are done."""
    monkeypatch.setattr(approvals, "MAX_LISTED", 2)
    changes = [propose(court, retract_facts(fact)) for _ in range(3)]

    assert waiting(court) == changes[:2]


# Seeing what waits


def test_a_change_shows_what_it_speaks_of(court, fact):
    """The facts as they stand, to whoever may approve it and to who proposed it."""
    ends = propose(court, end_facts((fact, -5)))
    war, firm = court.reply(record_facts(rivalry(severity=3))).ids
    for caller in (SECOND, NATIONAL, COORDINATOR):
        shown = [court.reply(show_change(change, caller)) for change in (ends, firm)]

        assert [view.change.id for view in shown] == [ends, firm]
        assert [dict(view.facts) for view in shown] == [
            {fact: court.state.facts[fact]},
            {war: court.state.facts[war]},
        ]


def test_another_regions_change_is_not_shown(court, fact):
    """It answers like one that isn't there."""
    change = propose(court, retract_facts(fact))
    for caller, which in ((NORD, change), (SECOND, token("nothing"))):
        with pytest.raises(NotFoundError):
            court.reply(show_change(which, caller))


def test_a_lapsed_change_is_not_shown(court, fact):
    """As it is not listed."""
    change = propose(court, retract_facts(fact))
    court.later(WAIT)
    with pytest.raises(NotFoundError):
        court.reply(show_change(change))


def test_nobody_says_what_they_saw_of_no_place(court):
    """A change that releases none has nothing of it to show."""
    change = court.reply(record_facts(rivalry(severity=3))).ids[1]

    assert field_of(court, approve(change, seen=bytes(32))) == "seen"
    assert court.reply(show_change(change)).explained is None
