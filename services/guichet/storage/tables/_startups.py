"""Startups, the people to reach in them, and what was done with their records."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

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
    Column("status", Text, nullable=False, server_default=text("'active'")),
    Column("legal_form", Text),
    Column("sector", Text),
    Column("tax_id", Text),
    Column("trade_tax", Text),
    Column("cnss", Text),
    Column("space", Text),
    Column("contract_start", Date),
    Column("contract_end", Date),
    Column("notice_days", SmallInteger),
    Column("merged_into", Uuid, ForeignKey("startups.id")),
    Column("erased_at", UtcDateTime),
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
    Column("channels", ARRAY(Text), nullable=False, server_default=text("'{email,sms}'")),
    Column("preferred_for", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("consents", JSONB, nullable=False, server_default=text("'[]'")),
)

# What was done with a record and by whom. It outlives the people it was about: no names but those
# of the staff, no values but those of the company.
startup_history = Table(
    "startup_history",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text),
    Column("actor_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("details", JSONB, nullable=False),
)

# Who saw numbers of persons unmasked (loi 09-08): one line a person, request and day.
personal_views = Table(
    "personal_views",
    metadata,
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("subject", Uuid, primary_key=True),
    Column("viewer", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("viewer_name", Text, nullable=False),
    Column("what", Text, primary_key=True),
    Column("first_at", UtcDateTime, nullable=False),
)

# A file waits here between its check and its import: a day at most, it holds people's addresses.
startup_imports = Table(
    "startup_imports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("content", LargeBinary),
    Column("imported_at", UtcDateTime),
    Column("startups", Integer),
)
