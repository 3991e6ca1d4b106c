"""Dossiers still open although their request is over: nothing settled them until now."""

from alembic import op

revision = "0023_dossiers_of_closed_requests"
down_revision = "0022_guesses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        UPDATE deliveries SET state = 'cancelled', due_at = NULL, leased_until = NULL
          FROM requests
         WHERE requests.id = deliveries.request_id AND requests.closed_at IS NOT NULL
           AND deliveries.state IN ('due', 'batched', 'sent', 'failed')
        """
    )
