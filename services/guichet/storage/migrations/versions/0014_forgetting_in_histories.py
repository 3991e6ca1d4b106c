"""A history is added to, never changed; but the words in it can be forgotten (loi 09-08)."""

from alembic import op

revision = "0014_forgetting_in_histories"
down_revision = "0013_dossier_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Who did what and when stays as it was; free words may only be emptied, never put in others' place.
    op.execute(
        """
        CREATE OR REPLACE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF to_jsonb(new) - 'note' - 'details' = to_jsonb(old) - 'note' - 'details'
               AND coalesce(new.note, '—') = '—' AND new.details IS NULL THEN
                RETURN new;
            END IF;
            RAISE EXCEPTION 'the history of a request is added to, never changed';
        END $$
        """
    )
    op.execute(
        """
        CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF to_jsonb(new) - 'note' = to_jsonb(old) - 'note' AND new.note IS NULL THEN
                RETURN new;
            END IF;
            RAISE EXCEPTION 'the steps of a visit are added, never changed';
        END $$
        """
    )
