"""To which desk a request goes.

The rule: the agency's desk at the request's site, else at the nearest site that has one, else the
agency's head office. Several desks on the same rung are equals: the least loaded of them is
chosen, measured against its capacity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import asin, cos, radians, sin, sqrt
from typing import Any

from services.guichet.domain.catalogue import Site
from services.guichet.domain.desks import Desk
from shared.errors import N_, InvalidInput

EARTH_RADIUS_KM = 6371.0

SAME_SITE = "same_site"
NEAREST_SITE = "nearest_site"
HEAD_OFFICE = "head_office"
BY_HAND = "by_hand"

#: how many sites' desks are kept with a decision besides those it was made among
SHOWN_BEYOND = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A desk that was considered; ``open_requests`` is known where the load decided."""

    desk: str
    distance_km: int | None
    room: int
    open: bool = True
    open_requests: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "desk": self.desk,
            "distance_km": self.distance_km,
            "room": self.room,
            "open": self.open,
            "open_requests": self.open_requests,
        }


@dataclass(frozen=True, slots=True)
class Routing:
    """A decision: the desk, the rung that led to it, and what else was considered."""

    desk: Desk
    reason: str
    candidates: tuple[Candidate, ...] = ()
    equals: int = 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "desk": self.desk.code,
            "reason": self.reason,
            "equals": self.equals,
            "candidates": [candidate.as_dict() for candidate in self.candidates],
        }


@dataclass(frozen=True, slots=True)
class Rung:
    """The desks among which only the load decides."""

    reason: str
    desks: tuple[Desk, ...]


def rung(*, agency: str, site: str, desks: Iterable[Desk], sites: Mapping[str, Site]) -> Rung | None:
    """The first rung of the ladder on which the agency has an open desk."""
    origin = sites[site]
    present: dict[float, list[Desk]] = {}
    head_office = []
    for desk in desks:
        if desk.agency != agency or not desk.open:
            continue
        if desk.site is None:
            head_office.append(desk)
        elif (place := sites.get(desk.site)) is not None and place.open:
            present.setdefault(distance_km(origin, place), []).append(desk)
    if present:
        distance = min(present)
        return Rung(SAME_SITE if distance == 0 else NEAREST_SITE, _ordered(present[distance]))
    return Rung(HEAD_OFFICE, _ordered(head_office)) if head_office else None


def route(
    *,
    agency: str,
    site: str,
    desks: Iterable[Desk],
    sites: Mapping[str, Site],
    loads: Mapping[str, int] | None = None,
    turn: int = 0,
) -> Routing:
    """Choose the desk of a request.

    ``loads`` are the open requests of the desks of the rung; ``turn`` settles equal loads, so that
    two filings at the same moment, which cannot see each other, do not take the same side.

    Raises:
        InvalidInput: the site is unknown, or the agency has no open desk at all.
    """
    if site not in sites:
        raise unknown_site(site)
    known = list(desks)
    found = rung(agency=agency, site=site, desks=known, sites=sites)
    if found is None:
        raise InvalidInput(
            N_("No site has an open desk for this procedure at the moment."), field="procedure"
        )
    weighed = {desk.code: (loads or {}).get(desk.code, 0) for desk in found.desks}
    shares = {desk.code: Fraction(weighed[desk.code], desk.room) for desk in found.desks}
    lowest = min(shares.values())
    idle = [desk for desk in found.desks if shares[desk.code] == lowest]
    chosen = idle[turn % len(idle)]
    counted = weighed if loads is not None and len(found.desks) > 1 else {}
    return Routing(
        chosen,
        found.reason,
        tuple(_considered(found, known, agency, sites[site], sites, counted)),
        len(found.desks),
    )


def by_hand(desk: Desk, considered: Routing | None) -> Routing:
    """A person chose this desk; what the rule would have considered is kept beside it."""
    if considered is None:
        return Routing(desk, BY_HAND)
    return replace(considered, desk=desk, reason=BY_HAND)


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


def _considered(
    found: Rung,
    desks: Iterable[Desk],
    agency: str,
    origin: Site,
    sites: Mapping[str, Site],
    loads: Mapping[str, int],
) -> list[Candidate]:
    """The equals, what is closed at the site itself, and the next places the rule would have gone to."""
    equals = {desk.code for desk in found.desks}
    shown: list[tuple[float, Candidate]] = []
    beyond: list[tuple[float, Candidate]] = []
    for desk in desks:
        if desk.agency != agency:
            continue
        place = sites.get(desk.site) if desk.site else None
        away = distance_km(origin, place) if place else float("inf")
        usable = desk.open and (desk.site is None or (place is not None and place.open))
        candidate = Candidate(
            desk.code, round(away) if place else None, desk.room, usable, loads.get(desk.code)
        )
        if desk.code in equals or (away == 0 and not usable):
            shown.append((away, candidate))
        elif usable:
            beyond.append((away, candidate))
    beyond.sort(key=lambda pair: (pair[0], pair[1].desk))
    ordered = sorted([*shown, *beyond[:SHOWN_BEYOND]], key=lambda pair: (pair[0], pair[1].desk))
    return [candidate for _, candidate in ordered]


def _ordered(desks: Iterable[Desk]) -> tuple[Desk, ...]:
    return tuple(sorted(desks, key=lambda desk: desk.code))
