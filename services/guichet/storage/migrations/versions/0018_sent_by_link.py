"""How many files came by a link or from an address within the hour, counted for all processes at once."""

from alembic import op

revision = "0018_sent_by_link"
down_revision = "0017_bounded_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Unlogged: a server that fell over may begin to count anew.
    op.execute(
        """
        CREATE UNLOGGED TABLE sent_by_link (
            sender bytea NOT NULL,
            began_at timestamptz NOT NULL,
            files integer NOT NULL,
            CONSTRAINT sent_by_link_pkey PRIMARY KEY (sender)
        )
        """
    )
