"""``make never-clear N=100000``: no answer is milder for a phantom, in N random worlds.

Each world has groups, links, people, houses and residents drawn at random, and phantoms
as the service draws them, by a key of its own. Some cases ask about every area, by the
rules with phantoms and by the rules without. A *cell* is a case and an area.

A run in which no phantom acted proves nothing, and fails.
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random

from kit.drawn import SHIPPED, arrivals, haunted, stream_of
from kit.world import NOW, RULESET, TODAY, World, token
from rich.progress import Progress

from placement.domain.areas import Area, Areas
from placement.domain.drawing import Drawing
from placement.domain.facts import Facility
from placement.domain.phantoms import Phantoms
from placement.domain.questions import Candidate, Question
from placement.domain.rules import assess
from placement.domain.terms import AreaCode, GroupToken, Verdict, Window

CODES = tuple(f"{number:04}" for number in range(1, 21))
GROUPS = "ABCDEFGH"
CASES = 5
"""Each asks about every area: so many cells has a world, times ``CODES``."""
CELLS = CASES * len(CODES)
_CHUNK = 50  # worlds between two words


def _areas() -> Areas:
    """Twenty municipalities in a row, each near the next one."""
    return Areas(
        Area(
            code=AreaCode(code),
            name=code,
            county="county",
            police_region="syd",
            near=frozenset(map(AreaCode, (*CODES[:at][-1:], *CODES[at + 1 : at + 2]))),
        )
        for at, code in enumerate(CODES)
    )


SMALL = haunted(
    replace(RULESET, areas=_areas()),
    cities=(),
    towns=(),
    floor=60,
    # Short ones, so that there are few months to draw.
    stay=replace(SHIPPED.phantoms.stay, lead_days=(0, 5), days=(10, 60)),
)


@dataclass(slots=True)
class Tally:
    """What came of worlds.

    Attributes:
        worlds: how many.
        cells: how many were asked about.
        milder: were answered milder with phantoms than without.
        unlike: were, by what is told to be real, answered otherwise than without.
        worse: were answered worse.
        free: were CLEAR without.
        moves: from which verdict to which other.
    """

    worlds: int = 0
    cells: int = 0
    milder: int = 0
    unlike: int = 0
    worse: int = 0
    free: int = 0
    moves: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        """Whether nothing was milder, and phantoms acted."""
        return not self.milder and not self.unlike and self.worse > 0

    def add(self, other: "Tally") -> None:
        """Count other worlds, too."""
        self.worlds += other.worlds
        self.cells += other.cells
        self.milder += other.milder
        self.unlike += other.unlike
        self.worse += other.worse
        self.free += other.free
        self.moves.update(other.moves)

    def __str__(self) -> str:
        """Return it in some lines."""
        moves = ", ".join(
            f"{one.name} to {other.name} {count:,}"
            for (one, other), count in sorted(self.moves.items())
        )
        return (
            f"{self.worlds:,} worlds, {self.cells:,} cells\n"
            f"  milder with phantoms: {self.milder}\n"
            f"  real part not as without: {self.unlike}\n"
            f"  worse with phantoms: {self.worse:,} ({moves or 'none'})\n"
            f"  CLEAR without phantoms: {self.free:,}"
        )


def world_of(chance: Random) -> World:
    """Make a world: links, houses, people; the first five cases ask."""
    world = World(SMALL)
    for house in range(6):
        world.facility(
            f"h{house}", f"p{house % 3}", CODES[chance.randrange(len(CODES))]
        )
    for _ in range(chance.randint(4, 12)):
        one, other = chance.sample(GROUPS, 2)
        kind = chance.choice(("rivalry", "rivalry", "alliance", "faction"))
        how = {"severity": chance.randint(1, 3)} if kind == "rivalry" else {}
        getattr(world, kind)(one, other, **how, **_given(chance))
    for person in range(CASES + 6):
        for _ in range(chance.choice((1, 1, 2))):
            world.affiliation(f"s{person}", chance.choice(GROUPS), **_given(chance))
    for _ in range(3):
        area = chance.choice(CODES)
        kind = chance.choice(("base", "active", "occasional"))
        world.presence(chance.choice(GROUPS), area, kind, **_given(chance))
    world.threat(f"s{chance.randrange(CASES)}", group=chance.choice(GROUPS))
    world.cover(*chance.sample(CODES, len(CODES) - 2), region="national")
    for person in range(CASES + 6):
        case = world.case(f"s{person}")
        if person >= CASES:
            houses = list(world.state.facilities.values())
            house = chance.choice([None, *houses])
            area = chance.choice(CODES) if house is None else house.area
            name = house and house.token.rstrip(b"\0").decode()
            world.placement(case, area, facility=name)
    return world


def _given(chance: Random) -> dict[str, object]:
    """Give a fact dates and a grade; most are plain."""
    values: dict[str, object] = {"grade": chance.choice(("1B", "1B", "1B", "3D", "1E"))}
    if chance.random() < 0.3:
        values["start"] = chance.choice((-400, -50, 0, 5))
    if chance.random() < 0.2:
        values["end"] = chance.choice((-380, -20, 10))
    return values


def phantoms_of(seed: int, world: World) -> Phantoms:
    """Draw the phantoms of a world as the service does, by a key of its own."""
    houses: dict[AreaCode, list[Facility]] = {}
    for each in world.state.facilities.values():
        houses.setdefault(each.area, []).append(each)
    stream = stream_of(seed.to_bytes(8))
    drawn = Drawing(stream, SMALL.phantoms, SMALL.areas, SMALL.holds.hours)
    groups = [GroupToken(token(name)) for name in GROUPS]
    stays = arrivals(drawn, drawn.months(TODAY), groups, houses=houses)
    return Phantoms(stays, world.state.merges.of)


def played(seed: int) -> Tally:
    """Ask about every cell of one world, with phantoms and without."""
    chance = Random(seed)
    world = world_of(chance)
    phantoms = phantoms_of(seed, world)
    tally = Tally(worlds=1)
    candidates = tuple(_place(chance, code, world) for code in CODES)
    start = chance.choice((0, 0, 30))
    window = Window(start=TODAY + start, end=chance.choice((None, TODAY + start + 40)))
    for case in list(world.state.cases.values())[:CASES]:
        question = Question(case=case, candidates=candidates, window=window, now=NOW)
        real = assess(world.state, question, SMALL, TODAY)
        told = assess(world.state, question, SMALL, TODAY, phantoms)
        for one, other in zip(real, told, strict=True):
            tally.cells += 1
            tally.free += one.verdict is Verdict.CLEAR
            tally.milder += other.verdict < one.verdict
            tally.unlike += other.real.verdict is not one.verdict
            if other.verdict > one.verdict:
                tally.worse += 1
                tally.moves[one.verdict, other.verdict] += 1
    return tally


def _place(chance: Random, code: str, world: World) -> Candidate:
    """Name an area, or a house in it."""
    houses = [each for each in world.state.facilities.values() if each.area == code]
    house = chance.choice([None, *houses])
    return Candidate(area=AreaCode(code), facility=house and house.token)


def some(first: int, count: int) -> Tally:
    """Play some worlds, by their seeds."""
    tally = Tally()
    for seed in range(first, first + count):
        tally.add(played(seed))
    return tally


def run(worlds: int, first: int, workers: int) -> Tally:
    """Play all worlds, and show how far it has come."""
    tally = Tally()
    starts = range(first, first + worlds, _CHUNK)
    sizes = [min(_CHUNK, first + worlds - start) for start in starts]
    with ProcessPoolExecutor(workers) as pool, Progress() as progress:
        task = progress.add_task("worlds", total=worlds)
        for found in pool.map(some, starts, sizes):
            tally.add(found)
            progress.update(task, advance=found.worlds)
    return tally


def main(arguments: list[str]) -> int:
    """Play, and tell what came of it.

    Returns:
        0 if no answer was milder, and phantoms acted.
    """
    parser = argparse.ArgumentParser(prog="make never-clear")
    parser.add_argument("--worlds", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    tally = run(asked.worlds, asked.first, asked.workers)
    print(tally)
    verdict = "holds" if tally.holds else "does NOT hold"
    print(f"No answer is milder for a phantom: it {verdict}.")
    print(f"Seeds {asked.first} on, {time.monotonic() - began:.0f} s.")
    return 0 if tally.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
