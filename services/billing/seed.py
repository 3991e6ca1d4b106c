"""The catalogue billing starts with: who sells at each site, and what an hour costs there."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy.orm import Session

from services.billing.domain.money import Money
from services.billing.domain.parties import Seller
from services.billing.domain.tariff import SpaceKind
from services.billing.storage import reference
from services.billing.use_cases import set_tariff

CATALOGUE = Path(__file__).parent / "catalogue"


def seed(session: Session, *, demo: bool) -> None:
    """Bring sellers and tariffs to what the catalogue says; run again, it changes nothing.

    An identity that an operator entered (one not marked as a demonstration) is left alone.
    """
    known = reference.all_sellers(session)
    for entry in json.loads((CATALOGUE / "sellers.json").read_text(encoding="utf-8")):
        seller = Seller(**entry)
        present = known.get(seller.site)
        if present is None or (present.demonstration and present != seller):
            reference.save_seller(session, seller)
    for entry in json.loads((CATALOGUE / "tariffs.json").read_text(encoding="utf-8")):
        valid_from = date.fromisoformat(entry["valid_from"])
        for kind, amount in entry["hourly"].items():
            space_kind = SpaceKind(kind)
            if reference.tariff_starting(session, entry["site"], space_kind, valid_from) is None:
                set_tariff(
                    session,
                    site=entry["site"],
                    space_kind=space_kind,
                    amount=Money(Decimal(amount)),
                    vat_rate=Decimal(entry["vat_rate"]),
                    valid_from=valid_from,
                )
