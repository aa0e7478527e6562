"""The check: form first, then whose case, then the budget, then the verdict."""

from dataclasses import replace

import pytest
from kit.commands import (
    NATIONAL,
    SECOND,
    approve,
    assess_case,
    attest,
    caseworker,
    check,
    coordinator,
    draft,
    field_of,
    open_case,
    presence,
    record_facts,
    register_facilities,
    register_groups,
    rivalry,
    show_case,
)
from kit.world import NOW, RULESET, TODAY, subject, token

from placement.domain.decide.checks import Answers
from placement.domain.decide.command import Note
from placement.domain.facts import Tie
from placement.domain.questions import Candidate
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    Verdict,
    Window,
    decided_when,
)
from placement.errors import BudgetError, StaleError

BUDGETS = RULESET.budgets
AREAS = ("2480", "2482", "2481", "2463", "2462", "2460")
SEVENTH = "0180"
TIE = {"subject": subject("h"), "area": "1480", "danger": False}


def dated(command):
    """Return the ids that were drawn for a question, dated now."""
    return tuple(decided_when(NOW) + drawn[6:] for drawn in command.decisions)


@pytest.fixture
def covered(court):
    """Everything is covered today."""
    court.reply(attest(caller=NATIONAL))
    return court


def test_an_answer_per_candidate(covered, case):
    """In order, each with its decision; only CLEAR may be relied on later."""
    covered.reply(assess_case(case, draft(Tie, "tie", **TIE)))
    command = check(case, "2480", "1480")
    decision = covered.decide(command)
    reply = decision.outcome.reply

    assert type(reply) is Answers
    assert [one.verdict for one in reply.answers] == [Verdict.CLEAR, Verdict.REVIEW]
    assert tuple(one.decision for one in reply.answers) == dated(command)
    assert [one.valid_until - NOW for one in reply.answers] == [72 * MICROS_AN_HOUR, 0]
    assert (reply.ruleset, reply.decided_at) == (RULESET.version, NOW)
    assert decision.note == Note(
        case=case,
        purpose="PLANNED",
        reference="SN 1",
        candidates=("2480", "1480"),
        facilities=(b"", b""),
        window="2026-06-15/",
        request=command.request_id,
        verdicts=(1, 3),
        decisions=dated(command),
        valid_until=(NOW + 72 * MICROS_AN_HOUR, NOW),
    )


def test_what_is_not_clear_is_relied_on_for_no_time(court, case):
    """Without coverage it is UNKNOWN, and over at once."""
    (one,) = court.reply(check(case)).answers

    assert (one.verdict, one.valid_until) == (Verdict.UNKNOWN, NOW)


def test_the_same_area_with_different_houses(covered, case):
    """Scenario 33: each its own answer, order kept, charged once."""
    covered.reply(register_facilities(("house", "firm", "2480"), new=[0]))
    house = Candidate(area="2480", facility=token("house"))
    decision = covered.decide(check(case, house, "2480"))

    assert len(decision.outcome.reply.answers) == 2
    assert decision.note.facilities == (token("house"), b"")
    assert covered.reply(show_case(case)).areas_left == BUDGETS.case_areas - 1


def test_a_decision_is_dated_when_it_is_made(covered, case):
    """The same draw in another millisecond is another id, with the same end."""
    command = check(case)
    ids = []
    for _ in range(2):
        ids.append(covered.reply(command).answers[0].decision)
        covered.later(1000)

    assert [one[:6] for one in ids] == [decided_when(NOW), decided_when(NOW + 1000)]
    assert [one[6:] for one in ids] == [command.decisions[0][6:]] * 2


# Form


@pytest.mark.parametrize(
    "areas", [["2480", "2480"], [*AREAS]], ids=["twice", "too many"]
)
def test_candidates_have_limits(court, case, areas):
    """One to five places, no two alike."""
    assert field_of(court, check(case, *areas)) == "candidates"


def test_no_candidate_is_no_question(court, case):
    """There is something to answer."""
    command = check(case)
    object.__setattr__(command, "candidates", ())

    assert field_of(court, command) == "candidates"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, None),
        (0, 1, None),
        (-5, 1, None),
        (-5, 0, "window.end_day"),
        (-5, -1, "window.end_day"),
        (5, 5, "window.end_day"),
        (5, 4, "window.end_day"),
    ],
)
def test_windows(court, case, start, end, expected):
    """Not empty, and its last day is not before today."""
    days = Window(start=TODAY + start, end=None if end is None else TODAY + end)
    command = check(case, window=days)
    if expected is None:
        assert len(court.reply(command).answers) == 1
    else:
        assert field_of(court, command) == expected


def test_an_area_is_one(court, case):
    """A code that no municipality has is refused, by its position."""
    assert field_of(court, check(case, "2480", "0199")) == "candidates[1].area"


@pytest.mark.parametrize("name", ["nowhere", "house"])
def test_a_facility_is_in_its_area(court, case, name):
    """An unknown house, and a known one somewhere else, are refused alike."""
    court.reply(register_facilities(("house", "firm", "1480"), new=[0]))
    place = Candidate(area="2480", facility=token(name))

    assert field_of(court, check(case, place)) == "candidates[0].facility"


def test_form_comes_before_the_case(court):
    """Whatever the case, a wrong form is the same refusal."""
    assert field_of(court, check(token("nobody's"), "0199")) == "candidates[0].area"


def test_a_revision_not_reached_yet(court, case):
    """The answer rests on what the caller has seen, or there is none."""
    reached = court.state.revision
    with pytest.raises(StaleError):
        court.reply(check(case, least=reached + 1))

    assert court.reply(check(case, least=reached)).answers


# Budgets (scenario 29)


def ask_all(court, case, areas=AREAS):
    for area in areas:
        court.reply(check(case, area))


def test_the_seventh_area_of_a_case_is_refused(court, case):
    """Six distinct areas in 90 days; a repeated one is free, and evaluated anew."""
    ask_all(court, case)
    with pytest.raises(BudgetError):
        court.reply(check(case, SEVENTH))
    court.reply(attest(caller=NATIONAL))
    repeated = court.reply(check(case, AREAS[0]))

    assert repeated.answers[0].verdict is Verdict.CLEAR
    assert court.reply(show_case(case)).areas_left == 0


def test_a_refused_question_costs_nothing(court, case):
    """One area too many in a question refuses all of it."""
    ask_all(court, case, AREAS[:4])
    with pytest.raises(BudgetError):
        court.reply(check(case, *AREAS[4:], SEVENTH))

    assert court.reply(show_case(case)).areas_left == 2


def test_the_budget_comes_back(court, case):
    """After 90 days the case may ask again."""
    ask_all(court, case)
    court.later(BUDGETS.case_days * MICROS_A_DAY)
    days = Window(start=TODAY + BUDGETS.case_days)

    assert court.reply(check(case, SEVENTH, window=days)).answers


@pytest.mark.parametrize("request_id", [None, "r"], ids=["anew", "retried"])
def test_repeating_is_free_for_some_days(court, case, request_id):
    """Within 14 days of the charge, whatever the request id; then it costs again."""
    court.reply(check(case, request=request_id))
    paid = []
    for _ in range(BUDGETS.repeat_days):
        court.later(MICROS_A_DAY)
        events = court.decide(check(case, request=request_id)).outcome.events
        paid.append(len(events[0].areas))

    assert paid == [0] * (BUDGETS.repeat_days - 1) + [1]


def assessed(court, member):
    """Return the handle of an assessed case."""
    (handle,) = court.reply(open_case(member)).ids
    court.reply(assess_case(handle))
    return handle


def test_the_budget_of_a_person(court):
    """Ten areas on one day, over all cases; the next day there are more."""
    for name in ("h", "i"):
        handle = assessed(court, name)
        ask_all(court, handle, AREAS[:5])
    last = assessed(court, "j")
    with pytest.raises(BudgetError):
        court.reply(check(last))
    colleague = caseworker(person="cw-02")

    assert court.reply(check(last, caller=colleague)).answers
    court.later(MICROS_A_DAY)
    assert court.reply(check(last, "0180")).answers


def test_the_budget_of_an_organisation(court):
    """Thirty areas in 30 days, over all its people and cases."""
    for number in range(BUDGETS.organisation_areas // 5):
        handle = assessed(court, f"h{number}")
        for area in AREAS[:5]:
            person = caseworker(person=f"cw-{number // 2:02}")
            court.reply(check(handle, area, caller=person))
    last = assessed(court, "last")
    fresh = caseworker(person="cw-99")
    with pytest.raises(BudgetError):
        court.reply(check(last, caller=fresh))
    court.later(BUDGETS.organisation_days * MICROS_A_DAY)

    assert court.reply(check(last, caller=fresh)).answers


def test_a_refusal_is_identical_whatever_the_graph_holds(court, case):
    """The budget's refusal tells nothing of who is on record."""
    ask_all(court, case)
    before = court.decide(check(case, SEVENTH))
    court.reply(register_groups("E"))
    nord = coordinator("national", "co-01")
    change = court.reply(
        record_facts(presence("A", SEVENTH, "BASE"), rivalry(severity=3), caller=nord)
    ).ids[-1]
    court.reply(approve(change, caller=coordinator("national", SECOND.person)))
    after = court.decide(check(case, SEVENTH))

    assert type(before.outcome) is type(after.outcome) is BudgetError
    assert before.outcome.args == after.outcome.args
    assert replace(before.note, request=b"") == replace(after.note, request=b"")


def test_unassessed_cases_cost_nothing(court):
    """UNKNOWN without a look at the graph tells nothing, so it is free."""
    (handle,) = court.reply(open_case("h")).ids
    (one,) = court.reply(check(handle)).answers

    assert one.verdict is Verdict.UNKNOWN
    assert court.reply(show_case(handle)).areas_left == BUDGETS.case_areas


# Holding; what becomes of a hold is in test_holds


def test_one_place_is_held(court, case):
    """With several it would be open which one is meant."""
    both = check(case, "2480", "0580", hold=token("hold"))

    assert field_of(court, both) == "candidates"


def test_a_check_alone_holds_nothing(court, case):
    """Whatever it answers."""
    court.reply(attest(caller=NATIONAL))
    (answer,) = court.reply(check(case)).answers

    assert (answer.verdict, answer.hold) == (Verdict.CLEAR, None)
    assert court.state.placements == {}


def test_what_is_held_is_noted(court, case):
    """The hold stands in the log beside the decision, and in the answer until when."""
    court.reply(attest(caller=NATIONAL))
    decision = court.decide(check(case, hold=token("hold")))
    (answer,) = decision.outcome.reply.answers

    assert decision.note.objects == decision.outcome.made == (token("hold"),)
    assert answer.hold.expires_at == answer.valid_until
    assert (answer.hold.valid_from, answer.hold.valid_to) == (TODAY, None)


def test_a_hold_of_an_unassessed_case_costs_nothing(court):
    """But its request is kept, so that a retry finds that nothing was held."""
    (handle,) = court.reply(open_case("h")).ids
    decision = court.decide(check(handle, hold=token("hold")))
    (event,) = decision.outcome.events

    assert (event.areas, decision.outcome.made) == ((), ())
    assert court.reply(show_case(handle)).areas_left == BUDGETS.case_areas


def test_a_hold_shows_in_its_case(court, case):
    """The newest first."""
    court.reply(attest(caller=NATIONAL))
    for name, area in (("one", "2480"), ("two", "0580")):
        court.reply(check(case, area, hold=token(name)))
    found = court.reply(show_case(case)).placements

    assert [each.id for each in found] == [token("two"), token("one")]
