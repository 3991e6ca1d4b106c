"""What the counter offers, as the database holds it."""

from sqlalchemy import Boolean, Column, Date, Double, ForeignKey, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

agencies = Table(
    "agencies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("names", JSONB, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("language", Text, nullable=False, server_default="fr"),
    Column("position", Integer, nullable=False),
)

sites = Table(
    "sites",
    metadata,
    Column("code", Text, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),
    Column("names", JSONB, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
)

desks = Table(
    "desks",
    metadata,
    Column("code", Text, primary_key=True),
    Column("agency", Text, ForeignKey("agencies.code"), nullable=False),
    Column("site", Text, ForeignKey("sites.code")),
    Column("names", JSONB, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text),
    Column("capacity", JSONB, nullable=False),
    Column("presence", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("edited_at", UtcDateTime),
)

procedures = Table(
    "procedures",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("agency", Text, ForeignKey("agencies.code"), nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("source", Text),
    Column("valid_from", Date),
    Column("note", Text),
    Column("published_at", UtcDateTime),
    Column("published_by", Text),
    Column("published_by_name", Text),
)

#: ``kind`` is the table of what is retired; a row without an end stands
retirements = Table(
    "retirements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("retired_at", UtcDateTime, nullable=False),
    Column("retired_by", Text),
    Column("retired_by_name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", Text),
    Column("ended_by_name", Text),
    Column("ended_reason", Text),
)

catalogue_revision = Table(
    "catalogue_revision",
    metadata,
    Column("singleton", Boolean, primary_key=True),
    Column("revision", Uuid, nullable=False),
)
