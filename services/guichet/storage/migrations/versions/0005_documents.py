"""Documents of startups, what requests received of them, who looked, and reminders."""

from alembic import op

revision = "0005_documents"
down_revision = "0004_queue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Written before the file itself: one that no document refers to was left by an interruption.
    op.execute(
        """
        CREATE TABLE document_files (
            id uuid PRIMARY KEY,
            begun_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE documents (
            id uuid PRIMARY KEY,
            startup_id uuid NOT NULL REFERENCES startups (id),
            kind text NOT NULL,
            file_id uuid NOT NULL CONSTRAINT documents_file_id_key UNIQUE REFERENCES document_files (id),
            name text NOT NULL,
            media_type text NOT NULL,
            size integer NOT NULL CHECK (size > 0),
            pages integer,
            sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
            key_id text NOT NULL,
            wrapped_key bytea NOT NULL,
            expires_on date,
            filed_at timestamptz NOT NULL,
            filed_by text,
            filed_by_name text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX documents_startup_idx ON documents (startup_id, id DESC)")
    op.execute("CREATE INDEX documents_expiry_idx ON documents (expires_on) WHERE expires_on IS NOT NULL")
    op.execute("CREATE INDEX documents_kind_idx ON documents (kind, filed_at)")
    op.execute("CREATE INDEX documents_key_idx ON documents (key_id)")
    op.execute(
        """
        CREATE TABLE request_documents (
            id uuid PRIMARY KEY,
            request_id uuid NOT NULL REFERENCES requests (id),
            code text NOT NULL,
            document_id uuid REFERENCES documents (id) ON DELETE SET NULL,
            on_paper boolean NOT NULL DEFAULT false,
            received_at timestamptz NOT NULL,
            received_by text,
            received_by_name text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX request_documents_request_idx ON request_documents (request_id)")
    op.execute("CREATE INDEX request_documents_document_idx ON request_documents (document_id)")
    op.execute(
        "CREATE UNIQUE INDEX request_documents_once_key ON request_documents (request_id, code, document_id)"
        " WHERE document_id IS NOT NULL"
    )
    op.execute(
        "CREATE UNIQUE INDEX request_documents_paper_key ON request_documents (request_id, code)"
        " WHERE on_paper"
    )
    # No reference: who looked at a document is known longer than the document.
    op.execute(
        """
        CREATE TABLE document_views (
            id uuid PRIMARY KEY,
            document_id uuid NOT NULL,
            startup_id uuid NOT NULL,
            kind text NOT NULL,
            action text NOT NULL,
            page text NOT NULL,
            at timestamptz NOT NULL,
            actor text,
            actor_name text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX document_views_document_idx ON document_views (document_id, at DESC)")
    op.execute("CREATE INDEX document_views_startup_idx ON document_views (startup_id, at DESC)")
    op.execute("CREATE INDEX document_views_at_idx ON document_views (at)")
    op.execute(
        """
        CREATE TABLE document_reminders (
            document_id uuid REFERENCES documents (id) ON DELETE CASCADE,
            threshold integer,
            sent_at timestamptz NOT NULL,
            PRIMARY KEY (document_id, threshold)
        )
        """
    )
