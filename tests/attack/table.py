"""What everybody is answered everywhere, as bits: one number a group, one bit an area.

A case of one group is answered CONFLICT where a rival is placed who is known firmly, and
REVIEW where one is who is known softly, or where somebody of the own group is (R3, R4).
``differences`` holds that against the rules themselves.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from kit.world import NOW, TODAY

from placement.domain.phantoms import NOBODY, Phantoms
from placement.domain.questions import Candidate, Question
from placement.domain.rules import assess
from placement.domain.terms import Micros, Verdict, Window, stockholm_day
from tests.attack.worlds import Nation

Source = Callable[[Nation, Micros, int], Phantoms]
"""Returns the phantoms that a case is answered with, at an instant, by its number."""


def nobody(nation: Nation, now: Micros, case: int) -> Phantoms:
    """Return no phantoms: the control *none*."""
    del nation, now, case
    return NOBODY


@dataclass(frozen=True, slots=True)
class Here:
    """Who is where, by group: one bit an area.

    Attributes:
        firm: somebody known firmly.
        soft: somebody known softly.
    """

    firm: list[int]
    soft: list[int]

    def __and__(self, other: "Here") -> "Here":
        """Return what is in both."""
        return Here(
            [a & b for a, b in zip(self.firm, other.firm, strict=True)],
            [a & b for a, b in zip(self.soft, other.soft, strict=True)],
        )

    def __or__(self, other: "Here") -> "Here":
        """Return what is in one of them."""
        return Here(
            [a | b for a, b in zip(self.firm, other.firm, strict=True)],
            [a | b for a, b in zip(self.soft, other.soft, strict=True)],
        )

    @property
    def any(self) -> list[int]:
        """Somebody, however known."""
        return [a | b for a, b in zip(self.firm, self.soft, strict=True)]


def real_here(nation: Nation, now: Micros = NOW) -> Here:
    """Return who really is where."""
    window = Window(start=stockholm_day(now))
    firm, soft = [0] * nation.size.groups, [0] * nation.size.groups
    for stay in nation.acting(now, window):
        (firm if stay.firm else soft)[stay.group] |= 1 << stay.area
    return Here(firm, soft)


def phantoms_here(nation: Nation, phantoms: Phantoms, now: Micros = NOW) -> Here:
    """Return where phantoms of the nation's groups are."""
    window = Window(start=stockholm_day(now))
    numbers = {token: number for number, token in enumerate(nation.tokens)}
    firm, soft = [0] * nation.size.groups, [0] * nation.size.groups
    for area, code in enumerate(nation.codes):
        for group, stays in phantoms.in_area(code).items():
            for stay in stays:
                if group in numbers and stay.acts(window, now):
                    (firm if stay.firm else soft)[numbers[group]] |= 1 << area
    return Here(firm, soft)


class Table:
    """The answers to a case of each group in each area.

    Attributes:
        conflict: by group of the case; one bit an area.
        review: REVIEW or worse, likewise.
    """

    def __init__(self, nation: Nation, here: Here) -> None:
        anyone = here.any
        self.conflict = [_union(here.firm, rivals) for rivals in nation.rivals]
        self.review = [
            _union(anyone, rivals) | anyone[own]
            for own, rivals in enumerate(nation.rivals)
        ]

    def verdict(self, group: int, area: int) -> Verdict:
        """Return one answer."""
        if self.conflict[group] >> area & 1:
            return Verdict.CONFLICT
        return Verdict.REVIEW if self.review[group] >> area & 1 else Verdict.CLEAR


def _union(bits: list[int], groups: Iterable[int]) -> int:
    found = 0
    for group in groups:
        found |= bits[group]
    return found


@dataclass(slots=True)
class Compared:
    """What came of holding a table against the rules.

    Attributes:
        cells: how many were asked about.
        differences: where the table said something else than the rules.
        milder: where the rules with phantoms were milder than without.
    """

    cells: int = 0
    differences: int = 0
    milder: int = 0


def compare(nation: Nation, table: Table, phantoms: Phantoms, groups: int) -> Compared:
    """Ask the rules about every area, for cases of some groups, as the table is asked.

    Args:
        nation: whose state answers.
        table: of the nation with these phantoms.
        phantoms: they.
        groups: for cases of how many.
    """
    found = Compared()
    draw = Random(f"compare {nation.seed}")
    places = tuple(Candidate(area=code) for code in nation.codes)
    for group in draw.sample(range(nation.size.groups), groups):
        question = Question(
            case=nation.asker(group),
            candidates=places,
            window=Window(start=TODAY),
            now=NOW,
        )
        state, ruleset = nation.world.state, nation.ruleset
        told = assess(state, question, ruleset, TODAY, phantoms)
        real = assess(state, question, ruleset, TODAY)
        for area, (one, other) in enumerate(zip(real, told, strict=True)):
            found.cells += 1
            found.differences += other.verdict is not table.verdict(group, area)
            found.milder += other.verdict < one.verdict
    return found
