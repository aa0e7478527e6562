"""Counting in windows: exact, quiet while nothing changes, and bounded."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.watched import DAY, HOUR

from placement.domain.anomalies import tallies
from placement.domain.anomalies.tallies import Item, Shares, Tally
from placement.domain.ruleset import Limit, ShareLimit


def item(at, entry=0, organisation="1280", person="cw-01"):
    return Item(at, entry, organisation, person, b"")


def counts(tally, *at, key="key"):
    """Return how much each of some items made too much, all of different values."""
    return [len(tally.add(key, (each,), item(each))) for each in at]


@pytest.mark.parametrize(
    ("at", "expected"), [((0, 1, 2), [0, 0, 3]), ((0, 1), [0, 0]), ((0,), [0])]
)
def test_one_more_than_allowed(at, expected):
    """What is allowed is allowed."""
    got = counts(Tally(Limit(allowed=2, days=1)), *at)

    assert got == expected


def test_nothing_is_allowed():
    """Then the first is too much."""
    got = counts(Tally(Limit(allowed=0, days=1)), 0, 1, DAY, 2 * DAY)

    assert got == [1, 0, 0, 1]


@pytest.mark.parametrize(("last", "expected"), [(DAY - 1, 3), (DAY, 0)])
def test_the_window_slides(last, expected):
    """A day later to the microsecond, the first counts no more."""
    got = counts(Tally(Limit(allowed=2, days=1)), 0, 1, last)

    assert got[2] == expected


def test_whoever_stays_at_the_limit_is_told_once():
    """The number goes up and down by one with each entry, and nobody hears of it."""
    got = counts(Tally(Limit(allowed=4, days=1)), *range(0, 20 * DAY, DAY // 4))

    assert got == [0] * 80
    got = counts(Tally(Limit(allowed=4, days=1)), *range(0, 20 * DAY, DAY // 4 - 1))

    assert got == [0] * 4 + [5] + [0] * 76


@pytest.mark.parametrize(("left", "expected"), [(3, 0), (2, 5)])
def test_half_of_what_is_allowed_is_told_anew(left, expected):
    """Not while more than half is left of what was too much."""
    tally = Tally(Limit(allowed=4, days=1))
    first = range(5 - left)
    counts(tally, *first, *range(HOUR, HOUR + left))
    got = counts(tally, *range(DAY + 10, DAY + 15 - left))

    assert got[-1] == expected


def test_a_value_counts_once():
    """And as new as it was last seen."""
    tally = Tally(Limit(allowed=1, days=1))
    tally.add("key", ("one",), item(0, entry=0))
    tally.add("key", ("one",), item(DAY - 1, entry=1))
    got = tally.add("key", ("two", "one", "three"), item(DAY + 1, entry=2))

    assert [each.entry for each in got] == [2, 2, 2]
    tally = Tally(Limit(allowed=1, days=1))
    tally.add("key", ("one",), item(0, entry=0))
    tally.add("key", ("one",), item(DAY - 1, entry=1))
    got = tally.add("key", ("two",), item(DAY + 1, entry=2))

    assert [each.entry for each in got] == [1, 2]


def test_keys_are_apart():
    """What one does is nothing to another."""
    tally = Tally(Limit(allowed=1, days=1))
    got = [counts(tally, 2 * at, key=at % 2) for at in range(4)]

    assert got == [[0], [0], [2], [2]]


class Plain:
    """A tally as one would say it: everything is kept and counted again."""

    def __init__(self, allowed, span):
        self.allowed, self.span = allowed, span
        self.all, self.told = [], set()

    def add(self, key, values, at):
        if len(self._in(key, at)) <= self.allowed // 2:
            self.told.discard(key)
        self.all += [(key, value, at) for value in values]
        found = self._in(key, at)
        if len(found) <= self.allowed or key in self.told:
            return set()
        self.told.add(key)
        return found

    def _in(self, key, now):
        last = {value: at for whose, value, at in self.all if whose == key}
        return {value for value, at in last.items() if at > now - self.span}


@given(
    st.integers(0, 4),
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.lists(st.integers(0, 7), min_size=1, max_size=3),
            st.sampled_from([0, HOUR, 5 * HOUR, 12 * HOUR, DAY]),
            st.booleans(),
        ),
        max_size=60,
    ),
)
def test_a_tally_counts_like_a_plain_one(allowed, steps):
    """Whatever is forgotten in between."""
    tally, plain, now = Tally(Limit(allowed=allowed, days=1)), Plain(allowed, DAY), 0
    for key, values, pause, tidy in steps:
        now += pause
        if tidy:
            tally.forget(now)
        got = len(tally.add(key, values, item(now)))

        assert got == len(plain.add(key, values, now))


def test_a_key_keeps_its_newest():
    """As many as are allowed, and those that are shown."""
    tally = Tally(Limit(allowed=5, days=1))
    counts(tally, *range(1000))

    assert list(tally._held["key"]) == list(range(1000 - 105, 1000))
    assert tally._size == 105


def test_a_tally_keeps_its_newest_keys(monkeypatch):
    """Whoever was quiet longest is forgotten first, and what was told of him too."""
    monkeypatch.setattr(tallies, "MAX_HELD", 100)
    tally = Tally(Limit(allowed=0, days=1))
    got = [counts(tally, at, key=key) for at, key in enumerate([*range(100), 0, 100])]

    assert got == [[1]] * 100 + [[0], [1]]
    assert list(tally._held) == [*range(12, 100), 0, 100]
    assert tally._told == set(tally._held)
    assert tally._size == 91


def test_the_old_is_forgotten():
    """A key with nothing in the window is not kept."""
    tally, shares = Tally(Limit(allowed=0, days=1)), Shares(limit(checks=1))
    for key, at in (("one", 0), ("two", 1), ("one", 2)):
        tally.add(key, (at,), item(at))
        shares.add(item(at, entry=at, organisation=key))
    for each in (tally, shares):
        each.forget(DAY + 1)

        assert list(each._held) == list(each._told) == ["one"]
        each.forget(DAY + 2)

        assert not each._held
        assert not each._told
        assert each._size == 0
    assert not shares._counts


def limit(percent=80, checks=5):
    return ShareLimit(percent=percent, checks=checks, days=1)


def shared(shares, persons, start=0, step=1):
    """Return what each of some persons' entries made too large, in percent."""
    return [
        shares.add(item(start + step * n, entry=n, person=person))[0]
        for n, person in enumerate(persons)
    ]


@pytest.mark.parametrize(
    ("persons", "expected"),
    [
        ("aaaa", [0, 0, 0, 0]),
        ("aaaaa", [0, 0, 0, 0, 100]),
        ("baaaa", [0, 0, 0, 0, 0]),
        ("baaaaa", [0, 0, 0, 0, 0, 84]),
        ("aaaab", [0, 0, 0, 0, 0]),
        ("ababab", [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_large_share(persons, expected):
    """More than so many percent of at least so many; rounded up, so that it is more."""
    got = shared(Shares(limit()), persons)

    assert got == expected


def test_a_share_that_grows_by_others():
    """When a third one's entries grow old, a fourth one's entry can make it large."""
    shares = Shares(limit(percent=60))
    shared(shares, "ccc")
    shared(shares, "aaaa", start=HOUR)
    percent, items = shares.add(item(DAY + HOUR // 2, entry=9, person="b"))

    assert percent == 80
    assert [each.person for each in items] == ["a"] * 4


def test_organisations_have_shares_of_their_own():
    """One's entries do not make another's share smaller."""
    shares = Shares(limit())
    got = [
        shares.add(item(n, entry=n, organisation=str(n % 2), person=str(n % 2)))[0]
        for n in range(10)
    ]

    assert got == [0] * 8 + [100, 100]


@pytest.mark.parametrize(
    ("others", "expected"),
    [("bbbb" + "aaaaaaaaaaaa", 0), ("bbbbbbbbb" + "a" * 40, 81)],
)
def test_a_share_is_told_anew(others, expected):
    """Once it had fallen to half of what is large."""
    shares = Shares(limit())
    shared(shares, "aaaaa")
    got = [shares.add(item(9, entry=10 + n, person=p))[0] for n, p in enumerate(others)]

    assert max(got) == expected


@pytest.mark.parametrize(("left", "expected"), [(3, 0), (2, 100), (0, 100)])
def test_fewer_entries_are_told_anew(left, expected):
    """Once there were no more than half of the least number."""
    shares = Shares(limit())
    shared(shares, "a" * (5 - left) + "a" * left, step=HOUR)
    later = DAY + (4 - left) * HOUR
    got = shared(shares, "aaaaa", start=later)

    assert max(got) == expected


def test_one_share_after_another():
    """When somebody else's share is large, that is new."""
    shares = Shares(limit())
    shared(shares, "aaaaa")
    got = shared(shares, "bbbbb", start=DAY + 10)

    assert got == [0, 0, 0, 0, 100]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, HOUR, DAY // 3])))
)
def test_shares_are_counted_well(steps):
    """Whoever is told has the share that is said, by all that is in the window."""
    shares, now, window = Shares(limit(percent=50, checks=3)), 0, deque()
    for n, (person, pause) in enumerate(steps):
        now += pause
        window.append((now, person))
        while window[0][0] <= now - DAY:
            window.popleft()
        percent, items = shares.add(item(now, entry=n, person=person))
        persons = [whose for _, whose in window]

        assert shares._counts["1280"] == {p: persons.count(p) for p in set(persons)}
        if items:
            mine = persons.count(items[0].person)

            assert len(items) == mine
            assert percent == -(-100 * mine // len(persons))


def test_shares_of_the_newest(monkeypatch):
    """Of so many at most, so that memory is bounded."""
    shares = Shares(limit())
    shared(shares, "ab" * tallies.MAX_SHARED)

    half = tallies.MAX_SHARED // 2

    assert shares._size == tallies.MAX_SHARED
    assert shares._counts["1280"] == {"a": half, "b": half}
