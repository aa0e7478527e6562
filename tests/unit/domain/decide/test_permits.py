"""Releases and overrides: who may be placed despite what was answered."""

import pytest
from kit.commands import (
    NATIONAL,
    SECOND,
    assess_case,
    attest,
    caseworker,
    check,
    close_case,
    coordinator,
    end_facts,
    field_of,
)
from kit.permitted import holds, released, seen
from kit.steps import (
    confirm,
    explain,
    hold,
    move_in,
    propose_override,
    release_place,
    show_override,
    sign_override,
)
from kit.world import NOW, TODAY, day, token

from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    PermitGround,
    PlacementState,
    Verdict,
    Window,
)
from placement.errors import ClosedError, ConflictError, NotFoundError, StaleError

OPEN = "2480"
OTHER = caseworker("0180")
VAST = coordinator("vast")
PERMITTED = 336 * MICROS_AN_HOUR


@pytest.fixture
def case(stage):
    """The handle of h, for whom 2480 is a REVIEW that was answered."""
    stage.tie("h", OPEN)
    handle = stage.case("h").handle
    stage.court.reply(check(handle))
    return handle


# Explaining


def test_a_place_is_explained(stage, case):
    """What it is worth and why, to a coordinator of the case's own region."""
    decision = stage.court.decide(explain(case, caller=NATIONAL))
    reply = decision.outcome.reply

    assert (reply.verdict, [each.rule for each in reply.reasons]) == (
        Verdict.REVIEW,
        ["R6"],
    )
    assert (len(reply.seen), reply.needs_second) == (32, False)
    assert decision.note.verdicts == (Verdict.REVIEW,)
    assert (decision.note.case, decision.note.reference) == (case, "SN 1")


def test_only_what_was_asked_about_is_explained(stage, case):
    """Going through the country would list who is placed where."""
    assert field_of(stage.court, explain(case, area="0580")) == "candidate.area"
    assert (
        field_of(stage.court, release_place(case, b"", area="0580")) == "candidate.area"
    )


def test_where_somebody_stands_is_explained(stage, case):
    """Nobody asked, but somebody lives there."""
    stage.placement(stage.state.cases[case], "0580")

    assert stage.court.reply(explain(case, area="0580")).verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"window": Window(start=day(2), end=day(2))}, "window.end_day"),
        ({"window": Window(start=day(-2), end=day(0))}, "window.end_day"),
        ({"facility": "nowhere"}, "candidate.facility"),
    ],
)
def test_a_place_has_a_form(stage, case, given, field):
    """Days to come, and a house that is there."""
    assert field_of(stage.court, explain(case, **given)) == field
    assert field_of(stage.court, propose_override(case, **given)) == field


def test_another_regions_case_is_answered_like_none(stage, case):
    """What is not yours does not exist."""
    (permit,) = stage.court.reply(propose_override(case)).ids
    for command in (
        explain(case, caller=VAST),
        release_place(case, b"", caller=VAST),
        show_override(permit, VAST),
        sign_override(permit, caller=VAST),
        propose_override(case, caller=OTHER),
        explain(token("nobody's")),
        show_override(token("nobody's")),
    ):
        with pytest.raises(NotFoundError):
            stage.court.reply(command)


# Releasing


def test_a_released_place_is_held(stage, case):
    """Under the permit, which stands at the hold and is used."""
    refused = holds(stage, case)
    decision = stage.court.decide(release_place(case, seen(stage, case)))
    permit, change = decision.outcome.made
    held = stage.held(case)
    kept = stage.state.permits[permit]

    assert (refused, change) == (False, b"")
    assert held.permit == permit
    assert (kept.signed, kept.used, kept.ground) == (True, True, PermitGround.RELEASED)
    assert kept.expires_at == decision.outcome.reply.expires_at == NOW + PERMITTED
    assert decision.note.verdicts == (Verdict.REVIEW,)


def test_the_whole_way_under_a_release(stage, case):
    """Confirmed and moved into, each time assessed and covered."""
    permit = released(stage, case)
    held = stage.held(case)
    stage.court.reply(confirm(held.id))
    reply = stage.court.reply(move_in(held.id))
    found = stage.state.placements[held.id]

    assert (reply.answer.verdict, reply.moved_in) == (Verdict.REVIEW, True)
    assert (found.permit, found.state) == (permit, PlacementState.ACTIVE)


def test_a_release_covers_what_was_seen(stage, case):
    """Whatever is added afterwards nobody released: no hold, no confirmation."""
    released(stage, case)
    held = stage.held(case)
    stage.presence("A", OPEN, "occasional")
    stage.affiliation("h", "A")
    reply = stage.court.reply(confirm(held.id))

    assert (reply.answer.verdict, reply.state) == (Verdict.REVIEW, PlacementState.HELD)
    assert not holds(stage, case)


def test_a_release_for_another_picture(stage, case):
    """What changed between looking and releasing has to be looked at again."""
    digest = seen(stage, case)
    stage.tie("h", OPEN, start=-30)
    with pytest.raises(StaleError):
        stage.court.reply(release_place(case, digest))

    assert released(stage, case)


def test_a_finding_that_goes_is_no_new_one(stage, case):
    """Whoever released two reasons released each of them."""
    second = stage.tie("h", OPEN, start=-30)
    released(stage, case)
    stage.retract(second)

    assert holds(stage, case)


def test_a_picture_that_lapses_is_not_covered(stage, case):
    """A release rests on a fresh picture, if it was."""
    long = Window(start=TODAY)
    released(stage, case, window=long)
    stage.state.attestations.clear()
    stage.court.later(13 * MICROS_A_DAY)
    before = holds(stage, case, window=long)
    stage.state.coverage = type(stage.state.coverage)()

    assert before
    assert not holds(stage, case, window=long)


@pytest.mark.parametrize(
    "given",
    [
        {"area": "0580"},
        {"area": OPEN, "window": Window(start=TODAY)},
        {"area": OPEN, "window": Window(start=day(-1), end=day(5))},
        {"area": OPEN, "window": Window(start=TODAY, end=day(31))},
    ],
    ids=["elsewhere", "for ever", "earlier", "longer"],
)
def test_a_release_is_for_one_place_and_its_days(stage, case, given):
    """Everything else is another question."""
    stage.tie("h", "0580")
    released(stage, case, window=Window(start=TODAY, end=day(30)))
    inside = holds(stage, case, window=Window(start=day(1), end=day(30)))
    area = given.pop("area")

    assert inside
    assert stage.court.reply(hold(case, area, **given)).answers[0].hold is None


def test_a_release_is_for_one_house(stage):
    """Leave for a house is none for the town, nor the other way round."""
    stage.facility("house", "firm", OPEN)
    stage.tie("h", OPEN)
    case = stage.case("h").handle
    stage.court.reply(check(case))
    released(stage, case, facility="house")

    assert not holds(stage, case)


@pytest.mark.parametrize(("micros", "covers"), [(-1, True), (0, False)])
def test_a_release_lapses(stage, case, micros, covers):
    """To the microsecond."""
    released(stage, case)
    stage.court.later(PERMITTED + micros)

    assert holds(stage, case) is covers


def test_unknown_is_released_too(stage):
    """The coordinator has then looked."""
    stage.state.coverage = type(stage.state.coverage)()
    case = stage.case("h").handle
    stage.court.reply(check(case))
    released(stage, case)

    assert stage.held(case).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("what", ["clear", "conflict", "unassessed", "closed"])
def test_what_is_not_released(stage, what):
    """What needs none, what needs more, and what nobody knows."""
    refused = ClosedError if what == "closed" else ConflictError
    handle = stage.case("h", assessed=what != "unassessed").handle
    stage.court.reply(hold(handle) if what == "unassessed" else check(handle))
    if what == "unassessed":
        stage.placement(stage.state.cases[handle], OPEN)
    if what == "conflict":
        stage.tie("h", OPEN, danger=True)
    digest = seen(stage, handle)
    if what == "closed":
        stage.court.reply(close_case(handle))
    with pytest.raises(refused):
        stage.court.reply(release_place(handle, digest))

    assert stage.state.permits == {}


def test_a_release_that_is_retried(stage, case):
    """It finds the permit, and when that lapses."""
    command = release_place(case, seen(stage, case), request="r")
    first = stage.court.reply(command)
    stage.tie("h", OPEN, danger=True)

    assert stage.court.reply(command) == first
    assert len(stage.state.permits) == 1


def test_who_ended_a_danger_does_not_release_alone(stage):
    """Of what one may end at all; another coordinator may."""
    stage.affiliation("h", "A")
    stage.rivalry("A", "B", severity=2)
    fact = stage.alliance("B", "C")
    stage.presence("C", OPEN)
    case = stage.case("h").handle
    before = stage.court.reply(check(case, OPEN)).answers[0].verdict
    stage.court.reply(end_facts((fact, 0), caller=NATIONAL))
    shown = stage.court.reply(explain(case, caller=NATIONAL))
    release = release_place(case, shown.seen, caller=NATIONAL)
    _, change = stage.court.decide(release).outcome.made
    waits = holds(stage, case)

    assert (before, shown.verdict) == (Verdict.REVIEW, Verdict.REVIEW)
    assert shown.needs_second
    assert change
    assert not waits
    assert not stage.court.reply(explain(case)).needs_second
    assert released(stage, case)
    assert holds(stage, case)


# What was seen


def test_nobody_releases_what_another_was_shown(stage, case):
    """Nor what they were shown of other days, or of another place."""
    stage.facility("house", "firm", OPEN)
    short = Window(start=TODAY, end=day(10))
    shown = [
        seen(stage, case, caller=SECOND),
        seen(stage, case, caller=NATIONAL),
        seen(stage, case, window=short),
        seen(stage, case, facility="house"),
    ]
    for digest in shown:
        with pytest.raises(StaleError):
            stage.court.reply(release_place(case, digest))

    assert len({*shown, seen(stage, case)}) == 5
    assert released(stage, case)


def test_nobody_signs_what_another_was_shown(stage, case):
    """Nor what they were shown of the place without the override."""
    first, second = (stage.court.reply(propose_override(case)).ids[0] for _ in range(2))
    shown = [
        stage.court.reply(show_override(first, SECOND)).explained.seen,
        stage.court.reply(show_override(second)).explained.seen,
        seen(stage, case),
    ]
    for digest in shown:
        with pytest.raises(StaleError):
            stage.court.reply(sign_override(first, digest))
    own = stage.court.reply(show_override(first)).explained.seen

    assert own not in shown
    assert stage.court.reply(sign_override(first, own))


def test_a_child_that_came_later(stage, case):
    """What one coordinator released without a child needs a second with one."""
    released(stage, case)
    stage.court.reply(assess_case(case, children=(0,)))

    assert not holds(stage, case)


def test_the_first_permit_that_covers_is_used(stage, case):
    """A lapsed or unsigned one does not stand in the way of the next."""
    stage.court.reply(propose_override(case))
    stage.court.reply(attest(caller=NATIONAL))
    permit = released(stage, case)

    assert stage.held(case).permit == permit
