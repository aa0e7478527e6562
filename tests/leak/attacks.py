"""The attacks: each gives a score, and what scores come from guessing.

Guessing is the same attack on the same copy with the truth shuffled, many times: so it
knows whatever the attack knows but for what joins the two.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import comb
from random import Random
from statistics import correlation, fmean, pstdev
from typing import Any, Final

from placement.crypto.sealing import Sealer
from placement.service import fold
from placement.store.codec import encode
from tests.leak.thief import Loot, Values
from tests.leak.worlds import TICKS, WORKING

SHUFFLES: Final = 200
TOP: Final = 20
"""Groups to be named."""
SIGMAS: Final = 3


@dataclass(slots=True)
class Score:
    """What an attack came to, and what guessing comes to.

    Attributes:
        got: the attack's score, each time it was made.
        guessed: those of guessing.
    """

    got: list[float] = field(default_factory=list)
    guessed: list[list[float]] = field(default_factory=list)

    def add(self, got: float, guessed: list[float]) -> None:
        """Add one more time."""
        self.got.append(got)
        self.guessed.append(guessed)

    @property
    def mean(self) -> float:
        """Return the mean of the attack's scores."""
        return fmean(self.got)

    @property
    def guess(self) -> float:
        """Return the mean of guessing."""
        return fmean(fmean(each) for each in self.guessed)

    @property
    def advantage(self) -> float:
        """Return how much better than guessing the attack is."""
        return self.mean - self.guess

    @property
    def noise(self) -> float:
        """Return the standard deviation of such a mean when it is guessed."""
        return pstdev(self._means)

    @property
    def limit(self) -> float:
        """Return by how much guessing may be better than itself.

        Three standard deviations, or as the best of all guesses was: where a hit is
        rare, one of them is many deviations.
        """
        return max(SIGMAS * self.noise, max(self._means) - self.guess)

    @property
    def _means(self) -> list[float]:
        return [fmean(each) for each in zip(*self.guessed, strict=True)]


def scored(score: Callable[[Any], float], truth: Sequence[Any], seed: int) -> Score:
    """Attack once, and guess many times."""
    draw, shuffled = Random(seed), list(truth)
    guessed = []
    for _ in range(SHUFFLES):
        draw.shuffle(shuffled)
        guessed.append(score(shuffled))
    found = Score()
    found.add(score(list(truth)), guessed)
    return found


def rank(loot: Loot, groups: Mapping[int, int], seed: int) -> Score:
    """Name the largest groups by how often something is seen.

    The thief knows how many events each group has. The score is the share of the largest
    twenty that are named rightly by the observable that serves best.
    """
    revisions = sorted(groups)
    seen = [values for values in loot.observables().values() if values]

    def score(labels: list[int]) -> float:
        known = [group for group, _ in Counter(labels).most_common(TOP)]
        return max(_named(values, revisions, labels, known) for values in seen)

    return scored(score, [groups[each] for each in revisions], seed)


def _named(
    values: Values, revisions: list[int], labels: list[int], known: list[int]
) -> float:
    heaps: dict[Any, list[int]] = defaultdict(list)
    for revision, label in zip(revisions, labels, strict=True):
        heaps[values.get(revision)].append(label)
    largest = sorted(heaps.values(), key=len, reverse=True)
    right = 0
    for heap, group in zip(largest, known, strict=False):
        right += len(heap) > 1 and 2 * heap.count(group) > len(heap)
    return right / TOP


def belonging(loot: Loot, groups: Mapping[int, int], seed: int) -> Score:
    """Guess of each second event which group it speaks of, having been told the others.

    The score is the share of right guesses by the observable that serves best.
    """
    revisions = sorted(groups)
    seen = [values for values in loot.observables().values() if values]

    def score(labels: list[int]) -> float:
        return max(
            learnt([values.get(each) for each in revisions], labels) for values in seen
        )

    return scored(score, [groups[each] for each in revisions], seed)


def learnt(values: Sequence[Any], labels: Sequence[Any]) -> float:
    """Learn from each second value what it means; return the share of right guesses."""
    told: dict[Any, Counter[Any]] = defaultdict(Counter)
    for value, label in list(zip(values, labels, strict=True))[::2]:
        told[value][label] += 1
    everything = Counter(labels[::2]).most_common(1)[0][0]
    guesses = {value: count.most_common(1)[0][0] for value, count in told.items()}
    rest = list(zip(values, labels, strict=True))[1::2]
    right = sum(guesses.get(value, everything) == label for value, label in rest)
    return right / len(rest)


def pairs(loot: Loot, persons: Mapping[int, int], seed: int) -> Score:
    """Tell whether two events are of one person by whether something is equal in them.

    The score is how much oftener it is equal in those that are than in those that are
    not, of the observable that serves best.
    """
    revisions = sorted(persons)
    columns = [
        [repr(values.get(each)) for each in revisions]
        for values in loot.observables().values()
    ]

    def score(labels: list[int]) -> float:
        same = _pairs(labels)
        other = comb(len(labels), 2) - same
        best = -1.0
        for column in columns:
            equal = _pairs(column)
            both = _pairs(list(zip(column, labels, strict=True)))
            best = max(best, both / same - (equal - both) / other)
        return best

    return scored(score, [persons[each] for each in revisions], seed)


def _pairs(values: Sequence[Any]) -> int:
    """Return how many pairs are equal."""
    return sum(comb(count, 2) for count in Counter(values).values())


def neighbours(persons: Mapping[int, int], events: int) -> tuple[float, float]:
    """Return how often two events side by side are of one person, and any two are."""
    side = sum(persons[n] == persons.get(n + 1) for n in persons)
    return side / (events - 1), _pairs([*persons.values()]) / comb(events, 2)


Ends = Sequence[tuple[int, int, int, int]]


def ticks(
    loot: Loot, ends: Ends, busy: Sequence[int], *, hours: int, seed: int
) -> Score:
    """Tell in which ticks something happened, from a copy at the end of each.

    The thief knows when people work, was told of each second stretch, and sees counts,
    lengths, and where checkpoints stand.

    Args:
        loot: of the last copy.
        ends: where everything stood at the end of each tick.
        busy: the truth.
        hours: how many ticks make a stretch.
        seed: of guessing.
    """
    seen = [_seen(loot, before, after) for before, after in pairwise(ends)]
    working = [n for n in range(len(seen)) if n % TICKS in WORKING]
    values, labels = [], []
    for start in range(0, len(working), hours):
        stretch = working[start : start + hours]
        values.append(tuple(sorted(repr(seen[n]) for n in stretch)))
        labels.append(any(busy[n] for n in stretch))
    return scored(lambda given: learnt(values, given), labels, seed)


def _seen(
    loot: Loot, before: tuple[int, int, int, int], after: tuple[int, int, int, int]
) -> tuple[object, ...]:
    counts = tuple(b - a for a, b in zip(before, after, strict=True))
    events = [len(loot.events[n]) for n in range(before[0] + 1, after[0] + 1)]
    leaves = [tuple(map(len, loot.leaves[n])) for n in range(before[1], after[1])]
    notes = [n - before[1] for n in loot.notes if before[1] < n <= after[1]]
    return counts, events, leaves, notes


def days(copies: Sequence[Loot], facts: Sequence[int], seed: int) -> Score:
    """Tell how much was recorded in a day from two copies, a day apart.

    The score is the strongest correlation of anything that grew with the facts of that
    day.
    """
    grown = [
        (
            len(after.events) - len(before.events),
            len(after.leaves) - len(before.leaves),
            len(after.notes) - len(before.notes),
            after.keys - before.keys,
            sum(len(b) for n, b in after.events.items() if n not in before.events),
        )
        for before, after in pairwise(copies)
    ]

    def score(labels: list[int]) -> float:
        return max(_correlation(column, labels) for column in zip(*grown, strict=True))

    return scored(score, list(facts), seed)


def _correlation(some: Sequence[float], others: Sequence[float]) -> float:
    if len({*some}) == 1 or len({*others}) == 1:
        return 0.0
    return abs(correlation(some, others))


def sized(records: Sequence[Any]) -> tuple[int, int, int]:
    """Return between which counts of records a snapshot has the size of this one.

    Returns:
        The lowest, the true one, the highest.
    """
    payloads = [encode(record) for record in records]
    sizes = list(accumulate(4 + len(each) for each in payloads * 5))
    sealer = Sealer(bytes(32), 512)

    def size(count: int) -> int:
        (part,) = fold._pack([bytes(sizes[count - 1] - 4)])
        return len(sealer.seal(part, context=b""))

    count = len(payloads)
    same = [n for n in range(1, 5 * count) if size(n) == size(count)]
    return same[0], count, same[-1]
