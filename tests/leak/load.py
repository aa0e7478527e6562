"""How much happens before a tick shows it: by the load, and by what a tick has at least."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from placement.store.filled import bucket

SECONDS: Final = 32_400
"""Of a working day: nine hours."""
DAYS: Final = 40
DEED: Final = (3, 2)
"""Events and entries of a deed: a case that is opened and assessed."""
LEASTS: Final = {60: (4, 8, 16, 32), 300: (8, 16, 32, 64)}
"""What ticks may have at least, by their length in seconds."""


def shown(deeds: int, length: int, least: int, seed: int) -> tuple[float, float]:
    """Return which share of ticks, and of hours, shows more than one of quiet.

    Args:
        deeds: a working day.
        length: of a tick, seconds.
        least: events, and entries, that a tick has at least.
        seed: of when they come.
    """
    draw = Random(seed)
    told: list[bool] = []
    for _ in range(DAYS):
        ticks = [0] * (SECONDS // length)
        for _ in range(deeds):
            ticks[draw.randrange(len(ticks))] += 1
        told += [_is_told(count, least) for count in ticks]
    an_hour = 3600 // length
    hours = [any(told[n : n + an_hour]) for n in range(0, len(told), an_hour)]
    return sum(told) / len(told), sum(hours) / len(hours)


def _is_told(count: int, least: int) -> bool:
    events, leaves = (count * each for each in DEED)
    return bucket(events, least) > least or bucket(leaves + 1, least) > least


def table(length: int, leasts: Sequence[int], *, seed: int) -> Iterator[str]:
    """Yield the table of one length, line by line."""
    yield f"  {'deeds a day':>11}" + "".join(f"{n:>16}" for n in leasts)
    for deeds in (10, 50, 250, 1000, 4000):
        cells = (shown(deeds, length, least, seed) for least in leasts)
        yield f"  {deeds:>11}" + "".join(f"{t:8.1%}{h:8.1%}" for t, h in cells)
