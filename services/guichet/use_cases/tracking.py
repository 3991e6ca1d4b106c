"""The link a startup follows its request with.

Whoever holds it sees where the request stands and what is asked: no name, no number of a person.
Each message and each printed receipt has its own. The table of links keeps digests only; the events
that carry a link to the startup hold it as it is while the outbox keeps them, and so do the messages
it is in, which show it to nobody but the startup.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.requests import CLOSED
from services.guichet.domain.scope import Scope
from services.guichet.storage import requests, tracking
from services.guichet.storage.requests import Filed
from shared.errors import N_, NotFound
from shared.settings import public_url

#: how long a link goes on leading somewhere when nothing more will happen
AFTER_THE_END = timedelta(days=90)
LONGEST_TOKEN = 64


def new_token() -> str:
    return secrets.token_urlsafe(16)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def address(token: str) -> str:
    return f"{public_url()}/t/{token}"


def new_link(session: Session, request_id: UUID, *, at: datetime) -> str:
    """Make one more link to a request and return its address."""
    token = new_token()
    tracking.add(session, sha256=digest(token), request_id=request_id, at=at)
    return address(token)


def follow(session: Session, token: str, *, at: datetime) -> Filed:
    """Where a link leads.

    Raises:
        NotFound: it never existed, was revoked, or has expired; which of them is not told.
    """
    found = tracking.find(session, digest(token)) if len(token) <= LONGEST_TOKEN else None
    if found is None or _expired(found, at):
        raise NotFound(N_("This link leads nowhere: it may have expired. Ask for a new one at the counter."))
    return found


def another_link(session: Session, key: UUID | str, *, scope: Scope, at: datetime) -> str:
    """A further link to a request of the user's sites, to print or to send."""
    return new_link(session, _of_sites(session, key, scope).request.id, at=at)


def revoke_links(session: Session, key: UUID | str, *, scope: Scope, at: datetime) -> None:
    """Make every link to a request useless, when one got into the wrong hands."""
    tracking.revoke(session, _of_sites(session, key, scope).request.id, at=at)


def request_not_found() -> NotFound:
    return NotFound(N_("There is no such request on your sites."))


def _of_sites(session: Session, key: UUID | str, scope: Scope) -> Filed:
    found = requests.get(session, key, scope=scope)
    if found is None:
        raise request_not_found()
    return found


def _expired(found: Filed, at: datetime) -> bool:
    request = found.request
    ended = request.handed_over_at or request.closed_at
    return request.state in CLOSED and ended is not None and ended + AFTER_THE_END < at
