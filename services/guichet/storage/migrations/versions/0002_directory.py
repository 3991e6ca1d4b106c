"""The directory: contracts, more identifiers, consents, merges, imports and who looked."""

from alembic import op

revision = "0002_directory"
down_revision = "0001_counter"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _startups()
    _contacts()
    _records()


def _startups() -> None:
    op.execute(
        """
        ALTER TABLE startups
            ADD COLUMN status text NOT NULL DEFAULT 'active'
                CONSTRAINT startups_status_check CHECK (status IN ('active', 'left')),
            ADD COLUMN legal_form text,
            ADD COLUMN sector text,
            ADD COLUMN tax_id text,
            ADD COLUMN trade_tax text,
            ADD COLUMN cnss text,
            ADD COLUMN space text,
            ADD COLUMN contract_start date,
            ADD COLUMN contract_end date,
            ADD COLUMN notice_days smallint,
            ADD COLUMN merged_into uuid REFERENCES startups (id),
            ADD COLUMN erased_at timestamptz,
            ADD CONSTRAINT startups_merged_check CHECK (merged_into <> id),
            ADD CONSTRAINT startups_contract_check CHECK (contract_end >= contract_start)
        """
    )
    # A merged record keeps its numbers for the record; the startup that took them over owns them.
    op.execute("DROP INDEX startups_ice_key")
    op.execute("DROP INDEX startups_rc_key")
    op.execute("CREATE UNIQUE INDEX startups_ice_key ON startups (ice) WHERE merged_into IS NULL")
    op.execute(
        "CREATE UNIQUE INDEX startups_rc_key ON startups (lower(rc_court), rc_number)"
        " WHERE merged_into IS NULL"
    )
    op.execute("CREATE INDEX startups_merged_into_ix ON startups (merged_into) WHERE merged_into IS NOT NULL")
    op.execute(
        "CREATE INDEX startups_contract_end_ix ON startups (contract_end) WHERE contract_end IS NOT NULL"
    )


def _contacts() -> None:
    op.execute(
        """
        ALTER TABLE contacts
            ADD COLUMN channels text[] NOT NULL DEFAULT '{email,sms}',
            ADD COLUMN preferred_for text[] NOT NULL DEFAULT '{}',
            ADD COLUMN consents jsonb NOT NULL DEFAULT '[]'
        """
    )
    op.execute("CREATE INDEX contacts_email_ix ON contacts (lower(email)) WHERE email IS NOT NULL")
    op.execute("CREATE INDEX contacts_phone_ix ON contacts (phone) WHERE phone IS NOT NULL")


def _records() -> None:
    op.execute(
        """
        CREATE TABLE startup_history (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            startup_id uuid NOT NULL REFERENCES startups (id),
            at timestamptz NOT NULL,
            actor text,
            actor_name text NOT NULL,
            action text NOT NULL,
            details jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX startup_history_startup_id_ix ON startup_history (startup_id, id)")
    op.execute(
        """
        CREATE TABLE personal_views (
            startup_id uuid NOT NULL REFERENCES startups (id),
            subject uuid NOT NULL,
            viewer text NOT NULL,
            day date NOT NULL,
            viewer_name text NOT NULL,
            what text NOT NULL,
            first_at timestamptz NOT NULL,
            PRIMARY KEY (subject, viewer, day, what)
        )
        """
    )
    op.execute("CREATE INDEX personal_views_startup_id_ix ON personal_views (startup_id, first_at)")
    op.execute(
        """
        CREATE TABLE startup_imports (
            id uuid PRIMARY KEY,
            uploaded_at timestamptz NOT NULL,
            uploaded_by text NOT NULL,
            file_name text NOT NULL,
            content bytea,
            imported_at timestamptz,
            startups integer
        )
        """
    )
    op.execute("CREATE INDEX startup_imports_uploaded_at_ix ON startup_imports (uploaded_at)")
