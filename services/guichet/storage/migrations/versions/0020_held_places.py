"""Places at a visit held for a startup until it confirms them: booked, with an end."""

from alembic import op

revision = "0020_held_places"
down_revision = "0019_causes_of_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE visits ADD COLUMN held_until timestamptz")
    op.execute(
        "CREATE INDEX visits_held_until_ix ON visits (held_until)"
        " WHERE state = 'booked' AND held_until IS NOT NULL"
    )
    op.execute("CREATE INDEX visits_request_id_ix ON visits (request_id) WHERE state = 'booked'")
