"""A completed request: its fees become charges."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.billing.domain import wording
from services.billing.domain.charge import Charge, Kind, SubjectKind
from services.billing.domain.money import Money
from services.billing.domain.tariff import Unit
from services.billing.storage import charges, reference
from shared import clock
from shared.db import uuid7


def charge_request(session: Session, event_id: UUID, data: Mapping[str, Any]) -> None:
    """Charge every fee line that is not free; the same event again charges nothing."""
    payer = reference.account_of(session, data["startup_id"])
    completed_on = data["completed_at"].astimezone(clock.CASABLANCA).date()
    fees = [
        Charge(
            id=uuid7(),
            source_event_id=event_id,
            line=line,
            startup_id=payer,
            site=data["site"],
            subject_kind=SubjectKind.REQUEST,
            subject=data["request_id"],
            subject_number=data["number"],
            kind=Kind(fee["kind"]),
            label=wording.fee_of(data["procedure_name"], fee["label"]),
            detail=None,
            quantity=Decimal(1),
            unit=Unit.ITEM,
            unit_price=Money(fee["amount"]),
            vat_rate=fee["vat_rate"] or Decimal(0),
            operated_on=completed_on,
        )
        for line, fee in enumerate(data["fee_lines"] or [], start=1)
        if fee["amount"]
    ]
    charges.add_charges(session, fees, charged_at=clock.now())
