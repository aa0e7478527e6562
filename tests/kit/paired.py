"""Two servers whose worlds differ in one person on record.

Both begin as copies of one store, with the same keys, so that their phantoms are the
same. In one of them something is recorded of a person, or a group is registered. Then
people who must not learn of it do the same in both worlds; what they are answered is
compared byte by byte, but for what is drawn at random and for what everybody's doings
count up.
"""

import copy
import shutil
import time
from collections.abc import Callable, Iterator
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

from kit.certs import Pki
from kit.placing import cover, placed, record, rivals
from kit.still import _PACKAGED
from kit.town import PATHS, PEOPLE, TIMEOUT, Town, fresh
from placement.api.v1 import registry_service_pb2 as registry
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
