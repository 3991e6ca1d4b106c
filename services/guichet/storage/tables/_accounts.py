"""Who may sign in."""

from sqlalchemy import Boolean, Column, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.guichet.storage.tables._metadata import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("sites", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("email"),
)
