"""An idle server has the head confirmed now and then, and who moves it at once."""

from dataclasses import replace

import pytest

from placement.errors import UnavailableError
from placement.service import looking
from placement.service.looking import EVERY, Looking
from placement.store.head import Head


class Database:
    """Has a head, and notes how it was asked for it."""

    def __init__(self):
        self.head, self.asked, self.confirms = Head.GENESIS, [], True

    def read_head(self, *, proven):
        self.asked.append(proven)
        if proven and not self.confirms:
            raise UnavailableError
        return self.head


@pytest.fixture
def now(monkeypatch):
    """A clock that somebody sets."""
    clock = [0.0]
    monkeypatch.setattr(looking.time, "monotonic", lambda: clock[0])
    return clock


def test_a_head_that_rests_is_confirmed_now_and_then(now):
    """Not each second, and not at once again."""
    database = Database()
    watcher = Looking(database)
    for now[0] in (1.0, EVERY, EVERY + 1, 2 * EVERY):
        assert watcher.head() == database.head

    assert database.asked == [False, True, False, True]


def test_a_head_that_moves_is_whose_moved_it(now):
    """They had it confirmed, or whoever follows it has."""
    database = Database()
    watcher = Looking(database)
    now[0] = EVERY - 1
    database.head = replace(Head.GENESIS, revision=1)
    watcher.head()
    now[0] = EVERY + 1
    watcher.head()

    assert database.asked == [False, False]


def test_what_nobody_confirms_is_asked_for_at_the_next_look(now):
    """Until somebody does; it is not well meanwhile."""
    database = Database()
    watcher = Looking(database)
    database.confirms, now[0] = False, EVERY
    for _ in range(2):
        with pytest.raises(UnavailableError):
            watcher.head()
    database.confirms = True

    assert watcher.head() == database.head
    assert database.asked == [True] * 3
