"""What is held and placed for a case, in cells, sentences and objects."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from placement.api.v1.check_service_pb2 import OwnPlacement
from placement.api.v1.types_pb2 import PlacementState
from placement_client.commands.finding_words import place_data
from placement_client.days import iso_day, iso_instant, stockholm_time
from placement_client.rendering import Json, enum_name, to_json

HEADINGS: Final = (
    *("Placement", "Area", "Name", "Facility", "Days", "State", "Lapses", "Moved in"),
)
"""Over the cells of a placement."""
SOON: Final = 24 * 3_600 * 1_000_000
"""Microseconds; a hold that lapses within them is about to lapse."""

_NONE: Final = "-"
_STATES: Final[Mapping[int, str]] = MappingProxyType(
    {
        PlacementState.PLACEMENT_STATE_HELD: "held",
        PlacementState.PLACEMENT_STATE_ACTIVE: "confirmed",
        PlacementState.PLACEMENT_STATE_ENDED: "ended",
        PlacementState.PLACEMENT_STATE_ABORTED: "nobody moved in",
    }
)


def cells(placement: OwnPlacement) -> tuple[str, ...]:
    """Return the cells of a placement.

    Raises:
        TamperedError: an instant lies beyond every calendar.
    """
    place = place_data(placement.place, placement.window)
    lapses = stockholm_time(placement.expires_at) if _is_held(placement) else _NONE
    return (
        placement.placement_id.hex(),
        str(place["area"]),
        str(place["name"]),
        str(place["facility"]) or _NONE,
        _days(placement),
        _state(placement),
        lapses,
        "yes" if placement.moved_in else "no",
    )


def reminders(placement: OwnPlacement, at: int) -> Iterator[str]:
    """Yield what has to be done about a hold before it lapses.

    Args:
        placement: a hold or anything else, of which there is nothing to say.
        at: what time it is, in microseconds.

    Raises:
        TamperedError: as ``cells``.
    """
    if not _is_held(placement):
        return
    hold = placement.placement_id.hex()
    if placement.expires_at <= at:
        yield f"Hold {hold} has lapsed: the place is kept for the case no longer."
        return
    soon = "" if placement.expires_at - at > SOON else " That is within a day."
    yield f"Hold {hold} lapses {stockholm_time(placement.expires_at)}.{soon}"
    yield f"  To keep the place: placement hold confirm {hold}"
    if not placement.extended:
        yield f"  For more time, once: placement hold extend {hold}"


def to_data(placement: OwnPlacement) -> Json:
    """Return a placement as an object.

    Raises:
        TamperedError: as ``cells``.
    """
    rest = to_json(placement)
    del rest["place"], rest["window"]
    lapses = iso_instant(placement.expires_at) if _is_held(placement) else None
    return {
        **rest,
        **place_data(placement.place, placement.window),
        "expires_at": lapses,
    }


def _is_held(placement: OwnPlacement) -> bool:
    return placement.state == PlacementState.PLACEMENT_STATE_HELD


def _days(placement: OwnPlacement) -> str:
    window = placement.window
    end = f"to {iso_day(window.end_day)}" if window.HasField("end_day") else "on"
    return f"{iso_day(window.start_day)} {end}"


def _state(placement: OwnPlacement) -> str:
    word = enum_name(PlacementState.DESCRIPTOR, placement.state)
    return _STATES.get(placement.state, word)
