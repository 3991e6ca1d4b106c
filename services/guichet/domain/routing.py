"""To which desk a request goes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from services.guichet.domain.catalogue import Desk, Site
from shared.errors import N_, InvalidInput

EARTH_RADIUS_KM = 6371.0

SAME_SITE = "same_site"
NEAREST_SITE = "nearest_site"


@dataclass(frozen=True, slots=True)
class Routing:
    desk: Desk
    reason: str


def route(*, agency: str, site: str, desks: Iterable[Desk], sites: Mapping[str, Site]) -> Routing:
    """Choose the agency's desk at the site, else at the nearest site that has one.

    Raises:
        InvalidInput: the site is unknown, or no site has an open desk of the agency.
    """
    origin = sites.get(site)
    if origin is None:
        raise unknown_site(site)
    open_desks = [desk for desk in desks if desk.agency == agency and desk.open and desk.site in sites]
    if not open_desks:
        raise InvalidInput(
            N_("No site has an open desk for this procedure at the moment."), field="procedure"
        )
    # The code settles equal distances, so that the same request always goes to the same desk.
    nearest = min(open_desks, key=lambda desk: (distance_km(origin, sites[desk.site]), desk.code))
    return Routing(nearest, SAME_SITE if nearest.site == site else NEAREST_SITE)


def unknown_site(site: object) -> InvalidInput:
    return InvalidInput(N_("There is no site called “%(site)s”."), field="site", site=site)


def distance_km(here: Site, there: Site) -> float:
    """Great-circle distance (haversine)."""
    if here.code == there.code:
        return 0.0
    latitudes = radians(here.latitude), radians(there.latitude)
    half_chord = (
        sin((latitudes[1] - latitudes[0]) / 2) ** 2
        + cos(latitudes[0]) * cos(latitudes[1]) * sin(radians(there.longitude - here.longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half_chord))
