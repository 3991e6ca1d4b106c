"""Agency desks: where an agency can be reached, when, through which channel, for how much at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from services.guichet.domain.names import Names


class ChannelKind(StrEnum):
    """How a request reaches the agency, and its answer the counter."""

    DESK = "desk"
    MAILBOX = "mailbox"
    COURIER = "courier"
    API = "api"


#: channels that carry a dossier away; at a desk the officer reads it in the inbox page
CARRIED = frozenset({ChannelKind.MAILBOX, ChannelKind.COURIER, ChannelKind.API})

# A desk known to older data says nothing of its capacity; desks.yaml always does.
UNSTATED_ROOM = 50


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of one weekday (Monday is 0) at which somebody of the agency is at the site.

    ``places`` is how many startups can be booked onto it, one after the other.
    """

    weekday: int
    opens: time
    closes: time
    places: int = 0
    officer: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much a desk takes on: so many open requests, or so many each day it is present."""

    open_requests: int | None = None
    per_presence_day: int | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """One agency at one site; without a site it is the agency's head office, reached by a channel.

    Without weekly windows the desk is staffed whenever its site is open.
    """

    code: str
    agency: str
    site: str | None
    names: Names
    open: bool = True
    channel: ChannelKind = ChannelKind.DESK
    #: mailbox: the address dossiers are sent to; api: the address of the agency's server
    address: str | None = None
    capacity: Capacity = Capacity(open_requests=UNSTATED_ROOM)
    presence: tuple[Window, ...] = ()
    version: int = 1

    @property
    def visiting(self) -> bool:
        """Whether its officers come on certain days only."""
        return bool(self.presence)

    @property
    def room(self) -> int:
        """How many open requests make it full; a visiting desk is measured by its week."""
        if self.capacity.per_presence_day is not None:
            return self.capacity.per_presence_day * (presence_days(self.presence) or 5)
        return self.capacity.open_requests or UNSTATED_ROOM


def presence_days(windows: Iterable[Window]) -> int:
    return len({window.weekday for window in windows})
