"""What is held and placed for a case, as its municipality is shown it.

A hold that has lapsed is none, whether or not the service says so yet.
"""

from collections.abc import Iterable, Iterator

from placement.api.v1.check_service_pb2 import Candidate, OwnPlacement
from placement.api.v1.types_pb2 import PlacementState, Window


def is_held(placement: OwnPlacement) -> bool:
    """Tell whether it is a hold, lapsed or not."""
    return placement.state == PlacementState.PLACEMENT_STATE_HELD


def has_lapsed(placement: OwnPlacement, at: int) -> bool:
    """Tell whether it is a hold that lapsed by an instant, in microseconds."""
    return is_held(placement) and placement.expires_at <= at


def is_confirmed(placement: OwnPlacement) -> bool:
    """Tell whether it stands: confirmed, and not over."""
    return placement.state == PlacementState.PLACEMENT_STATE_ACTIVE


def found(placements: Iterable[OwnPlacement], key: bytes) -> OwnPlacement | None:
    """Return the placement with an id, or ``None``."""
    return next((each for each in placements if each.placement_id == key), None)


def elsewhere(
    placements: Iterable[OwnPlacement], hold: bytes, days: Window
) -> Iterator[OwnPlacement]:
    """Yield where the household is placed in the days of a hold, but for itself."""
    for each in placements:
        if (
            is_confirmed(each)
            and each.placement_id != hold
            and _meet(each.window, days)
        ):
            yield each


def alike(
    placements: Iterable[OwnPlacement],
    hold: bytes,
    place: Candidate,
    days: Window,
    at: int,
) -> Iterator[OwnPlacement]:
    """Yield other live holds of the same place in some of the same days.

    Args:
        placements: of one case.
        hold: id of the one that they are other than.
        place: which.
        days: for which days.
        at: what time it is, in microseconds.
    """
    for each in placements:
        other = is_held(each) and each.placement_id != hold
        lives = other and not has_lapsed(each, at)
        if lives and each.place == place and _meet(each.window, days):
            yield each


def _meet(one: Window, other: Window) -> bool:
    return _begins_within(one, other) and _begins_within(other, one)


def _begins_within(one: Window, other: Window) -> bool:
    """Tell whether a window begins before another ends, if that one ends at all."""
    return not other.HasField("end_day") or one.start_day < other.end_day
