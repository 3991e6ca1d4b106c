"""What days and months added up to, how far that is kept, and which kept days changed."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Integer, LargeBinary, Table, Text

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime


def _requests() -> list[Column[Any]]:
    counts = ("filed", "returned", "closed", "kept", "promised", "lawful")
    return _counts(*counts) + _durations("delays", "laws")


def _visits() -> list[Column[Any]]:
    counts = ("given", "turned_away", "served", "abandoned", "no_show", "resolved")
    return _counts(*counts) + _durations("waits", "handlings", "visits")


def _counts(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer, nullable=False) for name in names]


def _durations(*names: str) -> list[Column[Any]]:
    return [Column(name, LargeBinary, nullable=False) for name in names]


dashboard_requests = Table(
    "dashboard_requests",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("procedure", Text, primary_key=True),
    *_requests(),
)

dashboard_visits = Table(
    "dashboard_visits",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("line", Text, primary_key=True),
    *_visits(),
)

# A month is added up for a site as long as it stands here.
dashboard_months = Table(
    "dashboard_months",
    metadata,
    Column("site", Text, primary_key=True),
    Column("month", Date, primary_key=True),
)

dashboard_month_requests = Table(
    "dashboard_month_requests",
    metadata,
    Column("site", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("procedure", Text, primary_key=True),
    *_requests(),
)

dashboard_month_visits = Table(
    "dashboard_month_visits",
    metadata,
    Column("site", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("line", Text, primary_key=True),
    *_visits(),
)

dashboard_progress = Table(
    "dashboard_progress",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("kept", Date, nullable=False),
    Column("marked", Date, nullable=False),
    Column("marked_at", UtcDateTime, nullable=False),
)

dashboard_stale = Table(
    "dashboard_stale",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("site", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
