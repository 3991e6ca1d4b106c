"""Startups, requests, the catalogue and accounts."""

from alembic import op

revision = "0001_counter"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    _catalogue()
    _startups()
    _requests()
    op.execute(
        """
        CREATE TABLE accounts (
            id uuid PRIMARY KEY,
            email text NOT NULL CONSTRAINT accounts_email_key UNIQUE CHECK (email = lower(email)),
            name text NOT NULL,
            password_hash text NOT NULL,
            roles text[] NOT NULL,
            sites text[] NOT NULL,
            language text NOT NULL,
            active boolean NOT NULL DEFAULT true
        )
        """
    )


def _catalogue() -> None:
    op.execute(
        """
        CREATE TABLE agencies (
            code text PRIMARY KEY,
            names jsonb NOT NULL,
            public boolean NOT NULL,
            position integer NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE sites (
            code text PRIMARY KEY,
            prefix text NOT NULL CONSTRAINT sites_prefix_key UNIQUE,
            names jsonb NOT NULL,
            latitude double precision NOT NULL,
            longitude double precision NOT NULL,
            open boolean NOT NULL,
            position integer NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE desks (
            code text PRIMARY KEY,
            agency text NOT NULL REFERENCES agencies (code),
            site text NOT NULL REFERENCES sites (code),
            names jsonb NOT NULL,
            open boolean NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE procedures (
            code text NOT NULL,
            version integer NOT NULL,
            agency text NOT NULL REFERENCES agencies (code),
            definition jsonb NOT NULL,
            PRIMARY KEY (code, version)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE catalogue_revision (
            singleton boolean PRIMARY KEY CHECK (singleton),
            revision uuid NOT NULL
        )
        """
    )


def _startups() -> None:
    op.execute(
        """
        CREATE TABLE startups (
            id uuid PRIMARY KEY,
            legal_name text NOT NULL,
            ice text CHECK (ice ~ '^[0-9]{15}$'),
            rc_court text,
            rc_number text,
            address text,
            resident boolean NOT NULL,
            site text NOT NULL REFERENCES sites (code),
            search_text text NOT NULL,
            version integer NOT NULL,
            registered_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            CHECK ((rc_court IS NULL) = (rc_number IS NULL))
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX startups_ice_key ON startups (ice)")
    op.execute("CREATE UNIQUE INDEX startups_rc_key ON startups (lower(rc_court), rc_number)")
    op.execute("CREATE INDEX startups_search_text_ix ON startups USING gin (search_text gin_trgm_ops)")
    op.execute("CREATE INDEX startups_site_id_ix ON startups (site, id)")
    op.execute(
        """
        CREATE TABLE contacts (
            id uuid PRIMARY KEY,
            startup_id uuid NOT NULL REFERENCES startups (id),
            position integer NOT NULL,
            name text NOT NULL,
            role text NOT NULL,
            language text NOT NULL CHECK (language IN ('fr', 'ar', 'en')),
            email text,
            phone text
        )
        """
    )
    op.execute("CREATE INDEX contacts_startup_id_ix ON contacts (startup_id, position)")


def _requests() -> None:
    # A sequence and not a counter row: two clerks filing at once never wait for one another,
    # and a gap in the numbers of requests means nothing (invoices are another matter).
    op.execute("CREATE SEQUENCE request_serial")
    op.execute(
        """
        CREATE TABLE requests (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT requests_number_key UNIQUE,
            serial bigint NOT NULL CONSTRAINT requests_serial_key UNIQUE,
            startup_id uuid NOT NULL REFERENCES startups (id),
            procedure text NOT NULL,
            procedure_version integer NOT NULL,
            agency text NOT NULL,
            site text NOT NULL,
            desk text,
            desk_site text,
            routing_reason text,
            state text NOT NULL
                CHECK (state IN ('submitted', 'routed', 'in_progress', 'completed', 'rejected')),
            answers jsonb NOT NULL,
            submitted_at timestamptz NOT NULL,
            due_at timestamptz,
            started_at timestamptz,
            closed_at timestamptz,
            outcome_reference text,
            motive text,
            filed_by text,
            filed_by_name text NOT NULL,
            handled_by text,
            handled_by_name text,
            tracking_sha256 bytea NOT NULL,
            version integer NOT NULL,
            FOREIGN KEY (procedure, procedure_version) REFERENCES procedures (code, version),
            CHECK ((closed_at IS NOT NULL) = (state IN ('completed', 'rejected'))),
            CHECK ((motive IS NOT NULL) = (state = 'rejected'))
        )
        """
    )
    op.execute("CREATE INDEX requests_site_id_ix ON requests (site, id)")
    op.execute("CREATE INDEX requests_desk_site_id_ix ON requests (desk_site, id)")
    op.execute("CREATE INDEX requests_startup_id_id_ix ON requests (startup_id, id)")
    op.execute("CREATE INDEX requests_submitted_at_ix ON requests (submitted_at)")
    op.execute("CREATE INDEX requests_closed_at_ix ON requests (closed_at) WHERE closed_at IS NOT NULL")
    op.execute("CREATE INDEX requests_open_ix ON requests (id) WHERE closed_at IS NULL")
    op.execute(
        """
        CREATE TABLE request_history (
            request_id uuid NOT NULL REFERENCES requests (id),
            version integer NOT NULL,
            action text NOT NULL,
            state text NOT NULL,
            at timestamptz NOT NULL,
            actor text,
            actor_name text NOT NULL,
            note text,
            PRIMARY KEY (request_id, version)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE failed_messages (
            event_id uuid PRIMARY KEY,
            request_id uuid NOT NULL,
            channel text NOT NULL,
            error text,
            failed_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX failed_messages_request_id_ix ON failed_messages (request_id)")
