"""Billing's tables. Documents (invoices, credit notes and their lines) are only ever inserted."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import UtcDateTime, new_metadata

metadata = new_metadata()


def _money(name: str) -> Column[object]:
    return Column(name, Numeric(12, 2), nullable=False)


def _what_was_sold() -> tuple[Column[object], ...]:
    """What a charge says and an invoice line repeats for good."""
    return (
        Column("subject_kind", Text, nullable=False),
        Column("subject", Uuid, nullable=False),
        Column("subject_number", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("label", JSONB, nullable=False),
        Column("detail", Text),
        Column("quantity", Numeric(12, 4), nullable=False),
        Column("unit", Text, nullable=False),
        _money("unit_price"),
        Column("vat_rate", Numeric(5, 2), nullable=False),
        _money("net"),
        Column("operated_on", Date, nullable=False),
    )


def _document() -> tuple[Column[object] | UniqueConstraint, ...]:
    """What every numbered document carries, with its parties as they were that day."""
    return (
        Column("id", Uuid, primary_key=True),
        Column("series", Text, nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("number", Text, nullable=False, unique=True),
        Column("site", Text, nullable=False),
        Column("startup_id", Uuid, nullable=False),
        Column("seller", JSONB, nullable=False),
        Column("buyer", JSONB, nullable=False),
        Column("issued_on", Date, nullable=False),
        Column("issued_at", UtcDateTime, nullable=False),
        Column("vat_lines", JSONB, nullable=False),
        _money("total_excl"),
        _money("total_vat"),
        _money("total_incl"),
        Column("currency", Text, nullable=False),
        UniqueConstraint("series", "sequence"),
    )


sellers = Table(
    "sellers",
    metadata,
    Column("site", Text, primary_key=True),
    Column("site_name", JSONB, nullable=False),
    Column("series_code", Text, nullable=False, unique=True),
    Column("legal_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("ice", Text, nullable=False),
    Column("tax_id", Text, nullable=False),
    Column("trade_tax_id", Text, nullable=False),
    Column("rc", Text, nullable=False),
    Column("cnss", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("demonstration", Boolean, nullable=False),
)

startups = Table(
    "startups",
    metadata,
    Column("startup_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("legal_name", Text, nullable=False),
    Column("ice", Text),
    Column("address", Text),
    Column("site", Text, nullable=False),
    Column("merged_into", Uuid, index=True),
)

tariffs = Table(
    "tariffs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("site", Text, nullable=False),
    Column("space_kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    _money("amount"),
    Column("vat_rate", Numeric(5, 2), nullable=False),
    Column("valid_from", Date, nullable=False),
    UniqueConstraint("site", "space_kind", "unit", "valid_from"),
)

charges = Table(
    "charges",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source_event_id", Uuid, nullable=False),
    Column("line", Integer, nullable=False),
    Column("startup_id", Uuid, nullable=False),
    Column("site", Text, nullable=False),
    *_what_was_sold(),
    Column("state", Text, nullable=False),
    Column("charged_at", UtcDateTime, nullable=False),
    UniqueConstraint("source_event_id", "line"),
    Index("charges_open_ix", "startup_id", "site", postgresql_where=text("state = 'open'")),
    Index("charges_subject_ix", "subject"),
    Index("charges_startup_id_ix", "startup_id", "id"),
)

cancelled_bookings = Table(
    "cancelled_bookings",
    metadata,
    Column("booking_id", Uuid, primary_key=True),
    Column("cancelled_at", UtcDateTime, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("last_on", Date, nullable=False),
)

invoices = Table(
    "invoices",
    metadata,
    *_document(),
    Column("due_on", Date, nullable=False),
    Index("invoices_site_ix", "site", "id"),
    Index("invoices_startup_id_ix", "startup_id", "id"),
    Index("invoices_issued_on_ix", "issued_on"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, ForeignKey("invoices.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("charge_id", Uuid, ForeignKey("charges.id"), nullable=False, unique=True),
    *_what_was_sold(),
    UniqueConstraint("invoice_id", "position"),
)

credit_notes = Table(
    "credit_notes",
    metadata,
    *_document(),
    Column("invoice_id", Uuid, ForeignKey("invoices.id"), nullable=False, index=True),
    Column("invoice_number", Text, nullable=False),
    Column("invoice_issued_on", Date, nullable=False),
    Column("reason", JSONB, nullable=False),
    Index("credit_notes_site_ix", "site", "id"),
)

credit_note_lines = Table(
    "credit_note_lines",
    metadata,
    Column("invoice_line_id", Uuid, ForeignKey("invoice_lines.id"), primary_key=True),
    Column("credit_note_id", Uuid, ForeignKey("credit_notes.id"), nullable=False, index=True),
)
