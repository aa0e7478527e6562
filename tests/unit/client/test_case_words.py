"""What is held and placed for a case: in a row, an object, and before it lapses."""

import pytest
from kit.asked import CASE, NOON, day
from kit.held import HOLD, PLACED
from placement_client.commands.case_words import (
    cells,
    permit_cells,
    permit_data,
    permit_reminders,
    reminders,
    to_data,
)

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState, Window

HOUR = 3_600_000_000
HELD = check.OwnPlacement(
    placement_id=HOLD,
    place=check.Candidate(area="1480", facility=CASE),
    window=Window(start_day=day("2026-06-15"), end_day=day("2026-09-01")),
    state=PlacementState.PLACEMENT_STATE_HELD,
    expires_at=NOON + 72 * HOUR,
)
LIVED_IN = check.OwnPlacement(
    placement_id=PLACED,
    place=check.Candidate(area="1280"),
    window=Window(start_day=day("2026-01-01")),
    state=PlacementState.PLACEMENT_STATE_ACTIVE,
    moved_in=True,
    moved_in_day=day("2026-01-03"),
)


def test_a_hold_is_a_row():
    """Where, for which days, and when it lapses."""
    assert cells(HELD, NOON) == (
        *(HOLD.hex(), "1480", "Göteborg", CASE.hex(), "2026-06-15 to 2026-09-01"),
        *("held", "2026-06-18 12:00 Stockholm time", "no"),
    )


def test_a_placement_is_a_row():
    """It lapses never, and its days may be open."""
    assert cells(LIVED_IN, NOON) == (
        *(PLACED.hex(), "1280", "Malmö", "-", "2026-01-01 on"),
        *("confirmed", "-", "2026-01-03"),
    )


@pytest.mark.parametrize(
    ("state", "cause", "word"),
    [
        (3, 0, "ended"),
        (3, 1, "ended: moved out"),
        (3, 2, "ended: moved on"),
        (4, 0, "over"),
        (4, 3, "given up"),
        (4, 4, "lapsed"),
        (4, 5, "aborted: nobody moved in"),
        (4, 6, "given up: case closed"),
        (9, 0, "9"),
    ],
)
def test_every_state_has_a_word(state, cause, word):
    """Lapsed, given up and aborted are told apart; what is not known is its number."""
    given = check.OwnPlacement(placement_id=HOLD, state=state, end_cause=cause)

    assert cells(given, NOON)[5] == word


def test_a_hold_past_its_time_reads_as_lapsed():
    """Though the service has not yet said so."""
    assert cells(HELD, HELD.expires_at)[5] == "lapsed"


def test_days_that_are_none_read_as_none():
    """What ended on its first day had no day."""
    given = check.OwnPlacement(
        window=Window(start_day=day("2026-06-15"), end_day=day("2026-06-15")), state=3
    )

    assert cells(given, NOON)[4] == "no day (of 2026-06-15)"


def test_a_move_in_of_an_unknown_day_is_a_word():
    """An older service tells only that they moved in."""
    assert cells(check.OwnPlacement(state=2, moved_in=True), NOON)[7] == "yes"


@pytest.mark.parametrize(
    ("left", "soon"), [(72, ""), (25, ""), (24, " That is within a day."), (1, " That")]
)
def test_a_hold_is_never_forgotten(left, soon):
    """When it lapses, how to keep it, and how to get more time."""
    first, *rest = reminders(HELD, [HELD], NOON + (72 - left) * HOUR)

    assert first.startswith(
        f"Hold {HOLD.hex()} lapses 2026-06-18 12:00 Stockholm time.{soon}"
    )
    assert ("within a day" in first) is bool(soon)
    assert rest == [
        f"  To keep the place: placement hold confirm {HOLD.hex()}",
        f"  For more time, once: placement hold extend {HOLD.hex()}",
        f"  To give it up: placement hold release {HOLD.hex()}",
    ]


def test_who_lives_elsewhere_moves_to_a_hold():
    """It can't be confirmed beside the other placement."""
    told = list(reminders(HELD, [HELD, LIVED_IN], NOON))

    assert told[1] == (
        f"  To move there on the day: placement placement move {PLACED.hex()} --to "
        f"{HOLD.hex()}"
    )
    assert not any("confirm" in line for line in told)


def test_a_hold_is_extended_once():
    """What can't be done is not proposed."""
    extended = check.OwnPlacement()
    extended.CopyFrom(HELD)
    extended.extended = True

    assert not any("extend" in line for line in reminders(extended, [], NOON))


@pytest.mark.parametrize("late", [0, 1])
def test_a_hold_that_lapsed_is_said_to_have(late):
    """At its instant it is over, whether or not the service says so yet."""
    assert list(reminders(HELD, [], NOON + 72 * HOUR + late)) == [
        f"Hold {HOLD.hex()} has lapsed: the place is kept for the case no longer."
    ]


def test_a_placement_needs_no_reminder():
    """It does not lapse."""
    assert list(reminders(LIVED_IN, [], NOON)) == []


def test_each_is_an_object():
    """The documented form of ``--json``."""
    assert to_data(HELD) == {
        "placement_id": HOLD.hex(),
        "area": "1480",
        "name": "Göteborg",
        "facility": CASE.hex(),
        "from": "2026-06-15",
        "to": "2026-09-01",
        "state": "HELD",
        "expires_at": "2026-06-18T10:00:00.000000Z",
        "moved_in": False,
        "extended": False,
        "moved_in_day": None,
        "end_cause": None,
    }
    assert to_data(LIVED_IN)["expires_at"] is None
    assert to_data(LIVED_IN)["moved_in_day"] == "2026-01-03"
    assert to_data(check.OwnPlacement(end_cause=4))["end_cause"] == "EXPIRED"


PERMIT = check.OwnPermit(
    permit_id=CASE,
    override=True,
    place=check.Candidate(area="1480"),
    window=Window(start_day=day("2026-06-15")),
    expires_at=NOON + HOUR,
    follow_up_day=day("2026-07-01"),
)


def permit(**given):
    changed = check.OwnPermit()
    changed.CopyFrom(PERMIT)
    for name, value in given.items():
        setattr(changed, name, value)
    return changed


def test_a_permit_is_a_row():
    """So that a lost id is found again."""
    assert permit_cells(PERMIT, NOON) == (
        *(CASE.hex(), "override", "1480", "Göteborg", "-", "2026-06-15 on"),
        *("in force", "2026-06-15 13:00 Stockholm time"),
    )
    assert permit_cells(permit(override=False), NOON)[1] == "release"


@pytest.mark.parametrize(
    ("given", "state", "reminded"),
    [
        ({}, "IN_FORCE", "placement check --hold"),
        ({"used": True}, "IN_FORCE_AND_USED", ""),
        ({"waits": True}, "WAITS_FOR_SIGNATURE", "give the id to the coordinator"),
        ({"waits": True, "expires_at": NOON}, "LAPSED", ""),
    ],
)
def test_where_a_permit_is(given, state, reminded):
    """In force, waiting, used or lapsed; and what is to be done about it."""
    told = list(permit_reminders([permit(**given)], NOON))

    assert permit_data(permit(**given), NOON)["state"] == state
    assert len(told) == bool(reminded)
    assert all(reminded in line for line in told)


def test_a_permit_is_an_object():
    """The documented form of ``--json``; a release has no day to look again."""
    release = check.OwnPermit(permit_id=CASE, place=check.Candidate(area="1480"))

    assert permit_data(PERMIT, NOON) == {
        "permit_id": CASE.hex(),
        "override": True,
        "area": "1480",
        "name": "Göteborg",
        "facility": "",
        "from": "2026-06-15",
        "to": None,
        "state": "IN_FORCE",
        "expires_at": "2026-06-15T11:00:00.000000Z",
        "used": False,
        "follow_up_day": "2026-07-01",
    }
    assert permit_data(release, NOON)["follow_up_day"] is None
