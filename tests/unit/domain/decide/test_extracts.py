"""Extracts: two persons, both of whom name whom it is about; the rest is withheld."""

from dataclasses import replace

import pytest
from kit.commands import (
    AUDITOR,
    CASEWORKER,
    COORDINATOR,
    MOMENT,
    NATIONAL,
    OPERATOR,
    SECOND,
    approve,
    assess_case,
    coordinator,
    draft,
    end_placements,
    field_of,
    list_changes,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    show_change,
)
from kit.extracted import granted, known, proposed
from kit.extracting import (
    approve_extract,
    propose_extract,
    read_extract,
    seen_extract,
    show_extract,
)
from kit.living import begin_preview, contest_facts, reject, withdraw
from kit.world import RULESET, subject, token

from placement.domain.decide import extracts
from placement.domain.facts import Tie
from placement.domain.ruleset import ExtractBudget
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ConflictError,
    NotFoundError,
    StaleError,
)

OTHER = coordinator("nord", "co-05")
AWAY = coordinator("national", "co-02")
"""Another person than the second, under the same id."""


@pytest.fixture
def court():
    return known()


def refusal(court, command):
    return court.decide(command).outcome


def note_of(court, command):
    return court.decide(command).note


def test_a_person_is_told_by_two(court):
    """One proposes, another looks and approves, either of the two reads."""
    change = proposed(court)
    before = refusal(court, read_extract(change))
    looked = court.reply(show_extract(change))
    court.reply(seen_extract(court, change))
    told = [
        court.reply(read_extract(change, caller=who)) for who in (COORDINATOR, SECOND)
    ]

    assert isinstance(before, NotFoundError)
    assert [each.case.handle for each in looked.kept.cases] == [token("case")]
    assert told[0] == told[1]
    assert (told[0].region, told[0].proposer) == ("syd", "co-01")
    assert (told[0].agreed.ground, told[0].agreed.reference) == (
        "OWN_REQUEST",
        "A 12/2026",
    )
    assert [each.case.handle for each in told[0].kept.cases] == [token("case")]
    assert court.reply(list_changes()).changes == ()


def test_what_is_told_is_what_was_shown(court):
    """What came, or changed, since then is looked at first."""
    change = proposed(court)
    stale = [seen_extract(court, change)]
    tie = draft(Tie, "tie", subject=subject("h"), area="2480", danger=False)
    fact, _ = court.reply(record_facts(tie)).ids
    stale.append(seen_extract(court, change, released=(fact,)))
    court.reply(contest_facts(fact))
    stale.append(seen_extract(court, change, released=(fact,)))
    (other,) = court.reply(open_case("h", handle=token("later"))).ids
    stale.append(seen_extract(court, change))
    court.reply(assess_case(other))
    stale.append(seen_extract(court, change))
    stay = placement(other)
    court.reply(record_placements(stay))
    stale.append(seen_extract(court, change))
    (end,) = court.reply(end_placements((stay.id, 0))).ids
    court.reply(approve(end))
    got = [type(refusal(court, each)) for each in stale]
    court.reply(seen_extract(court, change))

    assert got == [StaleError] * 6


def test_what_another_was_shown_is_not_what_one_saw(court):
    """Nor of another extract; and nothing at all is a fault of form."""
    one, other = proposed(court), proposed(court)
    seen = court.reply(show_extract(one)).seen

    for change, caller in ((one, NATIONAL), (other, SECOND)):
        approval = approve_extract(change, caller=caller, seen=seen)
        assert isinstance(refusal(court, approval), StaleError)
    assert field_of(court, approve_extract(one, seen=b"")) == "seen"


def test_nobody_is_shown_what_they_proposed(court):
    """Neither look nor approve, under no organisation and no certificate."""
    change = proposed(court)
    same = coordinator("national", "co-01")

    for caller in (COORDINATOR, same):
        assert isinstance(
            refusal(court, show_extract(change, caller=caller)), AccessDeniedError
        )
        assert isinstance(
            refusal(court, seen_extract(court, change, caller=caller)),
            AccessDeniedError,
        )


@pytest.mark.parametrize(
    "make", [show_extract, approve_extract, read_extract], ids=lambda f: f.__name__
)
def test_whoever_names_somebody_else_is_refused(court, make):
    """Or not all of the person's numbers, or one too many."""
    change = proposed(court, "h", "i")
    if make is read_extract:
        court.reply(seen_extract(court, change, "h", "i"))
    for who in (("x", "i"), ("h",), ("h", "i", "j")):
        assert isinstance(refusal(court, make(change, *who)), ConflictError)

    if make is approve_extract:
        assert court.reply(seen_extract(court, change, "i", "h"))
    else:
        assert court.reply(make(change, "i", "h"))


def test_somebody_on_whom_nothing_is_kept_is_answered_alike(court):
    """Every answer but the last is the same, and no note tells them apart."""
    answers = []
    for who in ("h", "nobody"):
        command = propose_extract(who, change=token("c" + who))
        decision = court.decide(command)
        events = decision.outcome.events
        approval = court.decide(seen_extract(court, command.change, who))
        answers.append(
            (len(events), len(decision.note.objects), len(approval.note.objects))
        )
        told = court.reply(read_extract(command.change, who))
    assert answers[0] == answers[1]
    assert (told.kept.facts, told.kept.cases) == ((), ())


def test_what_lapsed_is_gone(court):
    """A proposal after its time, an extract after seven days."""
    change, read = proposed(court), granted(court)
    court.later(7 * MICROS_A_DAY - 1)
    last = court.reply(read_extract(read))
    court.later(1)
    court.later(MOMENT.ruleset.change_hours * MICROS_AN_HOUR)

    assert last.at
    assert isinstance(refusal(court, read_extract(read)), NotFoundError)
    assert isinstance(refusal(court, show_extract(change)), NotFoundError)
    assert isinstance(refusal(court, seen_extract(court, change)), ConflictError)


def test_other_regions_and_other_changes_are_not_there(court):
    """An extract of another region, no extract, nothing."""
    change = proposed(court)
    (_, other) = court.reply(record_facts(presence("A", kind="BASE"))).ids
    for make in (show_extract, approve_extract):
        assert isinstance(refusal(court, make(change, caller=OTHER)), NotFoundError)
        assert isinstance(refusal(court, make(other)), NotFoundError)
        assert isinstance(refusal(court, make(token("none"))), NotFoundError)
    assert isinstance(refusal(court, read_extract(token("none"))), NotFoundError)


def test_the_two_alone_read_it(court):
    """Neither a colleague, nor somebody of the same id elsewhere."""
    change = granted(court)
    for caller in (coordinator(person="co-03"), OTHER, NATIONAL, AWAY):
        refused = refusal(court, read_extract(change, caller=caller))
        assert isinstance(refused, NotFoundError)


def test_the_national_unit_may_be_the_second(court):
    """What is told stays what the proposing region has."""
    change = proposed(court)
    court.reply(seen_extract(court, change, caller=NATIONAL))
    told = court.reply(read_extract(change, caller=NATIONAL))

    assert told.region == "syd"


def test_it_is_approved_and_weighed_in_no_other_way(court):
    """Nobody stands behind it unseen; a preview moves nobody."""
    change = proposed(court)

    assert isinstance(refusal(court, approve(change)), ConflictError)
    assert court.reply(begin_preview(change)).placements == ()
    assert court.reply(show_change(change)).facts == {}


def test_it_is_rejected_and_withdrawn_like_any_change(court):
    """Then nobody reads it."""
    one, other = proposed(court), proposed(court)
    court.reply(reject(one))
    court.reply(withdraw(other))

    assert court.state.changes == {}
    assert isinstance(refusal(court, seen_extract(court, one)), NotFoundError)


BAD = {
    "nobody": ({"subjects": ()}, "pseudonyms"),
    "too many": ({"subjects": tuple(map(subject, "abcde"))}, "pseudonyms"),
    "twice": ({"subjects": (subject("a"),) * 2}, "pseudonyms"),
    "too many cases": ({"cases": tuple(map(token, "abcdef"))}, "case_handles"),
    "one case twice": ({"cases": (token("a"),) * 2}, "case_handles"),
    "a number as reference": ({"reference": "19990101-1234"}, "reference"),
    "no reference": ({"reference": ""}, "reference"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_can_not_be_is_refused(court, bad):
    """And the field is named."""
    given, field = BAD[bad]
    values = {
        "caller": COORDINATOR,
        "request_id": token("r"),
        "digest": bytes(32),
        "subjects": (subject("h"),),
        "cases": (),
        "ground": "COURT",
        "reference": "A 1",
        "change": token("c"),
    }

    assert field_of(court, extracts.ProposeExtract(**values | given)) == field


def test_too_many_releases_are_refused(court):
    """Before anything is looked up."""
    change = proposed(court)
    many = tuple(token(str(number)) for number in range(501))

    assert field_of(court, seen_extract(court, change, released=many)) == "released_ids"


def test_a_day_has_so_many(court):
    """However they end, and whoever they are about."""
    for number in range(RULESET.budgets.extracts.person_day):
        court.reply(withdraw(proposed(court, f"h{number}")))
    refused = court.decide(propose_extract())
    court.later(MICROS_A_DAY)

    assert isinstance(refused.outcome, BudgetError)
    assert refused.note.subjects == (subject("h"),)
    assert proposed(court)


def test_how_many_is_the_rulesets(court):
    """Another one has another budget."""
    budgets = replace(
        RULESET.budgets,
        extracts=ExtractBudget(person_day=1, organisation=2, days=2),
    )
    court.moment = replace(court.moment, ruleset=replace(RULESET, budgets=budgets))
    proposed(court)
    first = refusal(court, propose_extract())
    proposed(court, caller=coordinator(person="co-11"))
    second = refusal(court, propose_extract(caller=coordinator(person="co-12")))
    court.later(2 * MICROS_A_DAY)

    assert isinstance(first, BudgetError)
    assert isinstance(second, BudgetError)
    assert proposed(court)


def test_a_month_has_so_many(court):
    """Of all people of a region together."""
    for number in range(RULESET.budgets.extracts.organisation):
        proposed(court, caller=coordinator(person=f"co-1{number}"))

    assert isinstance(refusal(court, propose_extract()), BudgetError)


def test_a_retry_finds_the_first_answer(court):
    """It makes one extract, and costs one."""
    first = proposed(court, request="r")
    again = proposed(court, request="r")
    court.reply(seen_extract(court, first, request="s"))
    court.reply(seen_extract(court, first, request="s"))

    assert first == again
    assert [*court.state.extracts.granted] == [first]


def test_every_step_names_why_and_whom(court):
    """As auditors see it; a refusal what was given."""
    change = token("c")
    notes = [
        note_of(court, propose_extract(change=change)),
        note_of(court, show_extract(change)),
        note_of(court, seen_extract(court, change)),
        note_of(court, read_extract(change)),
    ]
    refused = note_of(court, show_extract(token("none"), "x"))

    assert {(n.purpose, n.search) for n in notes} == {
        ("OWN_REQUEST", "matter=A 12/2026")
    }
    assert {n.subjects for n in notes} == {(subject("h"),)}
    assert [n.objects for n in notes[1:]] == [(change,)] * 3
    assert (refused.objects, refused.subjects) == ((token("none"),), (subject("x"),))


@pytest.mark.parametrize("caller", [CASEWORKER, AUDITOR, OPERATOR])
def test_nobody_else_may(court, caller):
    """A municipality has its own file, and auditors have the log."""
    change = granted(court)
    for command in (
        propose_extract(caller=caller),
        show_extract(change, caller=caller),
        approve_extract(change, caller=caller),
        read_extract(change, caller=caller),
    ):
        assert isinstance(refusal(court, command), AccessDeniedError)
