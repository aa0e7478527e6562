"""The attacks find what is there, and guessing is guessing."""

from random import Random

import pytest

from placement.domain.events import Record
from placement.domain.idle_events import Idled
from placement.domain.terms import Micros
from tests.leak.attacks import (
    Score,
    belonging,
    days,
    learnt,
    neighbours,
    pairs,
    rank,
    scored,
    sized,
)
from tests.leak.thief import Loot

LABELS = {
    n: Random(n).choices(range(30), [1 / (g + 1) for g in range(30)])[0]
    for n in range(1, 400)
}


def loot(values=None, **given):
    """Return a copy whose events have lengths, and nothing else to tell them apart."""
    events = {n: bytes(values[n] if values else 9) for n in LABELS}
    return Loot(events, {}, [], [], {}, **given)


def within(score):
    return score.advantage <= score.limit


@pytest.mark.parametrize("attack", [rank, belonging, pairs])
def test_equal_records_tell_nothing(attack):
    """Whatever is alike in all of them."""
    assert within(attack(loot(), LABELS, 1))


@pytest.mark.parametrize("attack", [rank, belonging, pairs])
def test_a_length_of_its_own_tells_all(attack):
    """If each group has one."""
    values = {n: 9 + label for n, label in LABELS.items()}
    score = attack(loot(values), LABELS, 1)

    assert not within(score)
    assert score.mean > 0.9


def test_one_rare_hit_is_no_attack():
    """As long as one of many guesses had one, too; two are."""
    score = Score()
    score.add(0.05, [0.0] * 199 + [0.05])
    twice = Score()
    twice.add(0.1, [0.0] * 199 + [0.05])

    assert score.advantage > 3 * score.noise
    assert within(score)
    assert not within(twice)


def test_what_is_learnt_is_tried_on_others():
    """A value that was not seen is taken for what is most frequent."""
    values, labels = "aabbac", [1, 1, 2, 2, 1, 1]

    assert learnt(values, labels) == 1.0
    assert learnt("abcdef", labels) == pytest.approx(2 / 3)


def test_guessing_knows_the_truth_but_not_where_it_belongs():
    """So it has the same labels."""
    seen = []
    scored(lambda labels: seen.append(sorted(labels)) or 0.0, [3, 1, 2], 1)

    assert {*map(tuple, seen)} == {(1, 2, 3)}


@pytest.mark.parametrize(("grown", "told"), [([5] * 20, False), (range(20), True)])
def test_a_day_that_grows_with_its_facts_tells_them(grown, told):
    """And one that always grows the same does not."""
    total, copies = 0, [loot(keys=0)]
    for each in grown:
        total += each
        copies.append(loot(keys=total))
    score = days(copies, list(range(20)), 1)

    assert (not within(score)) is told


def test_neighbours():
    """Two events side by side are oftener of one person than any two."""
    persons = {1: 1, 2: 1, 5: 2, 6: 2}

    assert neighbours(persons, 11) == (0.2, 2 / 55)


def test_a_size_allows_many_counts():
    """Up to a power of two of bytes."""
    record = Record(at=Micros(1), event=Idled())
    low, count, high = sized([record] * 50)

    assert low <= count <= high
    assert high >= 1.5 * low
