"""What the API takes and gives. Amounts are dirhams as decimal strings, rates are percentages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from services.billing.domain.charge import ChargeState
from shared.web import PageQuery
from shared.web.fields import Day, Instant, Money, Names, Text

INVOICE_STATES = ("due", "late", "settled")


class Quantity(fields.Field[Decimal]):
    """A number of hours or items as text, without the zeros the database pads it with."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return f"{value.normalize():f}"


class NewInvoice(Schema):
    startup_id = fields.UUID(required=True)
    site = Text(required=True, longest=40)


class ChargeQuery(PageQuery):
    startup_id = fields.UUID(load_default=None)
    subject = fields.UUID(load_default=None, metadata={"description": "A request's or booking's id"})
    site = Text(load_default=None, longest=40)
    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in ChargeState]))


class InvoiceQuery(PageQuery):
    startup_id = fields.UUID(load_default=None)
    site = Text(load_default=None, longest=40)
    state = fields.String(load_default=None, validate=validate.OneOf(INVOICE_STATES))
    search = Text(load_default=None, longest=100, shortest=0)


class CreditNoteQuery(PageQuery):
    startup_id = fields.UUID(load_default=None)
    site = Text(load_default=None, longest=40)
    invoice = Text(load_default=None, longest=40)


class TariffQuery(Schema):
    site = Text(load_default=None, longest=40)


class PdfQuery(Schema):
    lang = fields.String(load_default="fr", validate=validate.OneOf(["fr", "ar", "en"]))


class WhatWasSold(Schema):
    subject_kind = fields.String()
    subject = fields.UUID()
    subject_number = fields.String()
    kind = fields.String(metadata={"description": "disbursement (no TVA) or service"})
    label = Names()
    detail = fields.String(allow_none=True)
    quantity = Quantity()
    unit = fields.String()
    unit_price = Money()
    vat_rate = Money()
    net = Money()
    operated_on = Day()


class ChargeOut(WhatWasSold):
    id = fields.UUID()
    startup_id = fields.UUID()
    site = fields.String()
    state = fields.String()
    charged_at = Instant()
    invoice_number = fields.String(allow_none=True)


class InvoiceRow(Schema):
    id = fields.UUID()
    number = fields.String()
    startup_id = fields.UUID()
    site = fields.String()
    buyer_name = fields.String()
    issued_on = Day()
    due_on = Day()
    total_excl = Money()
    total_vat = Money()
    total_incl = Money()
    credited = Money()
    due = Money()
    currency = fields.String()


class SellerOut(Schema):
    legal_name = fields.String()
    address = fields.String()
    ice = fields.String()
    tax_id = fields.String()
    trade_tax_id = fields.String()
    rc = fields.String()
    cnss = fields.String()
    demonstration = fields.Boolean()


class BuyerOut(Schema):
    startup_id = fields.UUID()
    legal_name = fields.String()
    ice = fields.String(allow_none=True)
    address = fields.String(allow_none=True)


class LineOut(WhatWasSold):
    position = fields.Integer()
    charge_id = fields.UUID()


class VatLineOut(Schema):
    kind = fields.String()
    rate = Money()
    base = Money()
    vat = Money()


class WarningOut(Schema):
    code = fields.String()
    detail = fields.String()


class InvoiceOut(InvoiceRow):
    seller = fields.Nested(SellerOut)
    buyer = fields.Nested(BuyerOut)
    lines = fields.List(fields.Nested(LineOut))
    vat = fields.List(fields.Nested(VatLineOut))
    credit_notes = fields.List(fields.String())
    warnings = fields.List(fields.Nested(WarningOut))
    pdf = fields.String(metadata={"description": "Address of the PDF"})


class CreditNoteRow(Schema):
    id = fields.UUID()
    number = fields.String()
    invoice_id = fields.UUID()
    invoice_number = fields.String()
    startup_id = fields.UUID()
    site = fields.String()
    buyer_name = fields.String()
    issued_on = Day()
    reason = Names()
    total_excl = Money()
    total_vat = Money()
    total_incl = Money()
    currency = fields.String()


class TariffOut(Schema):
    id = fields.UUID()
    site = fields.String()
    space_kind = fields.String()
    unit = fields.String()
    amount = fields.Function(lambda tariff: str(tariff.amount), metadata={"type": "string"})
    vat_rate = Money()
    valid_from = Day()


class TariffList(Schema):
    items = fields.List(fields.Nested(TariffOut))


class PersonalDataOut(Schema):
    service = fields.String(required=True, validate=validate.Equal("billing"))
    made_at = Instant(required=True)
    startup = fields.Dict(required=True, metadata={"description": "the buyer as billing knows it"})
    merged = fields.List(
        fields.Dict(), required=True, metadata={"description": "records that only lead to it"}
    )
    charges = fields.List(fields.Dict(), required=True)
    invoices = fields.List(fields.Dict(), required=True)
    credit_notes = fields.List(fields.Dict(), required=True)
