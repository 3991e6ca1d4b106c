"""Spaces closed for a while, which the database takes no bookings into."""

from alembic import op

revision = "0004_closures"
down_revision = "0003_counter_calendar"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE closures (
            id uuid CONSTRAINT closures_pkey PRIMARY KEY,
            site text NOT NULL CONSTRAINT closures_site_fkey REFERENCES sites (code),
            space text CONSTRAINT closures_space_fkey REFERENCES spaces (code),
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            zone text NOT NULL,
            starts_local timestamp NOT NULL,
            ends_local timestamp NOT NULL,
            period tstzrange NOT NULL,
            reason text NOT NULL,
            closed_by text NOT NULL,
            closed_at timestamptz NOT NULL,
            reopened_by text,
            reopened_at timestamptz,
            CONSTRAINT closures_order_check CHECK (starts_at < ends_at),
            CONSTRAINT closures_period_check CHECK (period = tstzrange(starts_at, ends_at)),
            CONSTRAINT closures_reopening_check CHECK ((reopened_by IS NULL) = (reopened_at IS NULL)),
            CONSTRAINT closures_no_overlap_excl
                EXCLUDE USING gist (site WITH =, (coalesce(space, '')) WITH =, period WITH &&)
                WHERE (reopened_at IS NULL)
        )
        """
    )
    # Stands in the line of the space first, where whoever closes it stands, too: of two at the same moment
    # the one sees the other. Told as the overlap of two bookings is, which every version knows how to answer.
    op.execute(
        """
        CREATE FUNCTION refuse_closed_space() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('space ' || NEW.space, 0));
            IF EXISTS (
                SELECT FROM closures c
                WHERE c.site = NEW.site AND (c.space IS NULL OR c.space = NEW.space)
                  AND c.reopened_at IS NULL AND c.period && NEW.occupied
            ) THEN
                RAISE exclusion_violation
                    USING MESSAGE = 'the space is closed then', CONSTRAINT = 'bookings_closed_space';
            END IF;
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER bookings_closed_space BEFORE INSERT OR UPDATE OF site, space, occupied ON bookings
        FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed')) EXECUTE FUNCTION refuse_closed_space()
        """
    )
