"""The key store: every data key, wrapped, in a database of its own.

It stands beside the database and not in it, so that a copy of the database, however old,
opens nothing whose key was destroyed here. What is destroyed is overwritten as far as
the database can: SQLite writes zeros over it and empties its journal, PostgreSQL writes
the table anew. What a disk, a snapshot of it or a backup keeps is beyond that.

Tables::

    root            one row: schema, and the secret that wraps, itself wrapped
    data_key        name (of a dossier), wrapped
    snapshot_key    name (random), wrapped

The context of the secret: store id | schema | "key store" | schema of the key store.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    bindparam,
    delete,
    event,
    insert,
    inspect,
)

from placement.crypto.custody import Custody, WrappedKey
from placement.crypto.datakeys import Wrapping
from placement.crypto.sealing import context
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.store import confirmed, purging
from placement.store import engine as database
from placement.store.purging import Remains
from placement.store.rows import fetched, first
from placement.store.schema import require_room
from placement.store.tables import raw
from placement.store.together import inserted

_SCHEMA: Final = 1
_CHUNK: Final = 500  # names in a statement
_PAGE: Final = 10_000  # rows that are read at once

metadata: Final = MetaData()
root: Final = Table(
    "root",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_root"), primary_key=True),
    Column("schema", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
data_key: Final = Table(
    "data_key",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
snapshot_key: Final = Table(
    "snapshot_key",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Made once: SQLAlchemy takes longer to build a statement than to run it.
_ONE: Final = {
    table: raw(table.c.wrapped).where(table.c.name == bindparam("of"))
    for table in (data_key, snapshot_key)
}
_ADD: Final = {
    data_key: "INSERT INTO data_key (name, wrapped) VALUES (?, ?)",
    snapshot_key: "INSERT INTO snapshot_key (name, wrapped) VALUES (?, ?)",
}
_SNAPSHOTS: Final = raw(snapshot_key.c.name)
_FIRST: Final = (
    raw(*data_key.columns).order_by(data_key.c.name).limit(bindparam("most"))
)
_NEXT: Final = _FIRST.where(data_key.c.name > bindparam("after"))
_SIZES: Final = (1, 8, 64, _CHUNK)
_SOME: Final = {
    size: raw(data_key.c.name).where(
        data_key.c.name.in_([bindparam(f"n{index}") for index in range(size)])
    )
    for size in _SIZES
}


def beside(url: str) -> str:
    """Return where the key store of a SQLite database stands unless somebody says so.

    Raises:
        UnavailableError: the database is another; its key store has to be named.
    """
    scheme, separator, file = url.partition(":///")
    if scheme != "sqlite" or not separator:
        raise UnavailableError().because(
            "The setting keys has to name a key store of its own."
        )
    return f"sqlite:///{file.removesuffix('.db')}.keys.db"


class KeyStore:
    """The data keys of one store; safe to share between threads.

    Made by ``create`` or ``open``.

    Attributes:
        wrapping: makes and unwraps the keys.
        remains: what may be left of keys that were destroyed.
    """

    def __init__(self, engine: Engine, wrapping: Wrapping) -> None:
        self._engine = engine
        self.wrapping = wrapping
        self.remains = Remains(engine, data_key.name, snapshot_key.name)

    @classmethod
    def create(cls, url: str, custody: Custody, owner: bytes) -> Self:
        """Make the tables and the secret.

        Args:
            url: of an empty database.
            custody: wraps the secret.
            owner: context of the store that it belongs to.

        Raises:
            ConflictError: there is a key store already.
            UnavailableError: the database or the custody does not answer.
        """
        wrapped, secret = custody.generate(place_of_root(owner))
        with _connected(url) as engine:
            with database.writing(engine) as connection:
                if inspect(connection).has_table(root.name):
                    raise ConflictError
                metadata.create_all(connection)
                row = {"id": 1, "schema": _SCHEMA, "wrapped": wrapped}
                connection.execute(insert(root), row)
            made = cls(engine, Wrapping(secret, owner))
            made.remains.begin()
            return made

    @classmethod
    def open(cls, url: str, custody: Custody, owner: bytes) -> Self:
        """Open the key store of a store.

        Raises:
            TamperedError: it is another store's, or was altered.
            UnavailableError: there is none, or no answer.
        """
        with _connected(url) as engine:
            if database.is_missing(engine):
                raise UnavailableError().because("The key store is not there.")
            with database.reading(engine) as connection:
                if not inspect(connection).has_table(root.name):
                    raise UnavailableError().because("The key store is not there.")
                found = connection.execute(raw(*root.columns)).first()
            match () if found is None else tuple(found):
                case 1, int(schema), bytes(wrapped) if schema == _SCHEMA:
                    secret = custody.unwrap(WrappedKey(wrapped), place_of_root(owner))
                case _:
                    raise TamperedError
            opened = cls(engine, Wrapping(secret, owner))
            opened.remains.begin()
            return opened

    @staticmethod
    def require_none(url: str) -> None:
        """Refuse a database that holds a key store.

        Raises:
            ConflictError: there is one.
            UnavailableError: the database does not answer, or its file can't be made.
        """
        with database.opened(url) as engine:
            if not database.is_missing(engine):
                with database.reading(engine) as connection:
                    if inspect(connection).has_table(root.name):
                        raise ConflictError
            require_room(engine)

    def __repr__(self) -> str:
        """Return the type only."""
        return "KeyStore()"

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def spared(self) -> Iterator[Self]:
        """Give it out, and close it if the block fails."""
        try:
            yield self
        except BaseException:
            self.close()
            raise

    def add(self, keys: Mapping[bytes, bytes], *, snapshot: bool = False) -> None:
        """Keep wrapped keys by their names; they are durable when this returns.

        None is ever replaced: a server whose lock on the log was taken from it may come
        here late, when another has sealed something by the key that stands here.

        Args:
            keys: at least one.
            snapshot: they are those of snapshots.

        Raises:
            UnavailableError: the database does not answer, the commit failed, or a name
                has a key already.
        """
        table = snapshot_key if snapshot else data_key
        with database.writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                rows = [{"name": name, "wrapped": key} for name, key in keys.items()]
                database.end(connection, [inserted(table.name, rows)])
            else:  # by the driver: SQLAlchemy takes longer than SQLite for each row
                connection.exec_driver_sql(_ADD[table], [*keys.items()])

    def read(
        self, name: bytes, *, snapshot: bool = False, proven: bool = False
    ) -> bytes | None:
        """Return the wrapped key of a name, or ``None``.

        Args:
            name: of the key.
            snapshot: it is that of a snapshot.
            proven: whether it has to be there for good.

        Raises:
            TamperedError: something else stands there.
            UnavailableError: the database does not answer.
        """
        table = snapshot_key if snapshot else data_key
        with database.reading(self._engine, proven=proven) as connection:
            row = first(connection, _ONE[table], {"of": name})
        if row is None:
            return None
        if type(row[0]) is not bytes:
            raise TamperedError
        return row[0]

    def find(self, names: Sequence[bytes], *, proven: bool = False) -> set[bytes]:
        """Return which of some dossiers have a key, which is there for good.

        Args:
            names: of the dossiers.
            proven: whether those without one have to be so for good, too.

        Raises:
            UnavailableError: the database does not answer.
        """
        found: set[bytes] = set()
        with database.reading(self._engine) as connection:
            for start in range(0, len(names), _CHUNK):
                some = list(names[start : start + _CHUNK])
                size = next(each for each in _SIZES if each >= len(some))
                filled = [*some, *some[:1] * (size - len(some))]
                given = {f"n{index}": name for index, name in enumerate(filled)}
                rows = fetched(connection, _SOME[size], given)
                found.update(bytes(row[0]) for row in rows)
            if (
                found or proven
            ):  # rare: whoever made them failed, and may not be confirmed
                confirmed.prove(connection)
        return found

    def empty_journal(self) -> None:
        """Let the journal show no single transactions."""
        purging.empty_journal(self._engine)

    def all(
        self, after: bytes | None = None, page: int = _PAGE
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield name and wrapped key of every dossier, by name.

        A page at a time: whoever destroys one waits for those who read. So of what is
        added or destroyed meanwhile some may be among them.

        Args:
            after: only those behind this name.
            page: how many are read at once.

        Raises:
            TamperedError: something else stands there.
            UnavailableError: the database does not answer.
        """
        query = _FIRST if after is None else _NEXT
        while rows := self._page(query, {"most": page, "after": after}):
            for name, wrapped in rows:
                if type(name) is not bytes or type(wrapped) is not bytes:
                    raise TamperedError
                yield name, wrapped
            query, after = _NEXT, rows[-1][0]

    def _page(self, query: Select[Any], given: dict[str, Any]) -> Sequence[Any]:
        with database.reading(self._engine) as connection:
            return fetched(connection, query, given)

    def snapshots(self) -> list[bytes]:
        """Return the names of the keys of snapshots.

        Raises:
            UnavailableError: the database does not answer.
        """
        with database.reading(self._engine) as connection:
            return [row[0] for row in fetched(connection, _SNAPSHOTS)]

    def destroy(self, names: Collection[bytes], *, snapshots: bool = True) -> None:
        """Destroy the keys of dossiers that are there, and with them every snapshot's.

        Copies that are left go with ``remains``.

        Args:
            names: whose.
            snapshots: those too, which hold what the dossiers do.

        Raises:
            UnavailableError: the database does not answer, or the commit failed.
        """
        with database.writing(self._engine) as connection:
            gone = _delete(connection, data_key, names)
            if gone and snapshots:
                connection.execute(delete(snapshot_key))
            if gone:
                self.remains.note(connection)

    def destroy_snapshots(
        self, names: Collection[bytes], *, late: bool = False
    ) -> None:
        """Destroy keys of snapshots.

        Args:
            names: whose.
            late: they may have been kept behind an erasure; so copies that are left go
                with ``remains``, too.

        Raises:
            UnavailableError: the database does not answer, or the commit failed.
        """
        with database.writing(self._engine) as connection:
            gone = _delete(connection, snapshot_key, names)
            if gone and late:
                self.remains.note(connection)
        if gone and late:  # by another thread than the one that removes them
            self.remains.mark()


def _delete(connection: Connection, table: Table, names: Collection[bytes]) -> int:
    """Delete keys by name; return how many there were."""
    listed, gone = list(names), 0
    for start in range(0, len(listed), _CHUNK):
        some = listed[start : start + _CHUNK]
        gone += connection.execute(delete(table).where(table.c.name.in_(some))).rowcount
    return gone


def place_of_root(owner: bytes) -> bytes:
    """Say what the secret is wrapped for."""
    return owner + context(b"key store", _SCHEMA)


@contextmanager
def _connected(url: str) -> Iterator[Engine]:
    with database.connected(url) as engine:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _on_sqlite_connect)
        yield engine


def _on_sqlite_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own)
    """Write zeros over whatever is deleted."""
    connection.execute("PRAGMA secure_delete = ON")
