"""Rivalries, recovered by a coalition that holds places for its own cases.

Where a case is answered CLEAR, a fellow's case is placed, and the first asks again: if it
is now answered CONFLICT, their groups are at war. What is there by then, real or phantom,
plays no part: so phantoms can't hide rivalries, and asking again is free.
"""

from dataclasses import dataclass
from random import Random

from tests.attack.static import Purse, coalition
from tests.attack.table import Table
from tests.attack.worlds import Nation


@dataclass(slots=True)
class Edges:
    """What came of it.

    Attributes:
        pairs: of groups that the coalition has cases of.
        edges: of these that are at war.
        learnt: pairs of which it knows for certain whether they are.
        right: rivalries that it knows.
        areas: paid for.
    """

    pairs: int = 0
    edges: int = 0
    learnt: int = 0
    right: int = 0
    areas: int = 0


def recover(
    nation: Nation, table: Table, municipalities: int, *, budget: bool
) -> Edges:
    """Let everybody meet at the places where most are answered CLEAR."""
    cases = coalition(nation, municipalities)
    groups = {group: number for number, group in enumerate(cases)}
    pairs = {(a, b) for a in groups for b in groups if a < b}
    found = Edges(pairs=len(pairs), edges=sum(b in nation.rivals[a] for a, b in pairs))
    purse = Purse(nation) if budget else None
    draw = Random(f"edges {nation.seed}")
    open_ = set(pairs)
    free = [
        area
        for area in range(len(nation.codes))
        if sum(not table.review[g] >> area & 1 for g in groups) > len(groups) // 2
    ]
    for area in draw.sample(free, len(free)):
        here = set()
        for group, number in groups.items():
            if purse is None or purse.pays(number, area):
                found.areas += 1
                if not table.review[group] >> area & 1:
                    here.add(group)
        met = {(a, b) for a, b in open_ if a in here and b in here}
        open_ -= met
        found.learnt += len(met)
        found.right += sum(b in nation.rivals[a] for a, b in met)
        if not open_ or not here:
            break
    return found
