"""What bookings will cost, before billing charges them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from services.booking.domain.places import Space
from services.booking.domain.pricing import Estimate, Tariff, estimate, tariff_on
from services.booking.storage import places, read_copies


@dataclass(frozen=True)
class PriceList:
    """The spaces and tariffs of some sites, loaded once for any number of estimates."""

    spaces: dict[str, Space]
    tariffs: list[Tariff]

    def hourly(self, space: Space, day: date) -> Tariff | None:
        """``None`` while billing has announced no tariff for this kind of space."""
        own = (t for t in self.tariffs if t.site == space.site and t.space_kind is space.kind)
        return tariff_on(day, own)

    def estimate(self, space_code: str, day: date, duration: timedelta) -> Estimate | None:
        tariff = self.hourly(self.spaces[space_code], day)
        return None if tariff is None else estimate(tariff, duration)


def price_list(session: Session, sites: Collection[str]) -> PriceList:
    spaces = {space.code: space for space in places.spaces_of(session, sites)}
    return PriceList(spaces, read_copies.tariffs_of(session, sites))
