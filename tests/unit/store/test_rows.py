"""Rows of a query: as the driver gives them, and never of half a question."""

import psycopg
import pytest
from sqlalchemy import bindparam, func, insert, make_url, select
from sqlalchemy.exc import DBAPIError

from placement.errors import TamperedError, UnavailableError
from placement.store import engine as database
from placement.store import tables
from placement.store.rows import fetched, first, is_damage, value, why

EVENT = tables.event.c
BEHIND = (
    tables.raw(EVENT.revision, EVENT.blob)
    .where(EVENT.revision > bindparam("after"), EVENT.epoch == 1)
    .order_by(EVENT.revision)
    .limit(bindparam("count"))
)
ROWS = [
    {"revision": number, "epoch": 1, "blob": b"%d" % number} for number in (1, 2, 3)
]


@pytest.fixture
def engine(tmp_path):
    """A database with three rows."""
    with database.opened(f"sqlite:///{tmp_path}/rows.db") as made:
        with database.writing(made) as connection:
            tables.metadata.create_all(connection)
            connection.execute(insert(tables.event), ROWS)
        yield made


def test_rows_are_those_that_sqlalchemy_finds(engine):
    """Whatever the parameters of the same query are this time."""
    with database.reading(engine) as connection:
        for after, count in ((0, 9), (1, 1), (3, 9)):
            given = {"after": after, "count": count}
            expected = [tuple(row) for row in connection.execute(BEHIND, given)]

            assert fetched(connection, BEHIND, given) == expected


def test_one_row_and_one_value(engine):
    """And nothing where there is none."""
    none = {"after": 3, "count": 1}
    with database.reading(engine) as connection:
        assert first(connection, BEHIND, {"after": 1, "count": 1}) == (2, b"2")
        assert value(connection, select(func.max(EVENT.revision))) == 3
        assert first(connection, BEHIND, none) is None
        assert value(connection, BEHIND, none) is None


def test_a_parameter_without_a_value_is_refused(engine):
    """As nothing, it would find nothing."""
    with database.reading(engine) as connection, pytest.raises(KeyError):
        fetched(connection, BEHIND, {"count": 1})


def test_a_value_stands_there_as_somebody_made_it(engine):
    """Text where bytes belong stays text, for whoever reads it to refuse."""
    with database.writing(engine) as connection:
        connection.exec_driver_sql("UPDATE event SET blob = 'text' WHERE revision = 1")
        found = fetched(connection, BEHIND, {"after": 0, "count": 1})

    assert found == [(1, "text")]


def test_what_the_driver_raises_stays_inside(engine):
    """The database does not answer, whoever asks it how."""
    with database.writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE event")
    with (
        pytest.raises(UnavailableError) as caught,
        database.reading(engine) as connection,
    ):
        fetched(connection, BEHIND, {"after": 0, "count": 1})

    assert caught.value.notes == ["rows.db does not answer: SQLITE_ERROR."]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://one:secret@127.0.0.1:1/none", "failed: Connection refused."),
        ("postgresql://one:secret@nobody.invalid/none", "nobody.invalid"),
        ("postgresql://one@127.0.0.1:1/none?sslmod=secret", 'option "sslmod".'),
        ("sqlite:////absent/none", "SQLITE_CANTOPEN."),
    ],
)
def test_who_sits_there_reads_why_no_database_answers(url, said):
    """Where it was looked for, and what was wrong there; no password."""
    with (
        database.opened(url) as engine,
        pytest.raises(UnavailableError) as caught,
        database.reading(engine),
    ):
        pytest.fail("somebody answered")
    (note,) = caught.value.notes

    assert "none does not answer: " in note
    assert said in note
    assert "secret" not in note
    assert "\n" not in note


def test_a_database_that_is_not_there_is_named(postgres_url):
    """As its server says it; a statement's own words are told by their code alone."""
    absent = f"{postgres_url}".replace("/store_", "/absent_")
    with (
        database.opened(absent) as engine,
        pytest.raises(UnavailableError) as caught,
        database.reading(engine),
    ):
        pytest.fail("somebody answered")
    with (
        database.opened(postgres_url) as engine,
        pytest.raises(UnavailableError) as asked,
        database.reading(engine) as connection,
    ):
        connection.exec_driver_sql("SELECT 'secret'::integer")

    assert "does not exist" in caught.value.notes[0]
    name = make_url(postgres_url).database
    assert asked.value.notes == [
        f"The database {name} refuses: InvalidTextRepresentation (22P02)."
    ]


def refused(path):
    """Return why the rows of a file can't be had."""
    given = {"after": -1, "count": 99}
    with (
        database.opened(f"sqlite:///{path}") as engine,
        pytest.raises(UnavailableError) as found,
        database.reading(engine) as connection,
    ):
        fetched(connection, BEHIND, given)
    return found.value


def test_a_damaged_file_is_not_one_that_does_not_answer(tmp_path):
    """One page of a table reads otherwise; a table that is missing is no damage."""
    path = tmp_path / "spoilt.db"
    many = [{**ROWS[0], "revision": n, "blob": bytes(2000)} for n in range(99)]
    with (
        database.opened(f"sqlite:///{path}") as made,
        database.writing(made) as connection,
    ):
        tables.metadata.create_all(connection)
        connection.execute(insert(tables.event), many)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2].ljust(len(content), b"\xff"))

    assert is_damage(refused(path))
    assert not is_damage(refused(tmp_path / "other.db"))
    assert not is_damage(UnavailableError())
    assert is_damage(TamperedError())


@pytest.mark.parametrize(
    ("state", "damaged"), [("XX001", True), ("XX002", True), ("40001", False)]
)
def test_a_damaged_table_is_told_by_its_state(state, damaged):
    """As PostgreSQL gives it, through SQLAlchemy or not, caught or not."""
    cause = psycopg.Error()
    cause.sqlstate = state
    wrapped = DBAPIError("", None, cause)
    errors = [cause, wrapped]
    for each in (cause, wrapped):
        error = UnavailableError()
        error.__cause__ = each
        errors.append(error)

    assert [is_damage(each) for each in errors] == [damaged] * 4
    assert {why(each) for each in errors} == {state}
    assert not is_damage(ValueError())


def test_a_full_disk_is_told_by_its_name(engine):
    """And a server that can't be reached by its class; nothing says where it is."""
    with database.writing(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        large = [{**ROWS[0], "revision": 9, "blob": bytes(99_999)}]
        with pytest.raises(DBAPIError) as full:
            connection.execute(insert(tables.event), large)
    with pytest.raises(psycopg.OperationalError) as gone:
        psycopg.connect("postgresql://127.0.0.1:1/none")

    assert why(full.value) == "SQLITE_FULL"
    assert why(gone.value) == "OperationalError"
    assert why(UnavailableError()) == ""
