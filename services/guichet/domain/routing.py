"""To which desk a request goes.

The rule is a ladder: the agency's desks at the request's site, then those at the nearest site, at
the next one and so on, then the agency's head office. The first rung with room takes the request;
when there is room nowhere, the first rung takes it all the same, for nobody is sent away. Several
desks on a rung are equals: the least loaded of them is chosen, measured against its capacity.

Capacity is a measure and not a lock: filings of the same moment do not see each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import asin, cos, inf, radians, sin, sqrt
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
    full: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "desk": self.desk,
            "distance_km": self.distance_km,
            "room": self.room,
            "open": self.open,
            "open_requests": self.open_requests,
            "full": self.full,
        }


@dataclass(frozen=True, slots=True)
class Routing:
    """A decision: the desk, the rung that led to it, and what else was considered."""

    desk: Desk
    reason: str
    candidates: tuple[Candidate, ...] = ()
    equals: int = 1
    #: nearer desks had no room left
    overflow: bool = False
    #: nor had any other: it was sent here all the same
    crowded: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "desk": self.desk.code,
            "reason": self.reason,
            "equals": self.equals,
            "overflow": self.overflow,
            "crowded": self.crowded,
            "candidates": [candidate.as_dict() for candidate in self.candidates],
        }


@dataclass(frozen=True, slots=True)
class Rung:
    """The desks among which only the load decides."""

    reason: str
    desks: tuple[Desk, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A desk of the agency as seen from a site."""

    desk: Desk
    away: float
    distance_km: int | None
    usable: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of a decision does not depend on the moment: the agency's desks around a site."""

    #: the open desks as the rule asks them, nearest first
    rungs: tuple[Rung, ...]
    #: every desk, the nearest first
    neighbours: tuple[Neighbour, ...]

    @property
    def first(self) -> Rung | None:
        """The first rung, where nearly every request stays."""
        return self.rungs[0] if self.rungs else None


def surroundings(*, agency: str, site: str, desks: Iterable[Desk], sites: Mapping[str, Site]) -> Surroundings:
    """Look around from a site.

    Raises:
        InvalidInput: the site is unknown.
    """
    if site not in sites:
        raise unknown_site(site)
    neighbours = sorted(
        (_seen(desk, sites[site], sites) for desk in desks if desk.agency == agency),
        key=lambda one: (one.away, one.desk.code),
    )
    present: dict[float, list[Desk]] = {}
    for one in neighbours:
        if one.usable:
            present.setdefault(one.away, []).append(one.desk)
    return Surroundings(
        tuple(Rung(_reason(away), tuple(found)) for away, found in present.items()), tuple(neighbours)
    )


def _seen(desk: Desk, origin: Site, sites: Mapping[str, Site]) -> Neighbour:
    place = sites.get(desk.site) if desk.site else None
    away = distance_km(origin, place) if place else inf
    usable = desk.open and (desk.site is None or (place is not None and place.open))
    return Neighbour(desk, away, round(away) if place else None, usable)


def _reason(away: float) -> str:
    if away == inf:
        return HEAD_OFFICE
    return SAME_SITE if away == 0 else NEAREST_SITE


def route(
    *,
    agency: str,
    site: str,
    desks: Iterable[Desk],
    sites: Mapping[str, Site],
    loads: Mapping[str, int] | None = None,
    turn: int = 0,
) -> Routing:
    """Look around and choose the desk of a request.

    Raises:
        InvalidInput: the site is unknown, or the agency has no open desk at all.
    """
    return choose(surroundings(agency=agency, site=site, desks=desks, sites=sites), loads=loads, turn=turn)


def choose(around: Surroundings, *, loads: Mapping[str, int] | None = None, turn: int = 0) -> Routing:
    """Choose the desk of a request.

    ``loads`` are the open requests of the desks that may be full; one that is not there has room.
    ``turn`` settles equal loads, so that two filings at the same moment, which cannot see each
    other, do not take the same side.

    Raises:
        InvalidInput: the agency has no open desk at all.
    """
    rungs = around.rungs
    if not rungs:
        raise InvalidInput(
            N_("No site has an open desk for this procedure at the moment."), field="procedure"
        )
    counted = loads or {}
    found = next((one for one in rungs if any(not full(desk, counted) for desk in one.desks)), None)
    crowded = found is None
    found = found or rungs[0]
    shares = {desk.code: Fraction(counted.get(desk.code, 0), desk.room) for desk in found.desks}
    lowest = min(shares.values())
    idle = [desk for desk in found.desks if shares[desk.code] == lowest]
    overflow = crowded or found is not rungs[0]
    asked = [desk.code for one in rungs[: rungs.index(found) + 1] for desk in one.desks]
    decisive = loads is not None and (overflow or len(found.desks) > 1)
    shown = {code: counted.get(code, 0) for code in (counted if crowded else asked)} if decisive else {}
    return Routing(
        idle[turn % len(idle)],
        found.reason,
        tuple(_considered(asked, around.neighbours, shown)),
        len(found.desks),
        overflow=overflow,
        crowded=crowded,
    )


def full(desk: Desk, loads: Mapping[str, int]) -> bool:
    """Whether the desk has as many open requests as it takes on."""
    return loads.get(desk.code, 0) >= desk.room


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
    asked: Sequence[str], neighbours: Iterable[Neighbour], loads: Mapping[str, int]
) -> Iterator[Candidate]:
    """The desks that were asked, what is closed at the site itself, and where it would have gone next."""
    beyond = 0
    for one in neighbours:
        code = one.desk.code
        if code not in asked and (one.away > 0 or one.usable):
            if not one.usable or beyond == SHOWN_BEYOND:
                continue
            beyond += 1
        yield Candidate(
            code, one.distance_km, one.desk.room, one.usable, loads.get(code), full(one.desk, loads)
        )
