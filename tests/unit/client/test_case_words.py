"""What is held and placed for a case: in a row, an object, and before it lapses."""

import pytest
from kit.asked import CASE, NOON, day
from kit.held import HOLD, PLACED
from placement_client.commands.case_words import cells, reminders, to_data

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
)


def test_a_hold_is_a_row():
    """Where, for which days, and when it lapses."""
    assert cells(HELD) == (
        *(HOLD.hex(), "1480", "Göteborg", CASE.hex(), "2026-06-15 to 2026-09-01"),
        *("held", "2026-06-18 12:00 Stockholm time", "no"),
    )


def test_a_placement_is_a_row():
    """It lapses never, and its days may be open."""
    assert cells(LIVED_IN) == (
        *(PLACED.hex(), "1280", "Malmö", "-", "2026-01-01 on"),
        *("confirmed", "-", "yes"),
    )


@pytest.mark.parametrize(
    ("state", "word"), [(3, "ended"), (4, "nobody moved in"), (9, "9")]
)
def test_every_state_has_a_word(state, word):
    """One that is not known is its number."""
    assert cells(check.OwnPlacement(placement_id=HOLD, state=state))[5] == word


@pytest.mark.parametrize(
    ("left", "soon"), [(72, ""), (25, ""), (24, " That is within a day."), (1, " That")]
)
def test_a_hold_is_never_forgotten(left, soon):
    """When it lapses, how to keep it, and how to get more time."""
    first, *rest = reminders(HELD, NOON + (72 - left) * HOUR)

    assert first.startswith(
        f"Hold {HOLD.hex()} lapses 2026-06-18 12:00 Stockholm time.{soon}"
    )
    assert ("within a day" in first) is bool(soon)
    assert rest == [
        f"  To keep the place: placement hold confirm {HOLD.hex()}",
        f"  For more time, once: placement hold extend {HOLD.hex()}",
    ]


def test_a_hold_is_extended_once():
    """What can't be done is not proposed."""
    extended = check.OwnPlacement()
    extended.CopyFrom(HELD)
    extended.extended = True

    assert len(list(reminders(extended, NOON))) == 2


@pytest.mark.parametrize("late", [0, 1])
def test_a_hold_that_lapsed_is_said_to_have(late):
    """At its instant it is over, whether or not the service says so yet."""
    assert list(reminders(HELD, NOON + 72 * HOUR + late)) == [
        f"Hold {HOLD.hex()} has lapsed: the place is kept for the case no longer."
    ]


def test_a_placement_needs_no_reminder():
    """It does not lapse."""
    assert list(reminders(LIVED_IN, NOON)) == []


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
    }
    assert to_data(LIVED_IN)["expires_at"] is None
