"""Rows of bytes that are found by what they hold, beside a dict that does the same."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.often import often

from placement.domain.rows import Lists, Rows, Shared

KEYS = [bytes([0] * 7 + [number]) for number in range(1, 60)]
DEEDS = st.lists(st.tuples(st.booleans(), st.integers(0, 58)), min_size=1, max_size=400)


@often(60)
@given(DEEDS, st.booleans())
def test_rows_are_a_dict(deeds, expected):
    """What is there is found, what was blanked is not, whatever grew in between."""
    rows, known = Rows(8), {}
    if expected:
        rows.expect(20)
    for adds, number in deeds:
        key = KEYS[number]
        if adds and key not in known:
            known[key] = len(rows)
            rows.extend(key)
        elif not adds and key in known:
            rows.blank(known.pop(key))

    assert {key: rows.find(key) for key in KEYS} == {
        key: known.get(key, -1) for key in KEYS
    }
    assert sorted(rows) == sorted(known)


@often(60)
@given(DEEDS)
def test_shared_rows_are_lists(deeds):
    """Of one key there may be several: each is found in its order until it is blanked."""
    rows, known = Shared(8), {}
    for adds, number in deeds:
        key = KEYS[number % 5]
        of = known.setdefault(key, [])
        if adds:
            of.append(len(rows))
            rows.extend(key)
        elif of:
            rows.blank(of.pop(number % len(of)))

    assert {key: rows.of(key) for key in KEYS} == {
        key: known.get(key, []) for key in KEYS
    }
    assert sorted(rows) == sorted(key for key, of in known.items() if of)


def test_many_rows_are_found():
    """Through every growth of every table; those that came at once, too."""
    draw = Random(1)
    keys = [draw.randbytes(16) for _ in range(20_000)]
    rows = Rows(16)
    for key in keys[:5_000]:
        rows.extend(key)
    rows.extend(b"".join(keys[5_000:]))

    assert [rows.find(key) for key in keys] == list(range(len(keys)))
    assert rows.find(draw.randbytes(16)) == -1


@pytest.mark.parametrize("key", [KEYS[0], bytes(8)])
def test_no_row_comes_twice_or_blank(key):
    """What would hide another row, or never be found, is refused."""
    rows = Rows(8)
    rows.extend(KEYS[0])

    with pytest.raises(KeyError):
        rows.extend(key)


def test_what_fits():
    """Keys of the size; but none that is found where something was."""
    rows = Rows(8)
    rows.extend(KEYS[0])
    rows.blank(0)

    assert [rows.fits(key) for key in (KEYS[1], KEYS[1] + b"x", bytes(8))] == [
        True,
        False,
        False,
    ]
    assert (rows.find(bytes(8)), list(rows), len(rows)) == (-1, [], 1)


def test_a_shared_row_is_blanked_wherever_it_stands():
    """In the middle, as the newest, as the oldest and as the last of its key."""
    rows = Shared(8)
    rows.extend(KEYS[0] * 4)
    left = []
    for row in (1, 3, 0, 2):
        rows.blank(row)
        left.append(rows.of(KEYS[0]))

    assert left == [[0, 2, 3], [0, 2], [2], []]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 9))))
def test_lists_are_those_of_sets(steps):
    """Each row once, in order; and what nothing is said of is not there."""
    lists, plain = Lists(), {}
    for said, item, row in steps:
        known = plain.setdefault(item, set())
        if said:
            lists.put(item, row)
            known.add(row)
        elif row in known:
            lists.drop(item, row)
            known.remove(row)
        else:
            with pytest.raises(KeyError):
                lists.drop(item, row)

    assert {item: list(lists.of(item)) for item in lists} == {
        item: sorted(rows) for item, rows in plain.items() if rows
    }
