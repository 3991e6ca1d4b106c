"""Set what an hour of a space costs from a day on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from services.billing.contracts.published import TariffChanged
from services.billing.domain.money import Money
from services.billing.domain.tariff import SpaceKind, Tariff
from services.billing.storage import reference
from shared.db import uuid7
from shared.messaging.outbox import publish


def set_tariff(
    session: Session, *, site: str, space_kind: SpaceKind, amount: Money, vat_rate: Decimal, valid_from: date
) -> Tariff:
    """Store a tariff and tell the others; charges already made keep the price they had."""
    tariff = reference.save_tariff(session, Tariff(uuid7(), site, space_kind, amount, vat_rate, valid_from))
    publish(
        session,
        TariffChanged,
        subject=str(tariff.id),
        data=event_data(tariff),
    )
    return tariff


def event_data(tariff: Tariff) -> dict[str, Any]:
    """Return the tariff as the other services are told it."""
    return {
        "tariff_id": tariff.id,
        "site": tariff.site,
        "space_kind": tariff.space_kind.value,
        "unit": tariff.unit.value,
        "amount": tariff.amount.amount,
        "vat_rate": tariff.vat_rate,
        "valid_from": tariff.valid_from,
    }
