"""When officers are away or come as well, and who is booked onto their visits."""

from sqlalchemy import Column, Date, ForeignKey, Integer, Table, Text, Time, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

presence_exceptions = Table(
    "presence_exceptions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, ForeignKey("desks.code"), nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("opens", Time),
    Column("closes", Time),
    Column("places", Integer, nullable=False),
    Column("note", Text),
    Column("actor", Text),
    Column("actor_name", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

visits = Table(
    "visits",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, ForeignKey("desks.code"), nullable=False),
    Column("site", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("opens", Time, nullable=False),
    Column("place", Integer, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("zone", Text, nullable=False),
    Column("startup_id", Uuid, ForeignKey("startups.id"), nullable=False),
    Column("request_id", Uuid, ForeignKey("requests.id")),
    Column("bring", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("booked_by", Text),
    Column("booked_by_name", Text, nullable=False),
    Column("booked_at", UtcDateTime, nullable=False),
    Column("cancelled_at", UtcDateTime),
    Column("cancelled_by_name", Text),
    Column("reason", Text),
    Column("held_until", UtcDateTime),
)
