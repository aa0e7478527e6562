"""Keys that open nothing keep others from being counted, and do no harm."""

import secrets
import sqlite3
from itertools import pairwise
from statistics import fmean

import pytest
from kit.erased import Kept
from kit.faults import damage

from placement.errors import UnavailableError
from placement.store import fsck
from placement.store.covers import COVERED
from placement.store.idle_keys import fill_up, with_idle
from placement.store.rows import is_damage


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def world(store):
    return Kept(store)


@pytest.fixture
def keys(world):
    return world.store.vault._keys


def split(keys):
    """Count the keys of dossiers, and those that open nothing."""
    wrapping, names = keys.wrapping, [name for name, _ in keys.all()]
    idle = sum(map(wrapping.is_idle, names))
    return len(names) - idle - sum(map(wrapping.is_cover, names)), idle


@pytest.mark.parametrize(
    ("made", "least", "added"),
    [(0, 1, 1), (1, 1, 0), (3, 1, 1), (5, 4, 3), (8, 4, 0), (9, 4, 7), (1, 4, 3)],
)
def test_their_number_becomes_a_power_of_two(keys, made, least, added):
    """And never less than what it has to be."""
    before = sum(split(keys))

    assert fill_up(keys, made, least)
    assert sum(split(keys)) - before == added


def test_what_was_made_is_filled_up_once(world, keys):
    """Three facts need a fourth key; then comes only what has to."""
    for area in ("1480", "0180", "2480"):
        world.presence("B", area)
    first = split(keys)
    world.store.tidy(1)
    filled = split(keys)
    world.store.tidy(1)

    assert (first, filled) == ((3, 0), (3, 1))
    assert split(keys) == (3, 2)


def test_nobody_takes_them_for_a_key_of_something(world, keys, url):
    """The store verifies, and keeps none of them at hand; they look like any other."""
    world.presence("B", "1480")
    for _ in range(9):
        world.store.tidy(1)
    fsck.verify(world.store)
    found = world.store.vault.verify()
    path = url.removeprefix("sqlite:///").replace("store.db", "store.keys.db")
    with sqlite3.connect(path) as thief:
        rows = thief.execute("SELECT length(name), length(wrapped) FROM data_key")
        seen = rows.fetchall()

    assert len(found) == 1
    assert seen == [(16, 60)] * (9 + len(COVERED))


def test_a_store_that_does_not_answer_is_filled_up_later(world, keys, monkeypatch):
    """What was written stays written; the next time does both."""
    for area in ("1480", "0180", "2480"):
        world.presence("B", area)

    def broken(*_, **__):
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(type(keys), "add", broken)
        world.store.tidy(1)
    before = split(keys)
    world.store.tidy(1)

    assert (before, split(keys)) == ((3, 0), (3, 1))


def test_a_store_that_is_damaged_is_not_filled_up_later(world, keys, monkeypatch):
    """Whoever writes learns of it at once."""
    world.presence("B", "1480")

    def damaged(*_, **__):
        raise damage()

    monkeypatch.setattr(type(keys), "add", damaged)
    with pytest.raises(UnavailableError) as caught:
        world.store.tidy(2)

    assert is_damage(caught.value)


def test_with_what_is_erased_goes_a_power_of_two(world, keys):
    """As far as there are enough of them; what is gone already counts for nothing."""
    names = [world.presence("B", area) for area in ("1480", "0180", "2480")]
    poor = with_idle(keys, names)
    for _ in range(9):
        world.store.tidy(1)
    rich = with_idle(keys, names)

    assert (len(poor), len(rich)) == (3, 4)
    assert all(keys.wrapping.is_idle(name) for name in rich - set(names))
    assert with_idle(keys, [bytes(16)]) == {bytes(16)}


def test_nobody_sees_by_where_they_stood_which_were_real(keys):
    """Whoever has two copies knows the order of all names: those drawn are no run of it."""
    real = [secrets.token_bytes(16) for _ in range(40)]
    keys.add({name: keys.wrapping.make(name)[1] for name in real})
    fill_up(keys, 40, 256)
    idle = [name for name, _ in keys.all() if keys.wrapping.is_idle(name)]
    drawn = [with_idle(keys, real[:5]) - set(real) for _ in range(40)]
    places = sorted(idle.index(name) for names in drawn for name in names)

    assert {len(names) for names in drawn} == {3}
    assert len(idle) == 216
    assert places[0] < 30
    assert places[-1] > 186
    assert 60 < places[60] < 156


@pytest.mark.slow
def test_nobody_sees_by_the_gap_before_them_which_were_real(keys):
    """Whatever is the next behind a random place stands behind a gap twice as wide."""
    real = [secrets.token_bytes(16) for _ in range(3)]
    keys.add({name: keys.wrapping.make(name)[1] for name in real})
    fill_up(keys, 0, 1024)
    names = [name for name, _ in keys.all()]
    gaps = {
        name: int.from_bytes(name) - int.from_bytes(before)
        for before, name in pairwise([bytes(16), *names])
    }
    idle = [gaps[name] for name in names if keys.wrapping.is_idle(name)]
    drawn = [gaps[(with_idle(keys, real) - set(real)).pop()] for _ in range(400)]

    assert fmean(drawn) < 1.4 * fmean(idle)
