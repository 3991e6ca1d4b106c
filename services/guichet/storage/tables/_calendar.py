"""When the sites are open, as staff keep it, and which notices have left."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

#: one row for the network (``*``), one for each site that differs
calendar_rules = Table(
    "calendar_rules",
    metadata,
    Column("site", Text, primary_key=True),
    Column("definition", JSONB, nullable=False),
)

calendar_ramadans = Table(
    "calendar_ramadans",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("confirmed", Boolean, nullable=False),
)

calendar_overrides = Table(
    "calendar_overrides",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("effect", Text, nullable=False),
    Column("names", JSONB(none_as_null=True)),
    Column("hours", JSONB(none_as_null=True)),
    Column("moved_from", Date),
)

#: who corrected what; lines are added, never changed
calendar_changes = Table(
    "calendar_changes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text),
    Column("actor_name", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("day", Date),
    Column("details", JSONB, nullable=False),
)

#: the calendar's present state, and how far the deadlines kept for lists have followed it
calendar_revision = Table(
    "calendar_revision",
    metadata,
    Column("singleton", Boolean, primary_key=True),
    Column("revision", Uuid, nullable=False),
    Column("followed", Uuid),
    Column("following", Uuid),
    Column("followed_to", Uuid),
    Column("moved", Integer, nullable=False),
)

#: a row for each year of a site the other services were told of
calendar_told = Table(
    "calendar_told",
    metadata,
    Column("site", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)

#: a row for each notice that has left: the key is what keeps a second one from leaving
deadline_notices = Table(
    "deadline_notices",
    metadata,
    Column("request_id", Uuid, ForeignKey("requests.id"), primary_key=True),
    Column("deadline", Text, primary_key=True),
    Column("notice", Text, primary_key=True),
    Column("due_at", UtcDateTime),
    Column("told_at", UtcDateTime, nullable=False),
)
