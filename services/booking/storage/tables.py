"""Tables of the booking database. The exclusion constraint on ``bookings`` is the arbiter of overlaps."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Sequence,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from shared.db import UtcDateTime, new_metadata

metadata = new_metadata()

booking_numbers = Sequence("booking_numbers", metadata=metadata)

sites = Table(
    "sites",
    metadata,
    Column("code", Text, primary_key=True),
    Column("names", JSONB, nullable=False),
    Column("zone", Text, nullable=False),
    Column("opening_hours", JSONB, nullable=False),
    Column("hold_hours", Integer, nullable=False),
    Column("position", Integer, nullable=False),
)

# What booking itself says: decided by its staff, or ``seeded``, for a year the counter has told nothing of.
closed_days = Table(
    "closed_days",
    metadata,
    Column("site", ForeignKey("sites.code"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("names", JSONB, nullable=False),
    Column("seeded", Boolean, nullable=False, server_default=text("false")),
)

# What the counter says, a year of a site in a row; it may know a site before booking has spaces there.
counter_calendar = Table(
    "counter_calendar",
    metadata,
    Column("calendar_id", Uuid, primary_key=True),
    Column("site", Text, nullable=False, index=True),
    Column("year", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("closed", JSONB, nullable=False),
)

spaces = Table(
    "spaces",
    metadata,
    Column("code", Text, primary_key=True),
    Column("site", ForeignKey("sites.code"), nullable=False, index=True),
    Column("names", JSONB, nullable=False),
    Column("kind", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("equipment", JSONB, nullable=False),
    Column("setup_minutes", Integer, nullable=False),
    Column("teardown_minutes", Integer, nullable=False),
    Column("demonstration", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    CheckConstraint("kind IN ('room', 'hall', 'desk')", name="kind"),
    CheckConstraint("capacity > 0", name="capacity"),
    CheckConstraint("setup_minutes BETWEEN 0 AND 240 AND teardown_minutes BETWEEN 0 AND 240", name="buffers"),
)

startups = Table(
    "startups",
    metadata,
    Column("startup_id", Uuid, primary_key=True),
    Column("legal_name", Text, nullable=False),
    Column("ice", Text),
    Column("site", Text, nullable=False),
    Column("resident", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("merged_into", Uuid, index=True),
)

tariffs = Table(
    "tariffs",
    metadata,
    Column("tariff_id", Uuid, primary_key=True),
    Column("site", Text, nullable=False),
    Column("space_kind", Text, nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    Column("vat_rate", Numeric(5, 2), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("site", ForeignKey("sites.code"), nullable=False),
    Column("space", ForeignKey("spaces.code"), nullable=False),
    Column("startup_id", ForeignKey("startups.startup_id")),
    Column("title", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("zone", Text, nullable=False),
    Column("starts_local", DateTime(timezone=False), nullable=False),
    Column("ends_local", DateTime(timezone=False), nullable=False),
    Column("occupied", TSTZRANGE, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("booked_by", Text, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("confirmed_at", UtcDateTime),
    Column("cancelled_at", UtcDateTime),
    Column("cancel_reason", Text),
    CheckConstraint("state IN ('held', 'confirmed', 'cancelled', 'expired')", name="state"),
    CheckConstraint("purpose IN ('meeting', 'event', 'maintenance')", name="purpose"),
    CheckConstraint("starts_at < ends_at", name="order"),
    CheckConstraint("occupied @> tstzrange(starts_at, ends_at)", name="occupied"),
    CheckConstraint("(state = 'held') = (expires_at IS NOT NULL)", name="expiry"),
    ExcludeConstraint(
        ("space", "="),
        ("occupied", "&&"),
        where=text("state IN ('held', 'confirmed')"),
        using="gist",
        name="bookings_no_overlap_excl",
    ),
)

# A space, or without one all of a site, closed for a while: a trigger on ``bookings`` takes none into it.
closures = Table(
    "closures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("site", ForeignKey("sites.code"), nullable=False),
    Column("space", ForeignKey("spaces.code")),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("zone", Text, nullable=False),
    Column("starts_local", DateTime(timezone=False), nullable=False),
    Column("ends_local", DateTime(timezone=False), nullable=False),
    Column("period", TSTZRANGE, nullable=False),
    Column("reason", Text, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    Column("reopened_by", Text),
    Column("reopened_at", UtcDateTime),
    CheckConstraint("starts_at < ends_at", name="order"),
    CheckConstraint("period = tstzrange(starts_at, ends_at)", name="period"),
    CheckConstraint("(reopened_by IS NULL) = (reopened_at IS NULL)", name="reopening"),
    ExcludeConstraint(
        ("site", "="),
        (text("coalesce(space, '')"), "="),
        ("period", "&&"),
        where=text("reopened_at IS NULL"),
        using="gist",
        name="closures_no_overlap_excl",
    ),
)

# Lists and timelines walk one site in time order: the work depends on what is shown, never on
# how many bookings there are.
Index("bookings_site_starts_at_id_ix", bookings.c.site, bookings.c.starts_at, bookings.c.id)
Index("bookings_startup_id_starts_at_ix", bookings.c.startup_id, bookings.c.starts_at)
Index("bookings_expires_at_ix", bookings.c.expires_at, postgresql_where=text("state = 'held'"))
Index("startups_legal_name_ix", func.lower(startups.c.legal_name))
Index("startups_ice_ix", startups.c.ice)
Index("tariffs_site_space_kind_valid_from_ix", tariffs.c.site, tariffs.c.space_kind, tariffs.c.valid_from)
