"""What a database administrator can do to rows; each is drawn at random."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Table

from kit.stored import Row, rows
from placement.store import tables

TAMPERING = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def alter(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Change one byte of one blob."""
    content = rows(admin, table)
    row = data.draw(st.sampled_from(content))
    blob = bytearray(row["blob"])
    at = data.draw(st.integers(min_value=0, max_value=len(blob) - 1))
    blob[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    row["blob"] = bytes(blob)
    return content


def renumber(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Give one row another epoch."""
    content = rows(admin, table)
    row = data.draw(st.sampled_from(content))
    row["epoch"] += data.draw(st.sampled_from([-2, -1, 1, 2]))
    return content


def swap(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Swap the content of two rows."""
    content = rows(admin, table)
    one, two = data.draw(
        st.lists(st.sampled_from(range(6)), min_size=2, max_size=2, unique=True)
    )
    content[one]["blob"], content[two]["blob"] = (
        content[two]["blob"],
        content[one]["blob"],
    )
    return content


def shuffle(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Put the blobs in any other order."""
    content = rows(admin, table)
    blobs = [row["blob"] for row in content]
    order = data.draw(st.permutations(blobs).filter(lambda other: other != blobs))
    return [row | {"blob": blob} for row, blob in zip(content, order, strict=True)]


def drop(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Drop a row, and close the gap or not."""
    content = rows(admin, table)
    del content[data.draw(st.integers(min_value=0, max_value=5))]
    if data.draw(st.booleans()):
        key, first = ("revision", 1) if table is tables.event else ("index", 0)
        content = [row | {key: number} for number, row in enumerate(content, first)]
    return content


def truncate(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Cut the end off."""
    return rows(admin, table)[: data.draw(st.integers(min_value=0, max_value=5))]


def double(data: st.DataObject, admin: Engine, table: Table) -> list[Row]:
    """Add a copy of a row behind the end, or before the start."""
    content = rows(admin, table)
    key, first = ("revision", 1) if table is tables.event else ("index", 0)
    at = data.draw(st.sampled_from([-1, first - 1, first + 6, first + 7]))
    return [*content, data.draw(st.sampled_from(content)) | {key: at}]
