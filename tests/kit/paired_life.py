"""The same life in two worlds, step by step; what is seen there is held side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Self

from google.protobuf.message import Message

from kit.bad_input import GOOD, evaluate
from kit.paired import AREAS, ID_SIZE, PLACE, Pair, Seen, somebody
from kit.town import fresh
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import budget_service_pb2 as budget
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as wire

VERDICT: Final = frozenset(
    {"verdict", "valid_until", "hold_id", "hold_expires_at", "revision", "leaf_index"}
)
"""What may differ of the verdict that meets the person: it, and the hold it gives."""


@dataclass(slots=True)
class Case:
    """A case that was opened in both worlds.

    Attributes:
        handles: in each.
        members: their names.
        assessed: whether a coordinator assessed it.
        holds: ids of what is held for it, in each world.
        met: something may have been held for it in one of them alone.
    """

    handles: tuple[bytes, ...]
    members: frozenset[str]
    assessed: bool = False
    holds: list[tuple[bytes, ...]] = field(default_factory=list)
    met: bool = False


Step = tuple[str, int, int]
"""What is done, and two numbers that say to what."""
NAMES: Final = ("nobody", "X", "R", "Z", "nobody else", "Q")


class Life:
    """Lives the same life in both worlds, and holds what is seen against each other.

    Args:
        pair: the worlds.

    Attributes:
        leaks: what differed and must not: the step, and what was seen in each world.
        met: how often an answer differed where it may.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._cases: list[Case] = []
        self._number = 0
        self.leaks: list[tuple[str, Seen, Seen]] = []
        self.met = 0

    def live(self, steps: Sequence[Step]) -> Self:
        """Take some steps."""
        for name, one, other in steps:
            getattr(self, f"_{name.replace(' ', '_')}")(one, other)
            for world in self._pair.worlds:
                world.settle()
        return self

    def _both(
        self,
        who: str,
        method: str,
        *requests: Message,
        free: frozenset[str] = frozenset(),
    ) -> tuple[Seen, Seen]:
        """Call in both worlds, with one request or with one each, and compare."""
        asked = requests * (2 // len(requests))
        worlds = self._pair.worlds
        one, other = (
            world.call(who, method, request, free)
            for world, request in zip(worlds, asked, strict=True)
        )
        if one.but(free) != other.but(free):
            self.leaks.append((f"{who} {method}", one, other))
        elif one.but(frozenset()) != other.but(frozenset()):
            self.met += 1
        return one, other

    def _fresh(self) -> bytes:
        self._number += 1
        return sha256(b"%d" % self._number + fresh()).digest()[:ID_SIZE]

    def _case(self, number: int) -> Case:
        if not self._cases:
            self._open(number, 1)
        return self._cases[number % len(self._cases)]

    # Caseworkers

    def _open(self, first: int, second: int) -> None:
        """Open a case for one or two people, on record or not."""
        names = list(
            dict.fromkeys(NAMES[each % len(NAMES)] for each in (first, second))
        )
        pseudonyms = [
            self._fresh() * 2 if name.startswith("nobody") else somebody(name)
            for name in names
        ]
        request = self._pair.worlds[0].town.open_case(
            pseudonyms=pseudonyms, reference=f"SN {first}", request_id=self._fresh()
        )
        seen = self._both("worker", "OpenCase", request)
        handles = tuple(each.answer.case_handle for each in seen)
        self._cases.append(Case(handles, frozenset(names)))

    def _assess(self, number: int, _: int) -> None:
        """Let the coordinator of the region do it, who may see more."""
        case = self._case(number)
        for world, handle in zip(self._pair.worlds, case.handles, strict=True):
            request = registry.AssessCaseRequest(
                request_id=fresh(), case_handle=handle, none_known=True
            )
            world.town.call("coordinator", "AssessCase", request)
            world.settle()
            world.counts.clear()
        case.assessed = True

    def _check(self, number: int, where: int) -> None:
        """Ask about two areas."""
        case = self._case(number)
        areas = [AREAS[(where + step) % len(AREAS)] for step in range(2)]
        self._ask(case, areas, check.CHECK_MODE_CHECK)

    def _hold(self, number: int, where: int) -> None:
        """Ask about one, and hold it; what may tell the worlds apart is given up again."""
        case = self._case(number)
        area = AREAS[where % len(AREAS)]
        seen = self._ask(case, [area], check.CHECK_MODE_CHECK_AND_HOLD)
        ids = tuple(
            each.answer.verdicts[0].hold_id if each.answer.verdicts else b""
            for each in seen
        )
        if all(map(any, ids)) and not self._meets(case, (PLACE,)):
            case.holds.append(ids)
            return
        case.met = case.met or self._meets(case, (area,))
        for world, hold in zip(self._pair.worlds, ids, strict=True):
            if any(hold):
                request = _step("ReleaseHold", hold_id=hold)
                world.town.call("worker", "ReleaseHold", request)
                world.settle()
            world.counts.clear()

    def _ask(
        self, case: Case, areas: Sequence[str], mode: check.CheckMode.ValueType
    ) -> tuple[Seen, Seen]:
        request_id = self._fresh()
        requests = (
            self._pair.worlds[0].town.question(
                *areas, case_handle=handle, request_id=request_id, mode=mode
            )
            for handle in case.handles
        )
        free = VERDICT if self._meets(case, areas) else frozenset[str]()
        return self._both("worker", "CheckPlacement", *requests, free=free)

    def _meets(self, case: Case, areas: Sequence[str]) -> bool:
        """Tell whether the very case meets the person that the worlds differ in."""
        found = self._pair.difference
        here = found.beside if PLACE in areas else frozenset[str]()
        return case.assessed and bool(case.members & (found.about | here))

    def _confirm(self, number: int, which: int) -> None:
        self._with_hold("ConfirmHold", number, which)

    def _extend(self, number: int, which: int) -> None:
        self._with_hold("ExtendHold", number, which)

    def _release(self, number: int, which: int) -> None:
        self._with_hold("ReleaseHold", number, which)

    def _with_hold(self, method: str, number: int, which: int) -> None:
        case = self._case(number)
        holds = case.holds or [(bytes(ID_SIZE - 1) + b"\1",) * 2]
        ids = holds[which % len(holds)]
        requests = [_step(method, hold_id=hold) for hold in ids]
        for request in requests:
            request.request_id = requests[0].request_id
        self._both("worker", method, *requests)

    def _show(self, number: int, _: int) -> None:
        case = self._case(number)
        requests = (check.ShowCaseRequest(case_handle=each) for each in case.handles)
        free = frozenset({"placements"}) if case.met else frozenset[str]()
        self._both("worker", "ShowCase", *requests, free=free)

    def _close(self, number: int, _: int) -> None:
        request_id = self._fresh()
        requests = (
            check.CloseCaseRequest(
                request_id=request_id,
                case_handle=handle,
                reason=check.CLOSE_REASON_CONSENT_WITHDRAWN,
            )
            for handle in self._case(number).handles
        )
        self._both("worker", "CloseCase", *requests)

    def _budgets(self, number: int, where: int) -> None:
        for handle_of in (lambda case, n: case.handles[n], lambda *_: b""):
            requests = [
                budget.ShowBudgetsRequest(case_handle=handle_of(self._case(number), n))
                for n in range(2)
            ]
            for request in requests:
                if request.case_handle:
                    request.areas.append(AREAS[where % len(AREAS)])
            self._both("worker", "ShowBudgets", *requests)

    def _alerts(self, *_: int) -> None:
        for who in ("worker", "elsewhere"):
            self._both(who, "ListAlerts", alert.ListAlertsRequest())

    def _evaluate(self, *_: int) -> None:
        """As a client of the custodian's, who knows no more than that."""
        for who in ("worker", "elsewhere"):
            self._both(who, "Evaluate", evaluate(GOOD, GOOD))

    def _err(self, number: int, which: int) -> None:
        """Ask for what is not there, not one's own, or nonsense."""
        town = self._pair.worlds[0].town
        unknown = self._fresh()
        wrong: tuple[tuple[str, Message], ...] = (
            ("CheckPlacement", town.question(case_handle=unknown)),
            ("CheckPlacement", town.question(case_handle=town.theirs)),
            ("CheckPlacement", town.question("9999")),
            ("ShowCase", check.ShowCaseRequest(case_handle=town.theirs)),
            ("ShowCase", check.ShowCaseRequest(placement_id=unknown)),
            ("OpenCase", town.open_case(pseudonyms=[somebody("X")] * 2)),
            ("OpenCase", town.open_case(pseudonyms=[somebody("X")], reference="Åsa")),
            ("ShowBudgets", budget.ShowBudgetsRequest(case_handle=town.theirs)),
            ("AssessCase", registry.AssessCaseRequest(case_handle=town.case)),
        )
        self._both("worker", *wrong[(number + which) % len(wrong)])

    # A coordinator of another region

    def _elsewhere(self, number: int, which: int) -> None:
        """Look at what there is, and at a case that is none of hers."""
        case = self._case(number)
        window = wire.Window(start_day=self._pair.worlds[0].town.today)
        looks: tuple[tuple[str, tuple[Message, ...]], ...] = (
            ("ListFacts", (review.ListFactsRequest(),)),
            ("ListReviews", (review.ListReviewsRequest(),)),
            ("ReportReviews", (review.ReportReviewsRequest(year=2026),)),
            ("ListChanges", (registry.ListChangesRequest(),)),
            ("ShowCoverage", (review.ShowCoverageRequest(),)),
            ("ShowBudgets", (budget.ShowBudgetsRequest(),)),
            (
                "AssessCase",
                tuple(
                    registry.AssessCaseRequest(
                        request_id=bytes(15) + b"\2", case_handle=each, none_known=True
                    )
                    for each in case.handles
                ),
            ),
            (
                "ExplainPlacement",
                tuple(
                    registry.ExplainPlacementRequest(
                        case_handle=each,
                        candidate=check.Candidate(area=PLACE),
                        window=window,
                    )
                    for each in case.handles
                ),
            ),
        )
        method, requests = looks[which % len(looks)]
        self._both("elsewhere", method, *requests)


def _step(method: str, **given: Any) -> Any:
    return getattr(place, f"{method}Request")(request_id=fresh(), **given)


KINDS: Final = (
    *("open", "open", "assess", "check", "check", "hold", "confirm", "extend"),
    *("release", "show", "close", "budgets", "alerts", "evaluate", "err", "elsewhere"),
)
"""What may be done; cases are opened and checked most."""
