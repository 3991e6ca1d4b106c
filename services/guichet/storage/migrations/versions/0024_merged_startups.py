"""What is written down for a startup while its record is merged into another goes to that one.

The use cases refuse records they see merged. One that was merged after they looked, and before their
row is stored, is met here: the row waits for the merge and follows it.
"""

from alembic import op

revision = "0024_merged_startups"
down_revision = "0023_dossiers_of_closed_requests"
branch_labels = None
depends_on = None

TABLES = ("requests", "documents", "drafts", "dossiers", "visits", "tickets")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE FUNCTION startup_that_stands() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            winner uuid;
        BEGIN
            -- The lock the reference to startups takes anyway, a moment earlier.
            SELECT merged_into INTO winner FROM startups WHERE id = NEW.startup_id FOR KEY SHARE;
            IF winner IS NOT NULL THEN
                NEW.startup_id := winner;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_startup_that_stands BEFORE INSERT ON {table}"
            " FOR EACH ROW WHEN (NEW.startup_id IS NOT NULL) EXECUTE FUNCTION startup_that_stands()"
        )
