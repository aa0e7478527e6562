"""Nations drawn by a seed: groups, rivalries, people, and stays that come and go.

Real stays are drawn here, by this module's own reading of the ruleset and not by
``placement.domain.drawing``: were phantoms drawn otherwise than the ruleset says, they
would be unlike the stays of this module, and the attackers would see it.

Invariants:
    * a seed gives one nation;
    * what a nation has on record is folded from events into the real ``State``.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from kit.world import NOW, TODAY, World, token

from placement.domain.drawing import first_of, month_of
from placement.domain.events import Record
from placement.domain.facts import Case, Group
from placement.domain.group_events import GroupRegistered
from placement.domain.haunt_events import GroupSized
from placement.domain.ruleset import Ruleset
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AreaCode,
    GroupSize,
    GroupToken,
    Micros,
    PlacementState,
    Window,
    start_of,
)

MILLE: Final = 1000
WEEKS: Final = 52
_SOFT, _FIRM = "3D", "1B"  # grades
_LONG_AGO: Final = Micros(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a nation is.

    Attributes:
        groups: how many.
        edges: rivalries.
        people: affiliations.
        stays: real ones to be expected at any time.
        slope: of Zipf's law, by which stays and people belong to groups.
    """

    groups: int = 300
    edges: int = 1_500
    people: int = 20_000
    stays: int = 1_000
    slope: float = 0.7


NATION: Final = Size()
TOWN: Final = Size(groups=40, edges=120, people=400, stays=133)
"""One that tests can afford: as many stays a group as a nation has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A real stay, in the shape of a phantom.

    Attributes:
        group: number of it.
        area: number of it.
        noted: from when on it counts.
        gone: from when on it counts no more.
        first: first day.
        after: planned first day after, or ``None``.
        firm: whether it is known firmly that the person belongs to the group.
        held: a hold that lapses.
    """

    group: int
    area: int
    noted: int
    gone: int
    first: int
    after: int | None
    firm: bool
    held: bool

    def acts(self, window: Window, now: int) -> bool:
        """Tell whether it counts now, for these days."""
        return self.noted <= now < self.gone and window.overlaps(self.first, self.after)


class Nation:
    """A nation, its stays of two years, and what is on record of it at ``NOW``.

    Args:
        seed: of everything.
        ruleset: whose weights, sizes and lengths are true of it.
        size: how large it is.

    Attributes:
        codes: of areas, by number.
        tokens: of groups, by number.
        weights: of areas, public; they sum to 1.
        expected: stays of each group, in the country, at any time.
        sizes: what coordinators say of each group: the least size that is not too small.
        rivals: of each group, by number.
        stays: all real ones, some over, some to come.
    """

    def __init__(self, seed: int, ruleset: Ruleset, size: Size = NATION) -> None:
        self.seed, self.ruleset, self.size = seed, ruleset, size
        self._draw = Random(f"nation {seed}")
        chances = ruleset.phantoms
        self.codes = [a.code for a in ruleset.areas.values() if a.valid_on(TODAY)]
        counts = [weight_of(ruleset, code) for code in self.codes]
        self.weights = [count / sum(counts) for count in counts]
        self.tokens = [GroupToken(token(f"group-{n}")) for n in range(size.groups)]
        zipf = [(n + 1) ** -size.slope for n in range(size.groups)]
        self.expected = [size.stays * each / sum(zipf) for each in zipf]
        self.sizes = [
            next((s for s in GroupSize if chances.sizes[s - 1] >= each), GroupSize(4))
            for each in self.expected
        ]
        self.rivals = self._war()
        self.stays = list(self._stays())
        self._zipf = list(accumulate(zipf))
        self.world = self._recorded()

    def _war(self) -> list[frozenset[int]]:
        found: list[set[int]] = [set() for _ in self.tokens]
        pairs: set[tuple[int, int]] = set()
        while len(pairs) < self.size.edges:
            low, high = sorted(self._draw.sample(range(self.size.groups), 2))
            pairs.add((low, high))
            found[low].add(high)
            found[high].add(low)
        return [frozenset(each) for each in found]

    def some_group(self, draw: Random) -> int:
        """Return a group, the larger the likelier."""
        return bisect(self._zipf, draw.random() * self._zipf[-1])

    # Stays

    def _stays(self) -> Iterator[Real]:
        """Yield stays that come in the years before and in the one after."""
        stay = self.ruleset.phantoms.stay
        longest = stay.lead_days[-1] + stay.days[-1] + 14
        months = range(month_of(TODAY - longest), month_of(TODAY + 7 * WEEKS) + 1)
        mean = mean_days(self.ruleset)
        places = list(accumulate(self.weights))
        for month in months:
            first, after = first_of(month), first_of(month + 1)
            working = [day for day in range(first, after) if is_work(day)]
            for group, expected in enumerate(self.expected):
                for _ in range(poisson(self._draw, expected / mean * (after - first))):
                    area = bisect(places, self._draw.random() * places[-1])
                    yield self._stay(group, area, working)

    def _stay(self, group: int, area: int, working: list[int]) -> Real:
        draw, stay = self._draw, self.ruleset.phantoms.stay
        arrived = draw.choice(working)
        noted = start_of(arrived) + _office(draw)
        first = arrived + _between(draw, stay.lead_days)
        after = first + _between(draw, stay.days)
        held = draw.random() * MILLE < stay.held
        if held:
            hold = self.ruleset.holds.hours * MICROS_AN_HOUR
            more = draw.random() * hold if draw.random() * MILLE < stay.extended else 0
            gone = noted + hold + int(more)
        else:
            day = next(day for day in range(after, after + 7) if is_work(day))
            gone = start_of(day) + _office(draw)
        return Real(
            group=group,
            area=area,
            noted=noted,
            gone=gone,
            first=first,
            after=None if draw.random() * MILLE < stay.open else after,
            firm=draw.random() * MILLE >= stay.soft,
            held=held,
        )

    def acting(self, now: int, window: Window) -> Iterator[Real]:
        """Yield the real stays that count at an instant."""
        return (each for each in self.stays if each.acts(window, now))

    # On record

    def _recorded(self) -> World:
        world = World(self.ruleset)
        for name, size in zip(self.tokens, self.sizes, strict=True):
            named = Group(token=name, fingerprint=name * 2, label=b"")
            world.apply(GroupRegistered(group=named))
            sized = GroupSized(group=name, size=size)
            world.state.apply(Record(at=_LONG_AGO, event=sized))
        for low, others in enumerate(self.rivals):
            for high in sorted(others):
                if low < high:
                    world.rivalry(f"group-{low}", f"group-{high}")
        world.cover(region="national")
        here = [each for each in self.stays if each.noted <= NOW < each.gone]
        for number, stay in enumerate(here):
            settle(world, f"placed-{number}", stay, self.codes[stay.area])
        for number in range(self.size.people - len(here)):
            group = self.some_group(self._draw)
            world.affiliation(f"person-{number}", f"group-{group}", grade=_FIRM)
        return world

    def asker(self, group: int, number: int = 0) -> Case:
        """Return a case of somebody who left a group and is placed nowhere."""
        name = f"asker-{group}-{number}"
        self.world.affiliation(name, f"group-{group}", grade=_FIRM)
        return self.world.case(name)


def settle(world: World, name: str, stay: Real, code: AreaCode) -> None:
    """Put a stay on record: a person, of a group, held or placed."""
    world.affiliation(name, f"group-{stay.group}", grade=_FIRM if stay.firm else _SOFT)
    world.placement(
        world.case(name),
        code,
        start=stay.first - TODAY,
        end=None if stay.after is None else stay.after - TODAY,
        state=PlacementState.HELD if stay.held else PlacementState.ACTIVE,
        expires_at=stay.gone if stay.held else None,
    )


def weight_of(ruleset: Ruleset, code: AreaCode) -> int:
    """Return how much an area counts; everybody can read it in the ruleset."""
    chances = ruleset.phantoms
    if code in chances.cities:
        return chances.city
    return chances.town if code in chances.towns else 1


def mean_days(ruleset: Ruleset) -> float:
    """Return how long a stay counts on average."""
    stay, hold = ruleset.phantoms.stay, ruleset.holds.hours / 24
    held = hold * (1 + stay.extended / MILLE / 2)
    staying = _middle(stay.lead_days) + _middle(stay.days)
    return (held * stay.held + staying * (MILLE - stay.held)) / MILLE


def is_work(day: int) -> bool:
    """Tell whether a day, counted from 1 January 1970, is none of a weekend."""
    return (day + 3) % 7 < 5


def poisson(draw: Random, mean: float) -> int:
    """Draw how many come where so many are to be expected."""
    count, passed = 0, draw.expovariate(1)
    while passed < mean:
        count, passed = count + 1, passed + draw.expovariate(1)
    return count


def instant(week: int) -> Micros:
    """Return ``NOW`` so many weeks on."""
    return Micros(NOW + week * 7 * MICROS_A_DAY)


def _office(draw: Random) -> int:
    return int((8 + 9 * draw.random()) * MICROS_AN_HOUR)


def _middle(quantiles: tuple[int, ...]) -> float:
    return (sum(quantiles) - (quantiles[0] + quantiles[-1]) / 2) / (len(quantiles) - 1)


def _between(draw: Random, quantiles: tuple[int, ...]) -> int:
    at = draw.randrange(len(quantiles) - 1)
    return draw.randint(quantiles[at], quantiles[at + 1])
