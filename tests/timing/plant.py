"""Leaks planted into a server, so that the measurement has something to find.

``python -m tests.timing.plant FOLDER [LEAK]`` serves as ``placement-server serve`` does.
With a leak, whatever is answered CONFLICT keeps the processor busy for a while: before
the answer waits for its point of the grid, as the rules themselves would, or after it.
Nothing of this can be switched on in the service itself.
"""

import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from placement.api.v1 import types_pb2 as wire
from placement.ops.main import main as placement_server
from placement.rpc import render
from placement.rpc.even import Pace


@dataclass(frozen=True, slots=True)
class Leak:
    """What a CONFLICT costs more.

    Attributes:
        seconds: of the processor.
        each: only one of so many costs them.
        late: after the point of the grid, and not before.
    """

    seconds: float
    each: int = 1
    late: bool = False


LEAKS: Final = {
    "5 ms of work": Leak(0.005),
    "40 ms of work": Leak(0.04),
    "40 ms of work, one of 8": Leak(0.04, each=8),
    "2 ms after the point": Leak(0.002, late=True),
}

_COSTS: ContextVar[float] = ContextVar("_COSTS", default=0.0)


def plant(leak: Leak) -> None:
    """Make this process leak from now on."""
    checked, keep = render.checked, Pace.keep
    count = 0

    def slow(answer: Any, contact: str) -> Any:
        nonlocal count
        found = checked(answer, contact)
        if any(each.verdict == wire.VERDICT_CONFLICT for each in found.verdicts):
            count += 1
            if not count % leak.each:
                _COSTS.set(leak.seconds)
                if not leak.late:
                    burn(leak.seconds)
        return found

    async def kept(self: Pace, begun: float) -> None:
        await keep(self, begun)
        if leak.late:
            burn(_COSTS.get())

    render.checked = slow
    if leak.late:
        Pace.keep = kept  # type: ignore[method-assign]


def burn(seconds: float) -> None:
    """Keep the processor busy."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


if __name__ == "__main__":
    for each in sys.argv[2:]:
        plant(LEAKS[each])
    sys.exit(placement_server(["serve", "--settings", str(Path(sys.argv[1], "0.toml"))]))
