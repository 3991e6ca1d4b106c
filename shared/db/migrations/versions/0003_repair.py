"""Events for one service alone, how long events are kept, when the last backup was made."""

from alembic import op

revision = "0003_repair"
down_revision = "0002_operations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A relay of the version before sends such an event to everybody, whom it does no harm.
    op.execute("ALTER TABLE outbox ADD COLUMN to_service text")
    op.execute(
        """
        CREATE TABLE retention (
            single boolean PRIMARY KEY DEFAULT true CHECK (single),
            archive_days integer NOT NULL,
            inbox_days integer NOT NULL,
            inbox_forgotten_before timestamptz NOT NULL,
            noted_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE backups (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            cut_at timestamptz NOT NULL,
            finished_at timestamptz NOT NULL DEFAULT now(),
            place text NOT NULL,
            bytes bigint NOT NULL,
            databases integer NOT NULL,
            documents integer NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX backups_finished_at_ix ON backups (finished_at)")
    # The same as before and more, so that the version before can go on writing; what is there fits.
    op.execute("ALTER TABLE operations_audit DROP CONSTRAINT operations_audit_action_check")
    op.execute(
        "ALTER TABLE operations_audit ADD CONSTRAINT operations_audit_action_check CHECK (action IN"
        " ('replay', 'discard', 'look', 'redeliver', 'handle-again', 'rebuild', 'restore')) NOT VALID"
    )
