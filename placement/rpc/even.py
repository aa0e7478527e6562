"""Even answers: one length and one time, whatever they say.

Who watches the wire, or the clock, sees of a call which method it was and whose. A
verdict, a refusal and the reason of a refusal are of one length, with the same headers
and the same status of gRPC's, and they leave on the same grid of time.

Invariants:
    * an answer's length is a multiple of its method's size, in ``SIZES``;
    * where an answer is longer than one size, it is for what its caller may see anyway:
      a longer list, a longer question;
    * nothing is left to do between the point of the grid and the sending.
"""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from placement.rpc.methods import METHODS

SIZE: Final = 4096
"""Bytes; an answer that is in no list."""
LIST_SIZE: Final = 16 * 1024
"""Bytes; a list, and a piece of what is told in pieces."""
LOG_SIZE: Final = 64 * 1024
"""Bytes; entries of the access log."""
WINDOW: Final = 1000
"""Calls of a method; of these, and as many before, one each may be later than usual."""
MOST: Final = 8
"""Points; no answer waits longer for others that were late."""

_LISTS: Final = frozenset(
    {
        "ExplainPlacement",
        "ListAlerts",
        "ListChanges",
        "ListCheckpoints",
        "ListExpired",
        "ListFacts",
        "ListGroups",
        "ListImports",
        "ListPermits",
        "ListReviews",
        "ListRulesets",
        "ReadExtract",
        "ReportAnomalies",
        "ReportReviews",
        "ShowAlert",
        "ShowChange",
        "ShowCoverage",
        "ShowExtract",
        "ShowFact",
        "ShowLabelKeys",
        "ShowRuleset",
        "WatchAlerts",
    }
)
_LOGS: Final = frozenset({"ExportEntries", "ListEntries", "ReadRows", "TailEntries"})
_MARK: Final = b"\xfa\x7f"  # field 2047, which is bytes
_SEVEN: Final = 0x7F
_MORE: Final = 0x80
_OVERHEAD: Final = 5  # the mark, and three bytes of length


def _size(path: str) -> int:
    name = path.rpartition("/")[2]
    if name in _LOGS:
        return LOG_SIZE
    return LIST_SIZE if name in _LISTS else SIZE


SIZES: Final[Mapping[str, int]] = {path: _size(path) for path in METHODS}
"""By method: of what its answers' lengths are multiples, in bytes."""


def padded(content: bytes, size: int) -> bytes:
    """Fill a response up.

    Args:
        content: a response, serialised; or what it has in common with all others.
        size: of its method, less than 2 MiB.

    Returns:
        The same response with ``padding``, of the next multiple of ``size`` bytes. The
        length of the padding always takes three bytes, so that each rest can be filled.
    """
    rest = -(len(content) + _OVERHEAD) % size
    length = bytes(
        (rest & _SEVEN | _MORE, rest >> 7 & _SEVEN | _MORE, rest >> 14 & _SEVEN)
    )
    return b"".join((content, _MARK, length, bytes(rest)))


class _Recent:
    """How many points a method's last calls took, and which point nearly all reached."""

    def __init__(self) -> None:
        self._here: Counter[int] = Counter()
        self._before: Counter[int] = Counter()

    def add(self, points: int) -> None:
        """Count a call; the oldest thousand are forgotten as the next one is full."""
        if self._here.total() == WINDOW:
            self._here, self._before = Counter(), self._here
        self._here[min(points, MOST)] += 1

    @property
    def usual(self) -> int:
        """The first point by which all but one in a thousand were ready."""
        seen = self._here + self._before
        beyond, point = seen.total() // WINDOW, MOST
        while point > 1 and seen[point] <= beyond:
            beyond -= seen[point]
            point -= 1
        return point


class Pace:
    """Lets answers go at the points of a grid.

    How long an answer took to make may rest on what it says. So it leaves at a point by
    which nearly all answers of its method were ready of late, whatever they said, and
    not at the first by which it was ready itself: on a busy machine that would tell.

    Args:
        step: seconds from one point to the next, counted from when a call came in; 0
            for no grid.
    """

    def __init__(self, step: float = 0.0) -> None:
        self._step = step
        self._recent: defaultdict[str, _Recent] = defaultdict(_Recent)

    @staticmethod
    def begin() -> float:
        """Return when a call came in, by the event loop's clock."""
        return asyncio.get_running_loop().time()

    async def keep(self, begun: float, method: str, *, counts: bool = True) -> None:
        """Wait for a point of a call's grid, the first of which is a step away.

        Args:
            begun: from ``begin``.
            method: its path, or whatever has a pace of its own.
            counts: whether others wait for as long; not what nothing was done for, or
                many of those would let the others go too early.
        """
        if not self._step:
            return
        now = asyncio.get_running_loop().time()
        points = max(1, math.ceil((now - begun) / self._step))
        recent = self._recent[method]
        if counts:
            recent.add(points)
        leaves = max(points, recent.usual)
        await asyncio.sleep(begun + leaves * self._step - now)
