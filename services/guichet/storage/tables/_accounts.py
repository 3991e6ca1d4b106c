"""Who may sign in, who changed that, and who guesses."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    Column("agencies", ARRAY(Text), nullable=False, server_default="{}"),
    Column("version", Integer, nullable=False, server_default="1"),
    # What a session carries to count; those with an earlier moment are over.
    Column("sessions_from", UtcDateTime),
    UniqueConstraint("email"),
)

# A way to choose a password, for who was given it and for once; the link itself is nowhere kept.
password_links = Table(
    "password_links",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("account_id"),
)

# By whom an account is known to the organisation's provider; one identity an account and provider.
account_identities = Table(
    "account_identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    UniqueConstraint("account_id", "issuer"),
)

# Only ever added to: what became of which property, and by whom.
account_changes = Table(
    "account_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("changes", JSONB, nullable=False),
)

# How often somebody guessed wrong since ``began_at``: a password, a tracking link; a guesser is a digest.
guesses = Table(
    "guesses",
    metadata,
    Column("guesser", LargeBinary, primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
)
