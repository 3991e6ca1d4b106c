"""What a startup may send through its tracking link, and until when.

Only what is asked of it: documents still missing, or those of an open completion. The counter's word
that everything has come ends it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.guichet.domain.documents import ChecklistItem, Received
from services.guichet.domain.names import Names
from services.guichet.domain.requests import UNDECIDED, Actor, Request, State

#: who is written down as the depositor: whoever holds a link is not known by name
TRACKING_LINK = Actor(None, "Tracking link")
#: a card has two sides and a telephone makes a picture of each
MOST_FILES = 5
#: within an hour; whole offices share one address
MOST_BY_LINK, MOST_FROM_ADDRESS = 30, 120
#: the other side of a card may follow the first, which already counts as received
PAGES_FOLLOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One thing asked of the startup; without ``code`` it can only be put right at the counter."""

    code: str | None
    names: Names | None
    copies: int
    legalised: bool
    note: str | None
    received: bool
    #: whether a file may be sent for it now
    open: bool
    full: bool = False


def asked_of_startup(
    request: Request, items: Sequence[ChecklistItem], received: Iterable[Received], *, at: datetime
) -> list[AskedItem]:
    """What is asked of the startup now, in the order of the list, and what of it has come."""
    complement = request.complement
    if request.state not in UNDECIDED or (complement is not None and complement.received_at is not None):
        return []
    asked = complement.items if complement and request.state is State.COMPLEMENT_REQUESTED else ()
    named = {item.document: item for item in asked if item.document}
    since = complement.asked_at if complement else request.submitted_at
    came: dict[str, list[datetime]] = {}
    for one in received:
        if one.by == TRACKING_LINK and one.at >= since:
            came.setdefault(one.code, []).append(one.at)
    found = []
    for item in items:
        wanted, sent = named.get(item.code), came.get(item.code, [])
        if not (wanted or item.missing or sent):
            continue
        legalised = wanted is not None and wanted.legalised  # a picture of one is not one
        follows = bool(sent) and at - sent[-1] < PAGES_FOLLOW
        full = len(sent) >= MOST_FILES
        found.append(
            AskedItem(
                code=item.code,
                names=item.names,
                copies=wanted.copies if wanted else item.copies,
                legalised=legalised,
                note=wanted.note if wanted else None,
                received=item.received,
                open=not legalised and not full and (follows or not item.received),
                full=full,
            )
        )
    found += [
        AskedItem(None, None, item.copies, item.legalised, item.note, received=False, open=False)
        for item in asked
        if not item.document
    ]
    return found
