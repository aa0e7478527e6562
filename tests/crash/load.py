"""Callers who never give up: what they were promised, they write down.

Each caller opens a case, records a fact about it, asks, and takes the newest checkpoint
along, again and again, of one server or another. A call that fails is made again under
its request id until it is answered, whatever happens to the servers meanwhile. What was
acknowledged goes to a file, line by line, as JSON, with its time by the monotonic clock.
"""

import json
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from placement_client.failures import UNANSWERED
from placement_client.refusals import evened

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as log
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.log_service_pb2_grpc import LogServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub

AREAS = ("1480", "0180", "2480")


class Caller(threading.Thread):
    """A caseworker and a coordinator who work hand in hand, each at a server."""

    def __init__(
        self,
        number: int,
        channels: list[tuple[grpc.Channel, ...]],
        today: int,
        out: Any,
    ) -> None:
        super().__init__(daemon=True)
        self.number = number
        own, other = (
            channels[number % len(channels)],
            channels[number % len(channels) - 1],
        )
        self.checks = CheckServiceStub(own[0])
        self.log = LogServiceStub(own[0])
        self.registry = RegistryServiceStub(other[1])
        self.today = today
        self.out = out
        self.stop = threading.Event()
        self.failure = ""

    def run(self) -> None:
        count = 0
        try:
            while not self.stop.is_set():
                count += 1
                self.work(f"SN {self.number}/{count}")
        except grpc.RpcError as error:
            self.failure = f"{error.code()} {error.details()}"
            self.out(failure=self.failure)
        except Stopped:
            return

    def work(self, reference: str) -> None:
        opened = self.insist(
            self.checks.OpenCase,
            check.OpenCaseRequest(
                request_id=secrets.token_bytes(16),
                pseudonyms=[secrets.token_bytes(32)],
                reference=reference,
                basis=check.BASIS_POLICE,
            ),
        )
        self.out(case=opened.case_handle.hex(), reference=reference)
        member = wire.CaseMember(case_handle=opened.case_handle, position=0)
        tie = wire.Tie(person=wire.Person(case_member=member), area="1480")
        grade = wire.SourceGrade(scheme=1, given="1B")
        assessed = self.insist(
            self.registry.AssessCase,
            registry.AssessCaseRequest(
                request_id=secrets.token_bytes(16),
                case_handle=opened.case_handle,
                facts=[wire.Fact(grade=grade, reason=1, tie=tie)],
            ),
        )
        self.out(fact=assessed.fact_ids[0].hex())
        answer = self.insist(
            self.checks.CheckPlacement,
            check.CheckPlacementRequest(
                request_id=secrets.token_bytes(16),
                case_handle=opened.case_handle,
                candidates=[check.Candidate(area=area) for area in AREAS],
                window=wire.Window(start_day=self.today),
                justification=1,
                mode=1,
                min_revision=assessed.revision,
            ),
        )
        self.out(
            leaf=answer.leaf_index,
            verdicts=[each.verdict for each in answer.verdicts],
            decisions=[each.decision_id.hex() for each in answer.verdicts],
        )
        newest = log.GetCheckpointRequest(least_size=answer.leaf_index + 1)
        self.out(note=self.insist(self.log.GetCheckpoint, newest).note.decode())

    def insist(self, call: Callable[..., Any], request: Any) -> Any:
        while not self.stop.is_set():
            try:
                return call(request, timeout=2)
            except grpc.RpcError as error:
                if error.code() not in UNANSWERED:
                    raise
                time.sleep(0.005)
        raise Stopped


class Stopped(Exception):  # noqa: N818 (no error)
    """The load is over."""


def main(folder: Path, today: int, callers: int, *ports: int) -> None:
    """Work until told to stop by SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    lock = threading.Lock()
    path = folder / "acknowledged.jsonl"
    with path.open("w", encoding="utf-8", buffering=1) as file:

        def out(**line: object) -> None:
            with lock:
                file.write(json.dumps(line | {"at": time.monotonic()}) + "\n")

        threads = [
            Caller(number, [channels(folder, port) for port in ports], today, out)
            for number in range(callers)
        ]
        for thread in threads:
            thread.start()
        signal.sigwait({signal.SIGTERM})
        for thread in threads:
            thread.stop.set()
        for thread in threads:
            thread.join()


def channels(folder: Path, port: int) -> tuple[grpc.Channel, ...]:
    """Connect as both, trying again soon after each loss."""
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.initial_reconnect_backoff_ms", 20),
        ("grpc.min_reconnect_backoff_ms", 20),
        ("grpc.max_reconnect_backoff_ms", 50),
    ]
    return tuple(
        evened(
            grpc.secure_channel(
                f"localhost:{port}",
                grpc.ssl_channel_credentials(
                    (folder / "pki" / "ca.pem").read_bytes(),
                    (folder / "pki" / f"{name}.key").read_bytes(),
                    (folder / "pki" / f"{name}.pem").read_bytes(),
                ),
                options,
            )
        )
        for name in ("caseworker", "coordinator")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
