"""Where a store may be made: nothing is begun where it could not be ended."""

from contextlib import closing

import psycopg
import pytest
from sqlalchemy import make_url

from placement.errors import UnavailableError
from placement.store import schema
from placement.store.keystore import KeyStore

pytestmark = pytest.mark.postgres


@pytest.fixture
def admin(postgres_url):
    """The owner of the database, who has what others may not."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


@pytest.fixture
def tenant(admin, postgres_url):
    """The same database, for a role that owns nothing."""
    admin.execute("CREATE ROLE tenant LOGIN")
    yield make_url(postgres_url).set(username="tenant").render_as_string()
    admin.execute("DROP OWNED BY tenant")
    admin.execute("DROP ROLE tenant")


@pytest.mark.parametrize(
    "require", [schema.require_none, KeyStore.require_none], ids=["store", "keys"]
)
def test_who_may_make_no_table_begins_no_store(require, tenant, postgres_url):
    """As PostgreSQL has it, unless a database is made for its owner."""
    with pytest.raises(UnavailableError) as caught:
        require(tenant)

    assert require(postgres_url) is None
    assert "OWNER" in caught.value.notes[0]


def test_a_role_that_only_reads_begins_none(admin, tenant):
    """Though it might make a table, if it could write."""
    admin.execute("GRANT CREATE ON SCHEMA public TO tenant")
    schema.require_none(tenant)
    admin.execute("ALTER ROLE tenant SET default_transaction_read_only = on")

    with pytest.raises(UnavailableError):
        schema.require_none(tenant)


def test_one_database_by_two_names_is_one(postgres_url, postgres, tmp_path):
    """What locks in one of the two is locked in the other."""
    again = make_url(postgres_url).update_query_dict({"application_name": "again"})
    with pytest.raises(UnavailableError):
        schema.require_apart(postgres_url, again.render_as_string())

    assert schema.require_apart(postgres_url, postgres) is None
    assert schema.require_apart(postgres_url, f"sqlite:///{tmp_path}/keys.db") is None
    assert not any(tmp_path.iterdir())


def test_tables_of_another_release_are_told_by_their_version(admin, postgres_url):
    """Theirs, and this release's."""
    admin.execute("CREATE TABLE alembic_version (version_num varchar(32))")
    admin.execute("INSERT INTO alembic_version VALUES ('0099')")
    with (
        schema.opened(postgres_url) as engine,
        pytest.raises(UnavailableError) as caught,
    ):
        schema.require_schema(engine)

    assert f"version 99, this release's of {schema.SCHEMA}." in caught.value.notes[0]
