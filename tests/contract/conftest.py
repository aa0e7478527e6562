"""What the store's tests share: a fresh database of each kind, and who touches it."""

import pytest
from kit.stored import keys_of

from placement.store.engine import connect
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
def admin(url, store):
    """The database administrator: everything but the keys."""
    made = connect(url)
    yield made
    made.dispose()
