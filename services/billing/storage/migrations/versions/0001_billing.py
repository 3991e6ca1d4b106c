"""Tariffs, charges, numbered documents, and what billing knows of startups."""

from alembic import op

revision = "0001_billing"
down_revision = None
branch_labels = None
depends_on = None

WHAT_WAS_SOLD = """
    subject_kind text NOT NULL CHECK (subject_kind IN ('request', 'booking')),
    subject uuid NOT NULL,
    subject_number text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('disbursement', 'service')),
    label jsonb NOT NULL,
    detail text,
    quantity numeric(12, 4) NOT NULL CHECK (quantity > 0),
    unit text NOT NULL CHECK (unit IN ('hour', 'item')),
    unit_price numeric(12, 2) NOT NULL CHECK (unit_price >= 0),
    vat_rate numeric(5, 2) NOT NULL CHECK (vat_rate BETWEEN 0 AND 100),
    net numeric(12, 2) NOT NULL CHECK (net = round(quantity * unit_price, 2)),
    operated_on date NOT NULL,
    CHECK (kind = 'service' OR vat_rate = 0)
"""

DOCUMENT = """
    id uuid PRIMARY KEY,
    series text NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    number text NOT NULL UNIQUE,
    site text NOT NULL,
    startup_id uuid NOT NULL,
    seller jsonb NOT NULL,
    buyer jsonb NOT NULL,
    issued_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    vat_lines jsonb NOT NULL,
    total_excl numeric(12, 2) NOT NULL,
    total_vat numeric(12, 2) NOT NULL,
    total_incl numeric(12, 2) NOT NULL CHECK (total_incl = total_excl + total_vat),
    currency text NOT NULL CHECK (currency = 'MAD'),
    UNIQUE (series, sequence)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_reference_tables()
    _create_charges()
    _create_documents()


def _create_reference_tables() -> None:
    op.execute(
        """
        CREATE TABLE sellers (
            site text PRIMARY KEY,
            site_name jsonb NOT NULL,
            series_code text NOT NULL UNIQUE,
            legal_name text NOT NULL,
            address text NOT NULL,
            ice text NOT NULL,
            tax_id text NOT NULL,
            trade_tax_id text NOT NULL,
            rc text NOT NULL,
            cnss text NOT NULL,
            email text,
            phone text,
            demonstration boolean NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE startups (
            startup_id uuid PRIMARY KEY,
            version integer NOT NULL,
            legal_name text NOT NULL,
            ice text,
            address text,
            site text NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE tariffs (
            id uuid PRIMARY KEY,
            site text NOT NULL,
            space_kind text NOT NULL CHECK (space_kind IN ('room', 'hall', 'desk')),
            unit text NOT NULL CHECK (unit = 'hour'),
            amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
            vat_rate numeric(5, 2) NOT NULL CHECK (vat_rate BETWEEN 0 AND 100),
            valid_from date NOT NULL,
            UNIQUE (site, space_kind, unit, valid_from)
        )
        """
    )
    op.execute(
        "CREATE TABLE cancelled_bookings (booking_id uuid PRIMARY KEY, cancelled_at timestamptz NOT NULL)"
    )


def _create_charges() -> None:
    op.execute(
        f"""
        CREATE TABLE charges (
            id uuid PRIMARY KEY,
            source_event_id uuid NOT NULL,
            line integer NOT NULL,
            startup_id uuid NOT NULL,
            site text NOT NULL,
            {WHAT_WAS_SOLD},
            state text NOT NULL CHECK (state IN ('open', 'invoiced', 'cancelled')),
            charged_at timestamptz NOT NULL,
            UNIQUE (source_event_id, line)
        )
        """
    )
    op.execute("CREATE INDEX charges_open_ix ON charges (startup_id, site) WHERE state = 'open'")
    op.execute("CREATE INDEX charges_subject_ix ON charges (subject)")
    op.execute("CREATE INDEX charges_startup_id_ix ON charges (startup_id, id)")


def _create_documents() -> None:
    op.execute(
        "CREATE TABLE counters"
        " (series text PRIMARY KEY, last integer NOT NULL CHECK (last > 0), last_on date NOT NULL)"
    )
    op.execute(f"CREATE TABLE invoices ({DOCUMENT}, due_on date NOT NULL CHECK (due_on >= issued_on))")
    op.execute("CREATE INDEX invoices_site_ix ON invoices (site, id)")
    op.execute("CREATE INDEX invoices_startup_id_ix ON invoices (startup_id, id)")
    op.execute("CREATE INDEX invoices_issued_on_ix ON invoices (issued_on)")
    op.execute(
        f"""
        CREATE TABLE invoice_lines (
            id uuid PRIMARY KEY,
            invoice_id uuid NOT NULL REFERENCES invoices,
            position integer NOT NULL,
            charge_id uuid NOT NULL UNIQUE REFERENCES charges,
            {WHAT_WAS_SOLD},
            UNIQUE (invoice_id, position)
        )
        """
    )
    op.execute(
        f"""
        CREATE TABLE credit_notes (
            {DOCUMENT},
            invoice_id uuid NOT NULL REFERENCES invoices,
            invoice_number text NOT NULL,
            invoice_issued_on date NOT NULL,
            reason jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX credit_notes_invoice_id_ix ON credit_notes (invoice_id)")
    op.execute("CREATE INDEX credit_notes_site_ix ON credit_notes (site, id)")
    op.execute(
        """
        CREATE TABLE credit_note_lines (
            invoice_line_id uuid PRIMARY KEY REFERENCES invoice_lines,
            credit_note_id uuid NOT NULL REFERENCES credit_notes
        )
        """
    )
    op.execute("CREATE INDEX credit_note_lines_credit_note_id_ix ON credit_note_lines (credit_note_id)")
    # The law forbids it, so no bug and no hand at the console shall do it.
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'an issued % is never changed or deleted: issue a credit note', TG_TABLE_NAME;
        END $$
        """
    )
    for table in ("invoices", "invoice_lines", "credit_notes", "credit_note_lines"):
        op.execute(
            f"CREATE TRIGGER {table}_are_final BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
