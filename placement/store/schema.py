"""The version of the tables, and the way forward to it. There is no way back."""

import os
import re
import secrets
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from placement.errors import ConflictError, UnavailableError
from placement.store.engine import is_missing, opened, reading, writing

SCHEMA: Final = 2  # the newest migration; 0 is an empty database

_INIT: Final = (
    "`placement-server init` makes one, of a custodian `custodian init`; one that was lost"
    " comes back by `restore`."
)
_NAME: Final = re.compile(r"[0-9]{4}")
_MAY: Final = (
    "SELECT has_schema_privilege(current_schema(), 'CREATE') AND NOT pg_is_in_recovery()"
    " AND current_setting('default_transaction_read_only') = 'off'"
)


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
    version = 0 if is_missing(engine) else schema_version(engine)
    if version == 0:
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        raise UnavailableError().because(
            f"There is no store in {file or 'the database'}. {_INIT}"
        )
    if version != SCHEMA:
        raise UnavailableError().because(
            f"The database holds no store of this release: its tables are of version "
            f"{version}, this release's of {SCHEMA}."
        )


def require_none(url: str) -> None:
    """Refuse a database that holds a store.

    Raises:
        ConflictError: there is one.
        UnavailableError: the database does not answer, or holds something else.
    """
    with opened(url) as engine:
        if not is_missing(engine) and schema_version(engine):
            raise ConflictError
        require_room(engine)


def require_room(engine: Engine) -> None:
    """Refuse a place where no store can be made.

    Raises:
        UnavailableError: the folder of a file is not there, or can't be written; the role
            of PostgreSQL may make no tables, or it writes nothing.
    """
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise UnavailableError().because(
                f"The folder of {path} is not there, or can't be written."
            )
        return
    with reading(engine) as connection:
        if not connection.exec_driver_sql(_MAY).scalar():
            raise UnavailableError().because(
                f"The role can't make tables in the database {engine.url.database}: it is "
                "to own it (CREATE DATABASE … OWNER …) and to find a schema in its "
                "search_path, on a primary."
            )


def require_apart(url: str, other: str) -> None:
    """Refuse two names of one database of PostgreSQL: what one locks the other can't.

    Raises:
        UnavailableError: they are one, or one does not answer.
    """
    with opened(url) as engine, opened(other) as beside:
        if {engine.dialect.name, beside.dialect.name} != {"postgresql"}:
            return
        ask = f"SELECT pg_try_advisory_xact_lock({secrets.randbits(62)})"
        with reading(engine) as one, reading(beside) as two:
            one.exec_driver_sql(ask)
            if not two.exec_driver_sql(ask).scalar():
                raise UnavailableError().because(
                    "The settings database and keys name the same database."
                )


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
