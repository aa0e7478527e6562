"""The stage: a fresh server and a fresh model, and what must hold after every step."""

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant
from kit.town import fresh
from kit.world import RULESET

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.facts import Attestation, Facility, Placement
from placement.domain.terms import AreaCode, Day, Window
from tests.stateful.live import Live
from tests.stateful.plain import Place, Plain
from tests.stateful.statements import AREAS, GROUPS, PEOPLE, Cast

START = 1_837_418_400_000_000
"""Microseconds: 2028-03-23 in the morning, three nights before summer time begins."""
HOUSED = ("0680", "2480")
"""One provider has a house in each."""
WORKERS = {"1280": "one", "0180": "other"}
PICK = st.integers(0, 11)
"""Which of several, counted round."""
Item = TypeVar("Item")

WINDOWS = st.sampled_from(
    [(0, None), (0, None), (0, None), (0, 30), (1, 2), (5, 40), (100, None)]
)
"""First day and first day after, from today on."""
PLACES = st.tuples(st.sampled_from([*AREAS, "0680"]), st.booleans())
"""An area, and whether it shall be the house there, if there is one."""


def one_of(items: Any, pick: int) -> Any:
    """Return one of some things."""
    listed = list(items)
    return listed[pick % len(listed)]


class Stage(RuleBasedStateMachine):
    """What all rules share.

    Attributes:
        live: the server.
        plain: the model.
        cast: people and groups.
        waiting: changes that wait for the second coordinator: id, when they lapse, and
            what they do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="placement-stateful-"))
        self.live = Live(self.folder, START)
        self.plain = Plain(START)
        self.waiting: dict[bytes, tuple[int, tuple[Any, ...]]] = {}
        people = tuple(fresh(32) for _ in range(PEOPLE))
        groups = [
            registry.NewGroup(fingerprint=fresh(32), sealed_label=b"sealed")
            for _ in range(GROUPS)
        ]
        register = registry.RegisterGroupsRequest(request_id=fresh(), groups=groups)
        self.cast = Cast(people, tuple(self.done("RegisterGroups", register).tokens))
        self._build()
        self.attest(0)

    def _build(self) -> None:
        """Register a provider's houses."""
        self.provider = b""
        for area in HOUSED:
            new = registry.NewFacility(provider=self.provider, area=area)
            request = registry.RegisterFacilitiesRequest(
                request_id=fresh(), facilities=[new]
            )
            (made,) = self.done("RegisterFacilities", request).facilities
            self.provider = made.provider
            self.plain.houses[made.token] = Facility(
                token=made.token, provider=made.provider, area=AreaCode(area)
            )

    def attest(self, age: int) -> None:
        """Let the national unit say when it looked at the whole country."""
        day = Day(self.plain.today - age)
        request = registry.AttestCoverageRequest(
            request_id=fresh(), reviewed_on_day=day, whole_region=True
        )
        self.done("AttestCoverage", request)
        every = tuple(AreaCode(code) for code in RULESET.areas)
        said = Attestation(id=fresh(), region="national", areas=every, reviewed_on=day)
        self.plain.attested.append(said)

    def teardown(self) -> None:
        self.live.close()
        shutil.rmtree(self.folder)

    # Calls

    def done(self, method: str, request: Any, who: str = "first") -> Any:
        """Call what must succeed."""
        got = self.live.call(who, method, request)
        assert not isinstance(got, str), (method, got)
        return got

    def at_rest(self, *, placing: bool = False, keep: bool = False) -> None:
        """Let both sides settle after a change.

        Args:
            placing: it placed or held somebody, and did nothing else.
            keep: permits still cover what they covered.
        """
        self.live.settle()
        self.plain.settle(placing=placing)
        if not keep:
            for permit in self.plain.permits:
                permit.stale = True

    def own_alerts(self, who: str) -> list[alert.CaseAlert]:
        """Return what a caseworker is told."""
        listed = self.done("ListAlerts", alert.ListAlertsRequest(), who).alerts
        return [each.case_alert for each in listed]

    def worker(self, case: bytes) -> str:
        return WORKERS[self.plain.cases[case].organisation]

    def place(self, drawn: tuple[str, bool]) -> Place:
        """Return a place: an area, or its house if it has one and that is meant."""
        area, housed = drawn
        houses = [each for each in self.plain.houses.values() if each.area == area]
        return Place(area, houses[0].token if housed and houses else None)

    def window(self, drawn: tuple[int, int | None]) -> Window:
        start, end = drawn
        today = self.plain.today
        return Window(start=today + start, end=None if end is None else today + end)

    # What must hold after every step

    @invariant()
    def placements_are_the_same(self) -> None:
        """Every case is shown what the model has."""
        for handle in self.plain.cases:
            request = check.ShowCaseRequest(case_handle=handle)
            shown = self.done("ShowCase", request, self.worker(handle))
            got = {each.placement_id: _shown(each) for each in shown.placements}
            expected = {each.id: _expected(each) for each in self.plain.of_case(handle)}

            assert got == expected

    @invariant()
    def whoever_must_know_is_told(self) -> None:
        """An alert is open where the picture got worse, and nowhere else."""
        listed = self.done("ListAlerts", alert.ListAlertsRequest()).alerts
        police = [each.police_alert for each in listed]
        worse = [each for each in police if each.kind == alert.ALERT_KIND_WORSE]
        told = {each.placement_id for each in worse}

        assert len(told) == len(worse)
        assert self.plain.alarmed <= told
        assert told <= self.plain.alarmed | self.plain.doubtful
        for organisation, who in WORKERS.items():
            cases = Counter(each.case_handle for each in self.own_alerts(who))
            expected = Counter(
                each.case_handle
                for each in police
                if each.kind != alert.ALERT_KIND_CASE_CLOSED
                and self.plain.cases[each.case_handle].organisation == organisation
                and self.plain.cases[each.case_handle].assessed_at is not None
            )

            assert cases == expected

    @invariant()
    def the_service_finds_nothing_wrong_with_itself(self) -> None:
        """No sweep found what no change had touched, and nothing failed."""
        assert self.live.incidents.said == []


def _shown(each: check.OwnPlacement) -> tuple[Any, ...]:
    over = each.state > wire.PLACEMENT_STATE_ACTIVE
    return (
        each.state,
        each.place.area,
        each.place.facility,
        each.window.start_day,
        None if over or not each.window.HasField("end_day") else each.window.end_day,
        each.expires_at if each.state == wire.PLACEMENT_STATE_HELD else 0,
        each.moved_in,
        each.extended,
    )


def _expected(stay: Placement) -> tuple[Any, ...]:
    held = stay.state == wire.PLACEMENT_STATE_HELD
    over = stay.state > wire.PLACEMENT_STATE_ACTIVE
    return (
        int(stay.state),
        stay.area,
        stay.facility or b"",
        stay.valid_from,
        None if over else stay.valid_to,
        stay.expires_at if held else 0,
        stay.moved_in_on is not None,
        stay.extended,
    )


def firm(fact: Any) -> Any:
    """Return a fact behind which a second coordinator stands."""
    return replace(fact, approved=True)
