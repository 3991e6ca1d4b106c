"""From when on sessions of an account count; what was signed before is refused."""

from alembic import op

revision = "0006_ended_sessions"
down_revision = "0005_awaited_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE ended_sessions (
            account_id uuid NOT NULL,
            sessions_from timestamptz NOT NULL,
            CONSTRAINT ended_sessions_pkey PRIMARY KEY (account_id)
        )
        """
    )
