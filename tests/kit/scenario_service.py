"""Runs a scenario through a live server over mutual TLS."""

import secrets
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import grpc

from kit.refused import details
from kit.scenario_placing import Clock, Placing
from kit.served import Served
from kit.world import RULESET
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.domain.terms import Micros, stockholm_day
from placement.ops.scenarios.form import (
    Allied,
    Amended,
    Approved,
    Assessed,
    Belongs,
    CaseLine,
    Change,
    Check,
    Closed,
    CoverageLine,
    Ended,
    FactLine,
    LocatedIn,
    OnePerson,
    PartOf,
    PlacementLine,
    PresentIn,
    Regraded,
    Retracted,
    Rivals,
    Said,
    Scenario,
    Threatens,
    TiedTo,
)

TIMEOUT = 10
LONG = timedelta(days=90)
"""Certificates outlive what a scenario lets pass."""


def request_id() -> bytes:
    return secrets.token_bytes(16)


class ServiceRunner:
    """Does on the wire what a scenario says, as the people who would do it.

    Attributes:
        placing: does what only a service knows of.
    """

    def __init__(self, served: Served, scenario: Scenario, clock: Clock) -> None:
        self._served = served
        self._today = stockholm_day(Micros(time.time_ns() // 1000))
        self._first = self._coordinator("national", "co-01")
        self._second = self._coordinator("national", "co-02")
        self.placing = Placing(
            served,
            clock,
            self._today,
            coordinators=(self._first, self._second),
            watcher=self._channel("coordinator", "national", "co-01"),
            auditor=self._channel("auditor", "imy", "au-01"),
        )
        self._regions: dict[str, Any] = {"national": self._first}
        self._people = {name: secrets.token_bytes(32) for name in scenario.people}
        self._groups = self._register(scenario.groups)
        self._houses: dict[str, bytes] = {}
        self._cases: dict[str, tuple[Any, bytes]] = {}
        self._facts: dict[str, bytes] = {}
        self._changes: dict[str, bytes] = {}
        self._placements: dict[str, bytes] = {}
        self._build(scenario)

    def _coordinator(self, region: str, person: str) -> Any:
        return RegistryServiceStub(self._channel("coordinator", region, person))

    def _channel(self, role: str, organisation: str, person: str) -> grpc.Channel:
        pair = self._served.pki.kept(role, organisation, person, lifetime=LONG)
        return self._served.connect(pair)

    def _register(self, names: Iterable[str]) -> dict[str, bytes]:
        groups = [
            registry.NewGroup(
                fingerprint=secrets.token_bytes(32), sealed_label=bytes(64)
            )
            for _ in names
        ]
        done = self._first.RegisterGroups(
            registry.RegisterGroupsRequest(request_id=request_id(), groups=groups),
            timeout=TIMEOUT,
        )
        return dict(zip(names, done.tokens, strict=True))

    def _build(self, scenario: Scenario) -> None:
        """Register the houses, each provider once."""
        providers: dict[str, bytes] = {}
        for house in scenario.houses:
            new = registry.NewFacility(
                provider=providers.get(house.provider, b""), area=house.area
            )
            done = self._first.RegisterFacilities(
                registry.RegisterFacilitiesRequest(
                    request_id=request_id(), facilities=[new]
                ),
                timeout=TIMEOUT,
            )
            providers[house.provider] = done.facilities[0].provider
            self._houses[house.name] = done.facilities[0].token

    def apply(self, change: Change) -> None:
        """Let a change happen."""
        for case in change.cases:
            self._open(case)
        for fact in change.facts:
            self._record(fact)
        for coverage in change.coverage:
            self._cover(coverage)
        for placement in change.placements:
            self._place(placement)
        for amended in change.amendments:
            self._amend(amended)

    def _open(self, line: CaseLine) -> None:
        person = f"cw-{len(self._cases):02}"
        channel = self._channel("caseworker", line.municipality, person)
        stub: Any = CheckServiceStub(channel)
        opened = stub.OpenCase(
            check.OpenCaseRequest(
                request_id=request_id(),
                pseudonyms=[self._people[name] for name in line.household],
                reference="SN 1",
                basis=check.BASIS_POLICE,
            ),
            timeout=TIMEOUT,
        )
        self._cases[line.name] = (stub, opened.case_handle)
        self.placing.joins(line.name, opened.case_handle, channel)
        if line.assessed:
            self._assess(line.name, map(line.household.index, line.children))

    def _assess(self, case: str, children: Iterable[int] = ()) -> None:
        self._first.AssessCase(
            registry.AssessCaseRequest(
                request_id=request_id(),
                case_handle=self._cases[case][1],
                none_known=True,
                children=children,
            ),
            timeout=TIMEOUT,
        )

    def _record(self, line: FactLine) -> None:
        fact = wire.Fact(
            grade=wire.SourceGrade(scheme=int(line.scheme), given=line.grade),
            reason=wire.FACT_REASON_INTELLIGENCE,
            **self._days(
                valid_from_day=line.since,
                valid_to_day=line.until,
                review_by_day=line.review_by,
            ),
            **self._said(line.said),
        )
        done = self._first.RecordFacts(
            registry.RecordFactsRequest(request_id=request_id(), facts=[fact]),
            timeout=TIMEOUT,
        )
        if line.name is not None:
            self._facts[line.name] = done.fact_ids[0]
            self._changes[line.name] = done.change_id
        if line.approved:
            self._approve(done.change_id)

    def _days(self, **offsets: int | None) -> dict[str, int]:
        return {
            name: self._today + offset
            for name, offset in offsets.items()
            if offset is not None
        }

    def _approve(self, change: bytes) -> None:
        if change:
            self._second.ApproveChange(
                registry.ApproveChangeRequest(
                    request_id=request_id(), change_id=change
                ),
                timeout=TIMEOUT,
            )

    def _person(self, name: str) -> wire.Person:
        return wire.Person(pseudonym=self._people[name])

    def _said(self, said: Said) -> dict[str, Any]:
        groups = self._groups
        match said:
            case PartOf(child, parent, inherits):
                return {
                    "faction": wire.Faction(
                        child=groups[child],
                        parent=groups[parent],
                        own_rivalries_only=not inherits,
                    )
                }
            case Rivals(one, other, severity):
                pair = {"group_a": groups[one], "group_b": groups[other]}
                return {"rivalry": wire.Rivalry(severity=severity, **pair)}
            case Allied(one, other):
                pair = {"group_a": groups[one], "group_b": groups[other]}
                return {"alliance": wire.Alliance(**pair)}
            case PresentIn(group, area, kind):
                return {
                    "presence": wire.Presence(
                        group=groups[group], area=area, kind=int(kind)
                    )
                }
            case _:
                return self._said_of_person(said)

    def _said_of_person(self, said: Said) -> dict[str, Any]:
        match said:
            case Belongs(person, group, role):
                return {
                    "affiliation": wire.Affiliation(
                        person=self._person(person),
                        group=self._groups[group],
                        role=int(role),
                    )
                }
            case Threatens(target, group, person):
                source = (
                    {"group": self._groups[group]}
                    if group is not None
                    else {"person": self._person(person)}
                )
                threat = wire.Threat(target=self._person(target), severity=3, **source)
                return {"threat": threat}
            case LocatedIn(person, area):
                return {"located": wire.Located(person=self._person(person), area=area)}
            case TiedTo(person, area, danger):
                tie = wire.Tie(person=self._person(person), area=area, danger=danger)
                return {"tie": tie}
            case OnePerson(one, other):
                pair = {"person_a": self._person(one), "person_b": self._person(other)}
                return {"same_as": wire.SameAs(**pair)}
        raise AssertionError(said)

    def _cover(self, line: CoverageLine) -> None:
        """Let each region attest its own areas, or the one that is named."""
        areas: dict[str, list[str]] = {}
        for code in RULESET.areas if line.areas is None else line.areas:
            region = line.region or RULESET.areas[code].police_region
            areas.setdefault(region, []).append(code)
        for region, codes in areas.items():
            if region not in self._regions:
                self._regions[region] = self._coordinator(region, "co-03")
            self._regions[region].AttestCoverage(
                registry.AttestCoverageRequest(
                    request_id=request_id(),
                    areas=codes,
                    reviewed_on_day=self._today - line.age,
                ),
                timeout=TIMEOUT,
            )

    def _window(self, since: int, until: int | None) -> wire.Window:
        return wire.Window(**self._days(start_day=since, end_day=until))

    def _place(self, line: PlacementLine) -> None:
        done = self._first.RecordPlacements(
            registry.RecordPlacementsRequest(
                request_id=request_id(),
                placements=[
                    registry.StandingPlacement(
                        case_handle=self._cases[line.case][1],
                        area=line.place.area,
                        facility=self._houses.get(line.place.house, b""),
                        window=self._window(line.since, line.until),
                    )
                ],
            ),
            timeout=TIMEOUT,
        )
        if line.name is not None:
            self._placements[line.name] = done.placement_ids[0]

    def _amend(self, amended: Amended) -> None:
        match amended:
            case Ended(name, on) if name in self._placements:
                ending = registry.PlacementEnding(
                    placement_id=self._placements[name], valid_to_day=self._today + on
                )
                done = self._first.EndPlacements(
                    registry.EndPlacementsRequest(
                        request_id=request_id(), endings=[ending]
                    ),
                    timeout=TIMEOUT,
                )
                self._approve(done.change_id)
            case Approved(name):
                self._approve(self._changes[name])
            case Assessed(case):
                self._assess(case)
            case Closed(case, withdrawn):
                self._close(case, withdrawn=withdrawn)
            case Ended() | Retracted() | Regraded():
                self._amend_fact(amended)
            case _:
                self.placing.take(amended)

    def _amend_fact(self, amended: Ended | Retracted | Regraded) -> None:
        fact = self._facts[amended.name]
        match amended:
            case Ended(_, on):
                ending = registry.Ending(fact_id=fact, valid_to_day=self._today + on)
                request = registry.EndFactsRequest(
                    request_id=request_id(), endings=[ending]
                )
                done = self._first.EndFacts(request, timeout=TIMEOUT)
            case Retracted():
                retraction = registry.RetractFactsRequest(
                    request_id=request_id(), fact_ids=[fact]
                )
                done = self._first.RetractFacts(retraction, timeout=TIMEOUT)
            case Regraded(_, grade, scheme):
                given = wire.SourceGrade(scheme=int(scheme), given=grade)
                regrading = registry.Regrading(fact_id=fact, grade=given)
                done = self._first.RegradeFacts(
                    registry.RegradeFactsRequest(
                        request_id=request_id(), regradings=[regrading]
                    ),
                    timeout=TIMEOUT,
                )
        self._approve(done.change_id)

    def _close(self, case: str, *, withdrawn: bool) -> None:
        stub, handle = self._cases[case]
        reason = (
            check.CLOSE_REASON_CONSENT_WITHDRAWN
            if withdrawn
            else check.CLOSE_REASON_DONE
        )
        stub.CloseCase(
            check.CloseCaseRequest(
                request_id=request_id(), case_handle=handle, reason=reason
            ),
            timeout=TIMEOUT,
        )

    def answer(
        self, question: Check
    ) -> tuple[tuple[str, ...], str | None] | tuple[str, None]:
        """Return verdicts and the name of what is held, or why it is refused."""
        stub, _ = self._cases[question.case]
        request = self._asked(question)
        try:
            answer = stub.CheckPlacement(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            return details(error)[0], None
        verdicts = tuple(
            wire.Verdict.Name(each.verdict).removeprefix("VERDICT_")
            for each in answer.verdicts
        )
        return verdicts, self.placing.held(question, answer)

    def race(self, questions: Iterable[Check]) -> Any:
        """Ask for holds at once; return verdicts and whether each is held, sorted."""
        asked = []
        for question in questions:
            request = self._asked(question)
            request.mode = check.CHECK_MODE_CHECK_AND_HOLD
            asked.append((self._cases[question.case][0], request))
        return self.placing.race(asked)

    def _asked(self, question: Check) -> check.CheckPlacementRequest:
        holds = question.holds is not None
        return check.CheckPlacementRequest(
            request_id=self.placing.request_id(question),
            case_handle=self._cases[question.case][1],
            candidates=[
                check.Candidate(
                    area=place.area, facility=self._houses.get(place.house, b"")
                )
                for place in question.places
            ],
            window=self._window(question.since, question.until),
            justification=check.JUSTIFICATION_PLANNED,
            mode=check.CHECK_MODE_CHECK_AND_HOLD if holds else check.CHECK_MODE_CHECK,
        )
