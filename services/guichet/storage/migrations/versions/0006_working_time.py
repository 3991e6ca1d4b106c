"""When sites are open, deadlines for lists and timers, notices that have left."""

from alembic import op

revision = "0006_working_time"
down_revision = "0005_documents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE calendar_rules (
            site text PRIMARY KEY,
            definition jsonb NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE calendar_ramadans (
            id uuid PRIMARY KEY,
            first_day date NOT NULL,
            last_day date NOT NULL CHECK (last_day > first_day),
            confirmed boolean NOT NULL,
            CONSTRAINT calendar_ramadans_apart
                EXCLUDE USING gist (daterange(first_day, last_day, '[]') WITH &&)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE calendar_overrides (
            site text NOT NULL,
            day date NOT NULL,
            effect text NOT NULL CHECK (effect IN ('closed', 'open', 'ordinary')),
            names jsonb,
            hours jsonb CHECK (hours IS NULL OR effect = 'open'),
            moved_from date,
            PRIMARY KEY (site, day)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE calendar_changes (
            id uuid PRIMARY KEY,
            at timestamptz NOT NULL,
            actor text,
            actor_name text NOT NULL,
            site text NOT NULL,
            what text NOT NULL,
            day date,
            details jsonb NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE calendar_revision (
            singleton boolean PRIMARY KEY CHECK (singleton),
            revision uuid NOT NULL,
            followed uuid,
            following uuid,
            followed_to uuid,
            moved integer NOT NULL DEFAULT 0
        )
        """
    )
    _requests()


def _requests() -> None:
    op.execute(
        """
        ALTER TABLE requests
            ADD COLUMN legal_due_at timestamptz,
            ADD COLUMN near_at timestamptz,
            ADD COLUMN next_notice_at timestamptz
        """
    )
    op.execute(
        "CREATE INDEX requests_next_notice_at_ix ON requests (next_notice_at)"
        " WHERE closed_at IS NULL AND next_notice_at IS NOT NULL"
    )
    op.execute("CREATE INDEX requests_due_at_open_ix ON requests (due_at) WHERE closed_at IS NULL")
    op.execute(
        """
        CREATE TABLE deadline_notices (
            request_id uuid NOT NULL REFERENCES requests (id),
            deadline text NOT NULL CHECK (deadline IN ('service', 'legal')),
            notice text NOT NULL CHECK (notice IN ('near', 'overdue')),
            due_at timestamptz,
            told_at timestamptz NOT NULL,
            PRIMARY KEY (request_id, deadline, notice)
        )
        """
    )
