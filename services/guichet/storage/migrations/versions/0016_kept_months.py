"""What months add up to, kept of their kept days; triggers that take back a month whose days change."""

from alembic import op

revision = "0016_kept_months"
down_revision = "0015_kept_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A month is added up for a site as long as it stands here.
    op.execute(
        """
        CREATE TABLE dashboard_months (
            site text NOT NULL,
            month date NOT NULL,
            CONSTRAINT dashboard_months_pkey PRIMARY KEY (site, month)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE dashboard_month_requests (
            site text NOT NULL,
            month date NOT NULL,
            procedure text NOT NULL,
            filed integer NOT NULL,
            returned integer NOT NULL,
            closed integer NOT NULL,
            kept integer NOT NULL,
            promised integer NOT NULL,
            lawful integer NOT NULL,
            delays bytea NOT NULL,
            laws bytea NOT NULL,
            CONSTRAINT dashboard_month_requests_pkey PRIMARY KEY (site, month, procedure)
        ) WITH (toast_tuple_target = 8160)
        """
    )
    op.execute(
        """
        CREATE TABLE dashboard_month_visits (
            site text NOT NULL,
            month date NOT NULL,
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
            CONSTRAINT dashboard_month_visits_pkey PRIMARY KEY (site, month, line)
        ) WITH (toast_tuple_target = 8160)
        """
    )
    # Unpacking durations takes longer than reading them.
    for table, columns in (
        ("dashboard_month_requests", ("delays", "laws")),
        ("dashboard_month_visits", ("waits", "handlings", "visits")),
    ):
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER {column} SET STORAGE EXTERNAL")
    # Whatever writes a day takes its month back, so that no way of writing is forgotten: nor a worker of
    # the version before, which knows no months. The lock is the one under which months are added up.
    op.execute(
        """
        CREATE FUNCTION dashboard_take_back_month() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('dashboard_requests'));
            DELETE FROM dashboard_months kept
            USING (SELECT DISTINCT site, day - extract(day FROM day)::int + 1 AS month FROM changed) touched
            WHERE kept.site = touched.site AND kept.month = touched.month;
            RETURN NULL;
        END $$
        """
    )
    for table in ("dashboard_requests", "dashboard_visits"):
        for name, doing, rows in (
            ("added", "INSERT", "NEW"),
            ("changed", "UPDATE", "NEW"),
            ("removed", "DELETE", "OLD"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_month_{name} AFTER {doing} ON {table}"
                f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT"
                " EXECUTE FUNCTION dashboard_take_back_month()"
            )
