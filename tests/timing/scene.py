"""A server with something on record, and questions that differ in what is secret."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Final

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.refusal_pb2 import Envelope
from placement.app import micros, read_ruleset
from placement.domain.terms import Micros, stockholm_day
from placement.rpc.methods import METHODS
from tests.kit.processes import (
    TIMEOUT,
    Desk,
    Party,
    Scene,
    answers,
    fact_of,
    fresh,
    insist,
    prepare,
    question,
)
from tests.timing.plant import Leak

ROOT: Final = Path(__file__).parents[2]
PACE: Final = 25
"""Milliseconds; what a server has of which nothing else is said."""
RIVALS: Final = 10
BUDGET: Final = 6
"""Areas of one case, as the ruleset says."""
HOME: Final = "2480"
"""Where somebody is really placed."""
PERSONS: Final = 10_000
"""On record at most, for whom nobody has a case; then they come round again."""
AT_ONCE: Final = 500
STRANGERS: Final = 20
"""Cases of another municipality."""
CASES: Final = 30
"""Until so many were asked about, a phantom and a free place must be found."""

_PATHS: Final = {path.rpartition("/")[2]: path for path in METHODS}
_MANY: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """Calls that are all answered alike.

    Attributes:
        method: its short name.
        make: makes the request.
        answer: the verdict, the reason of the refusal, or nothing.
    """

    method: str
    make: Callable[[], Message]
    answer: str

    @property
    def path(self) -> str:
        """The method's path."""
        return _PATHS[self.method]

    def told(self, content: bytes) -> bool:
        """Tell whether an answer is of this kind."""
        refusal = Envelope.FromString(content).refusal
        if refusal.code:
            info = ErrorInfo()
            refusal.details[0].Unpack(info)
            return info.reason == self.answer
        if self.method != "CheckPlacement":
            return not self.answer
        (one,) = check.CheckPlacementResponse.FromString(content).verdicts
        return name_of(one.verdict) == self.answer


def name_of(verdict: "wire.Verdict.ValueType") -> str:
    """Return a verdict's word."""
    return wire.Verdict.Name(verdict).removeprefix("VERDICT_")


class Site:
    """A served folder with its people; ``with serving(folder) as site: …``.

    Args:
        folder: of the server's files.
        port: where it listens.
        persons: how many are on record without a case.

    Attributes:
        kinds: the questions, by name.
    """

    def __init__(self, folder: Path, port: int, persons: int) -> None:
        self._folder, self._port = folder, port
        self._today = stockholm_day(Micros(micros()))
        self._desk = Desk(folder, port)
        self._desk.ready()
        self._scene = Scene(self._desk, self._today)
        self.kinds = self._made(min(persons, PERSONS))

    def close(self) -> None:
        """Give up the connections."""
        self._desk.close()

    def channel(self, who: str = "one") -> grpc.Channel:
        """Return a connection of somebody's own, as bytes come and go."""
        pki = self._folder / "pki"
        return grpc.secure_channel(
            f"localhost:{self._port}",
            grpc.ssl_channel_credentials(
                (pki / "ca.pem").read_bytes(),
                (pki / f"{who}.key").read_bytes(),
                (pki / f"{who}.pem").read_bytes(),
            ),
            [("grpc.use_local_subchannel_pool", 1)],
        )

    # What is on record

    def _made(self, persons: int) -> dict[str, Kind]:
        self._scene.cover()
        own, *rivals = self._scene.groups(RIVALS + 1)
        self._scene.rivals(*((own, each) for each in rivals))
        self._place(self._scene.party("other", rivals[0]))
        known = self._known(own, persons)
        case, areas = self._searched(own)
        strangers = [self._scene.party("other", own).case for _ in range(STRANGERS)]
        theirs = cycle([Party("one", each) for each in strangers])
        checks = {
            "clear": (case, areas["CLEAR"], "CLEAR"),
            "conflict": (case, HOME, "CONFLICT"),
            "phantom": (case, areas["CONFLICT"], "CONFLICT"),
            "spent": (case, areas["none"], "BUDGET_SPENT"),
            "invalid": (case, "9999", "INVALID_INPUT"),
        }
        found = {
            name: Kind("CheckPlacement", self._asking(*about), answer)
            for name, (*about, answer) in checks.items()
        }
        nobody = lambda: Party("one", fresh())  # noqa: E731 (each time another)
        for name, whose in (("absent", nobody), ("theirs", theirs.__next__)):
            make = self._asking_of(whose, areas["CLEAR"])
            found[name] = Kind("CheckPlacement", make, "NOT_FOUND")
            found[f"{name}, shown"] = Kind("ShowCase", _showing(whose), "NOT_FOUND")
        numbers = count(100_000)
        found["known"] = Kind("OpenCase", _opening(known, numbers), "")
        found["unknown"] = Kind("OpenCase", _opening(lambda: fresh(32), numbers), "")
        return found

    def _place(self, party: Party) -> None:
        """Record that somebody lives there since yesterday."""
        stay = registry.StandingPlacement(
            case_handle=party.case,
            area=HOME,
            window=wire.Window(start_day=self._today - 1),
        )
        request = registry.RecordPlacementsRequest(
            request_id=fresh(), placements=[stay]
        )
        insist(self._desk.registry.RecordPlacements, request)

    def _known(self, group: bytes, persons: int) -> Callable[[], bytes]:
        """Put people on record; return what names one after the other."""
        found = [fresh(32) for _ in range(persons)]
        for start in range(0, persons, AT_ONCE):
            facts = [
                fact_of(
                    affiliation=wire.Affiliation(
                        person=wire.Person(pseudonym=each),
                        group=group,
                        role=wire.AFFILIATION_ROLE_ASSOCIATE,
                    )
                )
                for each in found[start : start + AT_ONCE]
            ]
            request = registry.RecordFactsRequest(request_id=fresh(), facts=facts)
            insist(self._desk.registry.RecordFacts, request)
        return cycle(found).__next__

    def _searched(self, group: bytes) -> tuple[Party, dict[str, str]]:
        """Ask until a case has a free place, and one that only a phantom takes.

        Returns:
            The case, all of whose budget is spent, and an area for each verdict; for
            ``none``, one that it did not ask about.

        Raises:
            LookupError: there is none.
        """
        areas = iter([each for each in read_ruleset(None).areas if each != HOME])
        for _ in range(CASES):
            party = self._scene.party("one", group)
            here = {name: next(areas) for name in map(str, range(BUDGET - 1))}
            found = {self._verdict(party, each): each for each in here.values()}
            if found.keys() >= {"CLEAR", "CONFLICT"}:
                assert self._verdict(party, HOME) == "CONFLICT"
                return party, found | {"none": next(areas)}
        raise LookupError("no phantom was found")

    def _verdict(self, party: Party, area: str) -> str:
        request = self._asking(party, area)()
        (one,) = insist(self._desk.checks["one"].CheckPlacement, request).verdicts
        return name_of(one.verdict)

    # Questions

    def _asking(self, party: Party, area: str) -> Callable[[], Message]:
        return self._asking_of(lambda: party, area)

    def _asking_of(
        self, whose: Callable[[], Party], area: str
    ) -> Callable[[], Message]:
        return lambda: question(whose(), area, self._today, hold=False)


def _showing(whose: Callable[[], Party]) -> Callable[[], Message]:
    return lambda: check.ShowCaseRequest(case_handle=whose().case)


def _opening(who: Callable[[], bytes], numbers: Iterator[int]) -> Callable[[], Message]:
    return lambda: check.OpenCaseRequest(
        request_id=fresh(),
        pseudonyms=[who()],
        reference=f"SN {next(numbers)}",
        basis=check.BASIS_POLICE,
    )


def roomy() -> str:
    """Return the package's ruleset with budgets of one case alone."""
    text = (ROOT / "placement/domain/data/ruleset.toml").read_text("utf-8")
    for line in ("areas = 30\n", "areas = 10\n"):
        assert line in text
        text = text.replace(line, f"areas = {_MANY}\n")
    return text


@contextmanager
def serving(
    folder: Path, *, pace: int = PACE, leak: Leak | None = None, persons: int = 100
) -> Iterator[Site]:
    """Serve a folder in a process of its own, and put something on record.

    Args:
        folder: an empty one.
        pace: of the server.
        leak: that is planted.
        persons: how many are on record without a case.
    """
    (port,) = prepare(folder, 1, text=roomy(), pace=pace)
    command = [sys.executable, "-m", "tests.timing.plant", str(folder)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *(leak.arguments if leak else [])],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env=os.environ | {"GRPC_VERBOSITY": "NONE"},
        )
    try:
        answers(port)
        site = Site(folder, port, persons)
        yield site
        site.close()
    finally:
        server.terminate()
        server.wait(timeout=TIMEOUT)
