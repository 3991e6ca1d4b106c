"""Desks, presence and routing as the pages say them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.desks import ChannelKind, Desk
from services.guichet.domain.presence import Presence
from services.guichet.domain.requests import Transition
from services.guichet.domain.routing import BY_HAND, HEAD_OFFICE, NEAREST_SITE, SAME_SITE
from shared.errors import N_
from shared.web import language
from shared.web.i18n import date_long

CHANNELS: Mapping[ChannelKind, str] = {
    ChannelKind.DESK: N_("Officer at the desk"),
    ChannelKind.MAILBOX: N_("Mailbox"),
    ChannelKind.COURIER: N_("Courier"),
    ChannelKind.API: N_("Online service"),
}

REASONS: Mapping[str, str] = {
    SAME_SITE: N_("The agency has a desk at this site."),
    NEAREST_SITE: N_("The agency has no desk at this site: this is the nearest one."),
    HEAD_OFFICE: N_("The agency has no desk at any site: its head office takes the request."),
    BY_HAND: N_("This desk was chosen by hand."),
}

#: the same when nearer desks were full
OVERFLOWED: Mapping[str, str] = {
    NEAREST_SITE: N_("Nearer desks are full: this is the nearest one with room."),
    HEAD_OFFICE: N_("The agency’s desks at the sites are full: its head office takes the request."),
}
CROWDED = N_("Every desk of the agency is full: the nearest one takes the request all the same.")

WEEKDAY_NAMES = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One desk in a list."""

    code: str
    name: str
    agency: str
    site: str
    channel: str
    hours: str
    load: int
    room: int
    tone: str
    word: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A desk that was considered for a request."""

    name: str
    distance: str
    load: str
    chosen: bool
    open: bool
    full: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a request is where it is."""

    sentence: str
    balance: str
    choices: tuple[Choice, ...]


def desk_row(desk: Desk, catalogue: Catalogue, load: int) -> DeskRow:
    if not desk.open:
        tone, word = "off", gettext("Closed")
    elif load > desk.room:
        tone, word = "late", gettext("Overloaded")
    elif load == desk.room:
        tone, word = "late", gettext("Full")
    elif load * 5 >= desk.room * 4:
        tone, word = "waiting", gettext("Nearly full")
    else:
        tone, word = "done", gettext("Open")
    return DeskRow(
        code=desk.code,
        name=desk.names.within(language()),
        agency=catalogue.agencies[desk.agency].names.within(language()),
        site=catalogue.sites[desk.site].names.within(language()) if desk.site else gettext("Head office"),
        channel=gettext(CHANNELS[desk.channel]),
        hours=weekly_hours(desk),
        load=load,
        room=desk.room,
        tone=tone,
        word=word,
    )


def weekly_hours(desk: Desk) -> str:
    """``Tuesday 09:00–12:00, Thursday 14:00–16:00``, or that it is always staffed."""
    if not desk.visiting:
        return gettext("Whenever the site is open") if desk.site else "—"
    separator = "، " if language() == "ar" else ", "
    return separator.join(
        f"{gettext(WEEKDAY_NAMES[one.weekday])} \u2066{one.opens:%H:%M}–{one.closes:%H:%M}\u2069"
        for one in desk.presence
    )


def presence(coming: Presence | None, now: datetime) -> str:
    if coming is None:
        return str(gettext("Nobody is expected in the next weeks."))
    opens = coming.hours[0][0]
    hours = {"opens": f"{opens:%H:%M}", "closes": f"{coming.ends:%H:%M}"}
    if coming.day == now.date() and opens <= now.time():
        return str(gettext("An officer is here until %(closes)s.", **hours))
    if coming.day == now.date():
        return str(gettext("An officer comes today from %(opens)s to %(closes)s.", **hours))
    day = date_long(coming.day)
    return str(gettext("An officer comes next on %(day)s, from %(opens)s to %(closes)s.", day=day, **hours))


def decision(history: Iterable[Transition], catalogue: Catalogue) -> Decision | None:
    """The last decision where the request goes, with what was considered."""
    lines = [line for line in history if line.action in ("route", "reroute") and line.details]
    if not lines:
        return None
    details: Mapping[str, Any] = lines[-1].details or {}
    balance = (
        gettext(
            "%(count)s desks are equally near: the one with the most room was taken.", count=details["equals"]
        )
        if details["equals"] > 1 and details["reason"] != BY_HAND
        else ""
    )
    choices = tuple(_choice(one, details["desk"], catalogue) for one in details["candidates"])
    reason = REASONS.get(details["reason"], "")
    if details["reason"] != BY_HAND and details.get("overflow"):
        reason = CROWDED if details["crowded"] else OVERFLOWED.get(details["reason"], reason)
    return Decision(gettext(reason), balance, choices)


def _choice(candidate: Mapping[str, Any], chosen: str, catalogue: Catalogue) -> Choice:
    desk = catalogue.desks.get(candidate["desk"])
    distance, load = candidate["distance_km"], candidate["open_requests"]
    return Choice(
        name=desk.names.within(language()) if desk else candidate["desk"],
        distance=gettext("Head office")
        if distance is None
        else gettext("at the site")
        if distance == 0
        else gettext("%(count)s km", count=distance),
        load="" if load is None else gettext("%(load)s of %(room)s", load=load, room=candidate["room"]),
        chosen=candidate["desk"] == chosen,
        open=candidate["open"],
        full=candidate.get("full", False),
    )
