"""Who may sign in, and who guesses."""

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

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

# How often somebody guessed wrong since ``began_at``: a password, a tracking link; a guesser is a digest.
guesses = Table(
    "guesses",
    metadata,
    Column("guesser", LargeBinary, primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
)
