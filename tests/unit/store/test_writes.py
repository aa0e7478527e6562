"""What a transaction appends, cut into statements."""

import pytest

from placement.store import writes
from placement.store.writes import Writes


def row(number, size=0):
    return {"size": number, "note": bytes(size)}


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([9], [[9]]),
        ([1, 1, 1, 1], [[1, 1, 1], [1]]),
        ([3, 2, 1], [[3, 2], [1]]),
        ([9, 1, 9], [[9], [1], [9]]),
        ([1, 9], [[1], [9]]),
    ],
)
def test_a_statement_has_so_many_rows_and_bytes(monkeypatch, sizes, expected):
    """But for one row that has more."""
    monkeypatch.setattr(writes, "MOST", 5)
    monkeypatch.setattr(writes, "CHUNK", 3)
    given = Writes(checkpoints=[row(number, size) for number, size in enumerate(sizes)])
    told = given.statements()

    assert [[len(note) for note in values[1]] for _, values in told] == expected
    numbers = [number for _, values in told for number in values[0]]
    assert numbers == list(range(len(sizes)))


def test_each_table_has_its_own():
    """In one order; a table without rows has no statement."""
    events = [{"revision": 1, "epoch": 1, "blob": b"e"}]
    told = Writes(events=events, checkpoints=[row(1)]).statements()

    assert [statement.split(" (")[0] for statement, _ in told] == [
        "INSERT INTO event",
        "INSERT INTO checkpoint",
    ]
