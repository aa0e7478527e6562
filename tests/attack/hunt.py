"""The hunt for one hidden person whose group is known, place by place.

The hunter has cases of the group's rivals and knows everything but the key. A place where
one of them is not answered CONFLICT is free of the person. He asks where an answer is
likely to tell most, and in the end guesses where the person is.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.attack.chances import Known
from tests.attack.static import Purse
from tests.attack.table import Here, Table
from tests.attack.worlds import Nation

MARKS: Final = (0, 10, 20, 40, 60, 100, 150, 200, 300, 400, 600, 800, 1200)
"""After so many questions the belief is noted."""
_NOTHING: Final = -1.0


@dataclass(slots=True)
class Hunted:
    """What came of hunts.

    Attributes:
        hunts: how many.
        right: in how many the guess was right.
        believed: sum of what was believed of the guess.
        truth: sum of what was believed of the right place.
        questions: sum.
        left: sum of how many places were left.
        prior: sum of what was believed of the best place before.
        bound: sum of what the bound allows.
        curve: sum of beliefs in the right place, by ``MARKS``.
    """

    hunts: int = 0
    right: int = 0
    believed: float = 0.0
    truth: float = 0.0
    questions: int = 0
    left: int = 0
    prior: float = 0.0
    bound: float = 0.0
    curve: list[float] = field(default_factory=lambda: [0.0] * len(MARKS))

    def add(self, other: "Hunted") -> None:
        """Count other hunts, too."""
        self.hunts += other.hunts
        self.right += other.right
        self.believed += other.believed
        self.truth += other.truth
        self.questions += other.questions
        self.left += other.left
        self.prior += other.prior
        self.bound += other.bound
        self.curve = [a + b for a, b in zip(self.curve, other.curve, strict=True)]


class Hunter:
    """One hunt.

    Args:
        nation: where.
        known: before any answer.
        group: the hidden person's.
        cases: the group of each hostile case; rivals.
        budget: whether the service counts questions.
    """

    def __init__(
        self,
        nation: Nation,
        known: Known,
        group: int,
        cases: list[int],
        *,
        budget: bool,
    ) -> None:
        self._nation, self._cases = nation, cases
        self._purse = Purse(nation) if budget else None
        self._spent: set[int] = set()
        areas = range(len(nation.codes))
        self._before = list(nation.weights)
        # How likely a CONFLICT is where the person is not: by the own group, by others.
        self._others = [known.cell(group, area).there(firm=True) for area in areas]
        self._covered = [
            {g: self._cover(known, g, group, area) for g in set(cases)}
            for area in (kind for kind, _ in known.kinds)
        ]
        self._kind = {
            area: n for n, (_, some) in enumerate(known.kinds) for area in some
        }
        self._passed = [1.0] * len(areas)  # how likely all answers, were nobody there
        self.weights = list(self._before)
        self._asked: list[int] = [0] * len(areas)  # how many cases asked there
        self._worth = [self._promise(area) for area in areas]

    def _cover(self, known: Known, case: int, group: int, area: int) -> float:
        absent = 1.0
        for rival in self._nation.rivals[case]:
            if rival != group:
                absent *= 1 - known.cell(rival, area).there(firm=True)
        return 1 - absent

    def ask(self, table: Table) -> bool:
        """Ask one question; tell whether there was one left to ask."""
        worth = self._worth
        while (most := max(worth)) >= 0:
            area = worth.index(most)
            case = self._case(area)
            if case is None:
                worth[area] = _NOTHING
            else:
                bits = table.conflict[self._cases[case]]
                self._learn(area, case, told=bits >> area & 1)
                worth[area] = self._promise(area)
                return True
        return False

    def _case(self, area: int) -> int | None:
        """Return a case that may ask there, and has not."""
        if self._purse is None:
            return self._asked[area]
        for case in range(self._asked[area], len(self._cases)):
            if case not in self._spent:
                if self._purse.pays(case, area):
                    self._asked[area] = case
                    return case
                self._spent.add(case)
        self._asked[area] = len(self._cases)
        return None

    def _promise(self, area: int) -> float:
        """Return how much of the belief a question is likely to move."""
        if not self.weights[area] or self._asked[area] >= len(self._cases):
            return _NOTHING
        others, passed = self._others[area], self._passed[area]
        case = self._cases[self._asked[area]]
        cover = self._covered[self._kind[area]][case]
        free = (1 - others) * passed / (others + (1 - others) * passed)
        return self.weights[area] * free * (1 - cover)

    def _learn(self, area: int, case: int, *, told: int) -> None:
        self._asked[area] += 1
        if not told:
            self.weights[area] = 0.0
            return
        cover = self._covered[self._kind[area]][self._cases[case]]
        self._passed[area] *= cover
        others = self._others[area]
        likely = others + (1 - others) * self._passed[area]
        self.weights[area] = self._before[area] / likely


def hunt(
    nation: Nation,
    known: Known,
    seen: Here,
    draw: Random,
    *,
    cases: int | None,
    group: int,
    bound: float,
    chosen: bool = True,
) -> Hunted:
    """Hide one more person, and hunt.

    Args:
        nation: where.
        known: before any answer.
        seen: who is where; the person comes on top.
        draw: hides the person.
        cases: hostile ones that the budgets count; ``None``: any number that none counts.
        group: the person's.
        bound: how often a guess is right at most.
        chosen: whether all hostile cases are of rivals; else they are of any group, and
            those of no rival are of no use.
    """
    place = draw.choices(range(len(nation.codes)), nation.weights)[0]
    firm = list(seen.firm)
    firm[group] |= 1 << place
    table = Table(nation, Here(firm, seen.soft))
    rivals = draw.sample(sorted(nation.rivals[group]), len(nation.rivals[group]))
    if cases is None:
        hostile = rivals
    elif chosen:
        hostile = (rivals * cases)[:cases]
    else:
        some = (nation.some_group(draw) for _ in range(cases))
        hostile = [each for each in some if each in nation.rivals[group]]
    hunter = Hunter(nation, known, group, hostile, budget=cases is not None)
    found = Hunted(hunts=1, prior=max(nation.weights), bound=bound)
    marks = dict.fromkeys(MARKS, 0.0)
    while True:
        if found.questions in marks:
            marks[found.questions] = hunter.weights[place] / sum(hunter.weights)
        if not hunter.ask(table):
            break
        found.questions += 1
    total, best = sum(hunter.weights), max(hunter.weights)
    found.truth = hunter.weights[place] / total
    found.believed = best / total
    tied = [area for area, weight in enumerate(hunter.weights) if weight == best]
    found.right = int(draw.choice(tied) == place)
    found.left = sum(map(bool, hunter.weights))
    found.curve = [
        found.truth if mark > found.questions else marks[mark] for mark in MARKS
    ]
    return found
