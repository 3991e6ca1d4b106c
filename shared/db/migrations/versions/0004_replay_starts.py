"""How often handling a parked event again was begun and not brought to an end."""

from alembic import op

revision = "0004_replay_starts"
down_revision = "0003_repair"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Of its own, without a reference: it is written while the event's row is locked by whoever handles it.
    op.execute("CREATE TABLE replay_starts (event_id uuid PRIMARY KEY, starts integer NOT NULL)")
