"""Documents of startups, what requests received of them, and who looked."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, LargeBinary, Table, Text, Uuid

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

document_files = Table(
    "document_files",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("file_id", Uuid, ForeignKey("document_files.id"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("pages", Integer),
    Column("sha256", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("expires_on", Date),
    Column("filed_at", UtcDateTime, nullable=False),
    Column("filed_by", Text),
    Column("filed_by_name", Text, nullable=False),
)

request_documents = Table(
    "request_documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, ForeignKey("requests.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("document_id", Uuid, ForeignKey("documents.id", ondelete="SET NULL")),
    Column("on_paper", Boolean, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("received_by", Text),
    Column("received_by_name", Text, nullable=False),
)

document_views = Table(
    "document_views",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("document_id", Uuid, nullable=False),
    Column("startup_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text),
    Column("actor_name", Text, nullable=False),
)

document_reminders = Table(
    "document_reminders",
    metadata,
    Column("document_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("threshold", Integer, primary_key=True),
    Column("sent_at", UtcDateTime, nullable=False),
)

# How many files each sender sent by tracking links since ``began_at``; a sender is a digest.
sent_by_link = Table(
    "sent_by_link",
    metadata,
    Column("sender", LargeBinary, primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("files", Integer, nullable=False),
)
