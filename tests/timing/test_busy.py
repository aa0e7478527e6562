"""A machine that is so busy that the first point is often missed.

The real pace, a clock of its own, and work whose length is drawn: as long as what a busy
machine was seen to take, and of one kind a tenth longer.
"""

import asyncio
from math import log
from random import Random
from types import SimpleNamespace

import pytest

from placement.rpc import even
from placement.rpc.even import Pace
from tests.timing.scores import Pairs, judge

STEP = 0.025
MEDIAN = 0.02  # seconds
SPREAD = 0.5  # of its logarithm: the slowest of a thousand takes five times as long
MORE = 1.1
PAIRS = 10_000


class Clock:
    """An event loop's clock that stands still, but for work and waiting."""

    now = 0.0

    def time(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


class Bare(Pace):
    """What leaves at the first point that it reaches, whatever others did."""

    async def keep(self, begun, method):
        self._recent.clear()
        await super().keep(begun, method)


async def played(pace, clock, draw):
    """Take the times of two kinds, the order thrown anew for each pair."""

    async def took(more):
        begun = pace.begin()
        clock.now += draw.lognormvariate(log(MEDIAN * more), SPREAD)
        await pace.keep(begun, "check")
        return clock.now - begun

    found = Pairs()
    for _ in range(PAIRS):
        kinds = [1.0, MORE]
        order = draw.sample((0, 1), 2)
        times = {number: await took(kinds[number]) for number in order}
        found.add(times[0], times[1])
    return found


@pytest.mark.parametrize(("kind", "differ"), [(Bare, True), (Pace, False)])
def test_what_is_missed_oftener_tells_nothing(monkeypatch, kind, differ):
    """It would, if each left at the first point that it reaches itself."""
    clock = Clock()
    faked = SimpleNamespace(get_running_loop=lambda: clock, sleep=clock.sleep)
    monkeypatch.setattr(even, "asyncio", faked)
    pairs = asyncio.run(played(kind(STEP), clock, Random(1)))
    judged = judge(pairs, STEP)

    assert judged.differ == differ
