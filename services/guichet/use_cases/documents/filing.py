"""A document goes on file, is handed in for a request, is seen on paper, is taken back."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import document_kinds, kind_of
from services.guichet.documents.intake import Stored
from services.guichet.domain.catalogue import Document, FileType
from services.guichet.domain.documents import (
    MEDIA_TYPES,
    OUTCOME,
    Kind,
    Received,
    VaultDocument,
    asked_again,
    asked_documents,
    checked_expiry,
    outcome_document,
)
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import CLOSED, DECIDED, Actor, Request, State
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import documents, requests
from services.guichet.storage.ids import new_id
from services.guichet.use_cases.documents.reading import document_not_found
from services.guichet.use_cases.requests import request_not_found
from services.guichet.use_cases.startups import startup_not_found, startup_to_serve
from shared.errors import N_, Conflict, InvalidInput

MOST_DOCUMENTS = 500


def file_document(
    session: Session,
    stored: Stored,
    *,
    startup_id: UUID,
    kind: str | None,
    expires_on: date | None,
    request_id: UUID | None,
    code: str | None,
    scope: Scope,
    actor: Actor,
    at: datetime,
) -> VaultDocument:
    """Put a stored file on record for a startup, and count it as handed in when a request is named.

    The same content under the same kind is on file once, however often it is sent.
    """
    if request_id is None and startup_to_serve(session, startup_id, sites=scope.sites) is None:
        raise startup_not_found()
    chosen, request = _kind(kind), None
    if request_id is not None:
        request = _open_request(session, request_id, scope)
        if request.startup_id != startup_id:
            raise request_not_found()
        asked = _asked(session, request, code)
        if FileType(MEDIA_TYPES[stored.media_type][0].lower()) not in asked.accepts:
            accepted = ", ".join(one.value.upper() for one in asked.accepts)
            raise InvalidInput(
                N_("This document is accepted in these forms only: %(types)s."), field="file", types=accepted
            )
        chosen = kind_of(asked.kind) if kind is None else chosen
    today = at.astimezone(ZONE).date()
    ends = checked_expiry(expires_on, chosen, today)
    document = documents.same_content(session, startup_id, chosen.code, stored.sha256)
    if document is None:
        if len(documents.of_startup(session, startup_id)) >= MOST_DOCUMENTS:
            raise Conflict(N_("This startup has too many documents on file. Remove some first."))
        document = VaultDocument(
            id=new_id(),
            startup_id=startup_id,
            kind=chosen.code,
            file_id=stored.file_id,
            name=stored.name,
            media_type=stored.media_type,
            size=stored.size,
            pages=stored.pages,
            sha256=stored.sha256,
            key_id=stored.key.key_id,
            wrapped_key=stored.key.blob,
            expires_on=ends,
            filed_at=at,
            filed_by=actor,
        )
        documents.add(session, document)
    elif ends is not None and ends != document.expires_on:
        documents.set_expiry(session, document.id, ends)
    if request is not None and code is not None:
        _receive(session, request, code, document, actor=actor, at=at)
    return document


def attach(
    session: Session,
    request_id: UUID,
    code: str,
    document_id: UUID,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
) -> None:
    """Hand in a document that is on file already."""
    request = _open_request(session, request_id, scope)
    _asked(session, request, code)
    document = documents.get(session, document_id, scope=scope)
    if document is None or document.startup_id != request.startup_id:
        raise document_not_found(field="document_id")
    if not document.valid_on(at.astimezone(ZONE).date()):
        raise InvalidInput(N_("This document has expired."), field="document_id")
    _receive(session, request, code, document, actor=actor, at=at)


def mark_seen(
    session: Session, request_id: UUID, code: str, *, scope: Scope, actor: Actor, at: datetime
) -> None:
    """Reception has the paper in hand; nothing is uploaded."""
    request = _open_request(session, request_id, scope)
    _asked(session, request, code)
    _receive(session, request, code, None, actor=actor, at=at)


def take_back(
    session: Session,
    request_id: UUID,
    code: str,
    *,
    document_id: UUID | None,
    scope: Scope,
) -> None:
    """Undo a receipt made by mistake; the document stays on file."""
    request = _open_request(session, request_id, scope)
    if not documents.take_back(session, request.id, code, document_id=document_id):
        raise document_not_found()


def change_expiry(
    session: Session, document_id: UUID, expires_on: date | None, *, scope: Scope, at: datetime
) -> VaultDocument:
    document = documents.get(session, document_id, scope=scope)
    if document is None:
        raise document_not_found()
    kind = kind_of(document.kind)
    if not kind.expires:
        raise InvalidInput(N_("Documents of this kind have no end of validity."), field="expires_on")
    documents.set_expiry(session, document_id, checked_expiry(expires_on, kind, at.astimezone(ZONE).date()))
    changed = documents.get(session, document_id, scope=scope)
    assert changed is not None  # noqa: S101 - read in the same transaction
    return changed


def remove_document(session: Session, document_id: UUID, *, scope: Scope) -> VaultDocument:
    """Take a document off the file; refused while an open request rests on it."""
    document = documents.get(session, document_id, scope=scope)
    if document is None:
        raise document_not_found()
    uses = documents.open_uses(session, document_id)
    if uses:
        raise Conflict(
            N_("This document is part of the open request %(number)s: take it back there first."),
            number=uses[0] or "",
        )
    documents.remove(session, [document_id])
    return document


def _receive(
    session: Session,
    request: Request,
    code: str,
    document: VaultDocument | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Count it as handed in: this document, or without one the paper."""
    which = document.id if document else None
    one = Received(new_id(), request.id, code, which, on_paper=document is None, at=at, by=actor)
    documents.add_received(session, one, asked_at=asked_again(request).get(code))


def _open_request(session: Session, request_id: UUID, scope: Scope) -> Request:
    filed = requests.get(session, request_id, scope=scope)
    if filed is None:
        raise request_not_found()
    if filed.request.state in CLOSED:  # a completed request still receives what the agency delivered
        raise Conflict(N_("This request is closed: its documents no longer change."))
    return filed.request


def _asked(session: Session, request: Request, code: str | None) -> Document:
    """The document a request asks for under ``code``."""
    version = catalogue_storage.current(session).versions[request.procedure, request.procedure_version]
    outcome = outcome_document(version)
    if code == OUTCOME and outcome is not None and request.state in (State.IN_PROGRESS, State.COMPLETED):
        return outcome
    if request.state in DECIDED:
        raise Conflict(N_("This request is closed: its documents no longer change."))
    for document in asked_documents(request, version):
        if document.code == code:
            return document
    raise InvalidInput(N_("This request does not ask for this document."), field="document")


def _kind(code: str | None) -> Kind:
    if code is not None and code not in document_kinds():
        raise InvalidInput(N_("There is no such kind of document."), field="kind")
    return kind_of(code)
