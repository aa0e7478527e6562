"""Two servers whose worlds differ in one person on record, and the same life in both.

Both begin as copies of one store, with the same keys, so that their phantoms are the
same. In one of them something is recorded of a person, or a group is registered. Then
people who must not learn of it do the same in both worlds; what they are answered is
compared byte by byte, but for what is drawn at random and for what everybody's doings
count up.
"""

import copy
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

import grpc
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from kit.bad_input import GOOD, evaluate
from kit.certs import Pki
from kit.placing import cover, placed, record, rivals
from kit.still import _PACKAGED
from kit.town import PATHS, PEOPLE, TIMEOUT, Town, fresh
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import budget_service_pb2 as budget
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.refusal_pb2 import Envelope
from placement.app import micros
from placement.domain.state import State
from placement.store.head import Head

PLACE: Final = "2480"
"""Where somebody is placed, in one of the worlds."""
AREAS: Final = (PLACE, "0580", "1280", "0180")
ID_SIZE: Final = 16  # bytes
_COUNTED: Final = frozenset({"revision", "leaf_index"})
_EVERYTHING: Final = frozenset({"*"})
_LITTLE: Final = 50_000  # microseconds
PEOPLE_HERE: Final = {
    **PEOPLE,
    "elsewhere": ("coordinator", "vast", "co-05"),
}
VERDICT: Final = frozenset(
    {"verdict", "valid_until", "hold_id", "hold_expires_at", "revision", "leaf_index"}
)
"""What may differ of the verdict that meets the person: it, and the hold it gives."""


def somebody(name: str) -> bytes:
    """Return a person's pseudonym."""
    return sha256(name.encode()).digest()


def person(name: str) -> wire.Person:
    """Return a person by pseudonym."""
    return wire.Person(pseudonym=somebody(name))


# The difference


def _affiliated(town: Town) -> None:
    about = wire.Affiliation(
        person=person("X"), group=town.group, role=wire.AFFILIATION_ROLE_CORE
    )
    record(town, town.fact_of(affiliation=about))


def _opened(town: Town, *names: str) -> bytes:
    return town.opened("neighbour", pseudonyms=list(map(somebody, names)))


def _placed(town: Town) -> None:
    _affiliated(town)
    place = registry.StandingPlacement(
        case_handle=_opened(town, "X"),
        area=PLACE,
        window=wire.Window(start_day=town.today - 9),
    )
    request = registry.RecordPlacementsRequest(request_id=fresh(), placements=[place])
    town.done(
        "national", "RecordPlacements", request, registry.RecordPlacementsResponse
    )


def _threatens(town: Town) -> None:
    threat = wire.Threat(target=person("Z"), person=person("X"), severity=2)
    record(town, town.fact_of(threat=threat))


def _same(town: Town) -> None:
    same = wire.SameAs(person_a=person("X"), person_b=person("R"))
    record(town, town.fact_of(same_as=same))


def _registered(town: Town) -> None:
    group = registry.NewGroup(fingerprint=fresh(32), sealed_label=b"sealed")
    request = registry.RegisterGroupsRequest(request_id=fresh(), groups=[group])
    town.done("national", "RegisterGroups", request, registry.RegisterGroupsResponse)


@dataclass(frozen=True, slots=True)
class Difference:
    """What one world has and the other has not, and whose verdicts may tell.

    Attributes:
        make: records it.
        about: an assessed case with one of these may be answered otherwise, anywhere.
        beside: an assessed case with one of these may be, where it asks about ``PLACE``.
    """

    make: Callable[[Town], None]
    about: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()


DIFFERENCES: Final = {
    "affiliation": Difference(_affiliated, about=frozenset("X")),
    "placement": Difference(_placed, about=frozenset("X"), beside=frozenset("R")),
    "threat": Difference(_threatens, about=frozenset("XZ")),
    "case": Difference(lambda town: _opened(town, "X") and None),
    "same-as": Difference(_same, about=frozenset("XR")),
    "household": Difference(lambda town: _opened(town, "Q", "X") and None),
    "group": Difference(_registered),
}


# The worlds


@dataclass(slots=True, repr=False)
class World:
    """One of them, and what somebody in it has seen.

    Attributes:
        town: it.
        clock: of both worlds, in microseconds; it stands while somebody asks.
        channels: by who calls; they know nothing of refusals, and see the padding.
        names: what each random value is called, in the order they came.
        counts: the last of what everybody's doings count up, by field.
    """

    town: Town
    clock: list[int]
    channels: dict[str, grpc.Channel] = field(default_factory=dict)
    names: dict[bytes, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def call(
        self, who: str, method: str, request: Message, free: frozenset[str]
    ) -> "Seen":
        """Call a method, and return all of what the caller can see.

        Args:
            who: calls.
            method: by its short name.
            request: what is asked.
            free: fields that another world may have otherwise; nothing is called after
                what stands in them.
        """
        if who not in self.channels:
            served = self.town.served
            pair = served.pki.client(*PEOPLE_HERE[who])
            self.channels[who] = served.bare(pair)
        ask = self.channels[who].unary_unary(PATHS[method])
        content, call = ask.with_call(request.SerializeToString(), timeout=TIMEOUT)
        metadata = (*call.initial_metadata(), *call.trailing_metadata())
        envelope = Envelope.FromString(content)
        refused = envelope.HasField("refusal")
        answer: Message = _kind(method).FromString(content)
        return Seen(
            size=len(content),
            metadata=tuple(map(tuple, metadata)),
            refusal=envelope.refusal.SerializeToString() if refused else b"",
            answer=answer,
            told={} if refused else self._plain(answer, free),
        )

    def settle(self) -> None:
        """Wait until the service has nothing left to do by itself."""
        end = time.monotonic() + TIMEOUT
        while self.town.served.works(self.town.state()):
            assert time.monotonic() < end
            time.sleep(0.004)
            self.clock[0] += _LITTLE  # or nothing is noticed that time brings

    def _plain(self, message: Message, free: frozenset[str]) -> dict[str, Any]:
        """Return a message without what is drawn, and with what is counted as steps."""
        found: dict[str, Any] = {}
        for known, value in message.ListFields():
            if known.number < Envelope.REFUSAL_FIELD_NUMBER:
                some = list(value) if known.is_repeated else [value]
                found[known.name] = [self._one(known, each, free) for each in some]
        return found

    def _one(self, known: FieldDescriptor, value: Any, free: frozenset[str]) -> Any:
        if known.name in _COUNTED:
            before = self.counts.get(known.name, value)
            self.counts[known.name] = value
            return value - before
        if isinstance(value, Message):
            hidden = _EVERYTHING if known.name in free else free
            return self._plain(value, hidden)
        if known.name in free or free == _EVERYTHING:
            return value
        if isinstance(value, bytes) and len(value) == ID_SIZE and any(value):
            return self.names.setdefault(value, f"id {len(self.names)}")
        # Elements and proofs are drawn anew each time; their length is not.
        return len(value) if isinstance(value, bytes) else value


def _kind(method: str) -> Any:
    service, _, name = PATHS[method].removeprefix("/").partition("/")
    found = Default().FindServiceByName(service).FindMethodByName(name)
    return GetMessageClass(found.output_type)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a caller sees of an answer.

    Attributes:
        size: bytes.
        metadata: headers and trailers.
        refusal: as it came; empty if there is none.
        answer: as it came.
        told: what it says, without what is drawn.
    """

    size: int
    metadata: tuple[Any, ...]
    refusal: bytes
    answer: Any
    told: dict[str, Any]

    def but(self, fields: frozenset[str]) -> tuple[Any, ...]:
        """Return all of it that has to be equal where some fields need not be."""
        return self.size, self.metadata, self.refusal, _without(self.told, fields)


def _without(told: Any, fields: frozenset[str]) -> Any:
    if isinstance(told, list):
        return [_without(each, fields) for each in told]
    if isinstance(told, dict):
        return {k: _without(v, fields) for k, v in told.items() if k not in fields}
    return told


class Pair:
    """Two worlds.

    Args:
        worlds: the first has something that the second has not.
        difference: it.
    """

    def __init__(self, worlds: tuple[World, World], difference: Difference) -> None:
        self.worlds = worlds
        self.difference = difference

    @classmethod
    @contextmanager
    def differing(cls, folder: Path, difference: Difference) -> Iterator[Self]:
        """Make a world, copy it, and let one of the two differ."""
        clock = [micros()]
        settings = {"ruleset": _ruleset(folder), "clock": lambda: clock[0]}
        (folder / "one").mkdir()
        pki = Pki(folder / "pki")
        pki.server()
        with Town(folder / "one", pki=pki, **settings) as first:
            cover(first)
            rivals(first, severity=3)
            about = wire.Affiliation(
                person=person("R"), group=first.other, role=wire.AFFILIATION_ROLE_CORE
            )
            record(first, first.fact_of(affiliation=about))
            # Somebody is placed somewhere, as in any country that needs the service.
            placed(first, first.theirs, "0180", who="neighbour")
            World(first, clock).settle()
        first._channels.clear()
        second = _copied(first, folder / "other")
        first.served.start()
        second.served.start()
        try:
            difference.make(first)
            worlds = World(first, clock), World(second, clock)
            for world in worlds:
                world.settle()
            yield cls(worlds, difference)
            for world in worlds:
                for channel in world.channels.values():
                    channel.close()
        finally:
            first.__exit__()
            second.__exit__()


def _ruleset(folder: Path) -> Path:
    """Write a ruleset with phantoms, in which only a case's budget is ever spent."""
    text = _PACKAGED.read_text("utf-8")
    for line in (
        *("areas = 30\n", "areas = 10\n"),
        *("person_hour = 20\n", "organisation_day = 200\n"),
    ):
        assert line in text, line
        text = text.replace(line, f"{line.partition('=')[0]}= 100000\n")
    text = text.replace("areas = 6\n", "areas = 3\n")
    path = folder / "ruleset.toml"
    path.write_text(text, "utf-8")
    return path


def _copied(town: Town, folder: Path) -> Town:
    """Return a town with the same store and keys, in a folder of its own."""
    served = town.served
    shutil.copytree(served.folder, folder)
    settings = served.settings
    twin = copy.copy(served)
    twin.folder = folder
    twin.settings = replace(
        settings,
        database=f"sqlite:///{folder}/placement.db",
        store_key=folder / settings.store_key.name,
        custodian_key=folder / settings.custodian_key.name,
        log_key=folder / settings.log_key.name,
    )
    other = copy.copy(town)
    other.served, other._channels, other._folded = twin, {}, (State(), Head.GENESIS)
    return other


# The life


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
