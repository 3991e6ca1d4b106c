"""A dossier on its way knows what caused it: the log lines and the trace of sending it are those of that."""

from alembic import op

revision = "0019_causes_of_deliveries"
down_revision = "0018_sent_by_link"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE deliveries ADD COLUMN correlation_id text, ADD COLUMN traceparent text")
