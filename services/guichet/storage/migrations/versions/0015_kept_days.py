"""What days add up to, kept; triggers that mark a kept day when something of it changes."""

from alembic import op

revision = "0015_kept_days"
down_revision = "0014_forgetting_in_histories"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE dashboard_requests (
            site text NOT NULL,
            day date NOT NULL,
            procedure text NOT NULL,
            filed integer NOT NULL,
            returned integer NOT NULL,
            closed integer NOT NULL,
            kept integer NOT NULL,
            promised integer NOT NULL,
            lawful integer NOT NULL,
            delays bytea NOT NULL,
            laws bytea NOT NULL,
            CONSTRAINT dashboard_requests_pkey PRIMARY KEY (site, day, procedure)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE dashboard_visits (
            site text NOT NULL,
            day date NOT NULL,
            line text NOT NULL,
            given integer NOT NULL,
            turned_away integer NOT NULL,
            served integer NOT NULL,
            abandoned integer NOT NULL,
            no_show integer NOT NULL,
            resolved integer NOT NULL,
            waits bytea NOT NULL,
            handlings bytea NOT NULL,
            visits bytea NOT NULL,
            CONSTRAINT dashboard_visits_pkey PRIMARY KEY (site, day, line)
        )
        """
    )
    op.execute("CREATE INDEX dashboard_requests_day_ix ON dashboard_requests (day)")
    op.execute("CREATE INDEX dashboard_visits_day_ix ON dashboard_visits (day)")
    # One row: days before "kept" are kept; changes of what happened before "marked_at" leave a mark.
    op.execute(
        """
        CREATE TABLE dashboard_progress (
            single boolean NOT NULL CHECK (single),
            kept date NOT NULL,
            marked date NOT NULL,
            marked_at timestamptz NOT NULL,
            CONSTRAINT dashboard_progress_pkey PRIMARY KEY (single),
            CONSTRAINT dashboard_progress_order_check CHECK (kept <= marked)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE dashboard_stale (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT dashboard_stale_pkey PRIMARY KEY,
            site text NOT NULL,
            at timestamptz NOT NULL
        )
        """
    )
    _follow_requests()
    _follow_the_rest()
    # What the day's list and its figures ask of open requests, without reading their rows.
    op.execute(
        "CREATE INDEX requests_open_work_ix ON requests (id)"
        " INCLUDE (site, desk_site, state, due_at, submitted_at, started_at) WHERE closed_at IS NULL"
    )
    op.execute("DROP INDEX requests_open_ix")


# What happened within the last minutes is of no kept day (SETTLED in use_cases/figures.py): filing
# and closing do not even call the function.
def _follow_requests() -> None:
    op.execute(
        """
        CREATE FUNCTION dashboard_follow_request() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO dashboard_stale (site, at)
            SELECT changed.site, changed.at
            FROM dashboard_progress progress,
                 (VALUES (NEW.site, NEW.submitted_at), (NEW.site, NEW.closed_at)) AS changed (site, at)
            WHERE changed.at < progress.marked_at;
            IF TG_OP = 'UPDATE' THEN
                INSERT INTO dashboard_stale (site, at)
                SELECT changed.site, changed.at
                FROM dashboard_progress progress,
                     (VALUES (OLD.site, OLD.submitted_at), (OLD.site, OLD.closed_at)) AS changed (site, at)
                WHERE changed.at < progress.marked_at;
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER requests_dashboard_filed AFTER INSERT ON requests FOR EACH ROW
        WHEN (NEW.submitted_at < now() - interval '5 minutes' OR NEW.closed_at IS NOT NULL)
        EXECUTE FUNCTION dashboard_follow_request()
        """
    )
    op.execute(
        """
        CREATE TRIGGER requests_dashboard_changed AFTER UPDATE ON requests FOR EACH ROW
        WHEN ((OLD.site, OLD.procedure, OLD.submitted_at)
                  IS DISTINCT FROM (NEW.site, NEW.procedure, NEW.submitted_at)
              OR (OLD.closed_at IS NOT NULL OR NEW.closed_at < now() - interval '5 minutes')
                 AND (OLD.closed_at, OLD.due_at, OLD.legal_due_at, OLD.state = 'withdrawn')
                     IS DISTINCT FROM (NEW.closed_at, NEW.due_at, NEW.legal_due_at, NEW.state = 'withdrawn'))
        EXECUTE FUNCTION dashboard_follow_request()
        """
    )


def _follow_the_rest() -> None:
    op.execute(
        """
        CREATE FUNCTION dashboard_follow_complement() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO dashboard_stale (site, at)
            SELECT r.site, r.submitted_at
            FROM dashboard_progress progress, requests r
            WHERE r.id = NEW.request_id AND r.submitted_at < progress.marked_at;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER request_history_dashboard_returned AFTER INSERT ON request_history FOR EACH ROW
        WHEN (NEW.action = 'request_complement')
        EXECUTE FUNCTION dashboard_follow_complement()
        """
    )
    op.execute(
        """
        CREATE FUNCTION dashboard_follow_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO dashboard_stale (site, at)
            SELECT NEW.site, NEW.taken_at FROM dashboard_progress progress
            WHERE NEW.taken_at < progress.marked_at;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER tickets_dashboard_changed AFTER INSERT OR UPDATE ON tickets FOR EACH ROW
        WHEN (NEW.taken_at < now() - interval '5 minutes')
        EXECUTE FUNCTION dashboard_follow_ticket()
        """
    )
