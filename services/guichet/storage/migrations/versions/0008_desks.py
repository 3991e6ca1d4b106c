"""Desks with presence, capacity and a channel; exceptions, visits; why a desk was chosen."""

from alembic import op

revision = "0008_desks"
down_revision = "0007_procedure_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE desks ALTER COLUMN site DROP NOT NULL")
    op.execute(
        """
        ALTER TABLE desks
            ADD COLUMN channel text NOT NULL DEFAULT 'desk'
                CHECK (channel IN ('desk', 'mailbox', 'courier', 'api')),
            ADD COLUMN address text,
            ADD COLUMN capacity jsonb NOT NULL DEFAULT '{"open_requests": 50}',
            ADD COLUMN presence jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN version integer NOT NULL DEFAULT 1,
            ADD COLUMN edited_at timestamptz
        """
    )
    # What is open at a desk: its inbox, and its load where several desks could take a request.
    op.execute("CREATE INDEX requests_desk_open_ix ON requests (desk, id) WHERE closed_at IS NULL")
    op.execute(
        """
        CREATE TABLE presence_exceptions (
            id uuid PRIMARY KEY,
            desk text NOT NULL REFERENCES desks (code),
            day date NOT NULL,
            kind text NOT NULL CHECK (kind IN ('absent', 'extra')),
            opens time,
            closes time,
            places integer NOT NULL DEFAULT 0 CHECK (places >= 0),
            note text,
            actor text,
            actor_name text NOT NULL,
            at timestamptz NOT NULL,
            CHECK ((kind = 'absent') = (opens IS NULL)),
            CHECK ((opens IS NULL) = (closes IS NULL)),
            CHECK (opens < closes)
        )
        """
    )
    op.execute("CREATE INDEX presence_exceptions_day_ix ON presence_exceptions (day)")
    op.execute(
        "CREATE UNIQUE INDEX presence_exceptions_key"
        " ON presence_exceptions (desk, day, coalesce(opens, '00:00'))"
    )
    op.execute(
        """
        CREATE TABLE visits (
            id uuid PRIMARY KEY,
            desk text NOT NULL REFERENCES desks (code),
            site text NOT NULL,
            day date NOT NULL,
            opens time NOT NULL,
            place integer NOT NULL,
            starts_at timestamptz NOT NULL,
            zone text NOT NULL,
            startup_id uuid NOT NULL REFERENCES startups (id),
            request_id uuid REFERENCES requests (id),
            bring jsonb NOT NULL,
            state text NOT NULL CHECK (state IN ('booked', 'cancelled')),
            booked_by text,
            booked_by_name text NOT NULL,
            booked_at timestamptz NOT NULL,
            cancelled_at timestamptz,
            cancelled_by_name text,
            reason text,
            CHECK ((cancelled_at IS NOT NULL) = (state = 'cancelled'))
        )
        """
    )
    # One startup a place: two clerks at once meet here.
    op.execute(
        "CREATE UNIQUE INDEX visits_place_key ON visits (desk, day, opens, place) WHERE state = 'booked'"
    )
    op.execute("CREATE INDEX visits_site_day_ix ON visits (site, day)")
    op.execute("CREATE INDEX visits_startup_id_ix ON visits (startup_id)")
