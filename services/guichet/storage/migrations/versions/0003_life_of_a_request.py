"""The whole life of a request: complements, hand-over, withdrawal, assignment, notes, drafts."""

from alembic import op

revision = "0003_life_of_a_request"
down_revision = "0002_directory"
branch_labels = None
depends_on = None

STATES = (
    "'submitted', 'routed', 'in_progress', 'complement_requested', 'completed', 'handed_over',"
    " 'rejected', 'withdrawn'"
)
DECIDED = "'completed', 'handed_over', 'rejected', 'withdrawn'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE requests
            ADD COLUMN depositor text,
            ADD COLUMN assigned_to text,
            ADD COLUMN assigned_to_name text,
            ADD COLUMN step text,
            ADD COLUMN complement jsonb,
            ADD COLUMN handed_over_at timestamptz,
            ADD COLUMN handed_over_to text,
            ADD COLUMN tracking_revoked_at timestamptz
        """
    )
    op.execute("ALTER TABLE request_history ADD COLUMN IF NOT EXISTS details jsonb")
    _constraints()
    # What waits to be fetched is few among a million.
    op.execute("CREATE INDEX requests_to_hand_over_ix ON requests (site, id) WHERE state = 'completed'")
    op.execute("CREATE UNIQUE INDEX requests_tracking_sha256_key ON requests (tracking_sha256)")
    _tables()


def _constraints() -> None:
    """Every rule allows what the old one did: rows are checked without keeping writers out."""
    for old, new, rule in (
        ("requests_state_check", "requests_state_known", f"state IN ({STATES})"),
        (
            "requests_check",
            "requests_closed_when_decided",
            f"(closed_at IS NOT NULL) = (state IN ({DECIDED}))",
        ),
        ("requests_check1", "requests_motive_when_rejected", "(motive IS NOT NULL) = (state = 'rejected')"),
        (None, "requests_handed_over", "(handed_over_at IS NOT NULL) = (state = 'handed_over')"),
    ):
        if old is not None:
            op.execute(f"ALTER TABLE requests DROP CONSTRAINT {old}")
        op.execute(f"ALTER TABLE requests ADD CONSTRAINT {new} CHECK ({rule}) NOT VALID")
        op.execute(f"ALTER TABLE requests VALIDATE CONSTRAINT {new}")


def _tables() -> None:
    op.execute(
        """
        CREATE TABLE tracking_links (
            sha256 bytea PRIMARY KEY,
            request_id uuid NOT NULL REFERENCES requests (id),
            created_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX tracking_links_request_id_ix ON tracking_links (request_id)")
    op.execute(
        """
        CREATE TABLE request_notes (
            id uuid PRIMARY KEY,
            request_id uuid NOT NULL REFERENCES requests (id),
            text text NOT NULL,
            at timestamptz NOT NULL,
            author text,
            author_name text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX request_notes_request_id_ix ON request_notes (request_id, id)")
    op.execute(
        """
        CREATE TABLE drafts (
            id uuid PRIMARY KEY,
            startup_id uuid NOT NULL REFERENCES startups (id),
            site text NOT NULL,
            procedure text,
            answers jsonb NOT NULL,
            depositor text,
            author text NOT NULL,
            author_name text NOT NULL,
            begun_at timestamptz NOT NULL,
            saved_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX drafts_author_saved_at_ix ON drafts (author, saved_at)")
    op.execute("CREATE INDEX drafts_startup_id_ix ON drafts (startup_id)")
    op.execute("CREATE INDEX drafts_saved_at_ix ON drafts (saved_at)")
