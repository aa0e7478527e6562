"""Calls, timed: one after another, together, in sequence, and beside a neighbour.

Every function measures pairs of kinds. Which of the two comes first is thrown anew each
time. A caller has one connection and one call at a time.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import fmean
from typing import Any, Final, Self

import grpc

from placement.rpc.even import SIZES
from tests.kit.processes import TIMEOUT
from tests.timing.scene import PACE, Kind, Site
from tests.timing.scores import Pairs

WARM: Final = 10
"""Rounds that are dropped."""
HEALTH: Final = "/grpc.health.v1.Health/Check"
"""Asked by a neighbour: it is answered at once, without a grid."""

Tick = Callable[[], None]
Both = tuple[str, str]
"""The names of two kinds."""
Timed = dict[str, tuple[float, float] | None]
"""By what was timed: the times of two kinds, or nothing where an answer was strange."""
Measuring = Callable[[Random, Both], Timed]


@dataclass(frozen=True, slots=True)
class Called:
    """One call.

    Attributes:
        began, ended: by this process's clock, in seconds.
        good: whether the answer is of its kind, and of its length.
    """

    began: float
    ended: float
    good: bool

    @property
    def took(self) -> float:
        """Seconds."""
        return self.ended - self.began


class Caller:
    """Somebody with one connection.

    Args:
        site: whom it calls.
        who: whose certificate it has.
    """

    def __init__(self, site: Site, who: str = "one") -> None:
        self._channel = site.channel(who)
        grpc.channel_ready_future(self._channel).result(TIMEOUT)
        self._asks: dict[str, Any] = {}

    def close(self) -> None:
        """Give the connection up."""
        self._channel.close()

    def ask(self, path: str) -> Any:
        """Return what calls a method with bytes."""
        if path not in self._asks:
            self._asks[path] = self._channel.unary_unary(path)
        return self._asks[path]

    def call(self, kind: Kind) -> Called:
        """Call, and wait for the answer; nothing else stands between the two clocks."""
        content = kind.make().SerializeToString(deterministic=True)
        ask = self.ask(kind.path)
        began = time.perf_counter()
        answer = ask(content, timeout=TIMEOUT)
        return Called(began, time.perf_counter(), good(kind, answer))


def good(kind: Kind, answer: bytes) -> bool:
    """Tell whether an answer is of its kind, and of its method's length."""
    return len(answer) == SIZES[kind.path] and kind.told(answer)


@dataclass(slots=True)
class Plan:
    """What to measure.

    Attributes:
        site: whom to ask.
        both: pairs of kinds.
        rounds: how often each pair is measured, in all lanes together.
        lanes: how many measure at once, each with connections of its own.
        seed: of the order.
        tick: told of every pair that was measured.
    """

    site: Site
    both: tuple[Both, ...]
    rounds: int
    lanes: int = 1
    seed: int = 1
    tick: Tick = field(default=lambda: None)


def measured(plan: Plan, make: Callable[[Site], Any]) -> dict[str, Pairs]:
    """Measure in lanes; each goes through all pairs in an order of its own.

    Args:
        plan: what.
        make: opens, as a context, what measures two kinds: given what throws, it
            returns times by name, or nothing where an answer was strange.

    Returns:
        Times by the pair and the name.
    """
    with ThreadPoolExecutor(plan.lanes) as pool:
        lanes = [pool.submit(_lane, plan, make, number) for number in range(plan.lanes)]
        found: dict[str, Pairs] = {}
        for lane in lanes:
            for name, pairs in lane.result().items():
                found.setdefault(name, Pairs()).extend(pairs)
    return found


def _lane(plan: Plan, make: Callable[[Site], Any], number: int) -> dict[str, Pairs]:
    draw = Random(f"{plan.seed}/{number}")
    found: dict[str, Pairs] = {}
    rounds = -(-plan.rounds // plan.lanes)
    with make(plan.site) as measure:
        for turn in range(-min(WARM, rounds), rounds):
            for both in draw.sample(plan.both, len(plan.both)):
                times = measure(draw, both)
                if turn < 0:
                    continue
                plan.tick()
                for name, pair in times.items():
                    kept = found.setdefault(_title(both, name), Pairs())
                    if pair is None:
                        kept.strange += 1
                    else:
                        kept.add(*pair)
    return found


def _title(both: Both, name: str) -> str:
    return f"{both[0]} / {both[1]}{name and f': {name}'}"


# What is measured


@contextmanager
def answers(site: Site) -> Iterator[Measuring]:
    """How long two calls take, one after the other."""
    caller = Caller(site)

    def measure(draw: Random, both: Both) -> Timed:
        called = _turns(draw, both, lambda name: caller.call(site.kinds[name]))
        return {"": _took(*called)}

    yield measure
    caller.close()


@contextmanager
def following(site: Site, third: str = "absent") -> Iterator[Measuring]:
    """How long the same third call takes, after either of two."""
    caller = Caller(site)

    def after(name: str) -> Called:
        first = caller.call(site.kinds[name])
        then = caller.call(site.kinds[third])
        return Called(then.began, then.ended, first.good and then.good)

    def measure(draw: Random, both: Both) -> Timed:
        return {"the next call": _took(*_turns(draw, both, after))}

    yield measure
    caller.close()


@contextmanager
def together(site: Site) -> Iterator[Measuring]:
    """When two calls are answered that came in together, on two connections."""
    callers = [Caller(site), Caller(site)]

    def measure(draw: Random, both: Both) -> Timed:
        draw.shuffle(callers)
        kinds = [site.kinds[name] for name in both]
        contents = [kind.make().SerializeToString(deterministic=True) for kind in kinds]
        asks = [
            partial(caller.ask(kind.path).future, content, timeout=TIMEOUT)
            for caller, kind, content in zip(callers, kinds, contents, strict=True)
        ]
        ended = [0.0, 0.0]
        calls: list[Any] = [None, None]
        done = threading.Semaphore(0)

        def end(number: int, _: object) -> None:
            ended[number] = time.perf_counter()
            done.release()

        began = time.perf_counter()
        for number in draw.sample((0, 1), 2):
            calls[number] = asks[number]()
            calls[number].add_done_callback(partial(end, number))
        for _ in calls:
            done.acquire(timeout=TIMEOUT)
        one, other = (
            Called(began, end_, good(kind, call.result()))
            for end_, kind, call in zip(ended, kinds, calls, strict=True)
        )
        return {"together": _took(one, other)}

    yield measure
    for caller in callers:
        caller.close()


@contextmanager
def beside(site: Site) -> Iterator[Measuring]:
    """How long a neighbour's calls take while either of two is under way."""
    caller, neighbour = Caller(site), Neighbour(site)

    def under(name: str) -> tuple[Called, list[float]]:
        called = caller.call(site.kinds[name])
        return called, neighbour.between(called.began, called.began + PACE / 1000)

    def measure(draw: Random, both: Both) -> Timed:
        (one, first), (other, second) = _turns(draw, both, under)
        fine = one.good and other.good
        return {
            name: (what(first), what(second)) if fine else None
            for name, what in (("neighbour", fmean), ("neighbour, longest", max))
        }

    with neighbour:
        yield measure
    caller.close()


class Neighbour:
    """Another municipality that asks for the server's health, again and again."""

    def __init__(self, site: Site) -> None:
        self._caller = Caller(site, "other")
        self._seen: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ping, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._caller.close()

    def between(self, began: float, ended: float) -> list[float]:
        """Return how long those calls took that a time touches, and forget the others."""
        while not self._seen or self._seen[-1][0] < ended:
            time.sleep(0.0005)
        seen, self._seen = self._seen, []
        return [took for at, took in seen if began <= at + took and at < ended]

    def _ping(self) -> None:
        ask = self._caller.ask(HEALTH)
        while not self._over.is_set():
            began = time.perf_counter()
            with suppress(grpc.RpcError):
                ask(b"", timeout=TIMEOUT)
            self._seen.append((began, time.perf_counter() - began))


def _turns(draw: Random, both: Both, do: Callable[[str], Any]) -> tuple[Any, Any]:
    """Do one and then the other, or the other way round; return them in their order."""
    if draw.random() < 0.5:
        return do(both[0]), do(both[1])
    second = do(both[1])
    return do(both[0]), second


def _took(one: Called, other: Called) -> tuple[float, float] | None:
    return (one.took, other.took) if one.good and other.good else None
