"""Outbox, inbox, parked events, timers and idempotency keys."""

from alembic import op

revision = "0001_kernel"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE outbox (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            event_id uuid NOT NULL,
            type text NOT NULL,
            subject text NOT NULL,
            body bytea NOT NULL,
            mandatory boolean NOT NULL DEFAULT true,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            published_at timestamptz,
            retry_at timestamptz,
            last_error text
        )
        """
    )
    # The relay asks only for what is not yet published, and archives grow: a partial index
    # stays small however old the table is.
    op.execute("CREATE INDEX outbox_unpublished_ix ON outbox (seq) WHERE published_at IS NULL")
    op.execute("CREATE INDEX outbox_recorded_at_ix ON outbox USING brin (recorded_at)")
    op.execute(
        """
        CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('outbox', '');
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER outbox_notify AFTER INSERT ON outbox"
        " FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox()"
    )
    op.execute(
        """
        CREATE TABLE inbox (
            event_id uuid PRIMARY KEY,
            received_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX inbox_received_at_ix ON inbox USING brin (received_at)")
    op.execute(
        """
        CREATE TABLE parked_events (
            event_id uuid PRIMARY KEY,
            type text NOT NULL,
            subject text,
            body bytea NOT NULL,
            error text NOT NULL,
            attempts integer NOT NULL,
            parked_at timestamptz NOT NULL DEFAULT now(),
            replay_requested_at timestamptz,
            resolved_at timestamptz,
            resolution text CHECK (resolution IN ('replayed', 'discarded')),
            resolution_reason text
        )
        """
    )
    op.execute("CREATE INDEX parked_events_open_ix ON parked_events (parked_at) WHERE resolved_at IS NULL")
    op.execute(
        """
        CREATE TABLE timers (
            name text PRIMARY KEY,
            last_run_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE idempotency_keys (
            key text NOT NULL,
            account text NOT NULL,
            method text NOT NULL,
            path text NOT NULL,
            body_sha256 bytea NOT NULL,
            status integer,
            headers jsonb,
            body bytea,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (account, key)
        )
        """
    )
    op.execute("CREATE INDEX idempotency_keys_created_at_ix ON idempotency_keys USING brin (created_at)")
