"""When a checkpoint is signed."""

from dataclasses import replace

import pytest
from kit.engines import SIGNER

from placement.service.publishing import Publishing
from placement.service.ticks import Ticks
from placement.store.head import Head

GROWN = replace(Head.GENESIS, leaves=3)
EVERY = 1_000


class Log:
    """Counts what is signed."""

    def __init__(self):
        self.head = GROWN
        self.signed = 0

    def publish(self, signer):
        assert signer is SIGNER
        self.signed += 1


@pytest.fixture
def log():
    return Log()


def publishing(clock, ticks=None):
    made = Publishing(SIGNER, ticks, clock, EVERY)
    made.published()
    return made


@pytest.mark.parametrize(
    ("wanted", "idle", "signs"),
    [(False, False, False), (True, False, True), (False, True, True)],
)
def test_asked_for_or_idle(log, clock, wanted, idle, signs):
    """And otherwise not, for a while."""
    made = publishing(clock)

    assert made.publish(log, wanted=wanted, idle=idle) is signs
    assert log.signed == signs


@pytest.mark.parametrize("later", [EVERY, -EVERY])
def test_after_a_while(log, clock, later):
    """By the server's own clock, whichever way it goes."""
    made = publishing(clock)
    clock.now += later

    assert made.publish(log, wanted=False, idle=False)


def test_ticks_say_what_nobody_asks_for(log, clock):
    """The first entries of each, and no others however late it is."""
    ticks = Ticks(60_000_000)
    ticks.begin(Head.GENESIS, clock.now)
    made = publishing(clock, ticks)
    clock.now += 10 * EVERY
    signed = [made.publish(log, wanted=False, idle=True) for _ in range(2)]

    assert signed == [True, False]
    assert made.publish(log, wanted=True, idle=False)


@pytest.mark.parametrize(
    ("head", "ticks", "lacks"),
    [
        (GROWN, None, True),
        (replace(GROWN, published=3), None, False),
        (GROWN, Ticks(60_000_000), False),
    ],
)
def test_what_grew_lacks_one(clock, head, ticks, lacks):
    """Unless it has it, or ticks see to it."""
    assert publishing(clock, ticks).lacks(head) is lacks
