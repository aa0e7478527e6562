"""Two caseworkers of two municipalities who ask for one area at the same instant.

Both are at a barrier when they ask, each over mutual TLS at a server of their own, or
both at one. Whoever holds the area gives it up before the next run. What each run
answered goes to a file as JSON, and with it which cases they were.
"""

import json
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import types_pb2 as wire
from tests.kit.processes import (
    NO_HOLD,
    TIMEOUT,
    Desk,
    Party,
    Scene,
    fresh,
    insist,
    question,
)

AREA = "0680"
SHOWN = 250  # runs between two lines of progress
HELD, CONFLICT = "HELD", "CONFLICT"


class Rival:
    """One of the two.

    Attributes:
        hold: what it holds now, or empty.
    """

    def __init__(self, desk: Desk, party: Party, today: int) -> None:
        self._check = desk.checks[party.worker].CheckPlacement
        self._release = desk.placements[party.worker].ReleaseHold
        self._party = party
        self._today = today
        self.hold = b""

    def ask(self, gate: threading.Barrier) -> str:
        """Ask for the area when everybody is ready.

        Returns:
            HELD or CONFLICT; anything else is what should not be.
        """
        request = question(self._party, AREA, self._today)
        gate.wait(TIMEOUT)
        try:
            (answer,) = self._check(request, timeout=TIMEOUT).verdicts
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        name = wire.Verdict.Name(answer.verdict).removeprefix("VERDICT_")
        if answer.hold_id == NO_HOLD:
            return name
        self.hold = answer.hold_id
        return HELD if answer.verdict == wire.VERDICT_CLEAR else f"held, but {name}"

    def give_up(self) -> None:
        """Release what is held, as a client does: again, if nobody answers."""
        if self.hold:
            request = placement.ReleaseHoldRequest(
                request_id=fresh(), hold_id=self.hold
            )
            insist(self._release, request)
        self.hold = b""


def run(folder: Path, runs: int, today: int, ports: list[int]) -> dict[str, Any]:
    """Race so many times; return how often what was answered, and to whom."""
    desks = [Desk(folder, port) for port in ports]
    for desk in desks:
        desk.ready()
    scene = Scene(desks[0], today)
    scene.cover()
    one, other = scene.groups(2)
    scene.rivals((one, other))
    parties = scene.party("one", one), scene.party("other", other)
    rivals = (
        Rival(desks[0], parties[0], today),
        Rival(desks[-1], parties[1], today),
    )
    answered: Counter[str] = Counter()
    gate = threading.Barrier(len(rivals))
    began = time.monotonic()
    with ThreadPoolExecutor(len(rivals)) as pool:
        for count in range(1, runs + 1):
            asked = [pool.submit(rival.ask, gate) for rival in rivals]
            answered[" / ".join(each.result() for each in asked)] += 1
            for rival in rivals:
                rival.give_up()
            if count % SHOWN == 0 and count < runs:
                print(f"  {count} runs", flush=True)
    seconds = time.monotonic() - began
    for desk in desks:
        desk.close()
    return {
        "answered": answered,
        "seconds": seconds,
        "cases": [party.case.hex() for party in parties],
    }


if __name__ == "__main__":
    found = run(
        Path(sys.argv[1]),
        int(sys.argv[2]),
        int(sys.argv[3]),
        list(map(int, sys.argv[4:])),
    )
    (Path(sys.argv[1]) / "raced.json").write_text(json.dumps(found), "utf-8")
