"""What the counter's calendar says of closed days, apart from what booking's own staff decided."""

from alembic import op

revision = "0003_counter_calendar"
down_revision = "0002_merged_startups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE closed_days ADD COLUMN seeded boolean NOT NULL DEFAULT false")
    op.execute(
        """
        CREATE TABLE counter_calendar (
            calendar_id uuid CONSTRAINT counter_calendar_pkey PRIMARY KEY,
            site text NOT NULL,
            year integer NOT NULL,
            version integer NOT NULL,
            closed jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX counter_calendar_site_ix ON counter_calendar (site)")
