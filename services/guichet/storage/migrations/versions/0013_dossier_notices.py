"""Which steps of a dossier the startup was told of; the history of a request is added to, never changed."""

from alembic import op

revision = "0013_dossier_notices"
down_revision = "0012_agency_language"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE dossier_notices (
            dossier_id uuid NOT NULL REFERENCES dossiers (id),
            step text NOT NULL,
            told_at timestamptz NOT NULL,
            PRIMARY KEY (dossier_id, step)
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the history of a request is added to, never changed';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER request_history_append_only BEFORE UPDATE ON request_history"
        " FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history()"
    )
