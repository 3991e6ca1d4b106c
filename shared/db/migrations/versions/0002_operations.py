"""Signs of life of workers and relays, what the relay sees of the broker, and what operators did."""

from alembic import op

revision = "0002_operations"
down_revision = "0001_kernel"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A row a process, rewritten every few seconds: room on each page keeps the updates in place.
    op.execute(
        """
        CREATE TABLE signs_of_life (
            kind text NOT NULL CHECK (kind IN ('worker', 'relay')),
            instance text NOT NULL,
            started_at timestamptz NOT NULL DEFAULT now(),
            seen_at timestamptz NOT NULL DEFAULT now(),
            stale_after_seconds real NOT NULL,
            PRIMARY KEY (kind, instance)
        ) WITH (fillfactor = 50)
        """
    )
    op.execute(
        """
        CREATE TABLE broker_watch (
            single boolean PRIMARY KEY DEFAULT true CHECK (single),
            measured_at timestamptz NOT NULL DEFAULT now(),
            stale_after_seconds real NOT NULL,
            unreachable_since timestamptz,
            error text,
            waiting integer NOT NULL DEFAULT 0,
            waiting_since timestamptz,
            consumers integer NOT NULL DEFAULT 0,
            unconsumed_since timestamptz,
            dead_letters integer NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50)
        """
    )
    op.execute(
        """
        CREATE TABLE operations_audit (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now(),
            actor text NOT NULL,
            actor_name text NOT NULL,
            via text NOT NULL CHECK (via IN ('page', 'api', 'command')),
            action text NOT NULL CHECK (action IN ('replay', 'discard', 'look')),
            event_id uuid,
            type text,
            events integer NOT NULL,
            reason text
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER operations_audit_append_only BEFORE UPDATE OR DELETE ON operations_audit"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
    )
    # Listed by kind, oldest first.
    op.execute(
        "CREATE INDEX parked_events_kind_ix ON parked_events (type, event_id) WHERE resolved_at IS NULL"
    )
