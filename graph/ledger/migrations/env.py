"""Runs the migrations on the connection that `migrating.upgrade` opened; Alembic loads this file by its path."""

from alembic import context

from perun.graph.ledger.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
