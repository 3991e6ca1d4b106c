"""A startup sends what is asked of it through its tracking link."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.guichet.documents.intake import Stored
from services.guichet.domain.requests import Request
from services.guichet.domain.scope import Scope
from services.guichet.domain.sent_by_link import TRACKING_LINK, AskedItem, asked_of_startup
from services.guichet.storage import tracking as links
from services.guichet.use_cases import tracking
from services.guichet.use_cases.documents.filing import file_document
from services.guichet.use_cases.documents.reading import of_request
from shared.errors import N_, Conflict


def asked_by_link(session: Session, request: Request, *, at: datetime) -> list[AskedItem]:
    """What is asked of the startup now, and what of it has come."""
    found = of_request(session, request)
    return asked_of_startup(request, found.items, [one for one, _ in found.received], at=at)


def check_asked(session: Session, token: str, code: str, *, at: datetime) -> Request:
    """The request a file may be sent for.

    Raises:
        NotFound: the link leads nowhere.
        Conflict: this document is not asked for, not any more, or has come often enough.
    """
    request = tracking.follow(session, token, at=at).request
    item = next((one for one in asked_by_link(session, request, at=at) if one.code == code), None)
    if item is not None and item.full:
        raise Conflict(N_("Enough files have come for this document: bring anything else to the counter."))
    if item is None or not item.open:
        raise Conflict(N_("This document is not asked of you now: nothing was kept."))
    return request


def hand_in_by_link(session: Session, token: str, code: str, stored: Stored, *, at: datetime) -> None:
    """Put the file in the startup's vault and count it as received.

    What is asked is looked at again, one sender after the other: the desk may have decided while the
    file was on its way.
    """
    links.lock(session, tracking.follow(session, token, at=at).request.id)
    request = check_asked(session, token, code, at=at)
    before = of_request(session, request)
    document = file_document(
        session,
        stored,
        startup_id=request.startup_id,
        kind=None,
        expires_on=None,
        request_id=request.id,
        code=code,
        scope=Scope.whole((request.site,)),
        actor=TRACKING_LINK,
        at=at,
    )
    # At the counter somebody looks at what is brought again; here nobody does.
    wanting = any(item.code == code and not item.received for item in before.items)
    if wanting and any(one.code == code and one.document_id == document.id for one, _ in before.received):
        raise Conflict(N_("You sent this very file before, and it was not enough: send another one."))
