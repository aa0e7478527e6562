"""Alerts: who gets them, who has them, how they end."""

from itertools import pairwise

import pytest
from kit.commands import (
    AUDITOR,
    NATIONAL,
    caseworker,
    close_case,
    coordinator,
    field_of,
)
from kit.steps import (
    acknowledge,
    close_alert,
    hand_over,
    list_alerts,
    move_out,
    show_alert,
    tell_alerts,
    watch_alerts,
)
from kit.world import NOW, token

from placement.access import NATIONAL as UNIT
from placement.access import POLICE_REGIONS
from placement.domain.decide import alerts
from placement.domain.decide.alerts import Followed, concerns
from placement.domain.decide.explaining import Hidden, Visible
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AlertKind,
    AlertState,
    Verdict,
)
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

OPEN = "2480"
MALMO, UMEA, BOTH = caseworker(), coordinator("nord"), ("nord", "syd")
SYD = coordinator("syd")
VAST = coordinator("vast")


# Whose they are


def test_an_alert_concerns_both_ends(stage, alert):
    """The municipality, the regions of both, the national unit; nobody else."""
    found = stage.alert()
    regions = [
        region
        for region in (*POLICE_REGIONS, UNIT)
        if concerns(found, coordinator(region))
    ]
    towns = [town for town in ("1280", OPEN) if concerns(found, caseworker(town))]

    assert (sorted(regions), towns) == (["national", "nord", "syd"], ["1280"])


@pytest.mark.parametrize(
    ("caller", "found"),
    [(MALMO, 1), (UMEA, 1), (SYD, 1), (NATIONAL, 1), (VAST, 0), (caseworker(OPEN), 0)],
    ids=["own", "there", "here", "national", "elsewhere", "the other town"],
)
def test_a_list_holds_the_own(stage, alert, caller, found):
    """Everybody sees theirs, and the log which they saw."""
    decision = stage.court.decide(list_alerts(caller))
    reply = decision.outcome.reply

    assert (len(reply.alerts), reply.more) == (found, False)
    assert decision.note.objects == (alert,) * found


def test_a_list_is_of_what_is_open_oldest_first(stage, alert, monkeypatch):
    """Closed ones are gone from it, and it has an end."""
    older = stage.alert()
    stage.court.later(1)
    stage.placed(stage.case("i").handle)
    stage.tie("i", OPEN, danger=True)
    stage.work()
    both = [each.id for each in stage.court.reply(list_alerts(UMEA)).alerts]
    monkeypatch.setattr(alerts, "MAX_LISTED", 1)
    some = stage.court.reply(list_alerts(UMEA))
    stage.court.reply(acknowledge(alert, caller=UMEA))
    stage.court.reply(close_alert(alert, caller=UMEA))
    rest = stage.court.reply(list_alerts(UMEA)).alerts

    assert both[0] == older.id
    assert ([each.id for each in some.alerts], some.more) == (both[:1], True)
    assert [each.id for each in rest] == both[1:]


@pytest.mark.parametrize("caller", [VAST, caseworker(OPEN)], ids=["region", "town"])
def test_anothers_alert_is_answered_like_none(stage, alert, caller):
    """What is not yours does not exist; to an auditor there are none at all."""
    for key in (alert, token("nobody's")):
        with pytest.raises(NotFoundError):
            stage.court.reply(acknowledge(key, caller=caller))
    with pytest.raises(AccessDeniedError):
        stage.court.reply(list_alerts(AUDITOR))


def test_only_a_coordinator_sees_a_cause(stage, alert):
    """A municipality phones."""
    for command in (
        show_alert(alert, MALMO),
        hand_over(alert, caller=MALMO),
        close_alert(alert, caller=MALMO),
    ):
        with pytest.raises(AccessDeniedError):
            stage.court.reply(command)


# Following


@pytest.mark.parametrize("since", [None, 0, 5])
def test_following_goes_on_behind_a_revision(stage, since):
    """Whatever was reached once."""
    assert stage.court.reply(watch_alerts(since)) == Followed(since=since)


def test_a_revision_that_is_none(stage):
    """It is of another log, and nothing may be passed by."""
    with pytest.raises(StaleError):
        stage.court.reply(watch_alerts(stage.state.revision + 1))


def test_what_is_told_stands_in_the_log(stage, alert):
    """Who follows reads, too."""
    decision = stage.court.decide(tell_alerts(alert))

    assert (decision.outcome.events, decision.note.objects) == ((), (alert,))


# The cause


def test_a_cause_is_shown_as_it_stands(stage, alert):
    """To the national unit every fact; to a region its own, and that others are."""
    every = stage.court.decide(show_alert(alert, NATIONAL))
    region = stage.court.decide(show_alert(alert, UMEA))
    links = {
        type(link) for reason in every.outcome.reply.reasons for link in reason.links
    }
    hidden = [reason.links for reason in region.outcome.reply.reasons]

    assert links == {Visible}
    assert hidden == [(Hidden("stockholm"),)]
    assert every.note.verdicts == (Verdict.CONFLICT,)
    assert every.note.candidates == (OPEN,)
    assert every.note.case == stage.alert().case


def test_a_placement_that_ended_has_no_cause_any_more(stage, alert):
    """What the place would be worth is nobody's business then."""
    stage.court.reply(move_out(stage.alert().placement))
    decision = stage.court.decide(show_alert(alert, NATIONAL))

    assert decision.outcome.reply.reasons == ()
    assert decision.note.candidates == ()


def test_the_cause_of_an_unassessed_case(stage):
    """Its municipality is told UNKNOWN; the police know what they know."""
    stage.affiliation("h", "A")
    stage.presence("A", OPEN)
    stage.placement(stage.case("h", assessed=False), OPEN)
    stage.work()
    shown = stage.court.reply(show_alert(stage.alert().id, NATIONAL))

    assert [reason.rule for reason in shown.reasons] == ["R1"]


def test_a_closed_case_tells_the_police(stage):
    """The alert is about the case alone: no placement, no cause, no municipality."""
    case = stage.case("h").handle
    stage.court.reply(close_case(case, reason="CONSENT_WITHDRAWN"))
    alert = stage.alert()
    shown = stage.court.reply(show_alert(alert.id, SYD))

    assert (alert.kind, alert.organisation) == (AlertKind.CASE_CLOSED, "")
    assert (shown.placement, shown.reasons) == (None, ())
    assert not concerns(alert, MALMO)


# Taking on, handing over


def test_whoever_acknowledges_owns_it(stage, alert):
    """And the next one who does takes it over."""
    decision = stage.court.decide(acknowledge(alert, caller=UMEA))
    first = stage.alert()
    stage.court.reply(acknowledge(alert, caller=SYD))
    second = stage.alert()

    assert (first.state, first.owner, first.owner_region) == (
        AlertState.ACKNOWLEDGED,
        "co-01",
        "nord",
    )
    assert second.owner_region == "syd"
    assert (decision.note.case, decision.note.objects) == (first.case, (alert,))


def test_a_municipality_has_seen_it(stage, alert):
    """That is all: it waits for a coordinator as before."""
    stage.court.reply(acknowledge(alert, caller=MALMO))
    found = stage.alert()

    assert (found.seen, found.state, found.owner) == (True, AlertState.RAISED, "")


def test_what_is_acknowledged_is_what_was_shown(stage, alert):
    """An alert that was raised again since has to be looked at again."""
    shown = stage.alert().revision
    stage.court.reply(acknowledge(alert, caller=UMEA, shown=shown))
    stage.tie("h", OPEN, danger=True)
    stage.work()
    for command in (
        acknowledge(alert, caller=UMEA, shown=shown),
        acknowledge(alert, caller=MALMO, shown=shown),
        hand_over(alert, caller=UMEA, shown=shown),
        close_alert(alert, caller=UMEA, shown=shown),
    ):
        with pytest.raises(StaleError):
            stage.court.reply(command)
    stage.court.reply(acknowledge(alert, caller=UMEA, shown=stage.alert().revision))

    assert stage.alert().state is AlertState.ACKNOWLEDGED


@pytest.mark.parametrize("beside", [-1, 1, 1_000_000])
@pytest.mark.parametrize("kind", [acknowledge, hand_over, close_alert])
def test_only_what_was_shown_is_handled(stage, alert, kind, beside):
    """A number that the alert never had was shown to nobody."""
    stage.court.reply(acknowledge(alert, caller=SYD))
    before = stage.alert()
    command = kind(alert, caller=UMEA, shown=before.revision + beside)
    with pytest.raises(StaleError):
        stage.court.reply(command)

    assert stage.alert() == before


def test_whoever_saw_it_before_another_took_it_looks_again(stage, alert):
    """Nobody takes over from somebody unawares."""
    shown = stage.alert().revision
    stage.court.reply(acknowledge(alert, caller=SYD, shown=shown))
    with pytest.raises(StaleError):
        stage.court.reply(acknowledge(alert, caller=UMEA, shown=shown))

    assert stage.alert().owner_region == "syd"


def test_a_municipality_knows_its_own_revision(stage, alert):
    """What the police do meanwhile is not shown to it, nor asked of it."""
    shown = stage.alert().told
    stage.court.reply(acknowledge(alert, caller=UMEA))
    with pytest.raises(StaleError):
        stage.court.reply(
            acknowledge(alert, caller=MALMO, shown=stage.alert().revision)
        )
    stage.court.reply(acknowledge(alert, caller=MALMO, shown=shown))

    assert stage.alert().seen


def test_another_region_gets_it_too(stage, alert):
    """Until somebody takes it on there, it waits; nobody loses sight of it."""
    stage.court.reply(acknowledge(alert, caller=UMEA))
    stage.court.later(MICROS_AN_HOUR // 2)
    stage.court.reply(hand_over(alert, "vast", caller=UMEA))
    found = stage.alert()

    assert found.regions == ("nord", "syd", "vast")
    assert (found.state, found.owner, found.owner_region) == (AlertState.RAISED, "", "")
    assert found.acknowledge_by == NOW + MICROS_AN_HOUR * 3 // 2
    assert concerns(found, UMEA)


def test_passing_on_gains_no_time(stage, alert):
    """Whoever lets it wait and hands it over lets it wait; escalated it stays so."""
    stage.court.later(MICROS_AN_HOUR // 2)
    stage.court.reply(hand_over(alert, "vast", caller=UMEA))
    waits = stage.alert()
    stage.court.later(MICROS_AN_HOUR)
    stage.work()
    stage.court.reply(hand_over(alert, "mitt", caller=VAST))
    found = stage.alert()

    assert (waits.state, waits.acknowledge_by) == (
        AlertState.RAISED,
        NOW + MICROS_AN_HOUR,
    )
    assert (found.state, found.acknowledge_by) == (
        AlertState.ESCALATED,
        NOW + MICROS_AN_HOUR,
    )


@pytest.mark.parametrize("region", ["", "Syd", "1280", "elsewhere"])
def test_what_is_no_region(stage, alert, region):
    """An alert is not handed to nobody."""
    command = hand_over(alert, region, caller=UMEA)

    assert field_of(stage.court, command) == "region"


def test_who_has_it_is_not_given_it(stage, alert):
    """Handing to one's own would start the time anew."""
    with pytest.raises(ConflictError):
        stage.court.reply(hand_over(alert, "syd", caller=UMEA))


def test_what_the_municipality_sees_of_the_police(stage, alert):
    """Only what it does itself, a new alarm and the end are news to it."""
    told = [stage.alert().told]
    for command in (
        acknowledge(alert, caller=UMEA),
        hand_over(alert, "vast", caller=UMEA),
        acknowledge(alert, caller=MALMO),
        acknowledge(alert, caller=UMEA),
        close_alert(alert, caller=UMEA),
    ):
        stage.court.reply(command)
        told.append(stage.alert().told)
    news = [after > before for before, after in pairwise(told)]

    assert news == [False, False, True, False, True]
