"""Tickets, the windows that call them, and the wall screens that show them."""

from alembic import op

revision = "0004_queue"
down_revision = "0003_life_of_a_request"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _windows()
    _tickets()
    op.execute(
        """
        CREATE TABLE wall_screens (
            id uuid PRIMARY KEY,
            site text NOT NULL REFERENCES sites (code),
            name text NOT NULL,
            token_sha256 bytea NOT NULL CONSTRAINT wall_screens_token_sha256_key UNIQUE,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            created_by_name text NOT NULL,
            revoked_at timestamptz
        )
        """
    )


def _windows() -> None:
    op.execute(
        """
        CREATE TABLE service_windows (
            id uuid PRIMARY KEY,
            site text NOT NULL REFERENCES sites (code),
            label text NOT NULL,
            lines text[] NOT NULL CHECK (cardinality(lines) > 0),
            account text NOT NULL,
            account_name text NOT NULL,
            opened_at timestamptz NOT NULL,
            closed_at timestamptz
        )
        """
    )
    # One person cannot sit at two windows, nor two persons at one.
    op.execute(
        "CREATE UNIQUE INDEX service_windows_label_key ON service_windows (site, label)"
        " WHERE closed_at IS NULL"
    )
    op.execute(
        "CREATE UNIQUE INDEX service_windows_account_key ON service_windows (account) WHERE closed_at IS NULL"
    )


def _tickets() -> None:
    # The next number of a line is a row and not a sequence: visitors notice a gap, and whoever
    # takes a number waits for the one before to be settled.
    op.execute(
        """
        CREATE TABLE ticket_series (
            site text NOT NULL,
            day date NOT NULL,
            series text NOT NULL,
            last integer NOT NULL,
            PRIMARY KEY (site, day, series)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE tickets (
            id uuid PRIMARY KEY,
            site text NOT NULL REFERENCES sites (code),
            day date NOT NULL,
            series text NOT NULL,
            serial integer,
            line text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('walk_in', 'priority', 'appointment')),
            state text NOT NULL CHECK (state IN ('waiting', 'called', 'serving', 'held',
                                                 'finished', 'no_show', 'left', 'turned_away')),
            taken_at timestamptz NOT NULL,
            rank_at timestamptz NOT NULL,
            appointment_at timestamptz,
            procedure text,
            startup_id uuid REFERENCES startups (id),
            contact_id uuid,
            missing text[] NOT NULL,
            reason text,
            window_id uuid REFERENCES service_windows (id),
            window_label text,
            wanted_window text,
            calls integer NOT NULL,
            first_called_at timestamptz,
            called_at timestamptz,
            served_since timestamptz,
            handled_seconds integer NOT NULL,
            finished_at timestamptz,
            outcome text CHECK (outcome IN ('resolved', 'filed', 'come_back', 'unknown')),
            request_id uuid REFERENCES requests (id),
            version integer NOT NULL,
            CONSTRAINT tickets_site_day_series_serial_key UNIQUE (site, day, series, serial),
            CHECK ((serial IS NULL) = (state = 'turned_away')),
            CHECK ((outcome IS NOT NULL) = (state = 'finished')),
            CHECK ((window_id IS NOT NULL) = (state IN ('called', 'serving'))),
            CHECK ((finished_at IS NOT NULL) = (state IN ('finished', 'no_show', 'left', 'turned_away')))
        )
        """
    )
    op.execute("CREATE INDEX tickets_waiting_ix ON tickets (site, line, rank_at, id) WHERE state = 'waiting'")
    op.execute("CREATE UNIQUE INDEX tickets_window_id_key ON tickets (window_id) WHERE window_id IS NOT NULL")
    op.execute("CREATE INDEX tickets_site_taken_at_ix ON tickets (site, taken_at)")
    op.execute("CREATE INDEX tickets_going_on_ix ON tickets (site, day) WHERE finished_at IS NULL")
    op.execute(
        "CREATE INDEX tickets_handled_ix ON tickets (site, line, finished_at DESC)"
        " INCLUDE (handled_seconds) WHERE outcome <> 'unknown'"
    )
    op.execute("CREATE INDEX tickets_startup_id_ix ON tickets (startup_id) WHERE startup_id IS NOT NULL")
    op.execute(
        """
        CREATE TABLE ticket_steps (
            ticket_id uuid NOT NULL REFERENCES tickets (id),
            version integer NOT NULL,
            action text NOT NULL,
            state text NOT NULL,
            at timestamptz NOT NULL,
            actor text,
            actor_name text NOT NULL,
            line text NOT NULL,
            window_label text,
            note text,
            PRIMARY KEY (ticket_id, version)
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the steps of a visit are added, never changed';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER ticket_steps_append_only BEFORE UPDATE ON ticket_steps"
        " FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
    )
    # Apart from tickets: noting it must not lock a ticket that another window is about to call.
    op.execute(
        """
        CREATE TABLE tickets_near (
            ticket_id uuid PRIMARY KEY REFERENCES tickets (id),
            at timestamptz NOT NULL
        )
        """
    )
