"""The part of a scenario that only a service knows of: holds, alarms, time, permits."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from kit.served import Served
from kit.town import GROUND, fresh
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.alert_service_pb2_grpc import AlertServiceStub
from placement.api.v1.audit_service_pb2_grpc import AuditServiceStub
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceStub
from placement.app import micros
from placement.domain.terms import MICROS_AN_HOUR
from placement.ops.scenarios.form import (
    Check,
    Confirmed,
    GivenUp,
    OverrideProposed,
    OverrideSigned,
    Passed,
    Placed,
    ReleaseApproved,
    Released,
)
from placement.service import fold

TIMEOUT = 10
NO_HOLD = bytes(16)


class Clock:
    """The clock on the wall, and how far it is set ahead."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return micros() + self.ahead


class Placing:
    """Holds and places on the wire, and looks at what became of it.

    Args:
        served: the server.
        clock: its own.
        today: the day of the scenario.
        coordinators: two of the national unit, on the registry's service.
        watcher: a channel of one of them.
        auditor: a channel of somebody who looks at the register.
    """

    def __init__(
        self,
        served: Served,
        clock: Clock,
        today: int,
        *,
        coordinators: tuple[Any, Any],
        watcher: grpc.Channel,
        auditor: grpc.Channel,
    ) -> None:
        self._served = served
        self._clock = clock
        self._today = today
        self._first, self._second = coordinators
        self._alerts: Any = AlertServiceStub(watcher)
        self._audit: Any = AuditServiceStub(auditor)
        self._cases: dict[str, tuple[bytes, Any, Any]] = {}
        self._holds: dict[str, tuple[str, bytes]] = {}
        self._requests: dict[str, bytes] = {}
        self._changes: dict[str, bytes] = {}
        self._overrides: dict[str, bytes] = {}

    def joins(self, case: str, handle: bytes, channel: grpc.Channel) -> None:
        """Note whose case it is."""
        stubs: tuple[Any, Any] = (
            PlacementServiceStub(channel),
            AlertServiceStub(channel),
        )
        self._cases[case] = (handle, *stubs)

    # What is answered

    def request_id(self, question: Check) -> bytes:
        """Return the id of a question: the same for a hold of the same name."""
        if question.holds in (None, "nothing"):
            return fresh()
        return self._requests.setdefault(question.holds or "", fresh())

    def held(self, question: Check, answer: check.CheckPlacementResponse) -> str | None:
        """Return the name of what an answer holds, or ``nothing``."""
        if question.holds is None:
            return None
        (one,) = answer.verdicts
        if one.hold_id == NO_HOLD:
            return "nothing"
        name = "another" if question.holds == "nothing" else question.holds
        _, known = self._holds.setdefault(name, (question.case, one.hold_id))
        return name if known == one.hold_id else "another"

    def race(self, requests: list[tuple[Any, check.CheckPlacementRequest]]) -> Any:
        """Ask everything at once; return verdicts and whether each is held, sorted."""

        def ask(asked: tuple[Any, check.CheckPlacementRequest]) -> tuple[str, bool]:
            stub, request = asked
            (one,) = stub.CheckPlacement(request, timeout=TIMEOUT).verdicts
            word = wire.Verdict.Name(one.verdict).removeprefix("VERDICT_")
            return word, one.hold_id != NO_HOLD

        with ThreadPoolExecutor(len(requests)) as pool:
            return sorted(pool.map(ask, requests))

    # What is done

    def take(self, placed: Placed) -> None:
        """Let something happen."""
        match placed:
            case Confirmed(hold):
                case, key = self._holds[hold]
                request = place.ConfirmHoldRequest(request_id=fresh(), hold_id=key)
                got = self._cases[case][1].ConfirmHold(request, timeout=TIMEOUT)
                assert got.answer.state == wire.PLACEMENT_STATE_ACTIVE
            case GivenUp(hold):
                case, key = self._holds[hold]
                giving_up = place.ReleaseHoldRequest(request_id=fresh(), hold_id=key)
                self._cases[case][1].ReleaseHold(giving_up, timeout=TIMEOUT)
            case Passed(hours):
                self._clock.ahead += hours * MICROS_AN_HOUR
                # Whoever comes into a commit under way is decided by the time it began.
                self._served.app.engine.publish().result(TIMEOUT)
            case Released(case, area):
                self._release(case, area)
            case ReleaseApproved(case):
                change = self._changes[case]
                show = registry.ShowChangeRequest(change_id=change)
                shown = self._second.ShowChange(show, timeout=TIMEOUT)
                approve = registry.ApproveChangeRequest(
                    request_id=fresh(), change_id=change, seen=shown.explained.seen
                )
                self._second.ApproveChange(approve, timeout=TIMEOUT)
            case OverrideProposed(case, area):
                self._propose(case, area)
            case OverrideSigned(case):
                self._sign(case)

    def _about(self, case: str, area: str) -> dict[str, Any]:
        return {
            "case_handle": self._cases[case][0],
            "candidate": check.Candidate(area=area),
            "window": wire.Window(start_day=self._today),
        }

    def _release(self, case: str, area: str) -> None:
        about = self._about(case, area)
        explain = registry.ExplainPlacementRequest(**about)
        seen = self._first.ExplainPlacement(explain, timeout=TIMEOUT).seen
        release = registry.ReleasePlaceRequest(request_id=fresh(), seen=seen, **about)
        self._changes[case] = self._first.ReleasePlace(
            release, timeout=TIMEOUT
        ).change_id

    def _propose(self, case: str, area: str) -> None:
        propose = place.ProposeOverrideRequest(
            request_id=fresh(),
            ground=place.OVERRIDE_GROUND_GREATER_DANGER,
            follow_up_day=self._today + 30,
            **self._about(case, area),
        )
        made = self._cases[case][1].ProposeOverride(propose, timeout=TIMEOUT)
        self._overrides[case] = made.override_id

    def _sign(self, case: str) -> None:
        key = self._overrides[case]
        show = registry.ShowOverrideRequest(override_id=key)
        seen = self._first.ShowOverride(show, timeout=TIMEOUT).explained.seen
        sign = registry.SignOverrideRequest(
            request_id=fresh(), override_id=key, seen=seen
        )
        self._first.SignOverride(sign, timeout=TIMEOUT)

    # What became of it

    def alarms(self) -> dict[str, str]:
        """Return the cases with an open alert, once everything was weighed."""
        self._settle()
        names = {handle: case for case, (handle, *_) in self._cases.items()}
        listed = self._alerts.ListAlerts(alert.ListAlertsRequest(), timeout=TIMEOUT)
        found: dict[str, str] = {}
        for each in listed.alerts:
            known = each.police_alert
            word = wire.Verdict.Name(known.verdict).removeprefix("VERDICT_")
            about_case = known.kind == alert.ALERT_KIND_CASE_CLOSED
            found[names[known.case_handle]] = "closed" if about_case else word
        return found

    def told(self) -> set[str]:
        """Return the cases of whose alerts their municipalities know, without cause."""
        told = set()
        for case, (handle, _, alerts) in self._cases.items():
            listed = alerts.ListAlerts(alert.ListAlertsRequest(), timeout=TIMEOUT)
            forms = {each.WhichOneof("alert") for each in listed.alerts}
            assert forms <= {"case_alert"}
            if handle in {each.case_alert.case_handle for each in listed.alerts}:
                told.add(case)
        return told

    def overrides(self) -> int:
        """Return how many signed overrides the register shows to an auditor."""
        request = audit.ListPermitsRequest(ground=GROUND, since=0, until=2**61)
        listed = self._audit.ListPermits(request, timeout=TIMEOUT)
        return sum(each.override and not each.waits for each in listed.permits)

    def _settle(self) -> None:
        """Wait until nothing is left to weigh."""
        end = time.monotonic() + 6 * TIMEOUT
        store = self._served.app.engine._store
        while self._served.works(fold.load(store)[0]):
            assert time.monotonic() < end
            time.sleep(0.02)
