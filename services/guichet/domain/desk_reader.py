"""Reading a desk from plain data: its file, the database, or what an administrator typed."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any

from services.guichet.domain.catalogue_entries import Entry
from services.guichet.domain.desks import Capacity, ChannelKind, Desk, Window
from shared.errors import N_

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_ADDRESSES = {
    ChannelKind.MAILBOX: (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+"), N_("an e-mail address is expected")),
    ChannelKind.API: (re.compile(r"https://[^\s/]+(/\S*)?"), N_("an https address is expected")),
}


def desk_from(data: object) -> Desk:
    """Read one desk.

    Raises:
        Unreadable: with all faults.
    """
    entry = Entry(data)
    channel = (
        ChannelKind.DESK if entry.missing("channel") else ChannelKind(entry.member("channel", ChannelKind))
    )
    desk = Desk(
        code=entry.code("code"),
        agency=entry.code("agency"),
        site=None if entry.missing("site") else entry.code("site"),
        names=entry.names("names"),
        open=entry.boolean("open", default=True),
        channel=channel,
        address=_address(entry, channel),
        capacity=_capacity(entry),
        presence=() if entry.missing("presence") else tuple(entry.each("presence", _window)),
    )
    if desk.site is None and channel is ChannelKind.DESK:
        entry.fault("channel", N_("a desk without a site is reached by mailbox, courier or api"))
    if desk.site is None and desk.presence:
        entry.fault("presence", N_("a desk without a site has no hours at one"))
    _check_overlaps(entry, desk.presence)
    entry.finish()
    return desk


def as_data(desk: Desk) -> dict[str, Any]:
    """The desk as a file would say it; ``desk_from`` reads it back."""
    capacity = {
        name: value
        for name in ("open_requests", "per_presence_day")
        if (value := getattr(desk.capacity, name)) is not None
    }
    return {
        "code": desk.code,
        "agency": desk.agency,
        "site": desk.site,
        "names": desk.names.as_dict(),
        "open": desk.open,
        "channel": desk.channel.value,
        "address": desk.address,
        "capacity": capacity,
        "presence": [window_data(window) for window in desk.presence],
    }


def window_data(window: Window) -> dict[str, Any]:
    return {
        "day": WEEKDAYS[window.weekday],
        "opens": f"{window.opens:%H:%M}",
        "closes": f"{window.closes:%H:%M}",
        "places": window.places,
        "officer": window.officer,
    }


def window_from(data: Mapping[str, Any]) -> Window:
    """Read a window the database kept: it was checked when it was written."""
    return Window(
        weekday=WEEKDAYS.index(data["day"]),
        opens=time.fromisoformat(data["opens"]),
        closes=time.fromisoformat(data["closes"]),
        places=data["places"],
        officer=data["officer"],
    )


def _address(entry: Entry, channel: ChannelKind) -> str | None:
    if entry.missing("address"):
        if channel in _ADDRESSES:
            entry.fault("address", _ADDRESSES[channel][1])
        return None
    address = entry.text("address")
    pattern, expected = _ADDRESSES.get(channel, (None, ""))
    if pattern is None:
        entry.fault("address", N_("only a mailbox or an api has one"))
    elif not pattern.fullmatch(address):
        entry.fault("address", expected)
    return address


def _capacity(entry: Entry) -> Capacity:
    if entry.missing("capacity"):
        return Capacity()
    inner = entry.inside("capacity")
    capacity = Capacity(
        open_requests=None if inner.missing("open_requests") else inner.integer("open_requests", minimum=1),
        per_presence_day=None
        if inner.missing("per_presence_day")
        else inner.integer("per_presence_day", minimum=1),
    )
    inner.leftovers()
    if (capacity.open_requests is None) == (capacity.per_presence_day is None):
        entry.fault("capacity", N_("open_requests or per_presence_day is expected, not both"))
    return capacity


def _window(entry: Entry) -> Window:
    day = entry.text("day")
    if day and day not in WEEKDAYS:
        entry.fault("day", N_("“%(value)s” is none of: %(known)s"), value=day, known=", ".join(WEEKDAYS))
    window = Window(
        weekday=WEEKDAYS.index(day) if day in WEEKDAYS else 0,
        opens=_clock(entry, "opens"),
        closes=_clock(entry, "closes"),
        places=entry.integer("places", default=0),
        officer=None if entry.missing("officer") else entry.text("officer"),
    )
    if window.closes <= window.opens:
        entry.fault("closes", N_("must be after the opening"))
    return window


def _clock(entry: Entry, key: str) -> time:
    written = entry.text(key)
    if _CLOCK.fullmatch(written):
        return time.fromisoformat(written)
    if written:
        entry.fault(key, N_("“%(value)s” is not an hour such as 09:30"), value=written)
    return time()


def _check_overlaps(entry: Entry, presence: tuple[Window, ...]) -> None:
    for position, window in enumerate(presence):
        for other in presence[:position]:
            if (
                other.weekday == window.weekday
                and window.opens < other.closes
                and other.opens < window.closes
            ):
                entry.fault_at(("presence", position), N_("overlaps another window of the same day"))
                break
