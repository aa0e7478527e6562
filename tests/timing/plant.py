"""Leaks planted into a server, so that the measurement has something to find.

``python -m tests.timing.plant FOLDER [MS EACH [late]]`` serves as ``placement-server serve`` does.
With a leak, whatever is answered CONFLICT keeps the processor busy for a while: before
the answer waits for its point of the grid, as the rules themselves would, or after it.
Nothing of this can be switched on in the service itself.
"""

import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placement.api.v1 import types_pb2 as wire
from placement.ops.main import main as placement_server
from placement.rpc import render
from placement.rpc.even import Pace


@dataclass(frozen=True, slots=True)
class Leak:
    """What a CONFLICT costs more.

    Attributes:
        ms: milliseconds of the processor.
        each: only one of so many costs them.
        late: after the point of the grid, and not before.
    """

    ms: int
    each: int = 1
    late: bool = False

    def __str__(self) -> str:
        """Return it in words."""
        where = "after the point" if self.late else "of work"
        return f"{self.ms} ms {where}" + (f", one of {self.each}" * (self.each > 1))

    @property
    def arguments(self) -> list[str]:
        """What the command line has for it."""
        return [str(self.ms), str(self.each), *["late"] * self.late]


def read(arguments: list[str]) -> Leak | None:
    """Return the leak that a command line has, if any."""
    if not arguments:
        return None
    ms, each, *late = arguments
    return Leak(int(ms), int(each), late == ["late"])


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
                _COSTS.set(leak.ms / 1000)
                if not leak.late:
                    burn(leak.ms / 1000)
        return found

    async def kept(
        self: Pace, begun: float, method: str, *, counts: bool = True
    ) -> None:
        await keep(self, begun, method, counts=counts)
        if leak.late:
            burn(_COSTS.get())

    render.checked = slow
    if leak.late:
        Pace.keep = kept


def burn(seconds: float) -> None:
    """Keep the processor busy."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


if __name__ == "__main__":
    folder, *arguments = sys.argv[1:]
    leak = read(arguments)
    if leak is not None:
        plant(leak)
    sys.exit(placement_server(["serve", "--settings", str(Path(folder, "0.toml"))]))
