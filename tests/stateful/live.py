"""A live server on a clock of its own, its people, and how to wait until it is at rest."""

import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import grpc
from kit.refused import details
from kit.served import Served
from kit.still import STILL

from placement.api.v1.alert_service_pb2_grpc import AlertServiceStub
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.service import keeping

TIMEOUT: Final = 8.0  # seconds
PEOPLE: Final = {
    "one": ("caseworker", "1280", "cw-01"),
    "other": ("caseworker", "0180", "cw-02"),
    "first": ("coordinator", "national", "co-01"),
    "second": ("coordinator", "national", "co-02"),
}
STUBS: Final = (
    CheckServiceStub,
    PlacementServiceStub,
    RegistryServiceStub,
    AlertServiceStub,
)
LONG: Final = timedelta(days=3000)
"""How long certificates last: days pass."""


class Clock:
    """Stands still until it is moved.

    Attributes:
        now: microseconds since 1970-01-01T00:00Z.
    """

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Incidents(logging.Handler):
    """Keeps what the service says when something is wrong with itself."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


class Live:
    """``live = Live(folder, now)``, and ``close`` at the end."""

    def __init__(self, folder: Path, now: int) -> None:
        text = STILL
        for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
            text = text.replace(line, "areas = 1000000000\n")
        (folder / "ruleset.toml").write_text(text, "utf-8")
        self.clock = Clock(now)
        self.served = Served(folder, clock=self.clock, ruleset=folder / "ruleset.toml")
        self.pairs = {
            name: self.served.pki.client(*who, lifetime=LONG)
            for name, who in PEOPLE.items()
        }
        self.incidents = Incidents()
        logging.getLogger("placement").addHandler(self.incidents)
        self.start()

    def start(self) -> None:
        """Start the server, and connect everybody."""
        self.served.start()
        self._channels = {
            name: self.served.connect(pair) for name, pair in self.pairs.items()
        }
        self._stubs: dict[str, dict[str, Any]] = {
            name: {
                method: call
                for stub in STUBS
                for method, call in vars(stub(channel)).items()
            }
            for name, channel in self._channels.items()
        }

    def call(self, who: str, method: str, request: Any) -> Any:
        """Call a method by its name.

        Returns:
            The answer; or the reason of a refusal, as text.
        """
        try:
            return self._stubs[who][method](request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            reason, fields = details(error)
            return " ".join([reason, *fields]) if reason else repr(error)

    def stop(self, *, snapshot: bool = False) -> None:
        """Stop the server.

        Args:
            snapshot: whether it leaves one to start from.
        """
        usual = keeping.SNAPSHOT_AFTER
        keeping.SNAPSHOT_AFTER = 1 if snapshot else usual
        for channel in self._channels.values():
            channel.close()
        self.served.stop()
        keeping.SNAPSHOT_AFTER = usual

    def settle(self) -> None:
        """Wait until the service has nothing left to do by itself."""
        engine = self.served.app.engine
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            engine.publish().result(TIMEOUT)
            folded = engine._folded
            if folded is None:
                continue
            if not engine._worker.waits(folded[0], engine._moment(*folded)):
                return
        raise AssertionError("the service does not come to rest")

    def close(self) -> None:
        """Stop for good."""
        logging.getLogger("placement").removeHandler(self.incidents)
        self.stop()
