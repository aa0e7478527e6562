"""The store's own keys, wrapped, as they stand in the database."""

from sqlalchemy import Connection

from placement.crypto.custody import WrappedKey
from placement.crypto.keyring import EpochKey, Purpose
from placement.crypto.sealing import context
from placement.errors import TamperedError, UnavailableError
from placement.store import tables


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
