"""The seeded national data set, and how it is loaded over the wire.

The set is 290 areas, 300 groups, 1,500 rivalries, 70,000 affiliations, 1,500 presences and
1,000 placements; a factor multiplies all but the areas.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from random import Random
from typing import Any, Final

import grpc.aio

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub

SEED: Final = 20261124
BATCH: Final = 500
PATIENCE: Final = 10.0  # seconds a call may take

_GRADE: Final = wire.SourceGrade(scheme=wire.GRADE_SCHEME_THREE_FIVE_TWO, given="2B")
_KINDS: Final = (
    wire.PRESENCE_KIND_BASE,
    wire.PRESENCE_KIND_ACTIVE,
    wire.PRESENCE_KIND_OCCASIONAL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much there is of everything."""

    groups: int
    rivalries: int
    affiliations: int
    presences: int
    placements: int

    @classmethod
    def national(cls, factor: float) -> "Sizes":
        """Return the national set times a factor."""
        return cls(
            groups=max(2, round(300 * factor)),
            rivalries=round(1_500 * factor),
            affiliations=round(70_000 * factor),
            presences=round(1_500 * factor),
            placements=round(1_000 * factor),
        )

    @property
    def facts(self) -> int:
        """How many facts and placements."""
        return self.rivalries + self.affiliations + self.presences + self.placements


@dataclass(frozen=True, slots=True)
class Municipality:
    """A caller of one municipality, and the cases that it asks about."""

    stub: CheckServiceStub
    cases: list[bytes]


def fact(**statement: Any) -> wire.Fact:  # noqa: ANN401 (any statement)
    """Return a fact of medium grade."""
    return wire.Fact(grade=_GRADE, reason=wire.FACT_REASON_INTELLIGENCE, **statement)


class Loader:
    """Loads a data set as two coordinators and many municipalities would.

    Args:
        coordinator: a channel of the national unit.
        second: another one's.
        municipalities: callers whose cases there will be.
        areas: all municipality codes.
        today: days since 1970-01-01.
    """

    def __init__(
        self,
        coordinator: grpc.aio.Channel,
        second: grpc.aio.Channel,
        municipalities: Sequence[Municipality],
        areas: Sequence[str],
        today: int,
    ) -> None:
        self._coordinator: Any = RegistryServiceStub(coordinator)
        self._second: Any = RegistryServiceStub(second)
        self._municipalities = municipalities
        self._areas = areas
        self._today = today
        self._draw = Random(SEED)
        self.groups: list[bytes] = []

    async def load(self, sizes: Sizes, cases_each: int) -> None:
        """Load everything; each municipality gets some cases to ask about."""
        await self._register(sizes.groups)
        await self._record(self._rivalries(sizes.rivalries))
        await self._record(self._presences(sizes.presences))
        await self._record(self._affiliations(sizes.affiliations))
        await self._place(sizes.placements)
        for municipality in self._municipalities:
            for _ in range(cases_each):
                municipality.cases.append(await self._case(municipality))
        await self._coordinator.AttestCoverage(
            registry.AttestCoverageRequest(
                request_id=fresh(), reviewed_on_day=self._today, whole_region=True
            ),
            timeout=PATIENCE,
        )

    async def _register(self, count: int) -> None:
        for start in range(0, count, 100):
            groups = [
                registry.NewGroup(
                    fingerprint=secrets.token_bytes(32), sealed_label=bytes(64)
                )
                for _ in range(start, min(start + 100, count))
            ]
            request = registry.RegisterGroupsRequest(request_id=fresh(), groups=groups)
            done = await self._coordinator.RegisterGroups(request, timeout=PATIENCE)
            self.groups.extend(done.tokens)

    def _rivalries(self, count: int) -> Iterator[wire.Fact]:
        pairs: set[frozenset[bytes]] = set()
        while len(pairs) < min(count, comb(len(self.groups), 2)):
            one, other = self._draw.sample(self.groups, 2)
            if frozenset((one, other)) not in pairs:
                pairs.add(frozenset((one, other)))
                severity = self._draw.randint(1, 3)
                yield fact(
                    rivalry=wire.Rivalry(group_a=one, group_b=other, severity=severity)
                )

    def _presences(self, count: int) -> Iterator[wire.Fact]:
        for _ in range(count):
            yield fact(
                presence=wire.Presence(
                    group=self._draw.choice(self.groups),
                    area=self._draw.choice(self._areas),
                    kind=self._draw.choice(_KINDS),
                )
            )

    def _affiliations(self, count: int) -> Iterator[wire.Fact]:
        for _ in range(count):
            person = wire.Person(pseudonym=secrets.token_bytes(32))
            yield fact(affiliation=self._belongs(person))

    def _belongs(self, person: wire.Person) -> wire.Affiliation:
        return wire.Affiliation(
            person=person,
            group=self._draw.choice(self.groups),
            role=wire.AFFILIATION_ROLE_ASSOCIATE,
        )

    async def _record(self, facts: Iterator[wire.Fact]) -> None:
        """Record facts in batches, a few at once, and approve what waits."""

        async def send(batch: list[wire.Fact]) -> None:
            request = registry.RecordFactsRequest(request_id=fresh(), facts=batch)
            done = await self._coordinator.RecordFacts(request, timeout=PATIENCE)
            if done.change_id:
                await self._second.ApproveChange(
                    registry.ApproveChangeRequest(
                        request_id=fresh(), change_id=done.change_id
                    ),
                    timeout=PATIENCE,
                )

        await in_turn(send, batches(facts, BATCH), at_once=4)

    async def _case(self, municipality: Municipality) -> bytes:
        """Open and assess a case of somebody affiliated with one group."""
        stub: Any = municipality.stub
        opened = await stub.OpenCase(
            check.OpenCaseRequest(
                request_id=fresh(),
                pseudonyms=[secrets.token_bytes(32)],
                reference="SN 1",
                basis=check.BASIS_POLICE,
            ),
            timeout=PATIENCE,
        )
        handle: bytes = opened.case_handle
        member = wire.CaseMember(case_handle=handle, position=0)
        await self._coordinator.AssessCase(
            registry.AssessCaseRequest(
                request_id=fresh(),
                case_handle=handle,
                facts=[
                    fact(affiliation=self._belongs(wire.Person(case_member=member)))
                ],
            ),
            timeout=PATIENCE,
        )
        return handle

    async def _place(self, count: int) -> None:
        """Open, assess and place cases, one after another in many places at once."""

        async def send(batch: list[int]) -> None:
            callers = self._municipalities
            cases = await asyncio.gather(
                *(self._case(callers[index % len(callers)]) for index in batch)
            )
            placements = [
                registry.StandingPlacement(
                    case_handle=case,
                    area=self._draw.choice(self._areas),
                    window=wire.Window(start_day=self._today - 30),
                )
                for case in cases
            ]
            request = registry.RecordPlacementsRequest(
                request_id=fresh(), placements=placements
            )
            await self._coordinator.RecordPlacements(request, timeout=PATIENCE)

        await in_turn(send, batches(iter(range(count)), 25), at_once=1)


async def in_turn(
    send: Callable[[list[Any]], Awaitable[None]],
    work: Iterator[list[Any]],
    *,
    at_once: int,
) -> None:
    """Send batches, a few at once, in the order of an iterator."""

    async def worker() -> None:
        for batch in work:
            await send(batch)

    await asyncio.gather(*(worker() for _ in range(at_once)))


def batches(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Split an iterator into lists."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def fresh() -> bytes:
    """Draw a request id."""
    return secrets.token_bytes(16)
