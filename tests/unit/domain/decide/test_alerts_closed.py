"""How an alert ends: by whoever has it, who says why."""

import pytest
from kit.commands import caseworker, coordinator
from kit.steps import acknowledge, close_alert, hand_over, move_out

from placement.domain.terms import MICROS_AN_HOUR, AlertClosing, AlertState
from placement.errors import ConflictError

MALMO, UMEA, VAST = caseworker(), coordinator("nord"), coordinator("vast")
LATER = coordinator("nord", "co-02")


def test_only_what_somebody_took_on_is_closed(stage, alert):
    """And it says why."""
    command = close_alert(alert, caller=UMEA, closing=AlertClosing.NO_DANGER)
    with pytest.raises(ConflictError):
        stage.court.reply(command)
    stage.court.reply(acknowledge(alert, caller=UMEA))
    stage.court.reply(command)
    found = stage.alert()

    assert (found.state, found.closing) == (
        AlertState.CLOSED,
        AlertClosing.NO_DANGER,
    )


def test_an_escalated_alert_is_taken_on_before_it_is_closed(stage, alert):
    """Late, but by somebody."""
    stage.court.later(MICROS_AN_HOUR)
    stage.work()
    with pytest.raises(ConflictError):
        stage.court.reply(close_alert(alert, caller=UMEA))
    stage.court.reply(acknowledge(alert, caller=UMEA))
    stage.court.reply(close_alert(alert, caller=UMEA))

    assert stage.alert().state is AlertState.CLOSED


@pytest.mark.parametrize("colleague", [VAST, LATER], ids=["region", "person"])
def test_what_another_has_is_taken_over_before_it_is_closed(stage, alert, colleague):
    """Whoever has it believes that they do."""
    if colleague.organisation == "vast":
        stage.court.reply(hand_over(alert, "vast", caller=UMEA))
    stage.court.reply(acknowledge(alert, caller=UMEA))
    with pytest.raises(ConflictError):
        stage.court.reply(close_alert(alert, caller=colleague))
    stage.court.reply(acknowledge(alert, caller=colleague))
    stage.court.reply(close_alert(alert, caller=colleague))

    assert stage.alert().state is AlertState.CLOSED


def test_nobody_moved_away_from_where_they_are(stage, alert):
    """The move is registered first."""
    stage.court.reply(acknowledge(alert, caller=UMEA))
    command = close_alert(alert, caller=UMEA, closing=AlertClosing.MOVED)
    with pytest.raises(ConflictError):
        stage.court.reply(command)
    stage.court.reply(move_out(stage.alert().placement, caller=MALMO))
    stage.court.reply(command)

    assert stage.alert().closing is AlertClosing.MOVED


def test_what_is_closed_stays_so(stage, alert):
    """A retry finds that it was closed; anything else contradicts it."""
    stage.court.reply(acknowledge(alert, caller=UMEA))
    shown = stage.alert().revision
    command = close_alert(alert, caller=UMEA, request="r", shown=shown)
    stage.court.reply(command)
    closed = stage.alert()
    stage.court.reply(command)
    for late in (
        acknowledge(alert, caller=UMEA),
        acknowledge(alert, caller=MALMO),
        hand_over(alert, caller=UMEA, region="vast"),
        close_alert(alert, caller=UMEA),
    ):
        with pytest.raises(ConflictError):
            stage.court.reply(late)

    assert stage.alert() == closed
