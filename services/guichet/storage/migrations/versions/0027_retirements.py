"""Procedures and bundles may be offered no longer, and again."""

from alembic import op

revision = "0027_retirements"
down_revision = "0026_agencies_of_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE retirements (
            id uuid PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('procedures', 'bundles')),
            code text NOT NULL,
            retired_at timestamptz NOT NULL,
            retired_by text,
            retired_by_name text NOT NULL,
            reason text NOT NULL,
            ended_at timestamptz,
            ended_by text,
            ended_by_name text,
            ended_reason text
        )
        """
    )
    op.execute("CREATE INDEX retirements_kind_code_ix ON retirements (kind, code)")
    op.execute(
        "CREATE UNIQUE INDEX retirements_standing_ix ON retirements (kind, code) WHERE ended_at IS NULL"
    )
