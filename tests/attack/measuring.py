"""What is measured of one seed: every attack, against every control.

Work is cut into tasks, which need nothing of one another and may run anywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from math import comb
from operator import and_
from random import Random
from typing import Final, TypeVar

from kit.drawn import SHIPPED
from kit.world import NOW

from tests.attack.chances import Known, best_guess
from tests.attack.edges import Edges, recover
from tests.attack.hunt import Hunted, hunt
from tests.attack.pairs import Paired, pair
from tests.attack.sources import sound
from tests.attack.static import Beliefs, Effort, Found, coalition, oracle, questions
from tests.attack.table import (
    Compared,
    Here,
    Source,
    Table,
    compare,
    nobody,
    phantoms_here,
    real_here,
)
from tests.attack.watch import Watched, watch
from tests.attack.worlds import NATION, TOWN, WEEKS, Nation, Size

CONTROLS: Final = ("none", "budget", "phantoms", "both")
COALITIONS: Final[tuple[int | None, ...]] = (5, 20, 60, None)
SIZES: Final = ("small", "medium", "large", "very large")
FIVE: Final = 5  # proposals
WHOLE: Final = Effort()
ASKS: Final = 10  # cases that ask the same
_Key = TypeVar("_Key")
_Each = TypeVar("_Each")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done.

    Attributes:
        size: of the nations.
        effort: of each coalition.
        coalitions: how many municipalities; ``None``: a case of each group.
        hunts: of each kind.
        weeks: that are watched.
        pairs: of nations that differ in one person.
        compared: groups whose answers are held against the rules.
    """

    size: Size = NATION
    effort: Effort = WHOLE
    coalitions: tuple[int | None, ...] = COALITIONS
    hunts: int = 150
    weeks: int = WEEKS
    pairs: int = 30
    compared: int = 40


GATES: Final = Plan()
SHORT: Final = Plan(
    size=TOWN,
    effort=Effort(chains=8, burn=4, sweeps=8),
    coalitions=(5, None),
    hunts=30,
    weeks=26,
    pairs=5,
    compared=4,
)
"""What tests can afford."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What the service is like for those who ask honestly.

    Attributes:
        review: share of groups and areas that are answered REVIEW.
        conflict: CONFLICT, likewise.
        stuck: share of cases with no CLEAR among five proposals.
    """

    review: float
    conflict: float
    stuck: float


@dataclass(slots=True)
class Measured:
    """What was measured; keys are controls, and what else is named.

    Attributes:
        oracle: of whom is told everything, by seed.
        coalitions: by control and number of municipalities; one a seed.
        hunts: by control, hostile cases and size of the group.
        watched: by control.
        edges: by control; one a seed.
        rates: by whether there are phantoms; one a seed.
        paired: nations that differ in one person.
        compared: the table, held against the rules.
    """

    oracle: list[Found] = field(default_factory=list)
    coalitions: dict[tuple[str, int | None], list[Found]] = field(default_factory=dict)
    hunts: dict[tuple[str, str, str], Hunted] = field(default_factory=dict)
    watched: dict[str, Watched] = field(default_factory=dict)
    edges: dict[str, list[Edges]] = field(default_factory=dict)
    rates: dict[str, list[Rates]] = field(default_factory=dict)
    paired: Paired = field(default_factory=Paired)
    compared: Compared = field(default_factory=Compared)

    def add(self, other: "Measured") -> None:
        """Take in what another task measured."""
        self.oracle.extend(other.oracle)
        _extend(self.coalitions, other.coalitions)
        _extend(self.edges, other.edges)
        _extend(self.rates, other.rates)
        for key, hunted in other.hunts.items():
            self.hunts.setdefault(key, Hunted()).add(hunted)
        for control, watched in other.watched.items():
            self.watched.setdefault(control, Watched()).add(watched)
        self.paired.add(other.paired)
        self.compared.cells += other.compared.cells
        self.compared.differences += other.compared.differences
        self.compared.milder += other.compared.milder


@dataclass(frozen=True, slots=True)
class Scene:
    """A nation, and who is seen where in it.

    Attributes:
        nation: which.
        source: of its phantoms.
        real: who really is where.
        seen: who is where for whoever asks with many cases.
    """

    nation: Nation
    source: Source
    real: Here
    seen: Here

    def of(self, control: str) -> tuple[Known, Here]:
        """Return what is known before, and who is seen, under a control."""
        haunted = control in {"phantoms", "both"}
        known = Known(self.nation, phantoms=haunted)
        return known, self.seen if haunted else self.real


def scene(seed: int, plan: Plan, make: Callable[[bytes], Source] = sound) -> Scene:
    """Make a nation with its phantoms, by a key of its own."""
    nation, source = Nation(seed, SHIPPED, plan.size), make(f"key {seed}".encode())
    real = real_here(nation)
    asked = [phantoms_here(nation, source(nation, NOW, case)) for case in range(ASKS)]
    return Scene(nation, source, real, real | reduce(and_, asked))


def pictures(seed: int, plan: Plan) -> Measured:
    """Measure what one day tells: oracle, coalitions, edges, rates, the table itself."""
    found, here = Measured(), scene(seed, plan)
    nation, real = here.nation, here.real
    found.oracle.append(oracle(nation, here.seen, real, here.of("both")[0]))
    for control in CONTROLS:
        known, seen = here.of(control)
        table, budget = Table(nation, seen), control in {"budget", "both"}
        for many in plan.coalitions:
            if many is not None or not budget:
                asked = questions(nation, coalition(nation, many), budget=budget)
                held = Beliefs(nation, table, known, asked, plan.effort)
                found.coalitions[control, many] = [held.judged(real)]
        found.edges[control] = [recover(nation, table, 60, budget=budget)]
        found.rates[control] = [rates(nation, table)]
    table = Table(nation, here.seen)
    phantoms = here.source(nation, NOW, 0)
    found.compared = compare(nation, table, phantoms, plan.compared)
    return found


def rates(nation: Nation, table: Table) -> Rates:
    """Return how often what is answered."""
    areas = len(nation.codes)
    cells = areas * nation.size.groups
    conflict = sum(bits.bit_count() for bits in table.conflict)
    review = sum(bits.bit_count() for bits in table.review)
    whole = sum(nation.expected)
    stuck = sum(
        share * comb(bits.bit_count(), FIVE) / comb(areas, FIVE)
        for share, bits in zip(nation.expected, table.review, strict=True)
    )
    return Rates((review - conflict) / cells, conflict / cells, stuck / whole)


AS_THEY_COME: Final = "60 as they come"
MORE: Final = 4  # times as many hunts again, where a gate is close to what is measured
HUNTS: Final = (
    ("none", "any number", None),
    ("budget", AS_THEY_COME, 60),
    ("budget", "60 of rivals", 60),
    ("phantoms", "any number", None),
    ("both", "10 of rivals", 10),
    ("both", AS_THEY_COME, 60),
    ("both", "60 of rivals", 60),
)
"""Control, hostile cases in words, and how many."""


def hunts(seed: int, plan: Plan) -> Measured:
    """Measure how often one hidden person is found."""
    found, here = Measured(), scene(seed, plan)
    nation, draw = here.nation, Random(f"hunts {seed}")
    for control, words, cases in HUNTS:
        for size, name in enumerate(SIZES, 1):
            groups = [
                group
                for group in range(nation.size.groups)
                if nation.sizes[group] == size and nation.rivals[group]
            ]
            chosen, count = words != AS_THEY_COME, plan.hunts if groups else 0
            total = _hunted(
                here, control, groups, draw, count=count, cases=cases, chosen=chosen
            )
            if (control, words) == ("both", AS_THEY_COME) and name in SIZES[:2]:
                more = Random(f"more {seed} {name}")
                count *= MORE
                total.add(
                    _hunted(
                        here,
                        control,
                        groups,
                        more,
                        count=count,
                        cases=cases,
                        chosen=chosen,
                    )
                )
            found.hunts[control, words, name] = total
    return found


def _hunted(
    here: Scene,
    control: str,
    groups: list[int],
    draw: Random,
    *,
    count: int,
    cases: int | None,
    chosen: bool,
) -> Hunted:
    """Hunt so many persons of some groups."""
    known, seen = here.of(control)
    total = Hunted()
    for _ in range(count):
        group = draw.choice(groups)
        many = known.phantoms_of(group)
        total.add(
            hunt(
                here.nation,
                known,
                seen,
                draw,
                cases=cases,
                group=group,
                bound=best_guess(many) if many else 1.0,
                chosen=chosen,
            )
        )
    return total


def watching(seed: int, plan: Plan) -> Measured:
    """Measure what changes tell."""
    here = scene(seed, plan)
    return Measured(
        watched={
            "none": watch(here.nation, nobody, plan.weeks),
            "phantoms": watch(here.nation, here.source, plan.weeks),
        }
    )


def pairing(seed: int, plan: Plan) -> Measured:
    """Measure whether anybody can tell who is on record."""
    here = scene(seed, plan if plan.size is TOWN else SHORT)
    found = Measured()
    for number in range(plan.pairs):
        found.paired.add(pair(here.nation, here.source, number))
    return found


TASKS: Final = (hunts, pictures, watching, pairing)


def short_of(seed: int, make: Callable[[bytes], Source], plan: Plan) -> Measured:
    """Measure what a source of phantoms is worth, by the attacks that need little time."""
    here = scene(seed, plan, make)
    found = Measured()
    known = Known(here.nation, phantoms=True)
    found.oracle.append(oracle(here.nation, here.seen, here.real, known))
    found.watched["phantoms"] = watch(here.nation, here.source, min(plan.weeks, 8))
    small = scene(seed, SHORT, make)
    for number in range(SHORT.pairs * 2):
        found.paired.add(pair(small.nation, small.source, number))
    return found


def _extend(mine: dict[_Key, list[_Each]], theirs: dict[_Key, list[_Each]]) -> None:
    for key, found in theirs.items():
        mine.setdefault(key, []).extend(found)
