"""Invented charges, parties and invoices for the tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from services.billing.domain.charge import Charge, Kind, SubjectKind
from services.billing.domain.invoice import Invoice, draw_up, line_from
from services.billing.domain.money import Money
from services.billing.domain.numbering import Number
from services.billing.domain.parties import Buyer, Seller
from services.billing.domain.tariff import Unit

ISSUED_ON = date(2026, 11, 23)


def names(text: str) -> dict[str, str]:
    return {"fr": text, "ar": f"{text} (ar)", "en": f"{text} (en)"}


def a_charge(**changes: Any) -> Charge:
    values: dict[str, Any] = {
        "id": uuid4(),
        "source_event_id": uuid4(),
        "line": 1,
        "startup_id": uuid4(),
        "site": "casablanca",
        "subject_kind": SubjectKind.BOOKING,
        "subject": uuid4(),
        "subject_number": "BK-2026-00007",
        "kind": Kind.SERVICE,
        "label": names("Location de salle : Atlas"),
        "detail": "09:00–11:00",
        "quantity": Decimal(2),
        "unit": Unit.HOUR,
        "unit_price": Money(Decimal("120.00")),
        "vat_rate": Decimal(20),
        "operated_on": ISSUED_ON,
    }
    return Charge(**(values | changes))


def a_fee(amount: str = "230.00", **changes: Any) -> Charge:
    values: dict[str, Any] = {
        "kind": Kind.DISBURSEMENT,
        "subject_kind": SubjectKind.REQUEST,
        "subject_number": "CAS-2026-000042",
        "label": names("Certificat négatif, timbre compris"),
        "detail": None,
        "quantity": Decimal(1),
        "unit": Unit.ITEM,
        "unit_price": Money(Decimal(amount)),
        "vat_rate": Decimal(0),
    }
    return a_charge(**(values | changes))


def a_seller(**changes: Any) -> Seller:
    values: dict[str, Any] = {
        "site": "casablanca",
        "site_name": {
            "fr": "Technopark Casablanca",
            "ar": "تكنوبارك الدار البيضاء",
            "en": "Technopark Casablanca",
        },
        "series_code": "CAS",
        "legal_name": "Technopark Casablanca (identité de démonstration)",
        "address": "Route de Nouaceur, Casablanca, Maroc",
        "ice": "000000000000000",
        "tax_id": "00000000",
        "trade_tax_id": "00000000",
        "rc": "Casablanca 000000",
        "cnss": "0000000",
        "email": "facturation.casablanca@technopark.example",
        "demonstration": True,
    }
    return Seller(**(values | changes))


def a_buyer(**changes: Any) -> Buyer:
    values: dict[str, Any] = {
        "startup_id": uuid4(),
        "legal_name": "Sahara Solar SARL",
        "ice": "001234567000089",
        "address": "12, rue Ibn Batouta, Casablanca",
    }
    return Buyer(**(values | changes))


def an_invoice(*charges: Charge, **changes: Any) -> Invoice:
    lines = [
        line_from(charge, line_id=uuid4(), position=position)
        for position, charge in enumerate(charges or (a_fee(), a_charge()), start=1)
    ]
    values: dict[str, Any] = {
        "invoice_id": uuid4(),
        "number": Number("FA-CAS-2026", 1),
        "seller": a_seller(),
        "buyer": a_buyer(),
        "lines": lines,
        "issued_at": datetime(2026, 11, 23, 10, 30, tzinfo=UTC),
        "issued_on": ISSUED_ON,
    }
    return draw_up(**(values | changes))
