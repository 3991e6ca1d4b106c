"""The relay is woken for events somebody waits for; the others leave with those, or at its poll."""

from alembic import op

revision = "0005_awaited_events"
down_revision = "0004_replay_starts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # For each row, since only a row can be looked at in WHEN; PostgreSQL makes one notification of a
    # transaction's many. A relay of the version before is woken less often and polls as often as ever.
    op.execute(
        "CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox"
        " FOR EACH ROW WHEN (NEW.mandatory) EXECUTE FUNCTION notify_outbox()"
    )
