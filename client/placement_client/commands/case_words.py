"""What is held, placed and permitted for a case: cells, sentences, objects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from placement.api.v1.check_service_pb2 import EndCause, OwnPermit, OwnPlacement
from placement.api.v1.types_pb2 import PlacementState
from placement_client.commands.answer_words import next_step
from placement_client.commands.finding_words import days_words, place_data
from placement_client.days import iso_day, iso_instant, stockholm_time
from placement_client.rendering import Json, enum_name, to_json
from placement_client.stays import elsewhere, has_lapsed, is_held

HEADINGS: Final = (
    *("Placement", "Area", "Name", "Facility", "Days", "State", "Lapses", "Moved in"),
)
"""Over the cells of a placement."""
SOON: Final = 24 * 3_600 * 1_000_000
"""Microseconds; a hold that lapses within them is about to lapse."""

PERMIT_HEADINGS: Final = (
    *("Permit", "Kind", "Area", "Name", "Facility", "Days", "State", "Until"),
)
"""Over the cells of a permit."""

_NONE: Final = "-"
_STATES: Final[Mapping[int, str]] = MappingProxyType(
    {
        PlacementState.PLACEMENT_STATE_HELD: "held",
        PlacementState.PLACEMENT_STATE_ACTIVE: "confirmed",
        PlacementState.PLACEMENT_STATE_ENDED: "ended",
        PlacementState.PLACEMENT_STATE_ABORTED: "over",
    }
)
_ENDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        EndCause.END_CAUSE_MOVED_OUT: "ended: moved out",
        EndCause.END_CAUSE_MOVED_ON: "ended: moved on",
        EndCause.END_CAUSE_RELEASED: "given up",
        EndCause.END_CAUSE_EXPIRED: "lapsed",
        EndCause.END_CAUSE_NOT_MOVED_IN: "aborted: nobody moved in",
        EndCause.END_CAUSE_CASE_CLOSED: "given up: case closed",
    }
)


def cells(placement: OwnPlacement, at: int) -> tuple[str, ...]:
    """Return the cells of a placement.

    Args:
        placement: it.
        at: what time it is, in microseconds.

    Raises:
        TamperedError: an instant lies beyond every calendar.
    """
    place = place_data(placement.place, placement.window)
    lapses = stockholm_time(placement.expires_at) if is_held(placement) else _NONE
    return (
        placement.placement_id.hex(),
        str(place["area"]),
        str(place["name"]),
        str(place["facility"]) or _NONE,
        days_words(placement.window),
        _state(placement, at),
        lapses,
        _moved_in(placement),
    )


def permit_cells(permit: OwnPermit, at: int) -> tuple[str, ...]:
    """Return the cells of a permit; it may cover less than what is known now.

    Raises:
        TamperedError: as ``cells``.
    """
    place = place_data(permit.place, permit.window)
    return (
        permit.permit_id.hex(),
        "override" if permit.override else "release",
        str(place["area"]),
        str(place["name"]),
        str(place["facility"]) or _NONE,
        days_words(permit.window),
        permit_state(permit, at).replace("_", " "),
        stockholm_time(permit.expires_at),
    )


def permit_state(permit: OwnPermit, at: int) -> str:
    """Return where a permit is: it waits, is in force, has lapsed, has been used."""
    if permit.expires_at <= at:
        return "lapsed"
    if permit.waits:
        return "waits_for_signature"
    return "in_force_and_used" if permit.used else "in_force"


def permit_reminders(permits: Iterable[OwnPermit], at: int) -> Iterator[str]:
    """Yield what has to be done about permits before they lapse.

    Raises:
        TamperedError: as ``cells``.
    """
    for each in permits:
        key, state = each.permit_id.hex(), permit_state(each, at)
        until = stockholm_time(each.expires_at)
        if state == "waits_for_signature":
            yield (
                f"Override {key} covers nothing before the coordinator has signed it: "
                f"give the id to the coordinator. It lapses {until}."
            )
        elif state == "in_force":
            yield (
                f"Until {until} the place may be held and confirmed under {key}, unless "
                "something is added to what is known: placement check --hold"
            )


def reminders(
    placement: OwnPlacement, placements: Sequence[OwnPlacement], at: int
) -> Iterator[str]:
    """Yield what has to be done about a hold before it lapses.

    Args:
        placement: a hold or anything else, of which there is nothing to say.
        placements: all of the case; who lives elsewhere moves.
        at: what time it is, in microseconds.

    Raises:
        TamperedError: as ``cells``.
    """
    if not is_held(placement):
        return
    hold = placement.placement_id.hex()
    if has_lapsed(placement, at):
        yield f"Hold {hold} has lapsed: the place is kept for the case no longer."
        return
    soon = "" if placement.expires_at - at > SOON else " That is within a day."
    yield f"Hold {hold} lapses {stockholm_time(placement.expires_at)}.{soon}"
    others = elsewhere(placements, placement.placement_id, placement.window)
    onward = [each.placement_id.hex() for each in others]
    keep = "To move there on the day" if onward else "To keep the place"
    yield f"  {keep}: {next_step(hold, onward)}"
    if not placement.extended:
        yield f"  For more time, once: placement hold extend {hold}"
    yield f"  To give it up: placement hold release {hold}"


def to_data(placement: OwnPlacement) -> Json:
    """Return a placement as an object.

    Raises:
        TamperedError: as ``cells``.
    """
    rest = to_json(placement)
    del rest["place"], rest["window"]
    known = placement.end_cause
    return {
        **rest,
        **place_data(placement.place, placement.window),
        "expires_at": iso_instant(placement.expires_at) if is_held(placement) else None,
        "moved_in_day": _moved_in_day(placement),
        "end_cause": enum_name(EndCause.DESCRIPTOR, known) if known else None,
    }


def permit_data(permit: OwnPermit, at: int) -> Json:
    """Return a permit as an object.

    Raises:
        TamperedError: as ``cells``.
    """
    follow_up = permit.HasField("follow_up_day")
    return {
        "permit_id": permit.permit_id.hex(),
        "override": permit.override,
        **place_data(permit.place, permit.window),
        "state": permit_state(permit, at).upper(),
        "expires_at": iso_instant(permit.expires_at),
        "used": permit.used,
        "follow_up_day": iso_day(permit.follow_up_day) if follow_up else None,
    }


def _state(placement: OwnPlacement, at: int) -> str:
    if has_lapsed(placement, at):
        return "lapsed"
    word = enum_name(PlacementState.DESCRIPTOR, placement.state)
    return _ENDS.get(placement.end_cause, _STATES.get(placement.state, word))


def _moved_in(placement: OwnPlacement) -> str:
    return _moved_in_day(placement) or ("yes" if placement.moved_in else "no")


def _moved_in_day(placement: OwnPlacement) -> str | None:
    known = placement.HasField("moved_in_day")
    return iso_day(placement.moved_in_day) if known else None
