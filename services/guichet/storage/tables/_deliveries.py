"""Dossiers on their way to agencies, and the bordereaux of couriers."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

courier_batches = Table(
    "courier_batches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("desk", Text, ForeignKey("desks.code"), nullable=False),
    Column("site", Text, nullable=False),
    Column("prepared_at", UtcDateTime, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("handed_out_at", UtcDateTime),
    Column("handed_out_by", Text),
    Column("courier", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, ForeignKey("requests.id"), nullable=False),
    Column("desk", Text, ForeignKey("desks.code"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("leased_until", UtcDateTime),
    Column("last_error", Text),
    Column("external_id", Text),
    Column("batch_id", Uuid, ForeignKey("courier_batches.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("answered_by", Text),
    Column("answer", JSONB(none_as_null=True)),
    Column("in_doubt", Boolean, nullable=False),
    Column("correlation_id", Text),
    Column("traceparent", Text),
)
