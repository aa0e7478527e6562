"""The version of the tables, and the way forward to it. There is no way back."""

import re
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from placement.errors import ConflictError, UnavailableError
from placement.store.engine import opened, reading, writing

SCHEMA: Final = 2  # the newest migration; 0 is an empty database

_NAME: Final = re.compile(r"[0-9]{4}")


def _version(connection: Connection) -> int:
    """Read the version of the tables.

    Raises:
        UnavailableError: it is none of ours.
    """
    names = MigrationContext.configure(connection).get_current_heads()
    if not names:
        return 0
    if len(names) != 1 or not _NAME.fullmatch(names[0]):
        raise UnavailableError
    return int(names[0])


def schema_version(engine: Engine) -> int:
    """Return the version of the tables, 0 for a database without any.

    Raises:
        UnavailableError: the database does not answer, or holds something else.
    """
    with reading(engine) as connection:
        return _version(connection)


def require_schema(engine: Engine) -> None:
    """Refuse a database that this release does not know, or has not migrated.

    Raises:
        UnavailableError: older, newer, or something else.
    """
    if schema_version(engine) != SCHEMA:
        error = UnavailableError()
        error.add_note("The database holds no store of this release.")
        raise error


def require_none(url: str) -> None:
    """Refuse a database that holds a store.

    Raises:
        ConflictError: there is one.
        UnavailableError: the database does not answer, or holds something else.
    """
    with opened(url) as engine:
        if schema_version(engine):
            raise ConflictError


def migrate(engine: Engine) -> None:
    """Bring the tables to this release's version, in one transaction.

    Raises:
        UnavailableError: the database is newer, or does not answer.
    """
    config = Config()
    config.set_main_option("script_location", "placement.store:migrations")
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        if _version(connection) > SCHEMA:
            raise UnavailableError
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UnavailableError from error
