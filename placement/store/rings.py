"""The store's own keys, wrapped, as they stand in the database."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from placement.crypto.custody import WrappedKey
from placement.crypto.keyring import EpochKey, Purpose
from placement.crypto.sealing import context
from placement.errors import TamperedError, UnavailableError
from placement.store import tables
from placement.store.schema import SCHEMA


def read_keys(connection: Connection) -> tuple[bytes, list[EpochKey]]:
    """Read the context of the store, and its wrapped keys.

    Raises:
        TamperedError: something else stands where they should.
        UnavailableError: there is no store.
    """
    meta = connection.execute(tables.raw(*tables.meta.columns)).first()
    rows = connection.execute(tables.raw(*tables.epoch_key.columns)).all()
    keys = []
    try:
        for purpose, epoch, wrapped in rows:
            if not (isinstance(epoch, int) and epoch > 0 and type(wrapped) is bytes):
                raise TamperedError
            keys.append(EpochKey(Purpose(purpose), epoch, WrappedKey(wrapped)))
    except ValueError as error:
        raise TamperedError from error
    match () if meta is None else tuple(meta):
        case ():
            raise UnavailableError
        case 1, bytes(store_id), int(schema) if schema >= 0:
            return context(store_id, schema), keys
        case _:
            raise TamperedError


def write_keys(
    connection: Connection, store_id: bytes, keys: Sequence[EpochKey]
) -> None:
    """Write the context of a new store, and its first keys."""
    row = {"id": 1, "store_id": store_id, "schema": SCHEMA}
    connection.execute(insert(tables.meta), row)
    rows = [
        {"purpose": key.purpose.value, "epoch": 1, "wrapped": key.wrapped}
        for key in keys
    ]
    connection.execute(insert(tables.epoch_key), rows)
