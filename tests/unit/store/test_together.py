"""Several statements of PostgreSQL in one journey, and many rows in one statement."""

from contextlib import suppress

import psycopg
import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

from placement.errors import UnavailableError
from placement.store import postgres, together
from placement.store.engine import connect, end, writing
from placement.store.together import Blobs, Numbers

pytestmark = pytest.mark.postgres


@pytest.fixture
def connection(postgres_url):
    """In a transaction, with a table of one row."""
    engine = connect(postgres_url)
    with writing(engine) as made:
        made.exec_driver_sql('CREATE TABLE t (n integer PRIMARY KEY, "of" bytea)')
        made.exec_driver_sql("INSERT INTO t VALUES (0, 'zero')")
    with engine.connect() as given:
        yield given
    engine.dispose()


def found(connection):
    return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM t")]


@pytest.mark.parametrize("size", [1, 2, 3000])
def test_rows_are_one_statement(connection, size):
    """However many there are; what an item is made of says nothing."""
    rows = [{"n": n, "of": b"\0'{,}\xff" * (n % 7)} for n in range(1, size + 1)]
    together.told(connection, [together.inserted("t", rows)])

    assert found(connection)[1:] == [(row["n"], row["of"]) for row in rows]


@pytest.mark.parametrize("number", [0, -1, 1 << 40, (1 << 63) - 1, -(1 << 63)])
def test_a_number_is_what_it_was(connection, number):
    """Of the whole range that a column has."""
    driver = connection.connection.driver_connection
    row = driver.execute("SELECT %s", [Numbers([number, 1])]).fetchone()

    assert row == ([number, 1],)


def test_columns_may_be_empty(connection):
    """A column without an item is one, and so is an item without a byte."""
    driver = connection.connection.driver_connection
    row = driver.execute("SELECT %s, %s", [Blobs(), Blobs([b""])]).fetchone()

    assert row == ([], [b""])


def test_a_beginning_asks(connection):
    """Begun and asked at once; an error is one of SQLAlchemy's, as everywhere."""
    with pytest.raises(ProgrammingError):
        together.begun(connection, postgres.BEGIN, "SELECT * FROM nowhere")
    connection.rollback()
    driver = connection.connection.driver_connection
    driver.rollback()
    rows = together.begun(connection, postgres.BEGIN, "SELECT * FROM t")

    assert rows == [(0, b"zero")]
    assert not together.is_over(connection)


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (("INSERT INTO t VALUES (%s, 'again')", [0]), IntegrityError),
        (("SELECT 1 / 0", []), DataError),
    ],
)
def test_nothing_is_done_behind_what_failed(connection, bad, kind):
    """Nor is it committed, though that was sent with the rest."""
    good = ("INSERT INTO t VALUES (%s, 'good')", [1])
    found(connection)  # which begins
    with pytest.raises(kind):
        end(connection, [good, bad, good])
    connection.rollback()

    assert found(connection) == [(0, b"zero")]


def test_a_commit_that_undid_everything_is_none(connection):
    """It succeeds if something had failed before, and whoever swallowed that goes on."""
    connection.exec_driver_sql("INSERT INTO t VALUES (1, 'one')")
    with suppress(DataError):
        connection.exec_driver_sql("SELECT 1 / 0")
    with pytest.raises(UnavailableError):
        end(connection, [])
    connection.rollback()

    assert found(connection) == [(0, b"zero")]


def test_what_was_committed_is_over(connection):
    """Whoever ends a transaction so has ended it."""
    found(connection)
    end(connection, [("INSERT INTO t VALUES (1, 'one')", [])])

    assert together.is_over(connection)
    connection.rollback()
    assert found(connection) == [(0, b"zero"), (1, b"one")]


def test_statements_are_joined(connection):
    """All of them are executed, or none if the first changes nothing."""
    connection.exec_driver_sql("CREATE TABLE u (n integer)")
    first = "UPDATE t SET n = %s WHERE n = %s RETURNING n"
    others = [("INSERT INTO u VALUES (%s)", [number]) for number in (7, 8)]
    together.told(connection, [together.joined((first, [1, 0]), others)])
    numbers = connection.exec_driver_sql("SELECT n FROM u").scalars().all()

    assert (found(connection), sorted(numbers)) == ([(1, b"zero")], [7, 8])
    with pytest.raises(DataError):
        together.told(connection, [together.joined((first, [2, 0]), others)])


def test_a_lost_connection_is_an_error_of_ours(connection):
    """And not one of the driver's."""
    found(connection)
    driver = connection.connection.driver_connection
    with psycopg.connect(driver.info.dsn) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [driver.info.backend_pid])
    with pytest.raises(OperationalError):
        end(connection, [("SELECT 1", [])])

    assert connection.invalidated


def test_a_lost_connection_takes_those_along_that_rest(connection):
    """A machine that hangs is waited for once, and not for each of them."""
    with connection.engine.connect() as other:
        rests = other.connection.driver_connection
    found(connection)
    connection.connection.driver_connection.close()
    with pytest.raises(OperationalError):
        end(connection, [("SELECT 1", [])])

    assert rests.closed
