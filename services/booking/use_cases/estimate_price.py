"""What a booking will cost, before billing charges it."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from services.booking.domain.places import Space
from services.booking.domain.pricing import Estimate, Tariff, estimate, tariff_on
from services.booking.storage import read_copies


def tariffs_by_kind(session: Session, site: str, day: date) -> dict[str, Tariff]:
    """What an hour costs in each kind of space of a site that day."""
    tariffs = read_copies.tariffs_of(session, site)
    kinds = {tariff.space_kind for tariff in tariffs}
    found = {kind: tariff_on(day, (t for t in tariffs if t.space_kind is kind)) for kind in kinds}
    return {kind: tariff for kind, tariff in found.items() if tariff is not None}


def estimate_price(session: Session, space: Space, day: date, duration: timedelta) -> Estimate | None:
    """``None`` while billing has announced no tariff for this kind of space."""
    tariff = tariffs_by_kind(session, space.site, day).get(space.kind)
    return None if tariff is None else estimate(tariff, duration)
