"""Accounts say for which agencies they work, and who changed them is kept.

Without agencies an account works for all at its sites, as every account did before.
"""

from alembic import op

revision = "0026_agencies_of_accounts"
down_revision = "0025_calendar_told"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE accounts
            ADD COLUMN agencies text[] NOT NULL DEFAULT '{}',
            ADD COLUMN version integer NOT NULL DEFAULT 1
        """
    )
    op.execute(
        """
        CREATE TABLE account_changes (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            account_id uuid NOT NULL REFERENCES accounts,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            actor_name text NOT NULL,
            changes jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX account_changes_account_ix ON account_changes (account_id, id)")
    op.execute(
        "CREATE TRIGGER account_changes_append_only BEFORE UPDATE OR DELETE ON account_changes"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
    )
