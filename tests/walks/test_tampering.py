"""Whatever is done to a stored row, a server refuses to start, or ends serving soon."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.town import Town

from placement.app import App
from placement.crypto.custody import FileCustody
from placement.errors import TamperedError, UnavailableError
from placement.service import keeping
from placement.store import fsck, snapshot
from placement.store.chain import ChainError
from placement.store.log import Store
from placement.store.snapshot import write_snapshot

# Each table, the numbers that say where a row stands, and the columns of its content.
TABLES = {
    "event": (("revision",), ("blob",)),
    "leaf": (("index",), ("blob", "hash")),
    "checkpoint": (("size",), ("note",)),
    "head": (("revision", "leaves"), ("blob",)),
    "snapshot": (("revision", "part"), ("blob",)),
    "epoch_key": (("purpose", "epoch"), ("wrapped",)),
}
NO_EPOCH = ("epoch_key", "checkpoint")
NUMBERS = count()


class Crime:
    """A stopped server's database, its rows, and copies of it to spoil."""

    def __init__(self, town, folder):
        self.settings = town.served.settings
        self.folder = folder
        self.file = town.served.folder / "placement.db"
        self.keys = town.served.folder / "placement.keys.db"
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            self.rows = {
                table: connection.execute(
                    f"SELECT rowid AS 'rowid', * FROM {table} ORDER BY rowid"
                ).fetchall()
                for table in TABLES
            }

    def copy(self):
        path = self.folder / f"{next(NUMBERS)}.db"
        shutil.copyfile(self.file, path)
        return path

    def spoil(self, *statements):
        """Return a copy after some statements, each with its values."""
        path = self.copy()
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement, *values in statements:
                connection.execute(statement, values)
        return path

    def start(self, path, **changed):
        """Start a server on a copy, and stop it once all of the log is proven.

        Returns:
            On how much it stood.

        Raises:
            TamperedError: it does not verify, as was seen at the start or behind it.
        """
        self.ready = []
        # Each copy is of one moment, whatever a server wrote, or destroyed, in another.
        anchor = self.folder / "copied.anchor"
        shutil.copyfile(self.settings.anchor, anchor)
        keys = shutil.copyfile(self.keys, path.with_suffix(".keys"))
        changed = {"anchor": anchor, "keys": f"sqlite:///{keys}"} | changed
        changed = {"database": f"sqlite:///{path}"} | changed
        settings = replace(self.settings, **changed)

        async def serve():
            app = App(settings)
            until = asyncio.Event()

            def ready(_):
                app.engine.proving.wait()
                if not app.engine.trouble:
                    self.ready.append(app.engine._folded[1].revision)
                until.set()

            await app.serve(until, ready)
            if app.engine.trouble == "unverified":
                raise TamperedError

        try:
            asyncio.run(serve())
        finally:
            path.unlink()
            keys.unlink()
        return self.ready[0]


@pytest.fixture(scope="module", params=["stopped", "killed"])
def crime(request, tmp_path_factory):
    """A real run: two servers one after the other, a snapshot between them.

    ``killed``, there are two parts of another one, too, whose writer got no further.
    """
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keeping, "SNAPSHOT_AFTER", 1)
        with Town(folder) as town:
            town.call("worker", "CheckPlacement", town.question())
    with closing(sqlite3.connect(folder / "placement.db")) as connection:
        old = connection.execute("SELECT revision, leaves, epoch, blob FROM head")
        head = old.fetchone()
    town._channels.clear()
    town.served.start()
    town._prepare()
    for area in ("2480", "0199", "0580"):
        town.call("worker", "CheckPlacement", town.question(area))
    for channel in town._channels.values():
        channel.close()
    town.served.stop()
    if request.param == "killed":
        leave_parts(town.served.settings)
    crime = Crime(town, folder)
    crime.old = head
    return crime


def leave_parts(settings):
    """Begin a snapshot in a stopped server's database."""
    custody = FileCustody(settings.store_key)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(snapshot, "_switch", Mock(side_effect=KeyboardInterrupt))
        with closing(Store.open(settings.database, custody, settings.keys)) as store:
            head = store.read_head()
            with pytest.raises(KeyboardInterrupt):
                write_snapshot(store, head, [b"one", b"two"])


def test_an_unspoilt_copy_serves(crime):
    """Else every refusal below would say nothing."""
    assert crime.start(crime.copy()) == crime.rows["event"][-1]["revision"]
    assert len(crime.rows["snapshot"]) in {2, 5}


def test_without_its_snapshot_a_store_is_the_same(crime):
    """A snapshot only saves time: with all of it gone, the log is folded whole."""
    path = crime.spoil(["DELETE FROM snapshot"])

    assert crime.start(path) == crime.rows["event"][-1]["revision"]


def refused(crime, path, *kinds, **changed):
    """Hold a start to being refused; or the server to have ended serving by itself."""
    with pytest.raises(kinds or TamperedError):
        crime.start(path, **changed)

    assert crime.ready == []


# Rows

SEVERAL = ("event", "leaf", "checkpoint", "snapshot", "epoch_key")


def drawn(data, crime, *tables):
    """Draw a table and one of its rows."""
    table = data.draw(st.sampled_from(tables or tuple(TABLES)), label="table")
    row = data.draw(st.sampled_from(crime.rows[table]), label="row")
    return table, row


def content(data, table):
    """Draw one of the columns that hold what was stored."""
    return data.draw(st.sampled_from(TABLES[table][1]), label="column")


def named(row):
    """Return a row by the names of its columns."""
    return {name: row[name] for name in row.keys()[1:]}


def altered(data, crime):
    """A byte of a row, somewhere."""
    table, row = drawn(data, crime)
    sealed = content(data, table)
    blob = bytearray(row[sealed])
    place = data.draw(st.integers(0, len(blob) - 1), label="byte")
    blob[place] ^= data.draw(st.integers(1, 255), label="flip")
    return [
        [f"UPDATE {table} SET {sealed} = ? WHERE rowid = ?", bytes(blob), row["rowid"]]
    ]


def cut(data, crime):
    """A row that lost its end, or grew one."""
    table, row = drawn(data, crime)
    sealed = content(data, table)
    blob = row[sealed]
    size = data.draw(st.integers(0, len(blob) - 1), label="size")
    spoilt = data.draw(st.sampled_from((blob[:size], blob + bytes(1))))
    return [[f"UPDATE {table} SET {sealed} = ? WHERE rowid = ?", spoilt, row["rowid"]]]


def retyped(data, crime):
    """Something that is no bytes at all."""
    table, row = drawn(data, crime)
    value = data.draw(st.sampled_from(("", "text", 0, 1.5)))
    sealed = content(data, table)
    return [[f"UPDATE {table} SET {sealed} = ? WHERE rowid = ?", value, row["rowid"]]]


def renumbered(data, crime):
    """A row somewhere else: an epoch, a number, a part, a purpose that isn't its."""
    table, row = drawn(data, crime)
    names = [*TABLES[table][0], *(() if table in NO_EPOCH else ("epoch",))]
    name = data.draw(st.sampled_from(names), label="column")
    old = row[name]
    if isinstance(old, str):
        new = data.draw(st.sampled_from(("event ", "", "other")))
    else:
        new = old + data.draw(st.sampled_from((1000, -1000)), label="by")
    return [[f'UPDATE {table} SET "{name}" = ? WHERE rowid = ?', new, row["rowid"]]]


def swapped(data, crime):
    """Two rows that changed places, within a table or across two."""
    table, row = drawn(data, crime, *SEVERAL)
    same = [(table, other) for other in crime.rows[table] if other != row]
    other_table = {"event": "leaf", "leaf": "event"}.get(table, "head")
    across = [(other_table, other) for other in crime.rows[other_table]]
    column = content(data, table)
    if table in NO_EPOCH or column != "blob":
        across = []
    to, other = data.draw(st.sampled_from(same + across), label="with")
    pair = ((row, to, other), (other, table, row))
    return [
        [
            f"UPDATE {there} SET {column} = ? WHERE rowid = ?",
            one[column],
            another["rowid"],
        ]
        for one, there, another in pair
    ]


def dropped(data, crime):
    """A row that is gone."""
    table, row = drawn(data, crime)
    return [[f"DELETE FROM {table} WHERE rowid = ?", row["rowid"]]]


def closed_up(data, crime):
    """A row that is gone, and those behind it moved up: a new order."""
    table, row = drawn(data, crime, "event", "leaf")
    name = TABLES[table][0][0]
    number = row[name]
    return [
        [f'DELETE FROM {table} WHERE "{name}" = ?', number],
        [f'UPDATE {table} SET "{name}" = -"{name}" WHERE "{name}" > ?', number],
        [f'UPDATE {table} SET "{name}" = -"{name}" - 1 WHERE "{name}" < 0'],
    ]


def doubled(data, crime):
    """A row that stands twice: behind the last, or before the first."""
    table, row = drawn(data, crime, *SEVERAL)
    given = named(row)
    name = TABLES[table][0][-1] if table == "epoch_key" else TABLES[table][0][0]
    numbers = [other[name] for other in crime.rows[table]]
    places = [max(numbers) + 1]
    if table in {"event", "leaf", "checkpoint"}:
        places.append(min(numbers) - 1)
    given[name] = data.draw(st.sampled_from(places), label="place")
    columns = ", ".join(f'"{column}"' for column in given)
    marks = ", ".join("?" * len(given))
    return [[f"INSERT INTO {table} ({columns}) VALUES ({marks})", *given.values()]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "deed",
    [altered, cut, retyped, renumbered, swapped, dropped, closed_up, doubled],
    ids=lambda deed: deed.__name__,
)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_spoilt_row_is_ever_served(crime, deed, data):
    """Scenario 38: refused with an incident, never skipped."""
    refused(crime, crime.spoil(*deed(data, crime)))


@pytest.mark.slow
def test_every_row_is_needed(crime):
    """All of them, not a sample: without any single one there is no start."""
    for table, rows in crime.rows.items():
        for row in rows:
            statement = f"DELETE FROM {table} WHERE rowid = ?"

            refused(crime, crime.spoil([statement, row["rowid"]]))


def test_an_older_head_is_not_enough(crime):
    """The head of yesterday, with today's records behind it."""
    statement = "UPDATE head SET revision = ?, leaves = ?, epoch = ?, blob = ?"

    refused(crime, crime.spoil([statement, *crime.old]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leaf SET details_blob = zeroblob(285)",
        "UPDATE leaf SET details_epoch = 7",
    ],
)
def test_details_are_looked_at_on_demand(crime, statement):
    """A start would take too long; ``fsck`` opens them all, and readers their own."""
    where = crime.rows["leaf"][-2]["index"]
    path = crime.spoil([f'{statement} WHERE "index" >= ?', where])
    custody = FileCustody(crime.settings.store_key)
    with closing(
        Store.open(f"sqlite:///{path}", custody, f"sqlite:///{crime.keys}")
    ) as store:
        assert fsck.verify(store).leaves == len(crime.rows["leaf"])
        with pytest.raises(ChainError) as caught:
            fsck.verify(store, deeper=True)

    assert caught.value.where == f"details {where}"


# Everything else


def test_the_store_of_somebody_else(crime):
    """The context of every seal names the store."""
    refused(crime, crime.spoil(["UPDATE meta SET store_id = zeroblob(16)"]))


def test_another_key(crime):
    """With another key-encryption key nothing unwraps."""
    other = crime.folder / f"{next(NUMBERS)}.key"
    FileCustody.create(other)

    refused(crime, crime.copy(), store_key=other)


@pytest.mark.parametrize("version", ["0001", "0003", "9999", "", "other"])
def test_another_schema(crime, version):
    """A newer release's database is not touched."""
    path = crime.spoil(["UPDATE alembic_version SET version_num = ?", version])

    refused(crime, path, UnavailableError)


@pytest.mark.parametrize("table", [*TABLES, "node", "meta", "alembic_version"])
def test_a_table_that_is_gone(crime, table):
    """A destroyed schema is no store."""
    path = crime.spoil([f"DROP TABLE {table}"])

    refused(crime, path, UnavailableError)


@pytest.mark.parametrize("content", [b"", b"noise" * 1000])
def test_a_file_that_is_no_database(crime, content):
    """Nor is anything else."""
    path = crime.copy()
    path.write_bytes(content)

    refused(crime, path, UnavailableError)


def test_the_head_of_the_snapshot_is_on_the_log(crime):
    """What the copies above rest on: a snapshot, and records behind it."""
    revision = crime.rows["snapshot"][0]["revision"]

    assert 0 < revision < crime.rows["event"][-1]["revision"]
