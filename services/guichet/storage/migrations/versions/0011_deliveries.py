"""Dossiers sent to agencies by mailbox, courier or online service."""

from alembic import op

revision = "0011_deliveries"
down_revision = "0010_dashboard"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE courier_batch_serial")
    op.execute(
        """
        CREATE TABLE courier_batches (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT courier_batches_number_key UNIQUE,
            desk text NOT NULL REFERENCES desks (code),
            site text NOT NULL,
            prepared_at timestamptz NOT NULL,
            prepared_by text NOT NULL,
            handed_out_at timestamptz,
            handed_out_by text,
            courier text
        )
        """
    )
    op.execute(
        """
        CREATE TABLE deliveries (
            id uuid PRIMARY KEY,
            request_id uuid NOT NULL REFERENCES requests (id),
            desk text NOT NULL REFERENCES desks (code),
            channel text NOT NULL CHECK (channel IN ('mailbox', 'courier', 'api')),
            state text NOT NULL
                CHECK (state IN ('due', 'batched', 'sent', 'answered', 'failed', 'cancelled')),
            attempts integer NOT NULL DEFAULT 0,
            doubts integer NOT NULL DEFAULT 0,
            in_doubt boolean NOT NULL DEFAULT false,
            due_at timestamptz,
            leased_until timestamptz,
            last_error text,
            external_id text,
            batch_id uuid REFERENCES courier_batches (id),
            created_at timestamptz NOT NULL,
            sent_at timestamptz,
            answered_at timestamptz,
            answered_by text,
            answer jsonb,
            CHECK ((answered_at IS NOT NULL) = (state = 'answered'))
        )
        """
    )
    # A request is with one agency at a time: a second dossier of it would be a double filing.
    op.execute(
        "CREATE UNIQUE INDEX deliveries_open_key ON deliveries (request_id)"
        " WHERE state IN ('due', 'batched', 'sent', 'failed')"
    )
    op.execute(
        "CREATE INDEX deliveries_due_ix ON deliveries (due_at)"
        " WHERE state IN ('due', 'sent') AND channel IN ('mailbox', 'api')"
    )
    op.execute("CREATE INDEX deliveries_request_id_ix ON deliveries (request_id)")
    op.execute("CREATE INDEX deliveries_desk_id_ix ON deliveries (desk, id)")
    op.execute("CREATE INDEX deliveries_batch_id_ix ON deliveries (batch_id)")
