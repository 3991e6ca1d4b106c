"""What days added up to, how far that is kept, and which kept days changed."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Integer, LargeBinary, Table, Text

from services.guichet.storage.tables._metadata import metadata
from shared.db import UtcDateTime

dashboard_requests = Table(
    "dashboard_requests",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("procedure", Text, primary_key=True),
    *(
        Column(name, Integer, nullable=False)
        for name in ("filed", "returned", "closed", "kept", "promised", "lawful")
    ),
    Column("delays", LargeBinary, nullable=False),
    Column("laws", LargeBinary, nullable=False),
)

dashboard_visits = Table(
    "dashboard_visits",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("line", Text, primary_key=True),
    *(
        Column(name, Integer, nullable=False)
        for name in ("given", "turned_away", "served", "abandoned", "no_show", "resolved")
    ),
    Column("waits", LargeBinary, nullable=False),
    Column("handlings", LargeBinary, nullable=False),
    Column("visits", LargeBinary, nullable=False),
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
