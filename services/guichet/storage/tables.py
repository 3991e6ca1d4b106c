"""The tables of the counter, as the migrations make them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import UtcDateTime, new_metadata

metadata = new_metadata()

agencies = Table(
    "agencies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("names", JSONB, nullable=False),
    Column("public", Boolean, nullable=False),
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
    Column("site", Text, ForeignKey("sites.code"), nullable=False),
    Column("names", JSONB, nullable=False),
    Column("open", Boolean, nullable=False),
)

procedures = Table(
    "procedures",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("agency", Text, ForeignKey("agencies.code"), nullable=False),
    Column("definition", JSONB, nullable=False),
)

#: one row; a new value tells every process that what it remembers of the catalogue is old
catalogue_revision = Table(
    "catalogue_revision",
    metadata,
    Column("singleton", Boolean, primary_key=True),
    Column("revision", Uuid, nullable=False),
)

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
