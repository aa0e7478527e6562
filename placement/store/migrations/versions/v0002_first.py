"""The first tables: head, two chains, the tree, checkpoints, snapshots, keys, the id."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _single(name: str, *columns: sa.Column[int] | sa.Column[bytes]) -> None:
    """Create a table that holds one row."""
    only = sa.CheckConstraint("id = 1", name=f"one_{name}")
    op.create_table(name, sa.Column("id", sa.Integer, only, primary_key=True), *columns)


def _number(name: str) -> sa.Column[int]:
    """Return a number that a row goes by."""
    return sa.Column(name, _NUMBER, primary_key=True, autoincrement=False)


def _sealed(prefix: str = "") -> tuple[sa.Column[int], sa.Column[bytes]]:
    """Return the two columns of a sealed record."""
    return (
        sa.Column(f"{prefix}epoch", sa.Integer, nullable=bool(prefix)),
        sa.Column(f"{prefix}blob", sa.LargeBinary, nullable=bool(prefix)),
    )


def upgrade() -> None:
    """Create the first tables."""
    _single(
        "head",
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("leaves", _NUMBER, nullable=False),
        *_sealed(),
    )
    op.create_table("event", _number("revision"), *_sealed())
    _access_log()
    op.create_table(
        "snapshot",
        _number("revision"),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        *_sealed(),
    )
    op.create_table(
        "epoch_key",
        sa.Column("purpose", sa.String(16), primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    _single(
        "meta",
        sa.Column("store_id", sa.LargeBinary, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
    )


def _access_log() -> None:
    """Create the tables of leaves, tree, summaries and checkpoints."""
    op.create_table(
        "leaf",
        _number("index"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        *_sealed(),
        *_sealed("details_"),
    )
    op.create_index("leaf_hash", "leaf", ["index", "hash"])
    op.create_table(
        "node",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        _number("index"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "summary",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        _number("index"),
        *_sealed(),
    )
    op.create_table(
        "checkpoint",
        _number("size"),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cosignature",
        _number("size"),
        sa.Column("witness", sa.String(255), primary_key=True),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )
