"""Accounts are linked with who somebody is to the organisation's provider."""

from alembic import op

revision = "0029_account_identities"
down_revision = "0028_password_links"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE account_identities (
            issuer text NOT NULL,
            subject text NOT NULL,
            account_id uuid NOT NULL REFERENCES accounts,
            linked_at timestamptz NOT NULL,
            CONSTRAINT account_identities_pkey PRIMARY KEY (issuer, subject),
            CONSTRAINT account_identities_account_id_issuer_key UNIQUE (account_id, issuer)
        )
        """
    )
