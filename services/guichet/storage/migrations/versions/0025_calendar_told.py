"""What the other services were last told of the calendar."""

from alembic import op

revision = "0025_calendar_told"
down_revision = "0024_merged_startups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE calendar_told (
            site text NOT NULL,
            year integer NOT NULL,
            version integer NOT NULL,
            digest text NOT NULL,
            PRIMARY KEY (site, year)
        )
        """
    )
