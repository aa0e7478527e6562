"""A served server with its people and a few things on record, and calls to it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from placement_client import refusals

from kit.refused import details
from kit.served import Served
from placement.access import Role
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import extract_service_pb2 as extract
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import ruleset_service_pb2 as rules
from placement.api.v1 import types_pb2 as wire
from placement.app import micros
from placement.audit.details import Details, opened
from placement.audit.entry import Entry, parse
from placement.crypto.pki import CLIENT_LIFETIME
from placement.domain.events import Record
from placement.domain.state import State
from placement.domain.terms import Day, Micros, stockholm_day
from placement.rpc.methods import METHODS
from placement.service import fold
from placement.store.head import Head
from placement.store.log import Store

TIMEOUT = 8.0  # seconds
PEOPLE = {
    "worker": ("caseworker", "1280", "cw-01"),
    "neighbour": ("caseworker", "0180", "cw-02"),
    "coordinator": ("coordinator", "syd", "co-01"),
    "second": ("coordinator", "syd", "co-02"),
    "national": ("coordinator", "national", "co-09"),
    "national-second": ("coordinator", "national", "co-08"),
    "auditor": ("auditor", "imy", "au-01"),
    "second-auditor": ("auditor", "imy", "au-02"),
    "witness": ("witness", "imy", "wi-01"),
    "operator": ("operator", "drift", "op-01"),
}
PATHS = {path.rpartition("/")[2]: path for path in METHODS}
STREAMS = frozenset(
    f"/{service.full_name}/{method.name}"
    for file in (
        alert.DESCRIPTOR,
        audit.DESCRIPTOR,
        extract.DESCRIPTOR,
        registry.DESCRIPTOR,
        rules.DESCRIPTOR,
    )
    for service in file.services_by_name.values()
    for method in service.methods
    if method.server_streaming
)
GROUND = audit.Ground(purpose=audit.AUDIT_PURPOSE_SUPERVISION, matter="DI 2026-17")
"""Why auditors search."""


def fresh(size: int = 16) -> bytes:
    return secrets.token_bytes(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What a refused caller sees.

    Attributes:
        code: gRPC's.
        text: the sentence.
        reason: ours.
        fields: those that are named.
        metadata: all that came with it, as it came.
    """

    code: grpc.StatusCode
    text: str
    reason: str
    fields: list[str]
    metadata: tuple[Any, ...]


class Town:
    """``with Town(folder) as town: …``.

    Args:
        folder: for the server's files.
        lifetime: of its people's certificates.
        settings: of the server.

    Attributes:
        today: the day in Stockholm when it was made.
        group, other: two registered groups.
        house: a facility in 1280.
        case, theirs: an assessed case of the worker, one of the neighbour.
        fact: an active presence.
    """

    def __init__(
        self, folder: Path, *, lifetime: timedelta = CLIENT_LIFETIME, **settings: Any
    ) -> None:
        self._lifetime = lifetime
        self.served = Served(folder, **settings)
        self.today = Day(stockholm_day(Micros(micros())))
        self._channels: dict[str, grpc.Channel] = {}
        self._folded = State(), Head.GENESIS

    def __enter__(self) -> Self:
        self.served.start()
        self._prepare()
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels.values():
            channel.close()
        self.served.stop()

    # Calls

    def channel(self, who: str) -> grpc.Channel:
        """Return somebody's one channel."""
        if who not in self._channels:
            channel = self.served.channel(*PEOPLE[who], lifetime=self._lifetime)
            self._channels[who] = channel
        return self._channels[who]

    def call(
        self,
        who: str,
        method: str,
        request: Message | bytes,
        timeout: float | None = TIMEOUT,
    ) -> bytes | Refused:
        """Call a method by its short name or its path.

        Returns:
            The answer, or the refusal; of a method that streams, the first piece.
        """
        path = PATHS.get(method, method)
        content = request if isinstance(request, bytes) else request.SerializeToString()
        channel = self.channel(who)
        try:
            if path in STREAMS:
                return _first(channel.unary_stream(path)(content, timeout=timeout))
            answer = channel.unary_unary(path)(content, timeout=timeout)
            return refusals.opened(answer)
        except grpc.RpcError as error:
            reason, fields = details(error)
            metadata = (*error.initial_metadata(), *error.trailing_metadata())
            return Refused(
                code=error.code(),
                text=error.details(),
                reason=reason,
                fields=fields,
                metadata=metadata,
            )

    def done(self, who: str, method: str, request: Message, kind: Any) -> Any:
        """Call a method that shall succeed, and read its response."""
        answer = self.call(who, method, request)
        assert isinstance(answer, bytes), answer
        return kind.FromString(answer)

    def stream(self, who: str, method: str, request: Message, kind: Any) -> list[Any]:
        """Call a method that answers in pieces, and read all of them."""
        ask = self.channel(who).unary_stream(PATHS[method])
        pieces = ask(request.SerializeToString(), timeout=TIMEOUT)
        return [kind.FromString(piece) for piece in pieces]

    def sent(self, who: str, method: str, request: Message) -> list[int]:
        """Call, and return how many bytes each message of the answer has."""
        pair = self.served.pki.client(*PEOPLE[who])
        path, content = PATHS[method], request.SerializeToString()
        with self.served.bare(pair) as channel:
            if path in STREAMS:
                pieces = channel.unary_stream(path)(content, timeout=TIMEOUT)
                return [len(piece) for piece in pieces]
            return [len(channel.unary_unary(path)(content, timeout=TIMEOUT))]

    @contextmanager
    def through(self, port: int) -> Iterator[None]:
        """Call another server of the same store until the block ends."""
        own, self._channels = self._channels, {}
        self.served.port, port = port, self.served.port
        yield
        for channel in self._channels.values():
            channel.close()
        self.served.port, self._channels = port, own

    # What is stored

    @property
    def store(self) -> Store:
        return self.served.app.engine._store

    def head(self) -> Head:
        return self.store.read_head()

    def state(self) -> State:
        """Fold what is new in the log, and return what all of it says."""
        state, head = self._folded
        with self.store.following(head) as (now, tail):
            for _, payload in tail:
                state.apply(self.store.vault.open(payload))
        self._folded = state, now
        return state

    def settled(self) -> Head:
        """Return the head once nothing is left to do: nothing moves it then.

        What changed was weighed again, and a checkpoint holds everything.
        """
        end = time.monotonic() + TIMEOUT
        while self.served.works(self.state()):
            assert time.monotonic() < end
            time.sleep(0.01)
        self.served.app.engine.publish().result(TIMEOUT)
        return self.head()

    def details(self, first: int) -> list[Details]:
        """Return the details of the entries from an index on."""
        leaves = self.store.leaves
        return [
            opened(leaves.details(leaf), parse(leaf.entry).details)
            for leaf in self.store.entries(first, 10_000)
        ]

    def entries(self, first: int) -> list[Entry]:
        """Return the entries of the access log from an index on."""
        return [parse(leaf.entry) for leaf in self.store.entries(first, 10_000)]

    def asked(self, first: int) -> list[Entry]:
        """Return those entries that are of calls, and not of the service's own work."""
        return [each for each in self.entries(first) if each.role != Role.SERVICE.value]

    def records(self) -> list[Record]:
        """Return the state, as records."""
        return list(fold.load(self.store)[0].records())

    # What is on record

    def _prepare(self) -> None:
        self.group, self.other = self.done(
            "coordinator",
            "RegisterGroups",
            registry.RegisterGroupsRequest(
                request_id=fresh(),
                groups=[
                    registry.NewGroup(fingerprint=fresh(32), sealed_label=b"sealed")
                    for _ in range(2)
                ],
            ),
            registry.RegisterGroupsResponse,
        ).tokens
        self.house = (
            self.done(
                "coordinator",
                "RegisterFacilities",
                registry.RegisterFacilitiesRequest(
                    request_id=fresh(), facilities=[registry.NewFacility(area="1280")]
                ),
                registry.RegisterFacilitiesResponse,
            )
            .facilities[0]
            .token
        )
        self.case = self.opened("worker")
        self.theirs = self.opened("neighbour")
        recorded = registry.RecordFactsRequest(
            request_id=fresh(), facts=[self.fact_of(presence=self.presence())]
        )
        (self.fact,) = self.done(
            "coordinator", "RecordFacts", recorded, registry.RecordFactsResponse
        ).fact_ids

    def opened(self, who: str, **given: Any) -> bytes:
        """Open a case, have it assessed, and return its handle."""
        request = self.open_case(**given)
        opened = self.done(who, "OpenCase", request, check.OpenCaseResponse)
        assessed = registry.AssessCaseRequest(
            request_id=fresh(), case_handle=opened.case_handle, none_known=True
        )
        self.done("national", "AssessCase", assessed, registry.AssessCaseResponse)
        return opened.case_handle

    # Requests that hold; keywords replace fields

    def open_case(self, **given: Any) -> check.OpenCaseRequest:
        values = {
            "request_id": fresh(),
            "pseudonyms": [fresh(32)],
            "reference": "SN 1",
            "basis": check.BASIS_POLICE,
        }
        return check.OpenCaseRequest(**(values | given))

    def question(self, *areas: str, **given: Any) -> check.CheckPlacementRequest:
        """Ask about some areas from today on."""
        values = {
            "request_id": fresh(),
            "case_handle": self.case,
            "candidates": [check.Candidate(area=area) for area in areas or ("2480",)],
            "window": wire.Window(start_day=self.today),
            "justification": check.JUSTIFICATION_PLANNED,
            "mode": check.CHECK_MODE_CHECK,
        }
        return check.CheckPlacementRequest(**(values | given))

    def presence(self, **given: Any) -> wire.Presence:
        values = {
            "group": self.group,
            "area": "1280",
            "kind": wire.PRESENCE_KIND_ACTIVE,
        }
        return wire.Presence(**(values | given))

    def fact_of(self, **given: Any) -> wire.Fact:
        """State a fact; its statement is one of the keywords."""
        scheme = wire.GRADE_SCHEME_THREE_FIVE_TWO
        values = {
            "grade": wire.SourceGrade(scheme=scheme, given="1B"),
            "reason": wire.FACT_REASON_INTELLIGENCE,
        }
        return wire.Fact(**(values | given))

    def record(self, *facts: wire.Fact) -> registry.RecordFactsRequest:
        return registry.RecordFactsRequest(request_id=fresh(), facts=facts)


def _first(pieces: Any) -> bytes:
    """Return the first piece of a stream, and end it."""
    first: bytes = next(pieces)
    pieces.cancel()
    return first
