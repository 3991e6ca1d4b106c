"""The tables: who can be told, what waits for its startup, messages, attempts, receipts."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import UtcDateTime, new_metadata

metadata = new_metadata()

# The read copy of the startups' contacts. One row a startup: the guard against older versions
# and the replacement of all contacts are then one statement that cannot race.
startups = Table(
    "startups",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("legal_name", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("contacts", JSONB, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("merged_into", Uuid, index=True),
)

# Each service's events come in order, those of two services do not: a booking may be heard of
# before the startup it is for.
waiting_causes = Table(
    "waiting_causes",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("startup_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("cause_type", Text, nullable=False),
    Column("cause_subject", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("cause_event_id", Uuid, nullable=False),
    Column("cause_type", Text, nullable=False),
    Column("cause_subject", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text),
    Column("site", Text, nullable=False),
    Column("startup_id", Uuid, nullable=False),
    Column("startup_name", Text, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text),
    Column("segments", Integer),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("round", Integer, nullable=False, server_default="1"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("doubts", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime, server_default=func.now()),
    Column("provider_id", Text),
    Column("detail", Text),
    Column("reason", Text),
    Column("created_at", UtcDateTime, nullable=False, server_default=func.now()),
    Column("accepted_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("forgotten_at", UtcDateTime),
    UniqueConstraint("cause_event_id", "contact_id", "channel"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("message_id", Uuid, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("verdict", Text),
    Column("detail", Text),
)

receipts = Table(
    "receipts",
    metadata,
    Column("message_id", Uuid, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("detail", Text),
)
