"""A startup's record may stand for another it was merged into."""

from alembic import op

revision = "0002_merged_startups"
down_revision = "0001_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE startups ADD COLUMN merged_into uuid")
    op.execute("CREATE INDEX startups_merged_into_ix ON startups (merged_into)")
