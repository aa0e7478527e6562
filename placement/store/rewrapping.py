"""Another key-encryption key for a store that is there: all that it wraps, wrapped anew.

Each database is changed in one transaction, and what has been changed is known by the
new custody opening it. So whoever is interrupted does it again, and what was done stays
done. Between the two databases, and the key files, neither custody opens the store; both
together do.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import delete, update

from placement.crypto.changing import Change
from placement.crypto.keyring import EpochKey, key_context
from placement.errors import TamperedError
from placement.store import engine as database
from placement.store import keystore, tables
from placement.store.covers import Covers
from placement.store.keystore import KeyStore, beside
from placement.store.purging import purged
from placement.store.rings import add_keys, read_keys
from placement.store.schema import require_schema

_SECURE: Final = "PRAGMA secure_delete = ON"


def rewrap(url: str, keys: str, change: Change) -> tuple[int, bool]:
    """Change the custody of a store's databases; no server may run meanwhile.

    Args:
        url: of the database.
        keys: of the key store, if it is not beside it.
        change: from which to which.

    Returns:
        How many keys there are, and whether no copy of what was replaced is left.

    Raises:
        TamperedError: neither custody opens a key.
        UnavailableError: a database or a custody does not answer.
    """
    with database.opened(url) as engine:
        require_schema(engine)
        with database.reading(engine) as connection:
            owner, _ = read_keys(connection)
        _rewrap_root(keys or beside(url), owner, change)
        with KeyStore.open(keys or beside(url), change.new, owner).spared() as opened:
            covers = Covers(opened, owner)
            with database.writing(engine) as connection:
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql(_SECURE)
                connection.execute(tables.LOCKED_HEAD)
                _, rows = read_keys(connection)
                made = [_rewrapped(key, covers, owner, change) for key in rows]
                connection.execute(delete(tables.epoch_key))
                add_keys(connection, made)
            opened.close()
        with database.opened(keys or beside(url)) as beside_it:
            gone = purged(beside_it, keystore.root.name)
        gone &= purged(engine, tables.epoch_key.name)
    return len(made) + 1, gone


def _rewrapped(key: EpochKey, covers: Covers, owner: bytes, change: Change) -> EpochKey:
    """Wrap one epoch key anew, under the cover that it has."""
    place = key_context(owner, key.purpose, key.epoch)
    bare = covers.bare(key)
    if (
        bare is None
    ):  # its cover was destroyed: it opens nothing, and goes with the next
        return key
    wrapped = change.key(bare.wrapped, place)
    if wrapped == bare.wrapped:
        return key
    made = replace(bare, wrapped=wrapped)
    if bare is key:
        return made
    change.replaced(key.wrapped)
    (covered,) = covers.put([made])
    return covered


def _rewrap_root(url: str, owner: bytes, change: Change) -> None:
    """Wrap the key store's secret anew."""
    place = keystore.place_of_root(owner)
    with database.opened(url) as engine, database.writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(_SECURE)
        found = connection.execute(tables.raw(keystore.root.c.wrapped)).scalar()
        if type(found) is not bytes:
            raise TamperedError
        made = change.key(found, place)
        connection.execute(update(keystore.root).values(wrapped=made))
