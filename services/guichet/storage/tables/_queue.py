"""Visits at the windows: tickets, their steps, their numbers, the windows and the wall screens."""

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

tickets = Table(
    "tickets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("site", Text, ForeignKey("sites.code"), nullable=False),
    Column("day", Date, nullable=False),
    Column("series", Text, nullable=False),
    Column("serial", Integer),
    Column("line", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("rank_at", UtcDateTime, nullable=False),
    Column("appointment_at", UtcDateTime),
    Column("procedure", Text),
    Column("startup_id", Uuid, ForeignKey("startups.id")),
    Column("contact_id", Uuid),
    Column("missing", ARRAY(Text), nullable=False),
    Column("reason", Text),
    Column("window_id", Uuid, ForeignKey("service_windows.id")),
    Column("window_label", Text),
    Column("wanted_window", Text),
    Column("calls", Integer, nullable=False),
    Column("first_called_at", UtcDateTime),
    Column("called_at", UtcDateTime),
    Column("served_since", UtcDateTime),
    Column("handled_seconds", Integer, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("outcome", Text),
    Column("request_id", Uuid, ForeignKey("requests.id")),
    Column("version", Integer, nullable=False),
    UniqueConstraint("site", "day", "series", "serial"),
)

ticket_steps = Table(
    "ticket_steps",
    metadata,
    Column("ticket_id", Uuid, ForeignKey("tickets.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text),
    Column("actor_name", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("window_label", Text),
    Column("note", Text),
)

ticket_series = Table(
    "ticket_series",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

tickets_near = Table(
    "tickets_near",
    metadata,
    Column("ticket_id", Uuid, ForeignKey("tickets.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

service_windows = Table(
    "service_windows",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("site", Text, ForeignKey("sites.code"), nullable=False),
    Column("label", Text, nullable=False),
    Column("lines", ARRAY(Text), nullable=False),
    Column("account", Text, nullable=False),
    Column("account_name", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
)

wall_screens = Table(
    "wall_screens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("site", Text, ForeignKey("sites.code"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("revoked_at", UtcDateTime),
)
