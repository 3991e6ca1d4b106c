"""What is on file, what a request still lacks, and opening a document, which is always written down."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import kind_of
from services.guichet.documents import encryption
from services.guichet.documents.encryption import Tampered, UnknownKey, WrappedKey
from services.guichet.documents.scanning import Unavailable
from services.guichet.documents.settings import Cabinet
from services.guichet.documents.stores import FileMissing, StoreUnavailable
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.documents import (
    ChecklistItem,
    Received,
    VaultDocument,
    asked_again,
    asked_documents,
    checklist_of,
    may_read,
    outcome_document,
)
from services.guichet.domain.requests import Actor, Request
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import documents
from services.guichet.storage.documents import View
from services.guichet.storage.ids import new_id
from shared.errors import N_, DomainError, Forbidden, NotFound
from shared.logging import get_logger

log = get_logger()


class Unreadable(DomainError):
    """The content is lost or is not what was put away."""

    status = 500


@dataclass(frozen=True, slots=True)
class RequestDocuments:
    """A request's checklist with what was handed in."""

    items: list[ChecklistItem]
    outcome: ChecklistItem | None
    received: list[tuple[Received, VaultDocument | None]]

    @property
    def missing(self) -> int:
        return sum(item.missing for item in self.items)


def checklist(session: Session, request: Request, catalogue: Catalogue | None = None) -> list[ChecklistItem]:
    """Every document the request asks for, received or not."""
    return of_request(session, request, catalogue).items


def of_request(session: Session, request: Request, catalogue: Catalogue | None = None) -> RequestDocuments:
    """``catalogue``: where the caller has read it."""
    known = catalogue or catalogue_storage.current(session)
    version = known.versions[request.procedure, request.procedure_version]
    received = documents.received(session, request.id)
    came = [one for one, _ in received]
    outcome = outcome_document(version)
    return RequestDocuments(
        checklist_of(asked_documents(request, version), came, asked_again(request)),
        checklist_of([outcome], came)[0] if outcome else None,
        received,
    )


def offered(
    vault: Iterable[VaultDocument], items: Iterable[ChecklistItem], today: date
) -> dict[str, list[VaultDocument]]:
    """For each document still asked for, what is on file of its kind and still valid, newest first."""
    of_kind: dict[str, list[VaultDocument]] = {}
    for document in vault:
        if document.valid_on(today):
            of_kind.setdefault(document.kind, []).append(document)
    return {
        item.code: [one for one in of_kind.get(item.kind, []) if one.id not in item.document_ids]
        for item in items
        if item.kind is not None and kind_of(item.kind).reusable
    }


@contextmanager
def opened(
    session: Session,
    cabinet: Cabinet | None,
    document_id: UUID,
    *,
    scope: Scope,
    roles: Collection[str],
    actor: Actor,
    action: str,
    page: str,
    at: datetime,
) -> Iterator[tuple[VaultDocument, Iterator[bytes]]]:
    """A document and its content, piece by piece; who opened it, when and from where is written down.

    Raises:
        NotFound: no such document at these sites.
        Forbidden: the role does not need documents of this kind.
        Unavailable, Unreadable: the content cannot be had.
    """
    document = documents.get(session, document_id, scope=scope)
    if document is None:
        raise document_not_found()
    if not may_read(kind_of(document.kind), roles):
        raise Forbidden(N_("Your role does not allow opening documents of this kind."))
    if cabinet is None:
        raise Unavailable(N_("Documents cannot be kept here: the counter has not been set up for it."))
    documents.add_view(
        session,
        new_id(),
        document.startup_id,
        View(document.id, document.kind, action, page, at, actor),
    )
    try:
        key = cabinet.keys.unwrap(WrappedKey(document.key_id, document.wrapped_key), document.file_id)
        with cabinet.store.open(document.file_id) as source:
            yield document, encryption.decrypt(key, document.file_id, source)
    except StoreUnavailable as error:
        log.error("document_store_unavailable", error=str(error))
        raise Unavailable(
            N_("The document cannot be opened at the moment. Try again in a few minutes.")
        ) from error
    except (FileMissing, Tampered, UnknownKey) as error:
        log.error("document_unreadable", document_id=str(document_id), error=str(error))
        raise Unreadable(N_("This document cannot be opened: its content is lost or was altered.")) from error


def document_not_found(field: str | None = None) -> NotFound:
    return NotFound(N_("There is no such document on your sites."), field=field)
