"""Why a step with a hold or a placement contradicts what stands, as far as it is seen.

The service says only that it does. The municipality may see what it holds and has
placed, so the likely reason can be told; what can't be seen is not guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from placement.api.v1.check_service_pb2 import EndCause, OwnPlacement
from placement_client.areas import areas
from placement_client.days import iso_day, stockholm_time
from placement_client.stays import elsewhere, found, has_lapsed, is_confirmed, is_held


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What is held and placed for a case at an instant.

    Attributes:
        placements: of the case.
        at: what time it is, in microseconds.
        today: the day in Stockholm, in days since 1970-01-01.
    """

    placements: Sequence[OwnPlacement]
    at: int
    today: int


Why: TypeAlias = Callable[[Stand], str]
"""Says why a step was refused; nothing where that can't be seen."""

_AGAIN: Final = "To hold the place again: placement check --hold."
_OVER: Final[Mapping[int, str]] = MappingProxyType(
    {
        EndCause.END_CAUSE_MOVED_OUT: "It has ended: they moved out, as was said.",
        EndCause.END_CAUSE_MOVED_ON: "It has ended: they moved on to another place.",
        EndCause.END_CAUSE_RELEASED: f"The hold was given up. {_AGAIN}",
        EndCause.END_CAUSE_EXPIRED: f"The hold lapsed. {_AGAIN}",
        EndCause.END_CAUSE_NOT_MOVED_IN: (
            f"It was aborted: nobody would move in. {_AGAIN}"
        ),
        EndCause.END_CAUSE_CASE_CLOSED: (
            "The hold was given up when the case was closed. Nothing can be held for a "
            "closed case."
        ),
    }
)
_ENDED: Final = "It is over: nothing is held or placed under this id any more."


def unconfirmed(stand: Stand, hold: bytes) -> str:
    """Say why a hold was not confirmed."""
    placement = found(stand.placements, hold)
    if placement is None or not is_held(placement) or has_lapsed(placement, stand.at):
        return _stands(placement, stand)
    for other in elsewhere(stand.placements, hold, placement.window):
        return (
            f"They are placed in {_area(other)} in those days. To move here on the day: "
            f"placement placement move {other.placement_id.hex()} --to {hold.hex()}"
        )
    if _is_past(placement, stand):
        return f"Its last day has passed. Ask anew for other days. {_AGAIN}"
    return (
        "Somebody of the household is placed for another case of your municipality in "
        "those days. Ask your colleagues; that placement is ended before this one is "
        "confirmed."
    )


def unextended(stand: Stand, hold: bytes) -> str:
    """Say why a hold was not extended."""
    placement = found(stand.placements, hold)
    if placement is None or not is_held(placement) or has_lapsed(placement, stand.at):
        return _stands(placement, stand)
    if not placement.extended:
        return ""
    return (
        "It was extended already, which is done once. It is held until "
        f"{stockholm_time(placement.expires_at)}; before then: "
        f"placement hold confirm {hold.hex()}"
    )


def unreleased(stand: Stand, hold: bytes) -> str:
    """Say why a hold was not given up."""
    return _stands(found(stand.placements, hold), stand)


def unmoved_in(stand: Stand, key: bytes) -> str:
    """Say why a move-in was not noted."""
    placement = found(stand.placements, key)
    if placement is None or not is_confirmed(placement) or placement.moved_in:
        return _stands(placement, stand)
    return _days(placement, stand, "move in")


def unmoved(stand: Stand, key: bytes, hold: bytes) -> str:
    """Say why a household did not move from a placement to a hold."""
    left, held = found(stand.placements, key), found(stand.placements, hold)
    if left is None or held is None:
        return ""
    if not is_confirmed(left):
        return f"Of the placement that they leave: {_stands(left, stand)}"
    if not is_held(held) or has_lapsed(held, stand.at):
        return f"Of the place that they move to: {_stands(held, stand)}"
    for each in (left, held):
        if told := _days(each, stand, "move"):
            return told
    for other in elsewhere(stand.placements, hold, held.window):
        if other.placement_id != key:
            return (
                f"They are placed in {_area(other)} in those days, too (placement "
                f"{other.placement_id.hex()}). End that one first: placement placement "
                f"end {other.placement_id.hex()} --on DATE"
            )
    return ""


def unended(stand: Stand, key: bytes) -> str:
    """Say why a placement was not ended."""
    return _stands(found(stand.placements, key), stand)


def unaborted(stand: Stand, key: bytes) -> str:
    """Say why a placement was not aborted."""
    return _stands(found(stand.placements, key), stand)


def _stands(placement: OwnPlacement | None, stand: Stand) -> str:
    """Say where a placement is in its life, and what can be done with it."""
    if placement is None:
        return ""
    key = placement.placement_id.hex()
    if has_lapsed(placement, stand.at):
        return f"It lapsed {stockholm_time(placement.expires_at)}. {_AGAIN}"
    if is_held(placement):
        return (
            f"It is a hold, and not confirmed. To confirm it: placement hold confirm "
            f"{key}; to give it up: placement hold release {key}"
        )
    if not is_confirmed(placement):
        return _OVER.get(placement.end_cause, _ENDED)
    if placement.moved_in:
        return (
            f"It is confirmed, and they moved in{_moved_in_on(placement)}. When they "
            f"move out: placement placement end {key} --on DATE"
        )
    return (
        f"It is confirmed already. On the day that they move in: placement placement "
        f"move-in {key}; if nobody will: placement placement abort {key}"
    )


def _moved_in_on(placement: OwnPlacement) -> str:
    known = placement.HasField("moved_in_day")
    return f" on {iso_day(placement.moved_in_day)}" if known else ""


def _days(placement: OwnPlacement, stand: Stand, step: str) -> str:
    """Say that a placement's days are to come or over; nothing if it is their time."""
    start = placement.window.start_day
    if stand.today < start:
        return (
            f"The first day in {_area(placement)} is {iso_day(start)}: say it on the day "
            f"that they {step}, not before. If they {step} earlier, ask anew from that "
            "day on: placement check --hold."
        )
    if _is_past(placement, stand):
        return (
            f"The last day in {_area(placement)} has passed. Hold a place for the days "
            "to come: placement check --hold."
        )
    return ""


def _is_past(placement: OwnPlacement, stand: Stand) -> bool:
    window = placement.window
    return window.HasField("end_day") and window.end_day <= stand.today


def _area(placement: OwnPlacement) -> str:
    code = placement.place.area
    return f"{code} {areas().name(code)}"
