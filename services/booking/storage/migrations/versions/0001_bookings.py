"""Sites, spaces, bookings, and the read copies of startups and tariffs."""

from alembic import op

revision = "0001_bookings"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Text equality inside a GiST constraint. Trusted since PostgreSQL 13: owning the database is enough.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE SEQUENCE booking_numbers")
    op.execute(
        """
        CREATE TABLE sites (
            code text CONSTRAINT sites_pkey PRIMARY KEY,
            names jsonb NOT NULL,
            zone text NOT NULL,
            opening_hours jsonb NOT NULL,
            hold_hours integer NOT NULL,
            position integer NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE closed_days (
            site text NOT NULL CONSTRAINT closed_days_site_fkey REFERENCES sites (code),
            day date NOT NULL,
            names jsonb NOT NULL,
            CONSTRAINT closed_days_pkey PRIMARY KEY (site, day)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE spaces (
            code text CONSTRAINT spaces_pkey PRIMARY KEY,
            site text NOT NULL CONSTRAINT spaces_site_fkey REFERENCES sites (code),
            names jsonb NOT NULL,
            kind text NOT NULL,
            capacity integer NOT NULL,
            equipment jsonb NOT NULL,
            setup_minutes integer NOT NULL,
            teardown_minutes integer NOT NULL,
            demonstration boolean NOT NULL,
            position integer NOT NULL,
            CONSTRAINT spaces_kind_check CHECK (kind IN ('room', 'hall', 'desk')),
            CONSTRAINT spaces_capacity_check CHECK (capacity > 0),
            CONSTRAINT spaces_buffers_check
                CHECK (setup_minutes BETWEEN 0 AND 240 AND teardown_minutes BETWEEN 0 AND 240)
        )
        """
    )
    op.execute("CREATE INDEX spaces_site_ix ON spaces (site)")
    op.execute(
        """
        CREATE TABLE startups (
            startup_id uuid CONSTRAINT startups_pkey PRIMARY KEY,
            legal_name text NOT NULL,
            ice text,
            site text NOT NULL,
            resident boolean NOT NULL,
            version integer NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX startups_legal_name_ix ON startups (lower(legal_name))")
    op.execute("CREATE INDEX startups_ice_ix ON startups (ice)")
    op.execute(
        """
        CREATE TABLE tariffs (
            tariff_id uuid CONSTRAINT tariffs_pkey PRIMARY KEY,
            site text NOT NULL,
            space_kind text NOT NULL,
            amount numeric(12, 2) NOT NULL,
            vat_rate numeric(5, 2) NOT NULL,
            valid_from date NOT NULL,
            changed_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX tariffs_site_space_kind_valid_from_ix ON tariffs (site, space_kind, valid_from)")
    op.execute(
        """
        CREATE TABLE bookings (
            id uuid CONSTRAINT bookings_pkey PRIMARY KEY,
            number text NOT NULL CONSTRAINT bookings_number_key UNIQUE,
            site text NOT NULL CONSTRAINT bookings_site_fkey REFERENCES sites (code),
            space text NOT NULL CONSTRAINT bookings_space_fkey REFERENCES spaces (code),
            startup_id uuid CONSTRAINT bookings_startup_id_fkey REFERENCES startups (startup_id),
            title text NOT NULL,
            purpose text NOT NULL,
            state text NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            zone text NOT NULL,
            starts_local timestamp NOT NULL,
            ends_local timestamp NOT NULL,
            occupied tstzrange NOT NULL,
            created_at timestamptz NOT NULL,
            booked_by text NOT NULL,
            expires_at timestamptz,
            confirmed_at timestamptz,
            cancelled_at timestamptz,
            cancel_reason text,
            CONSTRAINT bookings_state_check CHECK (state IN ('held', 'confirmed', 'cancelled', 'expired')),
            CONSTRAINT bookings_purpose_check CHECK (purpose IN ('meeting', 'event', 'maintenance')),
            CONSTRAINT bookings_order_check CHECK (starts_at < ends_at),
            CONSTRAINT bookings_occupied_check CHECK (occupied @> tstzrange(starts_at, ends_at)),
            CONSTRAINT bookings_expiry_check CHECK ((state = 'held') = (expires_at IS NOT NULL)),
            CONSTRAINT bookings_no_overlap_excl
                EXCLUDE USING gist (space WITH =, occupied WITH &&) WHERE (state IN ('held', 'confirmed'))
        )
        """
    )
    op.execute("CREATE INDEX bookings_site_starts_at_id_ix ON bookings (site, starts_at, id)")
    op.execute("CREATE INDEX bookings_startup_id_starts_at_ix ON bookings (startup_id, starts_at)")
    op.execute("CREATE INDEX bookings_expires_at_ix ON bookings (expires_at) WHERE state = 'held'")
