"""What was deleted leaves no copy in PostgreSQL's tables, whoever looks, or is killed."""

import time
from contextlib import closing, contextmanager

import psycopg
import pytest
from kit.world import token
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from placement.errors import UnavailableError
from placement.store import purging
from placement.store.keystore import KeyStore

NAMES = [token(f"dossier {number}") for number in range(3)]

pytestmark = pytest.mark.postgres


@pytest.fixture
def keys(postgres_url, custody):
    """A key store on PostgreSQL that has three keys, the first of them destroyed soon."""
    with closing(KeyStore.create(postgres_url, custody, b"owner")) as made:
        made.add({name: made.wrapping.make(name)[1] for name in NAMES})
        made.remains.require_removed()
        yield made


@pytest.fixture
def admin(postgres_url):
    """The administrator of PostgreSQL, who may read its files."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


def in_files(admin, wrapped):
    """Tell whether the file of the table has some bytes."""
    admin.execute("CHECKPOINT")
    ask = "SELECT pg_read_binary_file(pg_relation_filepath('data_key'))"
    (content,) = admin.execute(ask).fetchone()
    return wrapped in content


def noted(admin):
    """Count the notes; none, too, before there was one."""
    if admin.execute("SELECT to_regclass('unpurged')").fetchone() == (None,):
        return 0
    return admin.execute("SELECT count(*) FROM unpurged").fetchone()[0]


@contextmanager
def looking(url):
    """Look at one moment of the database, though not at the keys."""
    with closing(psycopg.connect(url)) as reader:
        reader.execute("SET idle_in_transaction_session_timeout = 0")
        reader.commit()
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT count(*) FROM root").fetchone()
        yield
        reader.rollback()  # answered: a session that is only closed ends a moment later


def test_a_destroyed_key_is_in_no_file_of_a_table(keys, admin):
    """The others are."""
    gone, kept = keys.read(NAMES[0]), keys.read(NAMES[1])
    before = in_files(admin, gone)
    keys.destroy(NAMES[:1])
    between, notes = in_files(admin, gone), noted(admin)
    keys.remains.remove()

    assert (before, between, notes) == (True, True, 1)
    assert (in_files(admin, gone), in_files(admin, kept)) == (False, True)
    assert (noted(admin), keys.remains.stuck) == (0, False)


def test_what_a_session_may_still_see_is_not_taken_for_removed(
    keys, admin, postgres_url, caplog
):
    """It keeps nobody from writing the table anew, and stays in it: that is told."""
    gone = keys.read(NAMES[0])
    with looking(postgres_url):
        keys.destroy(NAMES[:1])
        keys.remains.remove()
        left, stuck = in_files(admin, gone), keys.remains.stuck
        with pytest.raises(UnavailableError):
            keys.remains.require_removed()
        notes = noted(admin)
    keys.remains.require_removed()

    assert (left, stuck, notes) == (True, True, 1)
    assert not in_files(admin, gone)
    assert (noted(admin), keys.remains.stuck) == (0, False)
    assert [one.levelname for one in caplog.records] == ["WARNING"] * 2


def test_a_table_that_somebody_locks_is_tried_again(keys, admin, postgres_url):
    """They are waited for a moment only: everybody else waits for that."""
    with closing(psycopg.connect(postgres_url)) as reader:
        reader.execute("LOCK TABLE data_key IN ACCESS SHARE MODE")
        keys.destroy(NAMES[:1])
        began = time.monotonic()
        keys.remains.remove()
        took = time.monotonic() - began
        stuck = keys.remains.stuck
    keys.remains.require_removed()

    assert stuck
    assert took < 5
    assert noted(admin) == 0


def test_whoever_comes_after_a_kill_removes_what_is_left(
    keys, admin, postgres_url, custody
):
    """A note was committed with the deleting; whoever finds none writes nothing anew."""
    gone = keys.read(NAMES[0])
    keys.destroy(NAMES[:1])
    left = in_files(admin, gone)

    def opened():
        with closing(KeyStore.open(postgres_url, custody, b"owner")) as again:
            again.remains.remove()
        where = "SELECT pg_relation_filepath('data_key')"
        return admin.execute(where).fetchone()

    first = opened()

    assert left
    assert not in_files(admin, gone)
    assert noted(admin) == 0
    assert opened() == first


def test_what_another_server_left_is_found_by_who_runs(
    keys, admin, postgres_url, custody
):
    """It destroyed a key and was killed; who looked before looks again in a minute."""
    gone = keys.read(NAMES[0])
    keys.remains.remove()
    with closing(KeyStore.open(postgres_url, custody, b"owner")) as other:
        other.destroy(NAMES[:1])
    keys.remains.remove()
    left, due = in_files(admin, gone), keys.remains._due - time.monotonic()
    keys.destroy(NAMES[:1])  # the same erasure, settled by both
    keys.remains._due = 0.0
    keys.remains.remove()

    assert left
    assert 0 < due <= 60
    assert not in_files(admin, gone)
    assert noted(admin) == 0


def test_a_role_that_may_not_make_tables_destroys_keys_all_the_same(
    keys, admin, postgres_url, custody
):
    """Without a place for notes, and without the right to write the tables anew: told."""
    gone = keys.read(NAMES[0])
    admin.execute("DROP TABLE unpurged")
    admin.execute("DROP ROLE IF EXISTS lowly")
    admin.execute("CREATE ROLE lowly LOGIN")
    admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    given = (
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lowly"
    )
    admin.execute(given)
    url = make_url(postgres_url).set(username="lowly", password=None)
    try:
        where = url.render_as_string(hide_password=False)
        with closing(KeyStore.open(where, custody, b"owner")) as lowly:
            lowly.destroy(NAMES[:1])
            lowly.remains.remove()
            told, read = lowly.remains.stuck, lowly.read(NAMES[0])
            keys.remains.begin()  # another role makes the table, and gives no right to it
            lowly.destroy(NAMES[1:2])
            assert lowly.read(NAMES[1]) is None
            lowly.remains._due = 0.0
            lowly.remains.remove()
            assert lowly.remains.stuck
    finally:
        admin.execute("DROP OWNED BY lowly")
        admin.execute("DROP ROLE lowly")

    assert (told, read) == (True, None)
    assert in_files(admin, gone)


def test_what_was_deleted_before_there_were_notes_is_removed(
    keys, admin, postgres_url, custody
):
    """Another server makes their table: that none is in it does not say that it is gone."""
    gone = keys.read(NAMES[0])
    admin.execute("DROP TABLE unpurged")
    keys.destroy(NAMES[:1])
    left = in_files(admin, gone)
    with closing(KeyStore.open(postgres_url, custody, b"owner")):
        keys.remains.remove()

    assert left
    assert not in_files(admin, gone)
    assert (noted(admin), keys.remains.stuck) == (0, False)


def test_a_note_that_came_meanwhile_stays(keys, admin, monkeypatch):
    """Another server destroyed a key when the table had been written anew."""
    purged = purging.purged

    def slow(*given, **named):
        done = purged(*given, **named)
        admin.execute("INSERT INTO unpurged VALUES ('other')")
        return done

    keys.destroy(NAMES[:1])
    monkeypatch.setattr(purging, "purged", slow)
    keys.remains.remove()

    assert admin.execute("SELECT name FROM unpurged").fetchall() == [(b"other",)]


def test_a_key_store_that_does_not_answer_is_not_purged(keys, admin, monkeypatch):
    """And it is tried again."""
    keys.destroy(NAMES[:1])

    def broken():
        raise SQLAlchemyError

    with monkeypatch.context() as patched:
        patched.setattr(keys._engine, "connect", broken)
        keys.remains.remove()
        stuck = keys.remains.stuck
    keys.remains.require_removed()

    assert stuck
    assert noted(admin) == 0


def test_a_database_that_does_not_say_what_it_kept_counts_as_full(keys, monkeypatch):
    """Its words may be another release's."""
    keys.destroy(NAMES[:1])
    monkeypatch.setattr(purging, "_NUMBER", purging.re.compile("nothing"))
    keys.remains.remove()

    assert keys.remains.stuck
