"""What a coalition comes to believe from answers of one day, and how often it is right.

A coalition has cases, each of somebody who left one group, and asks about areas. From the
answers it computes, for each group and area, how likely somebody real is there. The
*oracle* is stronger than any coalition: it is told who is where, real or phantom, and only
not which is which. Every answer is made from what it is told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from math import sqrt
from random import Random
from typing import Final

from kit.world import NOW

from placement.domain.budgets import Ledger
from placement.domain.events import Asked
from placement.domain.terms import AreaCode, CaseHandle, Micros
from tests.attack.chances import Cell, Known
from tests.attack.sampler import Puzzle, Sampler
from tests.attack.table import Here, Table
from tests.attack.worlds import Nation

CASES: Final = 3  # of each municipality
TOP: Final = 100
RARE: Final = 0.2
"""Cells of a greater prior are nobody's secret."""
BINS: Final = (0.01, 0.02, 0.05, 0.1, RARE)
"""Upper ends of kinds of prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long is thought about the answers.

    Attributes:
        chains: in each area; a multiple of eight.
        burn: sweeps that are not counted.
        sweeps: that are.
    """

    chains: int = 16
    burn: int = 16
    sweeps: int = 32


@dataclass(slots=True)
class Bin:
    """Cells of like priors in which somebody was seen.

    Attributes:
        cells: how many.
        real: in how many somebody real is.
        bound: how many at most were to be expected.
        spread: variance of that.
    """

    cells: int = 0
    real: int = 0
    bound: float = 0.0
    spread: float = 0.0

    def add(self, other: "Bin") -> None:
        """Count others, too."""
        self.cells += other.cells
        self.real += other.real
        self.bound += other.bound
        self.spread += other.spread


@dataclass(slots=True)
class Found:
    """What came of beliefs about cells.

    Attributes:
        questions: how many were asked.
        cells: with somebody real, where that was unlikely.
        over_half: real ones that are held with more than one half.
        over_nine: with more than nine tenths.
        wrong: held with more than one half, and nobody real is there.
        over_bound: cells believed more than the bound.
        highest: belief in any unlikely cell.
        brier: mean square of how wrong beliefs are, of 10,000.
        before: the same of the priors.
        top: of the hundred cells that are believed most, how many are right.
        believed: in each cell, and whether that is true; until all are noted.
        bins: cells in which somebody was seen for certain, by prior.
    """

    questions: int = 0
    cells: int = 0
    over_half: int = 0
    over_nine: int = 0
    wrong: int = 0
    over_bound: int = 0
    highest: float = 0.0
    brier: float = 0.0
    before: float = 0.0
    top: int = 0
    believed: list[tuple[float, bool]] = field(default_factory=list)
    bins: list[Bin] = field(default_factory=lambda: [Bin() for _ in BINS])

    def note(
        self, belief: float, cell: Cell, *, real: bool, samples: int | None = None
    ) -> None:
        """Note one belief.

        Args:
            belief: how likely somebody real is there.
            cell: what was known before.
            real: whether somebody is.
            samples: from how many the belief was counted; ``None`` is exact.
        """
        prior = cell.prior
        self.brier += (belief - real) ** 2
        self.before += (prior - real) ** 2
        if prior >= RARE:
            return
        self.believed.append((belief, real))
        self.cells += real
        self.highest = max(self.highest, belief)
        self.over_half += real and belief > 0.5
        self.over_nine += real and belief > 0.9
        self.wrong += belief > 0.5 and not real
        sigma = sqrt(belief * (1 - belief) / samples) if samples else 0.0
        self.over_bound += belief > cell.bound + 3 * sigma + 1e-9

    def see(self, cell: Cell, *, real: bool) -> None:
        """Note a cell in which somebody was seen for certain."""
        if cell.prior < RARE:
            here = next(n for n, end in enumerate(BINS) if cell.prior < end)
            bound = cell.bound
            self.bins[here].add(Bin(1, int(real), bound, bound * (1 - bound)))

    def over(self, cells: int) -> "Found":
        """Look at the whole, once all is noted."""
        self.top = sum(real for _, real in nlargest(TOP, self.believed))
        self.believed.clear()
        self.brier *= 10_000 / cells
        self.before *= 10_000 / cells
        return self


def oracle(nation: Nation, seen: Here, real: Here, known: Known) -> Found:
    """Tell who is where, and see what can be believed."""
    found, someone = Found(), real.any
    areas = range(len(nation.codes))
    for group, (firm, soft) in enumerate(zip(seen.firm, seen.soft, strict=True)):
        for area in areas:
            cell = known.cell(group, area)
            truth = bool(someone[group] >> area & 1)
            believed = 0.0
            if firm >> area & 1:
                beside = 1 - cell.prior_of(firm=False)
                believed = 1 - (1 - cell.is_real(firm=True)) * beside
            elif soft >> area & 1:
                believed = cell.is_real(firm=False)
            found.note(believed, cell, real=truth)
            if believed:
                found.see(cell, real=truth)
    found.questions = len(nation.codes) * nation.size.groups
    return found.over(found.questions)


# Coalitions


def coalition(nation: Nation, municipalities: int | None) -> list[int]:
    """Return the groups of a coalition's cases; ``None`` has a case of each group."""
    if municipalities is None:
        return list(range(nation.size.groups))
    draw = Random(f"coalition {nation.seed} {municipalities}")
    return [nation.some_group(draw) for _ in range(municipalities * CASES)]


def questions(nation: Nation, cases: Sequence[int], *, budget: bool) -> list[int]:
    """Return about which areas is asked, by group; bits.

    Args:
        nation: where.
        cases: the group of each.
        budget: whether the service counts questions: it is asked as often as it answers.
    """
    asked = [0] * nation.size.groups
    draw, purse = Random(f"questions {nation.seed}"), Purse(nation)
    for number, group in enumerate(cases):
        areas = list(range(len(nation.codes)))
        if budget:
            draw.shuffle(areas)
            areas = [each for each in areas if purse.pays(number, each)]
        asked[group] |= sum(1 << area for area in areas)
    return asked


class Purse:
    """The service's own budgets, of a coalition's cases, on one evening.

    Each case has a caseworker of its own, and three have a municipality.
    """

    def __init__(self, nation: Nation, now: Micros = NOW) -> None:
        self._nation, self._now, self._ledger = nation, now, Ledger()

    def pays(self, case: int, area: int) -> bool:
        """Pay for a question, if the budgets allow it."""
        budgets = self._nation.ruleset.budgets
        handle = CaseHandle(case.to_bytes(16))
        code: AreaCode = self._nation.codes[area]
        due = self._ledger.charge(handle, (code,), self._now, budgets)
        spent = Asked(
            case=handle,
            organisation=str(case // CASES),
            person=str(case),
            areas=due,
        )
        if not self._ledger.affords(spent, self._now, budgets):
            return False
        self._ledger.spend(spent, self._now)
        return True


class Beliefs:
    """What a coalition believes.

    Args:
        nation: where.
        table: that answers.
        known: before any answer.
        asked: about which areas, by group; bits.
        effort: how long is thought.
    """

    def __init__(
        self,
        nation: Nation,
        table: Table,
        known: Known,
        asked: Sequence[int],
        effort: Effort,
    ) -> None:
        self._nation, self._known, self._asked = nation, known, asked
        self._groups = nation.size.groups
        self._everywhere = (1 << len(nation.codes)) - 1
        self._alive = self._possible(table)
        self._needs = [
            (where, members) for where, members in self._needed(table) if where
        ]
        self._open = [0] * (2 * self._groups)
        for where, members in self._needs:
            for each in members:
                self._open[each] |= where & self._alive[each]
        self._sampler = self._sampled(effort)

    def _possible(self, table: Table) -> list[int]:
        """Return where anybody can be: not where an answer says that nobody is."""
        groups = self._groups
        alive = [self._everywhere] * (2 * groups)
        for group, asked in enumerate(self._asked):
            nobody = asked & ~table.review[group]
            weak = asked & ~table.conflict[group]
            for each in (group, groups + group):
                alive[each] &= ~nobody
            for rival in self._nation.rivals[group]:
                alive[rival] &= ~weak
                alive[groups + rival] &= ~nobody
        return alive

    def _needed(self, table: Table) -> Iterable[tuple[int, list[int]]]:
        """Yield the answers that say that somebody is there."""
        groups = self._groups
        for group, asked in enumerate(self._asked):
            rivals = sorted(self._nation.rivals[group])
            yield asked & table.conflict[group], rivals
            weak = asked & table.review[group] & ~table.conflict[group]
            softly = [groups + rival for rival in rivals]
            yield weak, [group, groups + group, *softly]

    def _sampled(self, effort: Effort) -> Sampler:
        groups, kinds = self._groups, self._known.kinds
        likely = [
            [
                self._known.cell(each % groups, area).there(firm=each < groups)
                for area, _ in kinds
            ]
            for each in range(2 * groups)
        ]
        puzzle = Puzzle(
            alive=self._open,
            needs=self._needs,
            likely=likely,
            kinds=[areas for _, areas in kinds],
            areas=len(self._nation.codes),
        )
        name = f"sampler {self._nation.seed}"
        sampler = Sampler(puzzle, effort.chains, name)
        for number in range(effort.burn + effort.sweeps):
            sampler.sweep()
            if number >= effort.burn:
                sampler.count()
        return sampler

    def _there(self, variable: int, area: int, cell: Cell) -> float:
        """Return how likely anybody is there who is known in one way."""
        if self._open[variable] >> area & 1:
            return self._sampler.belief(variable, area)
        if self._alive[variable] >> area & 1:
            return cell.there(firm=variable < self._groups)
        return 0.0

    def of(self, group: int, area: int) -> float:
        """Return how likely somebody real is in a cell."""
        cell, absent = self._known.cell(group, area), 1.0
        for variable, firm in ((group, True), (self._groups + group, False)):
            there = self._there(variable, area, cell)
            absent *= 1 - there * cell.is_real(firm=firm)
        return 1 - absent

    def judged(self, real: Here) -> Found:
        """Hold all beliefs against the truth."""
        found, someone = Found(), real.any
        areas = range(len(self._nation.codes))
        for group in range(self._groups):
            for area in areas:
                cell = self._known.cell(group, area)
                truth = bool(someone[group] >> area & 1)
                samples = self._sampler.samples
                found.note(self.of(group, area), cell, real=truth, samples=samples)
        found.questions = sum(asked.bit_count() for asked in self._asked)
        return found.over(self._groups * len(self._nation.codes))
