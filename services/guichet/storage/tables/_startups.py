"""Startups and the people to reach in them."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, Uuid

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

startups = Table(
    "startups",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("legal_name", Text, nullable=False),
    Column("ice", Text),
    Column("rc_court", Text),
    Column("rc_number", Text),
    Column("address", Text),
    Column("resident", Boolean, nullable=False),
    Column("site", Text, ForeignKey("sites.code"), nullable=False),
    Column("search_text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
)
