"""What is seen of a server from outside: made up, or of a whole town."""

import asyncio
import http.client
import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from kit.town import TIMEOUT, Town
from kit.world import TODAY
from placement.config import Listener
from placement.ops.logs import Lines
from placement.ops.metrics import Seen
from placement.ops.outside import Outside
from placement.rpc.health import REASON
from placement.service.outlook import View
from placement.service.pulse import Figures

ON = Listener(on=True, address="127.0.0.1:0")
BOTH: dict[str, Any] = {"metrics": ON, "health": ON}
FIGURES = Figures(
    at=61_500_000,
    revision=11,
    entries=12,
    calls=16,
    calls_most=4,
    streams=8,
    waiting_most=32,
    batch_most=64,
    commit_seconds=0.2,
    refused=3,
    late=2,
    late_for=300_000_000,
    swept=TODAY,
    anchored_at=60_000_000,
)
VIEW = View(
    at=62_000_000,
    behind=128,
    signed_at=120_000_000,
    cosigned_at=(180_000_000, 0),
    epoch=7,
    epoch_at=240_000_000,
    epoch_records=1024,
)


def seen(**given: Any) -> Seen:
    """Return what there is to see of a server that serves."""
    values = {
        "started": 1_500_000,
        "reasons": {"": "", "placement.Hardening": "memory"},
        "lines": Counter(critical=2),
        "backups": {"keys": 9_000_000},
        "outlook": SimpleNamespace(
            pulse=SimpleNamespace(figures=FIGURES),
            view=VIEW,
            incidents={"sweep": 1, "weighing": 0},
            owes=True,
            proven=True,
        ),
    }
    return Seen(**(values | given))


def health(port: int, name: str = "") -> tuple[str, str | None]:
    """Ask as a probe does; return the status and the reason."""
    with closing(grpc.insecure_channel(f"127.0.0.1:{port}")) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=name)
        answer, call = stub.Check.with_call(request, timeout=TIMEOUT)
        status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        return status, dict(call.trailing_metadata()).get(REASON)


def scraped(port: int) -> str:
    """Return the page of metrics."""
    with closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=9)
    ) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


Act = Callable[[Town, Outside], Any]


class Looked:
    """A served town, and what is seen of it from outside; ``act`` runs beside both."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.town = Town(folder, **BOTH, **settings)
        self.lines = Lines()

    def run(self, act: Act) -> Any:
        logging.getLogger().addHandler(self.lines)
        try:
            with self.town:
                return asyncio.run(self._run(act))
        finally:
            logging.getLogger().removeHandler(self.lines)

    async def _run(self, act: Act) -> Any:
        async with Outside(self.town.served.settings, self.lines) as outside:
            outside.follow(self.town.served.app)
            return await asyncio.to_thread(act, self.town, outside)


def until(read: Callable[[], Any], wanted: Any) -> Any:
    """Read until it is what is wanted; return it."""
    end = time.monotonic() + TIMEOUT
    while (got := read()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return got
