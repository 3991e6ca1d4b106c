"""What billing tells the others. Amounts are dirhams as decimal strings, rates are percentages."""

from marshmallow import Schema, fields, validate

from shared.messaging.contracts import published


def _amount() -> fields.Decimal:
    return fields.Decimal(required=True, places=2, as_string=True)


@published(
    "billing.tariff_changed.v1",
    sample={
        "tariff_id": "01980f2a-5c1e-7a70-9d44-1f4a1c0b7e01",
        "site": "casablanca",
        "space_kind": "room",
        "unit": "hour",
        "amount": "120.00",
        "vat_rate": "20.00",
        "valid_from": "2026-01-01",
    },
)
class TariffChanged(Schema):
    """From ``valid_from`` on, an hour of this kind of space costs ``amount`` before tax."""

    tariff_id = fields.UUID(required=True)
    site = fields.String(required=True)
    space_kind = fields.String(required=True, validate=validate.OneOf(["room", "hall", "desk"]))
    unit = fields.String(required=True, validate=validate.OneOf(["hour"]))
    amount = _amount()
    vat_rate = _amount()
    valid_from = fields.Date(required=True)


@published(
    "billing.invoice_issued.v1",
    sample={
        "invoice_id": "01980f2a-5c1e-7a70-9d44-1f4a1c0b7e02",
        "number": "FA-CAS-2026-00001",
        "startup_id": "01980f2a-5c1e-7a70-9d44-1f4a1c0b7e03",
        "site": "casablanca",
        "issued_on": "2026-11-23",
        "due_on": "2027-01-22",
        "total_excl": "470.00",
        "total_vat": "48.00",
        "total_incl": "518.00",
        "currency": "MAD",
    },
)
class InvoiceIssued(Schema):
    """An invoice has its number and its date; it will not change any more."""

    invoice_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    issued_on = fields.Date(required=True)
    due_on = fields.Date(required=True)
    total_excl = _amount()
    total_vat = _amount()
    total_incl = _amount()
    currency = fields.String(required=True, validate=validate.OneOf(["MAD"]))


@published(
    "billing.credit_note_issued.v1",
    sample={
        "credit_note_id": "01980f2a-5c1e-7a70-9d44-1f4a1c0b7e04",
        "number": "AV-CAS-2026-00001",
        "invoice_id": "01980f2a-5c1e-7a70-9d44-1f4a1c0b7e02",
        "invoice_number": "FA-CAS-2026-00001",
        "startup_id": "01980f2a-5c1e-7a70-9d44-1f4a1c0b7e03",
        "site": "casablanca",
        "issued_on": "2026-11-24",
        "total_incl": "288.00",
        "currency": "MAD",
    },
)
class CreditNoteIssued(Schema):
    """Part or all of an invoice was taken back."""

    credit_note_id = fields.UUID(required=True)
    number = fields.String(required=True)
    invoice_id = fields.UUID(required=True)
    invoice_number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    issued_on = fields.Date(required=True)
    total_incl = _amount()
    currency = fields.String(required=True, validate=validate.OneOf(["MAD"]))
