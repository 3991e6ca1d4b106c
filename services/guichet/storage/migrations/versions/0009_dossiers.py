"""Bundles and their dossiers."""

from alembic import op

revision = "0009_dossiers"
down_revision = "0008_desks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE dossier_serial")
    op.execute(
        """
        CREATE TABLE bundles (
            code text NOT NULL,
            version integer NOT NULL,
            definition jsonb NOT NULL,
            PRIMARY KEY (code, version)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE dossiers (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT dossiers_number_key UNIQUE,
            startup_id uuid NOT NULL REFERENCES startups (id),
            bundle text NOT NULL,
            bundle_version integer NOT NULL,
            site text NOT NULL REFERENCES sites (code),
            answers jsonb NOT NULL,
            state text NOT NULL CHECK (state IN ('active', 'paused', 'completed', 'abandoned')),
            opened_at timestamptz NOT NULL,
            opened_by text,
            opened_by_name text NOT NULL,
            closed_at timestamptz,
            motive text,
            version integer NOT NULL,
            FOREIGN KEY (bundle, bundle_version) REFERENCES bundles (code, version),
            CHECK ((closed_at IS NOT NULL) = (state IN ('completed', 'abandoned')))
        )
        """
    )
    op.execute("CREATE INDEX dossiers_site_id_ix ON dossiers (site, id)")
    op.execute("CREATE INDEX dossiers_startup_id_ix ON dossiers (startup_id, id)")
    # The key of the attempt makes starting a step twice impossible, whatever the code does.
    op.execute(
        """
        CREATE TABLE dossier_requests (
            dossier_id uuid NOT NULL REFERENCES dossiers (id),
            step text NOT NULL,
            attempt integer NOT NULL,
            request_id uuid NOT NULL REFERENCES requests (id),
            PRIMARY KEY (dossier_id, step, attempt),
            CONSTRAINT dossier_requests_request_id_key UNIQUE (request_id)
        )
        """
    )
