"""How often somebody guessed wrong within a quarter of an hour, counted for all processes at once."""

from alembic import op

revision = "0022_guesses"
down_revision = "0021_bundle_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Unlogged: a server that fell over may begin to count anew.
    op.execute(
        """
        CREATE UNLOGGED TABLE guesses (
            guesser bytea NOT NULL,
            began_at timestamptz NOT NULL,
            failures integer NOT NULL,
            CONSTRAINT guesses_pkey PRIMARY KEY (guesser)
        )
        """
    )
