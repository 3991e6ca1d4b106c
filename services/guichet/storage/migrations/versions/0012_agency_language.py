"""The language an agency is written to in."""

from alembic import op

revision = "0012_agency_language"
down_revision = "0011_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The running version writes agencies without it.
    op.execute("ALTER TABLE agencies ADD COLUMN language text NOT NULL DEFAULT 'fr'")
