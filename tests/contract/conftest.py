"""What the store's tests share: a fresh database of each kind, and who touches it."""

from contextlib import contextmanager
from functools import partial
from itertools import count

import pytest
from kit.stored import keys_of

from placement.store import base
from placement.store.engine import connect
from placement.store.keystore import beside
from placement.store.log import Store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def again(url, custody, store):
    """A second server on the same database."""
    opened = Store.open(url, custody, keys_of(url))
    yield opened
    opened.close()


@pytest.fixture
def opened_anew(url, custody):
    """Return a function that opens the store with nothing at hand."""
    made = []

    def run(where=url):
        made.append(Store.open(where, custody, keys_of(url) or beside(url)))
        return made[-1]

    yield run
    for each in made:
        each.close()


@pytest.fixture
def small_parts(monkeypatch):
    """Let a base have several parts."""
    monkeypatch.setattr(base, "PART", 70)


@pytest.fixture
def between(store, monkeypatch):
    """Return a function that has something done at each transaction of the store.

    It is called with its number, from 0, behind it or at its end.
    """

    def hook(behind, within=lambda _: None):
        writing, numbers = partial(type(store).writing, store), count()

        @contextmanager
        def watched():
            number = next(numbers)
            with writing() as log:
                yield log
                within(number)
            behind(number)

        monkeypatch.setattr(store, "writing", watched)

    return hook


@pytest.fixture
def admin(url, store):
    """The database administrator: everything but the keys."""
    made = connect(url)
    yield made
    made.dispose()
