"""Bundles, the dossiers opened from them, and the requests filed for their steps."""

from sqlalchemy import Column, Date, ForeignKey, ForeignKeyConstraint, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

bundles = Table(
    "bundles",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("definition", JSONB, nullable=False),
    Column("source", Text),
    Column("valid_from", Date),
    Column("note", Text),
    Column("published_at", UtcDateTime),
    Column("published_by", Text),
    Column("published_by_name", Text),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("bundle", Text, nullable=False),
    Column("bundle_version", Integer, nullable=False),
    Column("site", Text, ForeignKey("sites.code"), nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", Text),
    Column("opened_by_name", Text, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("motive", Text),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(["bundle", "bundle_version"], ["bundles.code", "bundles.version"]),
)

# Of which steps the startup was told that they wait for it.
dossier_notices = Table(
    "dossier_notices",
    metadata,
    Column("dossier_id", Uuid, ForeignKey("dossiers.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("told_at", UtcDateTime, nullable=False),
)

dossier_requests = Table(
    "dossier_requests",
    metadata,
    Column("dossier_id", Uuid, ForeignKey("dossiers.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("request_id", Uuid, ForeignKey("requests.id"), nullable=False, unique=True),
)
