"""Callers at several servers that die, stop and are cut off, and what they saw.

One thread makes histories of holds, one after another (``tests.linear.callers``). Others
contradict: somebody is held in an area, others ask at every server whether a second person
may come there, and in the middle of that, at one of the servers, the two groups become
rivals. Whatever began after that was acknowledged must not be CLEAR, wherever it is asked.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import grpc
from placement_client.failures import UNANSWERED

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from tests.kit.processes import (
    NO_HOLD,
    Desk,
    Party,
    Scene,
    fact_of,
    fresh,
    question,
)
from tests.linear.callers import History

AREAS = ("0180", "1280", "2580")
CONTRADICTING = 2  # threads
ATTEMPT = 3.0  # seconds
PATIENCE = 90.0  # seconds until somebody gives up
BETWEEN = 0.05  # seconds between two questions at one server
AFTER = 2  # answers of each server to questions that began after the fact
LONGEST = 8.0  # seconds that a server is asked for them

Out = Callable[..., None]


class Scattered:
    """One thread's way to somebody who answers, at whichever server."""

    def __init__(self, desks: list[Desk], draw: Random) -> None:
        self._desks = desks
        self._draw = draw

    def insist(self, kind: str, who: str | None, method: str, request: Any) -> Any:
        """Call under one request id, each time at any of the servers."""
        until = time.monotonic() + PATIENCE
        while True:
            stubs = getattr(self._draw.choice(self._desks), kind)
            stub = stubs if who is None else stubs[who]
            try:
                return getattr(stub, method)(request, timeout=ATTEMPT)
            except grpc.RpcError as error:
                if error.code() not in UNANSWERED or time.monotonic() > until:
                    raise
                time.sleep(0.01)


class Contradiction:
    """One fact that turns an answer, and the answers before and after it."""

    def __init__(
        self, desks: list[Desk], today: int, draw: Random, acknowledged: Out
    ) -> None:
        self._desks = desks
        self._today = today
        self._area = draw.choice(AREAS)
        self._calls = Scattered(desks, draw)
        self._acknowledged = acknowledged
        self._over = threading.Event()
        self._enough = [threading.Event() for _ in desks]
        self._scene = Scene(draw.choice(desks), today)
        self._fact_at = float("inf")
        self.checks: list[dict[str, Any]] = []
        self._broken: list[Exception] = []

    def play(self) -> dict[str, Any]:
        """Hold, ask, contradict, ask on; return what is to be judged."""
        one, other = self._scene.groups(2)
        held, asks = self._scene.party("one", one), self._scene.party("other", other)
        self._hold(held)
        threads = [
            threading.Thread(target=self._ask_on, args=(number, asks))
            for number in range(len(self._desks))
        ]
        for thread in threads:
            thread.start()
        try:
            self._contradict(one, other)
            until = time.monotonic() + LONGEST
            for enough in self._enough:
                enough.wait(max(until - time.monotonic(), 0))
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        if self._broken:
            raise ExceptionGroup("a server was asked no more", self._broken)
        return {"acknowledged": self._fact_at, "checks": self.checks}

    def _hold(self, party: Party) -> None:
        request = question(party, self._area, self._today)
        got = self._calls.insist("checks", party.worker, "CheckPlacement", request)
        if got.verdicts[0].hold_id == NO_HOLD:
            raise ValueError("somebody without rivals was not held")

    def _contradict(self, one: bytes, other: bytes) -> None:
        rivalry = wire.Rivalry(group_a=one, group_b=other, severity=1)
        facts = [fact_of(rivalry=rivalry)]
        request = registry.RecordFactsRequest(request_id=fresh(), facts=facts)
        got = self._calls.insist("registry", None, "RecordFacts", request)
        self._fact_at = time.monotonic()
        self._acknowledged(fact=got.fact_ids[0].hex())

    def _ask_on(self, number: int, party: Party) -> None:
        try:
            self._ask(number, party)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is judged)
            self._broken.append(error)
            self._enough[number].set()

    def _ask(self, number: int, party: Party) -> None:
        """Ask one server again and again."""
        stub = self._desks[number].checks[party.worker]
        after = 0
        while not self._over.is_set():
            request = question(party, self._area, self._today, hold=False)
            began = time.monotonic()
            try:
                got = stub.CheckPlacement(request, timeout=ATTEMPT)
            except grpc.RpcError as error:
                if error.code() not in UNANSWERED:
                    raise
            else:
                self._note(number, began, got)
                after += began > self._fact_at
            if after >= AFTER:
                self._enough[number].set()
            self._over.wait(BETWEEN)

    def _note(self, number: int, began: float, got: Any) -> None:
        (verdict,) = got.verdicts
        self.checks.append(
            {
                "server": number,
                "began": began,
                "at": time.monotonic(),
                "verdict": wire.Verdict.Name(verdict.verdict),
            }
        )
        self._acknowledged(
            leaf=got.leaf_index,
            verdicts=[verdict.verdict],
            decisions=[verdict.decision_id.hex()],
        )


class Files:
    """Lines of JSON, by whichever thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def write(self, name: str, **line: object) -> None:
        """Write a line, and when."""
        content = json.dumps(line | {"at": time.monotonic()})
        with self._lock, (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{content}\n")


class Crowd:
    """All callers of this process."""

    def __init__(self, folder: Path, today: int, seed: int, desks: list[Desk]) -> None:
        self._files = Files(folder)
        self._today = today
        self._seed = seed
        self._desks = desks
        self._over = threading.Event()

    def call_until(self, over: Callable[[], object]) -> None:
        """Call until something returns; then end what was begun."""
        threads = [threading.Thread(target=self._run, args=(self._histories,))]
        threads += [
            threading.Thread(target=self._run, args=(self._contradictions, number))
            for number in range(CONTRADICTING)
        ]
        for thread in threads:
            thread.start()
        over()
        self._over.set()
        for thread in threads:
            thread.join()

    def _histories(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            history = History(self._desks, self._today, self._seed + number)
            history.run()
            calls = [asdict(call) for call in history.calls]
            failures = history.failures
            self._files.write("histories.jsonl", calls=calls, failures=failures)

    def _contradictions(self, thread: int) -> None:
        draw = Random(f"{self._seed}/{thread}")

        def acknowledged(**line: object) -> None:
            self._files.write("seen.jsonl", **line)

        while not self._over.is_set():
            made = Contradiction(self._desks, self._today, draw, acknowledged)
            self._files.write("contradictions.jsonl", **made.play())

    def _run(self, what: Callable[..., None], *given: int) -> None:
        try:
            what(*given)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is judged)
            failure = f"{what.__name__}: {error!r}"
            self._files.write("failures.jsonl", failure=failure)


def main(folder: Path, today: int, seed: int, *ports: int) -> None:
    """Call until told to stop by SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    desks = [Desk(folder, port) for port in ports]
    Scene(desks[0], today).cover()
    crowd = Crowd(folder, today, seed, desks)
    crowd.call_until(lambda: signal.sigwait({signal.SIGTERM}))
    for desk in desks:
        desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
