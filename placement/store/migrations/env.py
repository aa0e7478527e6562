"""Run the migrations on the connection that ``placement.store.schema`` hands in."""

from alembic import context

from placement.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata
)
# The transaction is the caller's: all migrations or none.
with context.begin_transaction():
    context.run_migrations()
