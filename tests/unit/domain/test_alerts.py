"""Alerts: one a placement and kind, and by when somebody has to acknowledge them."""

from dataclasses import replace
from datetime import datetime

import pytest
from kit.world import NOW, token

from placement.domain.alerts import Alert, Alerts, acknowledge_by
from placement.domain.terms import (
    MICROS_AN_HOUR,
    STOCKHOLM,
    AlertKind,
    AlertState,
    Micros,
    Verdict,
)


def alert(name: str = "a", **given) -> Alert:
    """Return an alert about the place of its name."""
    return replace(
        Alert(
            id=token(name),
            kind=AlertKind.WORSE,
            case=token("case"),
            placement=token(name),
            organisation="1280",
            before=Verdict.CLEAR,
            verdict=Verdict.REVIEW,
            regions=("syd",),
            raised_at=NOW,
            acknowledge_by=NOW + 9,
        ),
        **given,
    )


def put(*each: Alert) -> Alerts:
    alerts = Alerts()
    for one in each:
        alerts.put(one)
    return alerts


def open_of(alerts: Alerts, one: Alert) -> Alert | None:
    return alerts.open_of(one.kind, one.case, one.placement)


def test_an_alert_is_open_until_it_is_closed():
    """Then the next one about the same is another."""
    first = alert()
    alerts = put(first)
    found = open_of(alerts, first)
    alerts.change(first.id, state=AlertState.CLOSED)
    closed = open_of(alerts, first)
    second = alert(id=token("b"))
    alerts.put(second)

    assert (found, closed, open_of(alerts, first)) == (first, None, second)
    assert list(alerts.not_closed()) == [second]


def test_a_closed_alert_closes_no_other():
    """Put again, as in a snapshot, it leaves the one that is open."""
    closed = alert(state=AlertState.CLOSED)
    second = alert(id=token("b"))
    alerts = put(closed, second, closed)

    assert open_of(alerts, closed) == second


def test_kinds_are_apart():
    """A day to look again is another matter than a picture that got worse."""
    worse, again = alert(), alert(id=token("b"), kind=AlertKind.FOLLOW_UP)
    alerts = put(worse, again)

    assert (open_of(alerts, worse), open_of(alerts, again)) == (worse, again)


def test_an_alert_is_found():
    """By its id, or not."""
    one = alert()
    alerts = put(one)

    assert (alerts[one.id], alerts.get(one.id)) == (one, one)
    assert alerts.get(token("nobody's")) is None
    with pytest.raises(KeyError):
        alerts.change(token("nobody's"), seen=True)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (AlertState.RAISED, True),
        (AlertState.ACKNOWLEDGED, False),
        (AlertState.ESCALATED, False),
        (AlertState.CLOSED, False),
    ],
)
def test_what_is_overdue(state, waits):
    """What nobody acknowledged and did not escalate, to the microsecond."""
    one = alert(state=state)
    alerts = put(alert(), one)
    got = [alerts.overdue(NOW + micros) for micros in (8, 9)]

    assert one.waits is waits
    assert got == [[], [one] if waits else []]


def test_what_changed_after_a_revision():
    """The one that changed last at the end; each once, as it stands."""
    alerts = put(alert("a", revision=3), alert("b", revision=5))
    alerts.change(token("a"), seen=True, revision=7)
    got = [
        [each.revision for each in alerts.changed_after(revision)]
        for revision in (2, 4, 5, 7)
    ]

    assert got == [[5, 7], [5, 7], [7], []]
    assert [each.revision for each in alerts] == [5, 7]


def micros(text: str) -> Micros:
    """Return an instant of Stockholm."""
    local = datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)
    return Micros(int(local.timestamp()) * 1_000_000)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-15 10:00", "2026-06-17 00:00"),
        ("2026-06-15 23:59", "2026-06-17 00:00"),
        ("2026-06-18 10:00", "2026-06-20 00:00"),
        ("2026-06-19 10:00", "2026-06-23 00:00"),
        ("2026-06-20 10:00", "2026-06-23 00:00"),
        ("2026-06-21 10:00", "2026-06-23 00:00"),
        ("2026-06-22 00:00", "2026-06-24 00:00"),
        ("2026-10-23 12:00", "2026-10-27 00:00"),
        ("2027-03-26 12:00", "2027-03-30 00:00"),
        ("2028-02-28 12:00", "2028-03-01 00:00"),
        ("2026-12-31 12:00", "2027-01-02 00:00"),
    ],
    ids=[
        *("Monday", "Monday night", "Thursday", "Friday", "Saturday", "Sunday"),
        *("Monday morning", "winter time", "summer time", "leap day", "new year"),
    ],
)
@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.REVIEW])
def test_the_next_working_day(verdict, now, expected):
    """Until it is over, in Stockholm."""
    assert acknowledge_by(verdict, micros(now), 1) == micros(expected)


@pytest.mark.parametrize("now", ["2026-06-19 23:30", "2026-10-25 02:30"])
def test_a_conflict_has_hours(now):
    """At night, on weekends, whatever the clock on the wall does."""
    got = acknowledge_by(Verdict.CONFLICT, micros(now), 1)

    assert got == micros(now) + MICROS_AN_HOUR
