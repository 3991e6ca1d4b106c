"""Staff choose their passwords by a link that is good once; a new password ends the sessions of before."""

from alembic import op

revision = "0028_password_links"
down_revision = "0027_retirements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE accounts ADD COLUMN sessions_from timestamptz")
    op.execute(
        """
        CREATE TABLE password_links (
            sha256 bytea NOT NULL,
            account_id uuid NOT NULL REFERENCES accounts,
            expires_at timestamptz NOT NULL,
            CONSTRAINT password_links_pkey PRIMARY KEY (sha256),
            CONSTRAINT password_links_account_id_key UNIQUE (account_id)
        )
        """
    )
