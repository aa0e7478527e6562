"""Servers as processes of their own, people who call them, and rivals to place.

``prepare`` makes what ``placement-server`` needs, once; ``tests.crash.run.serve`` starts
it. A ``Desk`` is everybody at one server. Nothing here imports another kit, so that
commands can use it without the tests' own path.
"""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any, Final

import grpc
from placement_client.failures import UNANSWERED
from placement_client.refusals import evened

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.ops.main import main as placement_server
from tests.crash.run import whom
from tests.kit.still import STILL

DOMAIN: Final = "rivals.placement"
PEOPLE: Final[Mapping[str, tuple[str, str, str]]] = {
    "one": ("caseworker", "1280", "cw-01"),
    "other": ("caseworker", "0180", "cw-02"),
    "coordinator": ("coordinator", "national", "co-01"),
}
TIMEOUT: Final = 9.0  # seconds; a server takes no longer deadline than 10
PATIENCE: Final = 60.0  # seconds that a start, or a call with its retries, may take
PORTS: Final = range(20_000, 32_000)
"""Below those that connections go out from."""
NO_HOLD: Final = bytes(16)
_NUMBERS: Final = count(1)


def fresh(size: int = 16) -> bytes:
    return secrets.token_bytes(size)


def prepare(
    folder: Path,
    servers: int,
    url: str = "",
    *,
    budgets: bool = True,
    text: str = STILL,
    pace: int = 0,
    keys: str = "sqlite:///keys.db",
) -> list[int]:
    """Make certificates, keys, an empty store and settings.

    Args:
        folder: where; ``0.toml`` are the settings of the first server.
        servers: how many.
        url: of the database; empty for SQLite in the folder.
        budgets: whether to keep those of the ruleset.
        text: of the ruleset.
        pace: milliseconds between the points at which answers leave.
        keys: URL of the key store.

    Returns:
        A free port for each server.
    """
    if not budgets:
        for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
            text = text.replace(line, "areas = 1000000000\n")
    (folder / "ruleset.toml").write_text(text, "utf-8")
    ports = free_ports(servers)
    for number, port in enumerate(ports):
        (folder / f"{number}.toml").write_text(
            f'address = "127.0.0.1:{port}"\ntrust_domain = "{DOMAIN}"\n'
            f"pace = {pace}\ntick = 0\n"
            f'ruleset = "ruleset.toml"\nkeys = "{keys}"\n'
            + (f'database = "{url}"\n' if url else ""),
            "utf-8",
        )
    place = ["--dir", str(folder / "pki")]
    client = ["pki", "issue-client", *place, "--trust-domain", DOMAIN, "--hours", "24"]
    commands = [
        ["pki", "init", *place],
        ["pki", "issue-server", *place, "--host", "localhost"],
        *([*client, "--name", name, *whom(*who)] for name, who in PEOPLE.items()),
        ["init", "--settings", str(folder / "0.toml")],
    ]
    with redirect_stdout(StringIO()):
        for command in commands:
            if placement_server(command):
                raise SystemExit(1)
    return ports


def answers(port: int) -> None:
    """Wait until a server answers, however slowly the machine starts it.

    Raises:
        TimeoutError: it does not.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError


def stop(running: Collection[int]) -> None:
    """Stop server processes, and wait until they have ended."""
    for server in running:
        os.kill(server, signal.SIGTERM)
    for server in running:
        os.waitpid(server, 0)


def free_ports(count: int) -> list[int]:
    """Return ports that no connection gets by chance while their server is down."""
    found: set[int] = set()
    while len(found) < count:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)


class Desk:
    """Everybody at one server, each over a connection of their own.

    Attributes:
        checks, placements: by the name of a caseworker.
        registry: the coordinator's.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._channels = {name: _channel(folder, name, port) for name in PEOPLE}
        self.checks: dict[str, Any] = {}
        self.placements: dict[str, Any] = {}
        for name in ("one", "other"):
            self.checks[name] = CheckServiceStub(self._channels[name])
            self.placements[name] = PlacementServiceStub(self._channels[name])
        self.registry: Any = RegistryServiceStub(self._channels["coordinator"])

    def ready(self) -> None:
        """Wait until the server answers."""
        for channel in self._channels.values():
            grpc.channel_ready_future(channel).result(timeout=PATIENCE)

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()


def _channel(folder: Path, name: str, port: int) -> grpc.Channel:
    """Connect, trying again soon after each loss."""
    pki = folder / "pki"
    channel = grpc.secure_channel(
        f"localhost:{port}",
        grpc.ssl_channel_credentials(
            (pki / "ca.pem").read_bytes(),
            (pki / f"{name}.key").read_bytes(),
            (pki / f"{name}.pem").read_bytes(),
        ),
        [
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 20),
            ("grpc.min_reconnect_backoff_ms", 20),
            ("grpc.max_reconnect_backoff_ms", 50),
        ],
    )
    return evened(channel)


def insist(call: Callable[..., Any], request: Any) -> Any:
    """Call under one request id until there is an answer, whatever happens meanwhile."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return call(request, timeout=TIMEOUT, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() not in UNANSWERED or time.monotonic() > until:
                raise
            time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Party:
    """A case that somebody asks about.

    Attributes:
        worker: whose it is: ``one`` or ``other``.
        case: its handle.
    """

    worker: str
    case: bytes


class Scene:
    """Sets up who is whose rival."""

    def __init__(self, desk: Desk, today: int) -> None:
        self._desk = desk
        self._today = today

    def cover(self) -> None:
        """Attest the whole country, so that what is nothing else is CLEAR."""
        attest = registry.AttestCoverageRequest(
            request_id=fresh(), reviewed_on_day=self._today, whole_region=True
        )
        insist(self._desk.registry.AttestCoverage, attest)

    def groups(self, count: int) -> list[bytes]:
        """Register groups."""
        groups = [
            registry.NewGroup(fingerprint=fresh(32), sealed_label=bytes(64))
            for _ in range(count)
        ]
        request = registry.RegisterGroupsRequest(request_id=fresh(), groups=groups)
        return list(insist(self._desk.registry.RegisterGroups, request).tokens)

    def rivals(self, *pairs: tuple[bytes, bytes]) -> None:
        """Record rivalries that need no second person."""
        facts = [
            fact_of(rivalry=wire.Rivalry(group_a=one, group_b=other, severity=1))
            for one, other in pairs
        ]
        request = registry.RecordFactsRequest(request_id=fresh(), facts=facts)
        insist(self._desk.registry.RecordFacts, request)

    def party(self, worker: str, group: bytes) -> Party:
        """Open the case of somebody who leaves a group, and have it assessed."""
        opened = insist(
            self._desk.checks[worker].OpenCase,
            check.OpenCaseRequest(
                request_id=fresh(),
                pseudonyms=[fresh(32)],
                reference=f"SOC {next(_NUMBERS)}",
                basis=check.BASIS_POLICE,
            ),
        )
        belongs = wire.Affiliation(
            person=wire.Person(
                case_member=wire.CaseMember(case_handle=opened.case_handle, position=0)
            ),
            group=group,
            role=wire.AFFILIATION_ROLE_ASSOCIATE,
        )
        assess = registry.AssessCaseRequest(
            request_id=fresh(),
            case_handle=opened.case_handle,
            facts=[fact_of(affiliation=belongs)],
        )
        insist(self._desk.registry.AssessCase, assess)
        return Party(worker, opened.case_handle)


def question(
    party: Party, area: str, today: int, *, hold: bool = True, request_id: bytes = b""
) -> check.CheckPlacementRequest:
    """Ask about one area from today on."""
    return check.CheckPlacementRequest(
        request_id=request_id or fresh(),
        case_handle=party.case,
        candidates=[check.Candidate(area=area)],
        window=wire.Window(start_day=today),
        justification=check.JUSTIFICATION_PLANNED,
        mode=check.CHECK_MODE_CHECK_AND_HOLD if hold else check.CHECK_MODE_CHECK,
    )


def fact_of(**statement: Any) -> wire.Fact:
    """State a fact that needs no second person."""
    scheme = wire.GRADE_SCHEME_THREE_FIVE_TWO
    grade = wire.SourceGrade(scheme=scheme, given="2B")
    return wire.Fact(grade=grade, reason=wire.FACT_REASON_INTELLIGENCE, **statement)
