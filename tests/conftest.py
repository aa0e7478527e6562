"""What the tests of several rooms share: a custody, and a store on their own `url`."""

import pytest

from placement.crypto.custody import FileCustody
from placement.store.log import Store


@pytest.fixture
def custody(tmp_path):
    return FileCustody.create(tmp_path / "kek")


@pytest.fixture
def store(url, custody):
    """A new store in an empty database."""
    made = Store.create(url, custody)
    yield made
    made.close()
