"""Versions of bundles say where they come from and from which day they hold, as procedures do."""

from alembic import op

revision = "0021_bundle_versions"
down_revision = "0020_held_places"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE bundles
            ADD COLUMN source text,
            ADD COLUMN valid_from date,
            ADD COLUMN note text,
            ADD COLUMN published_at timestamptz,
            ADD COLUMN published_by text,
            ADD COLUMN published_by_name text
        """
    )
