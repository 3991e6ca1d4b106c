"""Indexes that hold all a period's figures ask for."""

from alembic import op

revision = "0010_dashboard"
down_revision = "0009_dossiers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE INDEX requests_site_submitted_at_ix ON requests (site, submitted_at) INCLUDE (id, procedure)"
    )
    op.execute(
        "CREATE INDEX requests_site_closed_at_ix ON requests (site, closed_at)"
        " INCLUDE (submitted_at, procedure, state, due_at, legal_due_at) WHERE closed_at IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX request_history_returned_ix ON request_history (request_id)"
        " WHERE action = 'request_complement'"
    )
