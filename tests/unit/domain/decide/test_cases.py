"""Cases: what a municipality opens, sees and closes, and who assesses it."""

import pytest
from kit.commands import (
    CASEWORKER,
    COORDINATOR,
    assess_case,
    caseworker,
    check,
    close_case,
    draft,
    field_of,
    open_case,
    presence,
    rivalry,
    show_case,
)
from kit.permitted import released
from kit.steps import propose_override
from kit.steps import release as release_hold
from kit.world import NOW, TODAY, subject, token

from placement.domain.decide.cases import (
    MAX_ASSESSED,
    MAX_MEMBERS,
    MAX_SHOWN,
    CaseView,
    ShowCase,
)
from placement.domain.decide.command import Note
from placement.domain.decide.drafts import Member
from placement.domain.events import PlacementEnded
from placement.domain.facts import Affiliation, Case
from placement.domain.terms import (
    AffiliationRole,
    AlertKind,
    Basis,
    EndCause,
    PlacementState,
)
from placement.errors import ClosedError, NotFoundError

OTHER = caseworker("0180")


# Opening


def test_an_opened_case_is_the_municipalitys(court):
    """Its handle is what was drawn; nobody has assessed it."""
    written = court.reply(open_case("h", "i", handle=token("case")))

    assert written.ids == (token("case"),)
    assert court.state.cases[token("case")] == Case(
        handle=token("case"),
        organisation="1280",
        reference="SN 1",
        basis=Basis.POLICE,
        members=(subject("h"), subject("i")),
        opened_at=NOW,
    )


@pytest.mark.parametrize(
    "members",
    [["h", "h"], [f"h{number}" for number in range(MAX_MEMBERS + 1)]],
    ids=["twice", "many"],
)
def test_a_household_has_limits(court, members):
    """Nobody stands twice in it, and it has a size."""
    assert field_of(court, open_case(*members)) == "pseudonyms"


def test_nobody_is_no_household(court):
    """A case is about somebody."""
    command = open_case("h")
    object.__setattr__(command, "members", ())

    assert field_of(court, command) == "pseudonyms"


@pytest.mark.parametrize(
    "reference",
    ["SN 2026/1234-56", "1", "ÄO-1.1:2", "IFO 17", "2026/123456", "SN 12 3456-7"],
)
def test_references(court, reference):
    """A municipality's own case numbers pass."""
    (handle,) = court.reply(open_case(reference=reference)).ids

    assert court.state.cases[handle].reference == reference


@pytest.mark.parametrize(
    "reference",
    [
        *("", " SN 1", "SN 1 ", "SN", "1234567", "1/2/3/4", "SN--1", "sn 1", "SN 1a"),
        *("SN_1", "SN\n1", "SN 1\n", "\uff11\uff12", "é", "EN KLUBB MC", "KLUBB 1"),
        *("850101-T123", "19850101TF12", "SN 850101A1234"),
    ],
)
def test_what_is_no_reference(court, reference):
    """No word, hence no name, and no odd characters."""
    assert field_of(court, open_case(reference=reference)) == "reference"


@pytest.mark.parametrize(
    "number",
    [
        "8501011234",
        "198501011234",
        "850101-1234",
        "19850101-1234",
        "850101 1234",
        "SN 850101-1234",
        "850101-1234x",
        "850161-1234",
        "850101/1234",
        "850101.1234",
        "850101--1234",
        "850101 - 1234",
        "1985-01-01-1234",
        "85 01 01 1234",
        "1985.01.61:1234",
        "SN/19850191/1234",
        "12 850101-1234",
        "8501 0112 34",
        "850101-12 34",
        "85.01.01-12.34",
    ],
)
def test_a_national_number_is_never_stored(court, number):
    """However it is parted, what may be a number of a person is refused."""
    assert field_of(court, open_case(reference=number)) == "reference"
    assert court.state.cases == {}


# Showing


def test_a_municipality_sees_its_own_case(court, case):
    """The state of the case and what is left to ask; no child, no member."""
    court.reply(check(case, "2480", "0180"))
    decision = court.decide(show_case(case))

    assert decision.outcome.reply == CaseView(
        handle=case,
        reference="SN 1",
        assessed=True,
        closed=False,
        areas_left=4,
        opened_at=NOW,
        placements=(),
        permits=(),
    )
    assert (decision.note.case, decision.note.reference) == (case, "SN 1")


@pytest.mark.parametrize(
    "ask", [show_case, check, close_case], ids=["show", "check", "close"]
)
def test_anothers_case_is_answered_like_none(court, case, ask):
    """What is not yours does not exist: same refusal, same note but for the handle."""
    theirs = court.decide(ask(case, caller=OTHER))
    nobodys = court.decide(ask(token("nobody's"), caller=OTHER))

    assert type(theirs.outcome) is type(nobodys.outcome) is NotFoundError
    assert theirs.outcome.args == nobodys.outcome.args
    assert theirs.note.reference == nobodys.note.reference == ""


def by_placement(key, caller=CASEWORKER):
    return ShowCase(caller=caller, placement=key)


def test_a_case_is_found_by_what_is_held_for_it(stage):
    """Whoever lost the handle has the hold; the entry names both."""
    case = stage.case("h")
    held = stage.held(case.handle)
    decision = stage.court.decide(by_placement(held.id))

    assert decision.outcome.reply.handle == case.handle
    assert (decision.note.case, decision.note.objects) == (case.handle, (held.id,))


def test_anothers_placement_is_answered_like_none(stage):
    """Same refusal, and the same note but for the id."""
    held = stage.held(stage.case("h").handle)
    for key in (held.id, token("nobody's")):
        decision = stage.court.decide(by_placement(key, OTHER))

        assert type(decision.outcome) is NotFoundError
        assert decision.note == Note(objects=(key,))


def test_a_case_shows_why_a_place_is_over(stage):
    """A hold that was given up is told from one that nobody moved into."""
    case = stage.case("h")
    held = stage.held(case.handle)
    stage.court.reply(release_hold(held.id))
    (shown,) = stage.court.reply(show_case(case.handle)).placements

    assert (shown.id, shown.cause) == (held.id, EndCause.RELEASED)


def test_a_case_shows_its_permits(stage):
    """Overrides even while they wait; of releases only those that are in force."""
    stage.tie("h", "2480")
    case = stage.case("h").handle
    stage.court.reply(check(case))
    release = released(stage, case)
    (waiting,) = stage.court.reply(propose_override(case)).ids
    found = stage.court.reply(show_case(case)).permits

    assert [(each.id, each.signed) for each in found] == [
        (waiting, False),
        (release, True),
    ]


def test_a_release_that_waits_is_not_shown(stage):
    """It would tell that a child is noted for the household."""
    stage.tie("h", "2480")
    case = stage.case("h", children=(0,)).handle
    stage.court.reply(check(case))
    released(stage, case)

    assert stage.court.reply(show_case(case)).permits == ()


def test_a_number_that_is_in_use_is_said(court):
    """Of the own municipality, of cases that are not closed; a retry says the same."""
    (first,) = court.reply(open_case("h", request="r")).ids
    second = court.reply(open_case("i"))
    elsewhere = court.reply(open_case("i", caller=OTHER))
    retried = court.reply(open_case("h", request="r"))
    for handle in (first, second.ids[0]):
        court.reply(close_case(handle))
    later = court.reply(open_case("j"))

    assert second.same_reference
    assert not any(each.same_reference for each in (elsewhere, retried, later))


# Closing


def test_a_closed_case_takes_no_questions(court, case):
    """Nothing is asked, closed or assessed any more, and the owner still sees it."""
    decision = court.decide(close_case(case))
    for late in (check(case), close_case(case), assess_case(case)):
        with pytest.raises(ClosedError):
            court.reply(late)

    assert decision.note.purpose == "DONE"
    assert court.reply(show_case(case)).closed


def closing(stage, case, reason="DONE"):
    """Close a case; return what happens."""
    return stage.court.decide(close_case(case, reason=reason)).outcome.events


@pytest.mark.parametrize("reason", ["DONE", "CONSENT_WITHDRAWN"])
def test_what_a_closed_case_holds_is_released(stage, reason):
    """Its placements count on, since somebody lives there; the police are told once."""
    case = stage.case("h").handle
    placed = stage.placed(case)
    held = [stage.held(case, area).id for area in ("0580", "1480")]
    events = closing(stage, case, reason)
    stage.work()
    alert = stage.alert()

    assert [each.id for each in events if isinstance(each, PlacementEnded)] == held
    assert {each.cause for each in events if isinstance(each, PlacementEnded)} == {
        EndCause.CASE_CLOSED
    }
    assert stage.state.placements[placed].state is PlacementState.ACTIVE
    assert (alert.kind, alert.case) == (AlertKind.CASE_CLOSED, case)
    assert alert.regions == ("nord", "ost", "syd", "vast")


@pytest.mark.parametrize(("reason", "told"), [("DONE", 0), ("CONSENT_WITHDRAWN", 1)])
def test_a_case_of_nobody_placed(stage, reason, told):
    """That it is done concerns nobody; that consent is withdrawn the police are told."""
    closing(stage, stage.case("h").handle, reason)

    assert len(list(stage.state.alerts)) == told


def test_a_hold_that_was_released_keeps_nobody_out(stage):
    """From the moment its case is closed."""
    ours, theirs = stage.rivals()
    stage.held(ours)
    closing(stage, ours, "CONSENT_WITHDRAWN")

    assert stage.held(theirs, caller=caseworker("0180"))


def test_a_case_shows_so_many_places(stage):
    """The newest ones."""
    case = stage.case("h")
    made = [stage.placement(case, "2480") for _ in range(MAX_SHOWN + 1)]
    found = stage.court.reply(show_case(case.handle)).placements

    assert [each.id for each in found] == made[:0:-1]


# Assessing


def test_an_assessment_records_facts_in_the_same_step(court):
    """Facts first, the assessment last; ids in order, then the change or nothing."""
    (handle,) = court.reply(open_case("h", "i")).ids
    member = Member(case=handle, position=1)
    facts = (
        draft(
            Affiliation,
            "affiliation",
            subject=member,
            group=token("A"),
            role=AffiliationRole.CORE,
            left_on=TODAY,
        ),
        presence("B"),
    )
    command = assess_case(handle, *facts, none_known=False, children=(1, 1, 0))
    written = court.reply(command)
    (affiliation,) = court.state.affiliations.of(subject("i"))
    assessed = court.state.cases[handle]

    assert written.ids == (facts[0].id, facts[1].id, b"")
    assert (affiliation.id, affiliation.left_on) == (facts[0].id, TODAY)
    assert (assessed.assessed_at, assessed.assessed_by) == (NOW, "co-01")
    assert assessed.children == (0, 1)


def test_an_assessment_waits_for_a_second_person_in_part(court, case):
    """The case is assessed; what needs a second person acts softly until then."""
    command = assess_case(case, rivalry(severity=3))
    *_, change = court.reply(command).ids

    assert change == command.change
    assert court.state.changes[change].records == (command.drafts[0].id,)


def test_an_assessment_says_something(court, case):
    """No fact and no word that there is none is no assessment."""
    assert field_of(court, assess_case(case, none_known=False)) == "none_known"


def test_an_assessment_has_limits(court, case):
    """More facts are recorded by themselves."""
    drafts = [presence("A") for _ in range(MAX_ASSESSED + 1)]

    assert field_of(court, assess_case(case, *drafts)) == "facts"
    assert len(court.reply(assess_case(case, *drafts[1:])).ids) == MAX_ASSESSED + 1


def test_children_are_of_the_household(court, case):
    """A position is one that the household has."""
    assert field_of(court, assess_case(case, children=(0, 2))) == "children[1]"


def test_no_case_no_assessment(court):
    """A handle that nobody drew is refused."""
    with pytest.raises(NotFoundError):
        court.reply(assess_case(token("nobody's"), caller=COORDINATOR))


def test_a_child_that_was_noted_stays(court):
    """Releasing its household needs two people, whatever is attested later."""
    (handle,) = court.reply(open_case("h", "i", "j")).ids
    for children in ((1,), (2,), ()):
        court.reply(assess_case(handle, children=children))

    assert court.state.cases[handle].children == (1, 2)
