"""The day on which tests are played: none of them is cut by midnight."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

from placement_client.commands.verb import Run
from placement_client.days import today

from kit.scenario_placing import Clock
from placement.domain.terms import MICROS_AN_HOUR


def noon() -> Clock:
    """Return a clock at the coming noon in Stockholm."""
    clock = Clock()
    now = datetime.fromtimestamp(clock() / 1_000_000, ZoneInfo("Europe/Stockholm"))
    clock.ahead = (36 - now.hour) % 24 * MICROS_AN_HOUR
    return clock


def seconds(clock: Callable[[], int]) -> float:
    """Return what a clock shows, in seconds."""
    return clock() / 1_000_000


@contextmanager
def commands_at(clock: Callable[[], int]) -> Iterator[None]:
    """Let a clock be that of all commands."""
    told = {"clock": lambda: seconds(clock)}
    with patch.dict(Run.__init__.__kwdefaults__, told):
        yield


NOON: Final = noon()
"""One clock for a whole process, so that all that it tests has one day."""

TODAY: Final = today(lambda: seconds(NOON))
