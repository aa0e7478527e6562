"""The version of the tables, and the way forward to it. There is no way back."""

import os
import re
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
        raise UnavailableError().because("The database holds no store of this release.")


def require_none(url: str) -> None:
    """Refuse a database that holds a store.

    Raises:
        ConflictError: there is one.
        UnavailableError: the database does not answer, or holds something else.
    """
    with opened(url) as engine:
        if is_missing(engine):
            require_folder(engine)
        elif schema_version(engine):
            raise ConflictError


def require_folder(engine: Engine) -> None:
    """Refuse a place where the file of a database can't be made.

    Raises:
        UnavailableError: its folder is not there, or can't be written.
    """
    path = Path(engine.url.database or "")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UnavailableError().because(
            f"The folder of {path} is not there, or can't be written."
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
