"""Calls about what a municipality holds and has placed: confirm, move in, move on, end.

Three of them are answered with a verdict, since the place is looked at again in the
same step. Whether anything was done, the state then says, and never the verdict: a
release or a signed override may cover a place that is not CLEAR.
"""

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar

import grpc

from placement.api.v1 import placement_service_pb2 as wire
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceStub
from placement.api.v1.types_pb2 import PlacementState
from placement_client.calls import Method, Writes
from placement_client.days import Clock, now
from placement_client.verdicts import require_placement_now

CONFIRM: Final = "HOLD_CONFIRM"
MOVE_IN: Final = "PLACEMENT_MOVE_IN"
MOVE: Final = "PLACEMENT_MOVE"

_ACTIVE: Final = PlacementState.PLACEMENT_STATE_ACTIVE


class _Asked(Protocol):
    """A request that is answered with a verdict."""

    request_id: bytes


_Told: TypeAlias = (
    wire.ConfirmHoldResponse | wire.MoveInResponse | wire.MovePlacementResponse
)
_Request = TypeVar("_Request", bound=_Asked)
_Response = TypeVar(
    "_Response",
    wire.ConfirmHoldResponse,
    wire.MoveInResponse,
    wire.MovePlacementResponse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided about a placement, with what its entry has to say.

    Attributes:
        action: what was asked for, as entries name it.
        request: the request's id, 16 bytes.
        objects: 16 bytes each: the placements that change if it is done.
        answer: the verdict, and where the placement then is.
        ruleset: the rules that it rests on.
        contact: whom to phone.
        leaf: index of its entry; ``None`` if the answer names none.
        done: what was asked for stands.
    """

    action: str
    request: bytes
    objects: tuple[bytes, ...]
    answer: wire.PlacementAnswer
    ruleset: str
    contact: str
    leaf: int | None
    done: bool


class HoldCalls:
    """The calls of ``PlacementService`` about one hold or placement.

    Args:
        channel: over it.
        writes: makes them.
        clock: what time it is; the time of an answer is held against it.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes, clock: Clock) -> None:
        self._stub = PlacementServiceStub(channel)
        self._writes = writes
        self._clock = clock

    def confirm(self, hold_id: bytes) -> Decided:
        """Turn a hold into a placement, if the place is still safe enough.

        Raises:
            TamperedError: the answer is none that can be given now.
            PlacementError: no verdict was made.
        """
        request = wire.ConfirmHoldRequest(hold_id=hold_id)
        told, request_id = self._decide(self._stub.ConfirmHold, request)
        return _decided(CONFIRM, request_id, (hold_id,), told)

    def move_in(self, placement_id: bytes) -> Decided:
        """Say that the household moves in today, if the place is still safe enough.

        Raises:
            PlacementError: as ``confirm``.
        """
        request = wire.MoveInRequest(placement_id=placement_id)
        told, request_id = self._decide(self._stub.MoveIn, request)
        return _decided(
            MOVE_IN, request_id, (placement_id,), told, stands=told.moved_in
        )

    def move(self, placement_id: bytes, hold_id: bytes) -> Decided:
        """Move a household to the place that is held for it, or change nothing.

        Raises:
            PlacementError: as ``confirm``.
        """
        request = wire.MovePlacementRequest(placement_id=placement_id, hold_id=hold_id)
        told, request_id = self._decide(self._stub.MovePlacement, request)
        return _decided(MOVE, request_id, (placement_id, hold_id), told)

    def _decide(
        self, method: Method[_Request, _Response], request: _Request
    ) -> tuple[_Response, bytes]:
        """Return the answer, if it can be given now, and the request's id."""
        request.request_id = self._writes.request_ids.draw()
        sent = now(self._clock)
        told = self._writes.patience.call(method, request)
        require_placement_now(told.answer, sent=sent, received=now(self._clock))
        self._writes.reached(told.answer.revision)
        return told, request.request_id

    def extend(self, hold_id: bytes) -> wire.ExtendHoldResponse:
        """Give a hold its whole time again, once."""
        request = wire.ExtendHoldRequest(hold_id=hold_id)
        return self._writes.make(self._stub.ExtendHold, request)

    def release(self, hold_id: bytes) -> wire.ReleaseHoldResponse:
        """Give a hold up."""
        request = wire.ReleaseHoldRequest(hold_id=hold_id)
        return self._writes.make(self._stub.ReleaseHold, request)

    def end(self, placement_id: bytes, day: int) -> wire.EndPlacementResponse:
        """Say that a household has moved out.

        Args:
            placement_id: 16 bytes.
            day: first day after, in days since 1970-01-01, Europe/Stockholm.
        """
        request = wire.EndPlacementRequest(placement_id=placement_id, valid_to_day=day)
        return self._writes.make(self._stub.EndPlacement, request)

    def abort(self, placement_id: bytes) -> wire.AbortPlacementResponse:
        """Say that nobody will move in."""
        request = wire.AbortPlacementRequest(placement_id=placement_id)
        return self._writes.make(self._stub.AbortPlacement, request)


def _decided(
    action: str,
    request_id: bytes,
    objects: tuple[bytes, ...],
    told: _Told,
    *,
    stands: bool = True,
) -> Decided:
    """Return what was decided; it is done if the placement is ACTIVE, and stands."""
    return Decided(
        action=action,
        request=request_id,
        objects=objects,
        answer=told.answer,
        ruleset=told.ruleset,
        contact=told.contact,
        leaf=told.leaf_index if told.HasField("leaf_index") else None,
        done=stands and told.answer.state == _ACTIVE,
    )
