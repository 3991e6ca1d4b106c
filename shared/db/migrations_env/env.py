"""Runs the revisions it is handed on the connection it is handed; see ``shared.db.migrations``."""

from alembic import context

settings = context.config.attributes
context.configure(
    connection=settings["connection"],
    target_metadata=settings.get("metadata"),
    version_table=settings["version_table"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
