"""Contacts, messages, attempts and receipts."""

from alembic import op

revision = "0001_messages"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_causes()
    _create_messages()
    _create_history()


def _create_causes() -> None:
    op.execute(
        """
        CREATE TABLE startups (
            id uuid PRIMARY KEY,
            legal_name text NOT NULL,
            site text NOT NULL,
            version integer NOT NULL,
            contacts jsonb NOT NULL,
            updated_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE waiting_causes (
            event_id uuid PRIMARY KEY,
            startup_id uuid NOT NULL,
            kind text NOT NULL,
            cause_type text NOT NULL,
            cause_subject text NOT NULL,
            site text NOT NULL,
            facts jsonb NOT NULL,
            correlation_id text NOT NULL,
            received_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX waiting_causes_startup_id_ix ON waiting_causes (startup_id)")


def _create_messages() -> None:
    op.execute(
        """
        CREATE TABLE messages (
            id uuid PRIMARY KEY,
            cause_event_id uuid NOT NULL,
            cause_type text NOT NULL,
            cause_subject text NOT NULL,
            correlation_id text NOT NULL,
            site text NOT NULL,
            startup_id uuid NOT NULL,
            startup_name text NOT NULL,
            contact_id uuid NOT NULL,
            recipient text NOT NULL,
            recipient_name text NOT NULL,
            channel text NOT NULL CONSTRAINT messages_channel_check CHECK (channel IN ('email', 'sms')),
            language text NOT NULL CONSTRAINT messages_language_check CHECK (language IN ('fr', 'ar', 'en')),
            kind text NOT NULL,
            facts jsonb NOT NULL,
            subject text NOT NULL,
            text text,
            segments integer,
            state text NOT NULL DEFAULT 'pending',
            round integer NOT NULL DEFAULT 1,
            attempts integer NOT NULL DEFAULT 0,
            doubts integer NOT NULL DEFAULT 0,
            due_at timestamptz DEFAULT now(),
            provider_id text,
            detail text,
            reason text,
            created_at timestamptz NOT NULL DEFAULT now(),
            accepted_at timestamptz,
            delivered_at timestamptz,
            failed_at timestamptz,
            forgotten_at timestamptz,
            CONSTRAINT messages_cause_event_id_key UNIQUE (cause_event_id, contact_id, channel),
            CONSTRAINT messages_sms_text_check CHECK ((channel = 'sms') = (text IS NOT NULL)),
            -- A message that is to be sent is always due: none can be forgotten in between.
            CONSTRAINT messages_state_check CHECK (
                CASE state
                    WHEN 'pending' THEN due_at IS NOT NULL
                    WHEN 'sending' THEN due_at IS NOT NULL
                    WHEN 'unknown' THEN true
                    ELSE state IN ('accepted', 'delivered', 'failed') AND due_at IS NULL
                END
            )
        )
        """
    )
    # What a sender looks for stays small however many messages were ever sent.
    op.execute("CREATE INDEX messages_due_ix ON messages (channel, due_at) WHERE due_at IS NOT NULL")
    op.execute("CREATE INDEX messages_site_ix ON messages (site, id)")
    op.execute(
        "CREATE INDEX messages_attention_ix ON messages (site, id) WHERE state IN ('failed', 'unknown')"
    )
    op.execute("CREATE INDEX messages_cause_subject_ix ON messages (cause_subject, id)")
    op.execute("CREATE INDEX messages_startup_id_ix ON messages (startup_id, id)")
    op.execute(
        "CREATE INDEX messages_remembered_ix ON messages USING brin (created_at) WHERE forgotten_at IS NULL"
    )


def _create_history() -> None:
    op.execute(
        """
        CREATE TABLE attempts (
            message_id uuid NOT NULL CONSTRAINT attempts_message_id_fkey
                REFERENCES messages (id) ON DELETE CASCADE,
            round integer NOT NULL,
            number integer NOT NULL,
            sender text NOT NULL,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            verdict text,
            detail text,
            PRIMARY KEY (message_id, round, number)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE receipts (
            message_id uuid NOT NULL CONSTRAINT receipts_message_id_fkey
                REFERENCES messages (id) ON DELETE CASCADE,
            round integer NOT NULL,
            status text NOT NULL,
            received_at timestamptz NOT NULL,
            detail text,
            PRIMARY KEY (message_id, round, status)
        )
        """
    )
