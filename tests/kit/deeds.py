"""What an administrator without keys can do to a store, and where it is found.

A deed takes all rows of a table and returns what then stands there, with the places
that a verification may name: the first that does not fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Engine, Table, and_, delete, insert

from kit.engines import SIGNER
from kit.stored import Row, run
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import Frontier, leaf_hash
from placement.audit.note import Signer, render, sign
from placement.crypto.signing import SigningKey
from placement.store import tables

FORGER = Signer(SIGNER.name, SigningKey(bytes([66]) * 32))
ANYWHERE: frozenset[str] = frozenset()
"""It is refused, and names no place."""

NUMBERED = {tables.leaf: "index", tables.event: "revision", tables.node: "index"}
FIRST = {tables.leaf: 0, tables.event: 1, tables.node: 0}
# Nothing is sealed under these keys, or nothing any more: nobody misses one of two.
_IDLE = {("head", 1), *product(("snapshot", "page", "summary"), (1, 2))}


@dataclass(frozen=True, slots=True)
class Done:
    """What stands in a table after a deed.

    Attributes:
        rows: all of them.
        where: the places that may be named.
        row: one that was touched, as it was.
    """

    rows: list[Row]
    where: frozenset[str]
    row: Row


Deed = Callable[[st.DataObject, Table, list[Row]], Done]


def key_of(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def put(
    admin: Engine, table: Table, before: Sequence[Row], after: Sequence[Row]
) -> None:
    """Turn some rows of a table into others, touching only what differs."""
    old = {key_of(table, row): row for row in before}
    new = {key_of(table, row): row for row in after}
    assert len(new) == len(after)
    gone = [key for key, row in old.items() if new.get(key) != row]
    come = [row for key, row in new.items() if old.get(key) != row]
    names = [column.name for column in table.primary_key]
    statements: list[Any] = [
        delete(table).where(
            and_(
                *(
                    table.c[name] == value
                    for name, value in zip(names, key, strict=True)
                )
            )
        )
        for key in gone
    ]
    run(admin, *statements, *([(insert(table), come)] if come else []))


def place(table: Table, row: Row) -> str:
    """Name a row as a verification does."""
    if table is tables.node:
        return f"node {row['level']}/{row['index']}"
    return f"{table.name} {key_of(table, row)[0]}"


def at(table: Table, *rows: Row) -> frozenset[str]:
    """Name rows, one of which is the first that does not fit."""
    if table in (tables.epoch_key, tables.meta):
        return ANYWHERE
    if table is tables.head:
        return frozenset({"head"})
    return frozenset(place(table, row) for row in rows)


# One bit


def flip(value: bytes | str | int, bit: int, width: int = 0) -> bytes | str | int:
    """Flip a bit; the highest one of a number makes it negative."""
    if isinstance(value, int):
        return value - (1 << bit) if bit == width - 1 else value ^ (1 << bit)
    content = bytearray(value if isinstance(value, bytes) else value.encode())
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content) if isinstance(value, bytes) else content.decode()


def bits_of(column: Column[Any], value: bytes | str | int) -> int:
    if isinstance(value, int):
        return 64 if isinstance(column.type, BigInteger) else 32
    return 8 * len(value)


def columns_of(table: Table) -> list[str]:
    """Return the columns in which the database itself holds no bit fast."""
    return [name for name in table.c.keys() if name != "id"]  # noqa: SIM118


def flipped(table: Table, rows: list[Row], number: int, name: str, bit: int) -> Done:
    """Flip one bit of one column of one row."""
    row = rows[number]
    width = bits_of(table.c[name], row[name])
    value = flip(row[name], bit, width)
    new = row | {name: value}
    others = [other for other in rows if other is not row]
    where = at(table, row, new)
    if table in (tables.leaf, tables.event) and name == NUMBERED[table]:
        where = at(table, min(row, new, key=lambda one: one[name]))
    if name.startswith("details"):
        where = frozenset({f"details {row['index']}"})
    return Done([*others, new], where, row)


def bit(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Flip one bit, somewhere."""
    name = data.draw(st.sampled_from(columns_of(table)), label="column")
    number = data.draw(_index(rows), label="row")
    width = bits_of(table.c[name], rows[number][name])
    # Of text the highest bit would be no UTF-8, and the database refuses it.
    bits = st.integers(0, width - 1)
    if isinstance(rows[number][name], str):
        bits = bits.filter(lambda one: one % 8 != 7)
    done = flipped(table, rows, number, name, data.draw(bits, label="bit"))
    # The database itself refuses two rows of one key.
    assume(len({key_of(table, row) for row in done.rows}) == len(rows))
    return done


# Whole rows


def drop(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Drop a row."""
    row = rows[data.draw(_index(rows), label="row")]
    where = at(table, row)
    if table is tables.checkpoint and row is not rows[-1]:
        where = frozenset({"checkpoint"})
    if table is tables.epoch_key:
        assume(key_of(table, row) not in _IDLE)
    return Done([other for other in rows if other is not row], where, row)


def closed_up(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Drop a row, and move those behind it up."""
    number = data.draw(_index(rows), label="row")
    key = NUMBERED[table]
    behind = [row | {key: row[key] - 1} for row in rows[number + 1 :]]
    return Done([*rows[:number], *behind], at(table, rows[number]), rows[number])


def swap(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Let two rows change places, or only part of what they hold."""
    pair = st.lists(_index(rows), min_size=2, max_size=2, unique=True)
    first, second = sorted(data.draw(pair, label="rows"))
    keys = {column.name for column in table.primary_key}
    rest = [name for name in table.c.keys() if name not in keys]  # noqa: SIM118
    details = [name for name in rest if name.startswith("details")]
    parts = [rest, *([[details[1]], details, ["hash"], ["blob"]] if details else [])]
    names = data.draw(st.sampled_from(parts), label="columns")
    after = [dict(row) for row in rows]
    for name in names:
        after[first][name], after[second][name] = rows[second][name], rows[first][name]
    where = at(table, rows[first])
    if names[0].startswith("details"):
        where = frozenset({f"details {rows[first]['index']}"})
    return Done(after, where, rows[first])


def shuffle(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Put some neighbours in another order."""
    size = min(len(rows), 5)
    start = data.draw(st.integers(0, len(rows) - size), label="start")
    order = data.draw(st.permutations(range(size)), label="order")
    moved = [place for place, other in enumerate(order) if place != other]
    assume(moved)
    keys = [column.name for column in table.primary_key]
    part = rows[start : start + size]
    after = [
        part[other] | {key: part[place][key] for key in keys}
        for place, other in enumerate(order)
    ]
    first = part[moved[0]]
    rest = rows[:start], rows[start + size :]
    return Done([*rest[0], *after, *rest[1]], at(table, first), first)


def put_in(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Put a copied or made-up row in: in the middle, before the start, at the end."""
    key, first = NUMBERED[table], FIRST[table]
    places = st.one_of(st.sampled_from([-1, len(rows)]), _index(rows))
    number = data.draw(places, label="at")
    other = data.draw(_index(rows).filter(lambda one: one != number), label="copy of")
    new = rows[other] | {key: first + number}
    if data.draw(st.booleans(), label="made up"):
        new |= _made_up(data, table)
    behind = [
        row | {key: row[key] + 1} if place >= number >= 0 else row
        for place, row in enumerate(rows)
    ]
    return Done([*behind, new], at(table, new), rows[other])


def cut(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Cut the end off."""
    size = data.draw(st.integers(0, len(rows) - 1), label="left")
    row = rows[-1] if table is tables.checkpoint else rows[size]
    return Done(rows[:size], at(table, row), rows[size])


def forge(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Add a checkpoint, or replace one: signed by a key of one's own, or copied."""
    size = data.draw(st.integers(-1, 600), label="size")
    others = [row for row in rows if row["size"] != size]
    copied = data.draw(st.sampled_from(others), label="copy of")["note"]
    if size > 0 and data.draw(st.booleans(), label="made up"):
        made = Checkpoint(FORGER.name, size, bytes(32))
        copied = render(sign(made.text(), FORGER))
    new = {"size": size, "note": copied}
    return Done([*others, new], at(table, new), new)


def add_key(data: st.DataObject, table: Table, rows: list[Row]) -> Done:
    """Give a purpose another key: a copied one, or a made-up one."""
    row = data.draw(st.sampled_from(rows), label="copy of")
    new = row | {"epoch": data.draw(st.sampled_from([-1, 0, 3, 7]), label="epoch")}
    if data.draw(st.booleans(), label="made up"):
        new["wrapped"] = data.draw(st.binary(max_size=300), label="wrapped")
    return Done([*rows, new], ANYWHERE, row)


def right_root(leaves: list[Row], size: int) -> bytes:
    """Return a forged note that says the truth: the hashes are there for all to see."""
    edge = Frontier().extend(row["hash"] for row in leaves[:size])
    return render(sign(Checkpoint(FORGER.name, size, edge.root()).text(), FORGER))


def _index(rows: list[Row]) -> st.SearchStrategy[int]:
    """Draw a row, the edges more often than others."""
    last = len(rows) - 1
    edges = [number for number in (0, 1, 255, 256, 519, last) if 0 <= number <= last]
    return st.one_of(st.sampled_from(edges), st.integers(0, last))


def _made_up(data: st.DataObject, table: Table) -> Row:
    """Return content that fits as well as an administrator can make it."""
    content = data.draw(st.binary(max_size=64), label="content")
    blob = b"\x01" + content.ljust(284, b"\0")
    if table is tables.node:
        return {"hash": leaf_hash(content)}
    if table is tables.event:
        return {"blob": blob}
    return {"hash": leaf_hash(content), "blob": blob, "details_blob": blob}


CHAINS = (tables.leaf, tables.event)
ROWS = (*CHAINS, tables.node)
DEEDS: tuple[tuple[Deed, Table], ...] = (
    *((bit, table) for table in (*ROWS, tables.checkpoint, tables.head)),
    *((bit, table) for table in (tables.epoch_key, tables.meta)),
    *((drop, table) for table in (*ROWS, tables.checkpoint, tables.head)),
    *((drop, table) for table in (tables.epoch_key, tables.meta)),
    *((closed_up, table) for table in CHAINS),
    *((swap, table) for table in (*ROWS, tables.checkpoint, tables.epoch_key)),
    *((shuffle, table) for table in (*CHAINS, tables.checkpoint)),
    *((put_in, table) for table in ROWS),
    *((cut, table) for table in (*ROWS, tables.checkpoint)),
    (forge, tables.checkpoint),
    (add_key, tables.epoch_key),
)
"""Everything that can be done to every table."""
