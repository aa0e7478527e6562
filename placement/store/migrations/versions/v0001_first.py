"""The first tables: head, two chains, snapshots, keys, and the store's own id."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _chain(name: str, key: str) -> None:
    """Create the table of one chain."""
    op.create_table(
        name,
        sa.Column(key, _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("blob", sa.LargeBinary, nullable=False),
    )


def _single(name: str, *columns: sa.Column[int] | sa.Column[bytes]) -> None:
    """Create a table that holds one row."""
    only = sa.CheckConstraint("id = 1", name=f"one_{name}")
    op.create_table(name, sa.Column("id", sa.Integer, only, primary_key=True), *columns)


def upgrade() -> None:
    """Create the first tables."""
    _chain("event", "revision")
    _chain("leaf", "index")
    _single(
        "head",
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("leaves", _NUMBER, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("blob", sa.LargeBinary, nullable=False),
    )
    _single(
        "meta",
        sa.Column("store_id", sa.LargeBinary, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
    )
    op.create_table(
        "snapshot",
        sa.Column("revision", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("blob", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "epoch_key",
        sa.Column("purpose", sa.String(16), primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
