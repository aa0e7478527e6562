"""Many callers who hold one area at the same instant."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import grpc
import grpc.aio
from placement_client.failures import UNANSWERED

from benchmarks.dataset import PATIENCE, fresh
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceStub
from placement.app import micros
from placement.domain.terms import Micros, stockholm_day

ATTEMPTS: Final = 5
_NOTHING: Final = bytes(16)


class Holder:
    """One caller, with a case.

    Args:
        channel: the caller's own.
        case: whose place it shall be.
        area: where.

    Attributes:
        seen: errors and retries.
    """

    def __init__(self, channel: grpc.aio.Channel, case: bytes, area: str) -> None:
        self._checks: Any = CheckServiceStub(channel)
        self._placements: Any = PlacementServiceStub(channel)
        self._case = case
        self._area = area
        self._hold = _NOTHING
        self.seen: Counter[str] = Counter()

    async def ask(self) -> float:
        """Check and hold; a call that fails is made again under its request id.

        Returns:
            How long it took, in seconds.
        """
        request = check.CheckPlacementRequest(
            request_id=fresh(),
            case_handle=self._case,
            candidates=[check.Candidate(area=self._area)],
            window=wire.Window(start_day=stockholm_day(Micros(micros()))),
            justification=check.JUSTIFICATION_PLANNED,
            mode=check.CHECK_MODE_CHECK_AND_HOLD,
        )
        began = time.perf_counter()
        for _ in range(ATTEMPTS):
            try:
                answer = await self._checks.CheckPlacement(request, timeout=PATIENCE)
            except grpc.RpcError as error:
                if not isinstance(error, grpc.aio.AioRpcError):
                    raise
                if error.code() not in UNANSWERED:
                    break
                self.seen["retries"] += 1
            else:
                self._hold = answer.verdicts[0].hold_id
                self.seen["held"] += self._hold != _NOTHING
                return time.perf_counter() - began
        self.seen["errors"] += 1
        return time.perf_counter() - began

    async def give_up(self) -> None:
        """Release what is held."""
        if self._hold != _NOTHING:
            request = placement.ReleaseHoldRequest(
                request_id=fresh(), hold_id=self._hold
            )
            await self._placements.ReleaseHold(request, timeout=PATIENCE)
        self._hold = _NOTHING


async def race(holders: Sequence[Holder], rounds: int) -> str:
    """Let all of them ask at once, several times; return what they saw, as a line.

    A first round, in which they connect, does not count.
    """
    taken: list[float] = []
    seen: Counter[str] = Counter()
    for number in range(rounds + 1):
        took = await asyncio.gather(*(holder.ask() for holder in holders))
        await asyncio.gather(*(holder.give_up() for holder in holders))
        for holder in holders:
            if number:
                seen.update(holder.seen)
            holder.seen.clear()
        if number:
            taken += took
    taken.sort()
    figures = (taken[len(taken) // 2], taken[len(taken) * 99 // 100], taken[-1])
    held = seen["held"] / rounds
    return (
        " ".join(f"{1000 * each:>9.1f}" for each in figures)
        + f" {held:>7.0f} {seen['errors']:>7} {seen['retries']:>8}"
    )
