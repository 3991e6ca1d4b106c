"""A request's documents, and those on file, as pages show them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import kind_of
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.documents import (
    LARGEST_BYTES,
    MEDIA_TYPES,
    MEGABYTE,
    ChecklistItem,
    VaultDocument,
    may_read,
)
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import CLOSED, DECIDED, Request, State
from services.guichet.domain.sent_by_link import TRACKING_LINK
from services.guichet.storage import documents as storage
from services.guichet.use_cases import documents
from services.guichet.web.access import ACT, may, own_scope
from shared.clock import now
from shared.web import User, current_user, language
from shared.web.i18n import clock, day, number

LIMITS = {
    "accept": ",".join(f".{ending}" for _, endings in MEDIA_TYPES.values() for ending in endings),
    "most_bytes": LARGEST_BYTES,
    "most_megabytes": LARGEST_BYTES // MEGABYTE,
}
SOON_DAYS = 60


@dataclass(frozen=True, slots=True)
class File:
    """A document on file."""

    id: UUID
    name: str
    kind: str
    about: Sequence[str]
    readable: bool
    shown: bool
    expires: bool
    expires_on: str
    tone: str
    word: str


@dataclass(frozen=True, slots=True)
class Paper:
    """One document a request asks for."""

    code: str
    name: str
    copies: int
    tone: str
    word: str
    on_paper: bool
    files: Sequence[File]
    offered: Sequence[File]
    outcome: bool = False


def request_papers(session: Session, request: Request, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """What the documents' part of a request's page needs; ``catalogue``: where the caller has read it."""
    user = current_user()
    found = documents.of_request(session, request, catalogue)
    by_id = {document.id: document for _, document in found.received if document is not None}
    vault = storage.of_startup(session, request.startup_id, scope=own_scope())
    today = now().astimezone(ZONE).date()
    offered = documents.offered(vault, found.items, today)
    by_link = {one.document_id for one, _ in found.received if one.by == TRACKING_LINK}
    papers = [_paper(item, by_id, offered.get(item.code, []), user, today, by_link) for item in found.items]
    if found.outcome is not None and (
        found.outcome.received or request.state in (State.IN_PROGRESS, State.COMPLETED)
    ):
        papers.append(_paper(found.outcome, by_id, [], user, today, outcome=True))
    return {
        "request_": request,
        "items": found.items,
        "papers": papers,
        "papers_asked": len(found.items),
        "papers_received": sum(item.received for item in found.items),
        "papers_missing": found.missing,
        "may_hand_in": may(user, *ACT) and request.state not in DECIDED,
        "may_file_outcome": may(user, *ACT) and request.state not in CLOSED,
        "limits": LIMITS,
    }


def file_of(one: VaultDocument, roles: Collection[str], today: date, *, by_link: bool = False) -> File:
    """A name may hold the name of a person: only those who may open a document read it.

    ``by_link``: the startup sent it itself.
    """
    kind = kind_of(one.kind)
    kind_name = kind.names.within(language())
    readable = may_read(kind, roles)
    tone, word = _validity(one, today)
    pages = gettext("%(count)s p.", count=one.pages) if one.pages else ""
    filed = f"{day(one.filed_at)} {clock(one.filed_at)}"
    sent = gettext("sent by the startup") if by_link or one.filed_by == TRACKING_LINK else ""
    about = list(filter(None, (MEDIA_TYPES[one.media_type][0], pages, _size(one.size), filed, sent)))
    return File(
        id=one.id,
        name=one.name if readable else kind_name,
        kind=kind_name,
        about=about,
        readable=readable,
        shown=one.media_type.startswith("image/"),
        expires=kind.expires,
        expires_on=day(one.expires_on) if one.expires_on else "",
        tone=tone,
        word=word,
    )


def _paper(
    item: ChecklistItem,
    by_id: dict[UUID, VaultDocument],
    offered: Sequence[VaultDocument],
    user: User,
    today: date,
    by_link: Collection[UUID | None] = (),
    *,
    outcome: bool = False,
) -> Paper:
    if item.received:
        tone, word = "done", gettext("Received")
    elif item.required:
        tone, word = "waiting", gettext("Missing")
    else:
        tone, word = "off", gettext("Optional")
    return Paper(
        code=item.code,
        name=item.names.within(language()),
        copies=item.copies,
        tone=tone,
        word=word,
        on_paper=item.on_paper,
        files=[file_of(by_id[one], user.roles, today, by_link=one in by_link) for one in item.document_ids],
        offered=[file_of(one, user.roles, today) for one in offered[:3]],
        outcome=outcome,
    )


def _validity(one: VaultDocument, today: date) -> tuple[str, str]:
    if one.expires_on is None:
        return "", ""
    left = (one.expires_on - today).days
    if left < 0:
        return "failed", gettext("Expired")
    if left <= SOON_DAYS:
        return "late", gettext("Expires soon")
    return "done", gettext("Valid")


def _size(size: int) -> str:
    if size < MEGABYTE:
        return str(gettext("%(size)s kB", size=number(max(1, round(size / 1024)))))
    return str(gettext("%(size)s MB", size=number(round(size / MEGABYTE, 1))))
