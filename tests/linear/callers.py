"""Callers who hold, confirm, move and give up, all at once, and write down what they saw.

Each history has groups and cases of its own: A is at war with B and with D, and C with
nobody. Several threads act for all of them in a few areas, at one server or another. A
call that breaks, or is broken off, is made again under its request id, or given up.
"""

import json
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import grpc
from placement_client.failures import UNANSWERED

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import types_pb2 as wire
from tests.kit.processes import (
    NO_HOLD,
    Desk,
    Party,
    Scene,
    fresh,
    insist,
    question,
)
from tests.kit.refused import details
from tests.linear.areas import DONE, REFUSED
from tests.linear.history import Call

RIVALS = (("A", "B"), ("A", "D"))
WORKERS = {"A": "one", "B": "other", "C": "one", "D": "other"}
AREAS = ("0680", "2480", "1380")
THREADS = 4
CALLS = 12  # of a thread
PATIENCE = 3.0  # seconds an attempt may take
HURRIED = 0.3  # how often an attempt is broken off, perhaps when it has happened
HURRY = (0.002, 0.02)  # seconds such an attempt may take
GIVE_UP = 0.3  # how often, when an attempt failed
LIVE = (wire.PLACEMENT_STATE_HELD, wire.PLACEMENT_STATE_ACTIVE)
ACTS = {
    "hold": 8,
    "check": 3,
    "confirm": 4,
    "release": 2,
    "end": 2,
    "move": 2,
    "show": 1,
}


class History:
    """What several threads do for a few cases.

    Attributes:
        calls: all that was called.
    """

    def __init__(self, desks: list[Desk], today: int, seed: int) -> None:
        self._desks = desks
        self._today = today
        self._seed = seed
        scene = Scene(desks[0], today)
        groups = dict(zip(WORKERS, scene.groups(len(WORKERS)), strict=True))
        scene.rivals(*((groups[one], groups[other]) for one, other in RIVALS))
        self.parties = {
            name: scene.party(worker, groups[name]) for name, worker in WORKERS.items()
        }
        self._lock = threading.Lock()
        self._holds: list[tuple[str, str, str]] = []  # name, case, area
        self.calls: list[Call] = []
        self.failures: list[str] = []

    def run(self) -> None:
        """Let all threads act, then look at every case once more."""
        threads = [
            threading.Thread(target=self._act, args=(number,))
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in self.parties:
            self._show(name)

    def _act(self, number: int) -> None:
        draw = Random(f"{self._seed}/{number}")
        actor = Actor(self._desks, draw)
        try:
            for _ in range(CALLS):
                self._once(actor, draw)
        except grpc.RpcError as error:
            self.failures.append(f"{error.code()} {error.details()}")

    def _once(self, actor: "Actor", draw: Random) -> None:
        """Do one thing, and note it."""
        word = draw.choices(list(ACTS), list(ACTS.values()))[0]
        case, area = draw.choice(list(self.parties)), draw.choice(AREAS)
        with self._lock:
            holds = list(self._holds)
        if word in ("confirm", "release", "end", "move") and not holds:
            word = "hold"
        party = self.parties[case]
        match word:
            case "check":
                call = actor.check(case, area, party, self._today)
            case "show":
                call = actor.show(case, party)
            case "hold":
                call = actor.hold(case, area, party, self._today)
            case _:
                name, case, area = draw.choice(holds[-6:])
                mine = [each for each, whose, _ in holds if whose == case]
                acts = (
                    (word, draw.choice(mine), name) if word == "move" else (word, name)
                )
                call = actor.go_on(acts, (case, area), self.parties[case], self._today)
        with self._lock:
            self.calls.append(call)
            if word == "hold" and call.answer and call.answer[-1] is True:
                self._holds.append((call.act[3], case, area))

    def _show(self, case: str) -> None:
        """See what a case has, however long it takes."""
        party = self.parties[case]
        request = check.ShowCaseRequest(case_handle=party.case)
        stub = self._desks[0].checks[party.worker]
        first = time.monotonic()
        shown = insist(stub.ShowCase, request)
        ret = time.monotonic()
        answer = _live(shown)
        act = ("show", case)
        self.calls.append(
            Call(act=act, first=first, last=first, ret=ret, attempts=1, answer=answer)
        )


class Actor:
    """Makes calls, again and again where they break."""

    def __init__(self, desks: list[Desk], draw: Random) -> None:
        self._desks = desks
        self._draw = draw
        self._at = draw.randrange(len(desks))

    def check(self, case: str, area: str, party: Party, today: int) -> Call:
        request = question(party, area, today, hold=False)

        def answer(got: Any) -> tuple[Any, ...]:
            return (_word(got.verdicts[0].verdict),)

        method = ("checks", party.worker, "CheckPlacement")
        return self._call(("check", case, area), method, request, answer)

    def hold(self, case: str, area: str, party: Party, today: int) -> Call:
        request = question(party, area, today)
        names = [request.request_id.hex()]  # nobody gets to know another one's name

        def answer(got: Any) -> tuple[Any, ...]:
            made = got.verdicts[0].hold_id != NO_HOLD
            if made:
                names[0] = got.verdicts[0].hold_id.hex()
            return (_word(got.verdicts[0].verdict), made)

        method = ("checks", party.worker, "CheckPlacement")
        call = self._call(
            ("hold", case, area), method, request, answer, place=(case, area)
        )
        return Call(**asdict(call) | {"act": (*call.act, names[0])})

    def show(self, case: str, party: Party) -> Call:
        request = check.ShowCaseRequest(case_handle=party.case)
        method = ("checks", party.worker, "ShowCase")
        return self._call(("show", case), method, request, _live)

    def go_on(
        self, act: tuple[str, ...], place: tuple[str, str], party: Party, today: int
    ) -> Call:
        """Confirm, move, release or end."""
        word, *named = act
        ids = [bytes.fromhex(each) for each in named]
        again = {"request_id": fresh()}
        requests: dict[str, tuple[str, Any]] = {
            "confirm": (
                "ConfirmHold",
                placement.ConfirmHoldRequest(hold_id=ids[-1], **again),
            ),
            "release": (
                "ReleaseHold",
                placement.ReleaseHoldRequest(hold_id=ids[-1], **again),
            ),
            "end": (
                "EndPlacement",
                placement.EndPlacementRequest(
                    placement_id=ids[-1], valid_to_day=today, **again
                ),
            ),
            "move": (
                "MovePlacement",
                placement.MovePlacementRequest(
                    placement_id=ids[0], hold_id=ids[-1], **again
                ),
            ),
        }
        method, request = requests[word]
        weighs = word in ("confirm", "move")
        return self._call(
            act,
            ("placements", party.worker, method),
            request,
            _weighed if weighs else _done,
            place=place if weighs else None,
        )

    def _call(
        self,
        act: tuple[Any, ...],
        method: tuple[str, str, str],
        request: Any,
        answer: Any,
        place: tuple[str, str] | None = None,
    ) -> Call:
        """Call until there is an answer, or until it is given up."""
        kind, worker, name = method
        first = time.monotonic()
        attempts = 0
        given: tuple[Any, ...] | None = None
        while True:
            attempts += 1
            stub = getattr(getattr(self._desks[self._at], kind)[worker], name)
            last = time.monotonic()
            hurried = self._draw.random() < HURRIED
            timeout = self._draw.uniform(*HURRY) if hurried else PATIENCE
            try:
                given = answer(stub(request, timeout=timeout, wait_for_ready=True))
            except grpc.RpcError as error:
                if details(error)[0] == "CONTRADICTION":
                    given = REFUSED
                elif error.code() not in UNANSWERED:
                    raise
            ret = time.monotonic()
            if given is not None or self._draw.random() < GIVE_UP:
                return Call(
                    act=act,
                    first=first,
                    last=last,
                    ret=None if given is None else ret,
                    attempts=attempts,
                    answer=given,
                    place=place,
                )
            self._at = self._draw.randrange(len(self._desks))


def _word(verdict: int) -> str:
    return wire.Verdict.Name(verdict).removeprefix("VERDICT_")


def _live(shown: Any) -> tuple[Any, ...]:
    """Return where a case is held or placed."""
    found = sorted(
        (each.place.area, _phase(each.state))
        for each in shown.placements
        if each.state in LIVE
    )
    return (tuple(found),)


def _weighed(got: Any) -> tuple[Any, ...]:
    return (_word(got.answer.verdict.verdict), _phase(got.answer.state))


def _done(got: Any) -> tuple[Any, ...]:
    return DONE


def _phase(state: int) -> str:
    return wire.PlacementState.Name(state).removeprefix("PLACEMENT_STATE_")


def main(folder: Path, histories: int, today: int, seed: int, *ports: int) -> None:
    """Make histories; each is a line of JSON as soon as it is over."""
    desks = [Desk(folder, port) for port in ports]
    Scene(desks[0], today).cover()
    with (folder / "histories.jsonl").open("w", encoding="utf-8") as file:
        for number in range(histories):
            history = History(desks, today, seed + number)
            history.run()
            calls = [asdict(call) for call in history.calls]
            line = {"calls": calls, "failures": history.failures}
            file.write(json.dumps(line) + "\n")
            file.flush()
    for desk in desks:
        desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
