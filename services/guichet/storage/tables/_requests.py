"""Requests, their history, and the messages about them that failed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

requests = Table(
    "requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("serial", BigInteger, nullable=False, unique=True),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("procedure", Text, nullable=False),
    Column("procedure_version", Integer, nullable=False),
    Column("agency", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("desk", Text),
    Column("desk_site", Text),
    Column("routing_reason", Text),
    Column("state", Text, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("legal_due_at", UtcDateTime),
    Column("near_at", UtcDateTime),
    Column("next_notice_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("outcome_reference", Text),
    Column("motive", Text),
    Column("filed_by", Text),
    Column("filed_by_name", Text, nullable=False),
    Column("handled_by", Text),
    Column("handled_by_name", Text),
    Column("tracking_sha256", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("depositor", Text),
    Column("assigned_to", Text),
    Column("assigned_to_name", Text),
    Column("step", Text),
    Column("complement", JSONB(none_as_null=True)),
    Column("handed_over_at", UtcDateTime),
    Column("handed_over_to", Text),
    Column("tracking_revoked_at", UtcDateTime),
    ForeignKeyConstraint(["procedure", "procedure_version"], ["procedures.code", "procedures.version"]),
)

request_history = Table(
    "request_history",
    metadata,
    Column("request_id", Uuid, ForeignKey("requests.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text),
    Column("actor_name", Text, nullable=False),
    Column("note", Text),
    Column("details", JSONB(none_as_null=True)),
)

# Besides the one told at filing: every message and every printed receipt has a link of its own.
tracking_links = Table(
    "tracking_links",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("request_id", Uuid, ForeignKey("requests.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

request_notes = Table(
    "request_notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, ForeignKey("requests.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author", Text),
    Column("author_name", Text, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("site", Text, nullable=False),
    Column("procedure", Text),
    Column("answers", JSONB, nullable=False),
    Column("depositor", Text),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
)

failed_messages = Table(
    "failed_messages",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("error", Text),
    Column("failed_at", UtcDateTime, nullable=False),
)
