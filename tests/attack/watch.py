"""The watcher: sees every answer of every week for a year, and reports what changed.

A *flip* is a CLEAR that is none a week later. It is *real* if somebody real came.
"""

from dataclasses import dataclass

from tests.attack.table import Source, Table, phantoms_here, real_here
from tests.attack.worlds import Nation, instant


@dataclass(slots=True)
class Watched:
    """What came of watching.

    Attributes:
        weeks: how many passed.
        flips: answers that turned, over all groups and areas.
        real: of these, for somebody real.
        arrivals: cells in which somebody, real or not, appeared.
        came: of these, somebody real.
    """

    weeks: int = 0
    flips: int = 0
    real: int = 0
    arrivals: int = 0
    came: int = 0

    def add(self, other: "Watched") -> None:
        """Count another watcher's, too."""
        self.weeks += other.weeks
        self.flips += other.flips
        self.real += other.real
        self.arrivals += other.arrivals
        self.came += other.came


def watch(nation: Nation, source: Source, weeks: int) -> Watched:
    """Watch for some weeks."""
    found = Watched(weeks=weeks)
    before = None
    for week in range(weeks + 1):
        now = instant(week)
        real = real_here(nation, now)
        seen = real | phantoms_here(nation, source(nation, now, 0), now)
        table = Table(nation, seen)
        if before is not None:
            table_then, real_then, seen_then = before
            came = [a & ~b for a, b in zip(real.any, real_then, strict=True)]
            for group, rivals in enumerate(nation.rivals):
                flips = table.review[group] & ~table_then.review[group]
                causes = came[group]
                for rival in rivals:
                    causes |= came[rival]
                found.flips += flips.bit_count()
                found.real += (flips & causes).bit_count()
            for now_there, then, real_one in zip(
                seen.any, seen_then, came, strict=True
            ):
                new = now_there & ~then
                found.arrivals += new.bit_count()
                found.came += (new & real_one).bit_count()
        before = table, real.any, seen.any
    return found
