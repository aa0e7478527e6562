"""The tables. Sizes and a cadence are all they show; what is not sealed is hashes.

Tables change only by a migration; a test compares the two.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

# In SQLite only INTEGER makes a primary key the row's own address.
_NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")

metadata: Final = MetaData()

# One row: the ends of both chains. Whoever writes, locks it.
head: Final = Table(
    "head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_head"), primary_key=True),
    Column("revision", _NUMBER, nullable=False),
    Column("leaves", _NUMBER, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

# The log: revisions from 1, without a gap.
event: Final = Table(
    "event",
    metadata,
    Column("revision", _NUMBER, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

# The leaves of the access log: indexes from 0, without a gap. The details are empty once
# the law took them.
leaf: Final = Table(
    "leaf",
    metadata,
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Column("details_epoch", Integer),
    Column("details_blob", LargeBinary),
)
# A proof reads hundreds of hashes, and nothing else of their leaves.
Index("leaf_hash", leaf.c.index, leaf.c.hash)

# The tree over the leaves: complete subtrees of 256, 65,536, ... (levels 8, 16, ...).
node: Final = Table(
    "node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

# What a search may pass by (summaries.py), for the nodes of levels 8 and 16.
summary: Final = Table(
    "summary",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

# Signed notes as the log made them; public by nature.
checkpoint: Final = Table(
    "checkpoint",
    metadata,
    Column("size", _NUMBER, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

# The same notes with one witness's signature alone.
cosignature: Final = Table(
    "cosignature",
    metadata,
    Column("size", _NUMBER, primary_key=True, autoincrement=False),
    Column("witness", String(255), primary_key=True),
    Column("note", LargeBinary, nullable=False),
)

# Manifests, each before its parts, which are the state (manifests.py).
snapshot: Final = Table(
    "snapshot",
    metadata,
    Column("revision", _NUMBER, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

# Wrapped epoch secrets (crypto/keyring.py).
epoch_key: Final = Table(
    "epoch_key",
    metadata,
    Column("purpose", String(16), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)

# One row: the store's random id, and the schema that its seals are bound to.
meta: Final = Table(
    "meta",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_meta"), primary_key=True),
    Column("store_id", LargeBinary, nullable=False),
    Column("schema", Integer, nullable=False),
)


def raw(*columns: Column[Any]) -> Select[*tuple[Any, ...]]:
    """Select values as they stand there, of whatever type somebody made them."""
    return select(*(type_coerce(column, NullType) for column in columns))


# Made once: SQLAlchemy takes longer to build a statement than to run it.
READ_HEAD: Final = raw(head.c.revision, head.c.leaves, head.c.epoch, head.c.blob)
LOCKED_HEAD: Final = READ_HEAD.with_for_update()
HEAD: Final = "SELECT revision, leaves, epoch, blob FROM head"
# By compare-and-swap; the new values go by the names of their columns.
MOVE_HEAD: Final = update(head).where(
    head.c.id == 1,
    head.c.revision == bindparam("seen_revision"),
    head.c.leaves == bindparam("seen_leaves"),
)
