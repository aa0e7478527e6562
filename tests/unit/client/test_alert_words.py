"""Alerts in words and objects: what each role is told, and no more."""

import pytest
from kit.alarmed import HOUR, case_alert, police_alert
from kit.asked import CASE, NOON
from placement_client.commands.alert_words import (
    CASE_HEADINGS,
    POLICE_HEADINGS,
    form,
    headings,
    line,
    must,
    row,
    to_data,
)

from placement.api.v1 import alert_service_pb2 as wire
from placement.api.v1.check_service_pb2 import ShowCaseResponse
from placement.errors import TamperedError

WAITING = [wire.ALERT_STATE_RAISED, wire.ALERT_STATE_ESCALATED, 9]
AGAIN = wire.ALERT_RAISING_AGAIN


@pytest.mark.parametrize("state", WAITING)
def test_a_caseworkers_sentence_is_the_same_while_nobody_has_seen_it(state):
    """Nothing in it depends on what happened."""
    assert must(form(case_alert(1, state))) == must(form(case_alert(1)))


def test_a_caseworker_reads_whom_to_phone_about_which_matter():
    """The own case number, the number that checks print, and what comes next."""
    case = ShowCaseResponse(reference="SN 7", contact="031-700 00 00")
    raised, closed = form(case_alert(1)), form(case_alert(1, wire.ALERT_STATE_CLOSED))

    assert must(raised, case) == (
        f"Phone the police about case SN 7 ({CASE.hex()}) before you do anything else: "
        f"031-700 00 00. When you have: placement alert ack {1:032x}"
    )
    assert must(closed, case) == (
        f"The alert about case SN 7 ({CASE.hex()}) is closed. Ask again before you go on."
    )
    assert row(raised, case)[3] == line(raised, case)[3] == must(raised, case)
    assert to_data(raised, case)["must"] == must(raised, case)


def test_an_alert_that_is_raised_again_says_so():
    """To a caseworker: phone again; the time is that of now, the first comes after."""
    made = case_alert(raising=AGAIN, told_at=NOON + HOUR)
    told, _, state, sentence = row(form(made))

    assert told == "2026-06-15 13:00:00"
    assert state == "RAISED again, first raised 2026-06-15 12:00:00"
    assert sentence.startswith("It was raised again, so phone again. Phone the police")
    assert must(form(case_alert())).startswith("Phone the police about case")


@pytest.mark.parametrize("raising", [wire.ALERT_RAISING_FIRST, AGAIN])
def test_what_was_acknowledged_does_not_call_for_a_call(raising):
    """It says who has it, as far as a municipality may know."""
    made = case_alert(1, wire.ALERT_STATE_ACKNOWLEDGED, raising=raising)

    assert must(form(made)).startswith(
        f"Your municipality has acknowledged the alert about case {CASE.hex()}; the "
        "police have it, too."
    )


@pytest.mark.parametrize("made", [case_alert, police_alert])
def test_what_was_raised_and_closed_while_nobody_watched(made):
    """One line tells both."""
    closed = made(1, wire.ALERT_STATE_CLOSED, told_at=NOON + HOUR)
    cells = line(form(closed))

    assert cells[0] == "2026-06-15 13:00:00"
    assert "CLOSED, raised 2026-06-15 12:00:00" in cells


@pytest.mark.parametrize(
    ("state", "given", "expected"),
    [
        (wire.ALERT_STATE_RAISED, {}, "RAISED"),
        (wire.ALERT_STATE_RAISED, {"raising": AGAIN}, "RAISED again"),
        (wire.ALERT_STATE_ESCALATED, {"raising": AGAIN}, "ESCALATED, raised again"),
        (
            wire.ALERT_STATE_RAISED,
            {"seen": True, "told_at": NOON + HOUR},
            "RAISED, raised 2026-06-15 12:00:00, the municipality has seen it",
        ),
        (
            wire.ALERT_STATE_CLOSED,
            {"raising": AGAIN, "closing": wire.ALERT_CLOSING_MOVED},
            "CLOSED (MOVED), raised again",
        ),
    ],
)
def test_a_coordinator_sees_what_changed(state, given, expected):
    """Also that the municipality acknowledged it, which changes nothing else."""
    assert line(form(police_alert(1, state, **given)))[5] == expected


@pytest.mark.parametrize("made", [case_alert, police_alert])
def test_a_service_that_does_not_say_when_it_changed(made):
    """Then it is when it was raised."""
    alert = form(made(told_at=0))

    assert row(alert)[0] == "2026-06-15 12:00:00"
    assert to_data(alert)["told_at"] == "2026-06-15T10:00:00.000000Z"


def test_a_caseworkers_object_has_no_cause():
    """These keys and no others, always."""
    assert to_data(form(case_alert(3))) == {
        "alert_id": f"{3:032x}",
        "case_handle": CASE.hex(),
        "state": "RAISED",
        "raised_at": "2026-06-15T10:00:00.000000Z",
        "revision": 3,
        "told_at": "2026-06-15T10:00:00.000000Z",
        "raising": "FIRST",
        "must": must(form(case_alert(3))),
    }


def test_a_coordinators_object_has_what_the_service_sent():
    """Words are null where there are none."""
    data = to_data(form(police_alert(3)))
    closed = to_data(
        form(
            police_alert(
                4,
                wire.ALERT_STATE_CLOSED,
                closing=wire.ALERT_CLOSING_NO_DANGER,
                kind=wire.ALERT_KIND_CASE_CLOSED,
                verdict=0,
                before=0,
                owner="co-01",
            )
        )
    )

    assert data == {
        "alert_id": f"{3:032x}",
        "case_handle": CASE.hex(),
        "placement_id": "07" * 16,
        "kind": "WORSE",
        "verdict": "CONFLICT",
        "before": "CLEAR",
        "state": "RAISED",
        "regions": ["syd", "vast"],
        "owner": "",
        "acknowledge_by": "2026-06-15T11:00:00.000000Z",
        "raised_at": "2026-06-15T10:00:00.000000Z",
        "revision": 3,
        "closing": None,
        "told_at": "2026-06-15T10:00:00.000000Z",
        "raising": "FIRST",
        "seen": False,
    }
    assert (closed["verdict"], closed["before"]) == (None, None)
    assert (closed["kind"], closed["closing"]) == ("CASE_CLOSED", "NO_DANGER")


def test_a_row_has_a_cell_for_each_heading():
    """For both roles."""
    for made, known in (
        (case_alert(), CASE_HEADINGS),
        (police_alert(), POLICE_HEADINGS),
    ):
        alert = form(made)

        assert headings(alert) == known
        assert len(row(alert)) == len(known)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (wire.ALERT_KIND_WORSE, "the picture got worse"),
        (wire.ALERT_KIND_FOLLOW_UP, "the day to look again has come"),
        (wire.ALERT_KIND_CASE_CLOSED, "the case was closed"),
        (9, "9"),
    ],
)
def test_what_happened_is_said(kind, words):
    """What a newer service says is shown by its number, and not hidden."""
    assert line(form(police_alert(kind=kind)))[3] == words


def test_a_closed_alert_says_why():
    """Beside its state, with who had it."""
    cells = line(
        form(
            police_alert(
                state=wire.ALERT_STATE_CLOSED,
                closing=wire.ALERT_CLOSING_MOVED,
                owner="co-01",
                verdict=0,
            )
        )
    )

    assert cells[2] == "-, was CLEAR"
    assert cells[5] == "CLOSED (MOVED)"
    assert cells[-1] == "owner co-01"


@pytest.mark.parametrize(
    "alert", [case_alert(), police_alert()], ids=["caseworker", "coordinator"]
)
def test_an_instant_beyond_every_calendar_is_refused(alert):
    """No honest service sends one."""
    found = form(alert)
    found.told_at = 1 << 63
    for told in (row, to_data):
        with pytest.raises(TamperedError):
            told(found)


def test_an_alert_without_a_form_is_none():
    """Of no role."""
    with pytest.raises(TamperedError):
        form(wire.Alert())
