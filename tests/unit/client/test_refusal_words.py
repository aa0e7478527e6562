"""Why a step contradicts what stands: each reason that can be seen, in one sentence."""

import pytest
from kit.asked import CASE, NOON, day
from kit.held import HOLD, PLACED
from placement_client.commands.refusal_words import (
    Stand,
    unaborted,
    unconfirmed,
    unended,
    unextended,
    unmoved,
    unmoved_in,
    unreleased,
)

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState, Window

HOUR = 3_600_000_000
TODAY = day("2026-06-15")
H, P = HOLD.hex(), PLACED.hex()
THIRD = bytes([0xC0]) * 16


NOW_ON = Window(start_day=TODAY)


def one(key, state, days=NOW_ON, area="1480", **given):
    return check.OwnPlacement(
        placement_id=key,
        place=check.Candidate(area=area),
        window=days,
        state=PlacementState.Value(f"PLACEMENT_STATE_{state}"),
        **given,
    )


def hold(**given):
    return one(HOLD, "HELD", **{"expires_at": NOON + HOUR, **given})


def stand(*placements):
    return Stand(placements=placements, at=NOON, today=TODAY)


ACTIVE = one(PLACED, "ACTIVE", area="1280")
PAST = Window(start_day=TODAY - 9, end_day=TODAY)
TO_COME = Window(start_day=TODAY + 5)
AGAIN = "To hold the place again: placement check --hold."


@pytest.mark.parametrize(
    ("why", "given", "expected"),
    [
        (unconfirmed, hold(expires_at=NOON), "It lapsed 2026-06-15 12:00 Stockholm"),
        (unextended, hold(expires_at=NOON), "It lapsed 2026-06-15 12:00 Stockholm"),
        (unreleased, hold(expires_at=NOON), "It lapsed 2026-06-15 12:00 Stockholm"),
        (unconfirmed, one(HOLD, "ACTIVE"), "It is confirmed already. On the day"),
        (unreleased, one(HOLD, "ACTIVE"), f"placement placement abort {H}"),
        (unconfirmed, hold(days=PAST), "Its last day has passed."),
        (unconfirmed, hold(), "placed for another case of your municipality"),
        (unextended, hold(extended=True), "It was extended already"),
        (unmoved_in, hold(), "It is a hold, and not confirmed. To confirm it: pl"),
        (unended, hold(), f"to give it up: placement hold release {H}"),
        (unaborted, hold(), f"to give it up: placement hold release {H}"),
        (
            unmoved_in,
            one(HOLD, "ACTIVE", TO_COME),
            "The first day in 1480 Göteborg is 2026-06-20: say it on the day that they",
        ),
        (unmoved_in, one(HOLD, "ACTIVE", PAST), "The last day in 1480 Göteborg has"),
        (
            unmoved_in,
            one(HOLD, "ACTIVE", moved_in=True, moved_in_day=TODAY - 1),
            "It is confirmed, and they moved in on 2026-06-14. When they move out: ",
        ),
        (
            unaborted,
            one(HOLD, "ACTIVE", moved_in=True),
            "they moved in. When they move",
        ),
    ],
)
def test_the_likely_reason_is_said(why, given, expected):
    """By where it is in its life, with what can be done."""
    assert expected in why(stand(given), HOLD)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("MOVED_OUT", "It has ended: they moved out, as was said."),
        ("MOVED_ON", "It has ended: they moved on to another place."),
        ("RELEASED", f"The hold was given up. {AGAIN}"),
        ("EXPIRED", f"The hold lapsed. {AGAIN}"),
        ("NOT_MOVED_IN", f"It was aborted: nobody would move in. {AGAIN}"),
        ("CASE_CLOSED", "Nothing can be held for a closed case."),
        (
            "UNSPECIFIED",
            "It is over: nothing is held or placed under this id any more.",
        ),
    ],
)
def test_how_it_ended_is_said(cause, expected):
    """Lapsed, given up, aborted and moved out are not one."""
    over = one(HOLD, "ABORTED", end_cause=check.EndCause.Value(f"END_CAUSE_{cause}"))

    assert unended(stand(over), HOLD).endswith(expected)


def test_a_household_that_lives_elsewhere_moves():
    """The command stands there with both ids."""
    told = unconfirmed(stand(hold(), ACTIVE), HOLD)

    assert "They are placed in 1280 Malmö in those days." in told
    assert told.endswith(f"placement placement move {P} --to {H}")


@pytest.mark.parametrize(
    ("left", "to", "expected"),
    [
        (one(PLACED, "ENDED"), hold(), "Of the placement that they leave: It is over"),
        (ACTIVE, hold(expires_at=NOON), "Of the place that they move to: It lapsed"),
        (ACTIVE, hold(days=TO_COME), "The first day in 1480 Göteborg is 2026-06-20"),
        (one(PLACED, "ACTIVE", TO_COME), hold(), "The first day in 1480 Göteborg is"),
    ],
)
def test_a_move_says_which_of_the_two(left, to, expected):
    """Either end of it may be what contradicts."""
    assert expected in unmoved(stand(left, to), PLACED, HOLD)


def test_a_third_place_is_named():
    """It is ended first."""
    third = one(THIRD, "ACTIVE", area="0580")
    told = unmoved(stand(ACTIVE, hold(), third), PLACED, HOLD)

    assert "They are placed in 0580 Linköping in those days, too" in told
    assert f"placement placement end {THIRD.hex()} --on DATE" in told


def test_what_is_not_seen_is_not_guessed():
    """Then the command's own hint stands."""
    got = {
        unconfirmed(stand(), CASE),
        unextended(stand(hold()), HOLD),
        unmoved_in(stand(one(HOLD, "ACTIVE")), HOLD),
        unmoved(stand(ACTIVE), PLACED, HOLD),
        unmoved(stand(ACTIVE, hold()), PLACED, HOLD),
    }

    assert got == {""}
