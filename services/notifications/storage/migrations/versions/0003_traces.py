"""A message knows the trace of what caused it, so that sending it is part of that trace."""

from alembic import op

revision = "0003_traces"
down_revision = "0002_merged_startups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE messages ADD COLUMN traceparent text")
