"""What an agency receives of a request: its answers in full, a sheet, and the documents on file."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.channels import Attachment, Dossier
from services.guichet.channels.paper import sheet_pdf
from services.guichet.documents.settings import Cabinet
from services.guichet.domain.requests import COUNTER
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage.deliveries import Delivery
from services.guichet.use_cases.documents import reading
from shared.clock import now
from shared.errors import DomainError


def build(session: Session, delivery: Delivery, cabinet: Cabinet | None) -> Dossier | None:
    """The dossier of a delivery; None when its request was decided or went elsewhere meanwhile."""
    catalogue = catalogue_storage.current(session)
    filed = request_storage.get(session, delivery.request_id, scope=Scope.whole(catalogue.sites))
    if filed is None or filed.request.closed_at is not None or filed.request.desk != delivery.desk:
        return None
    request = filed.request
    version = catalogue.versions[request.procedure, request.procedure_version]
    language = catalogue.agencies[request.agency].language
    received = reading.of_request(session, request)
    attached = [document.id for _, document in received.received if document is not None]
    sheet = Attachment(
        f"{request.number}.pdf", "application/pdf", sheet_pdf(filed, version, catalogue, received.items)
    )
    return Dossier(
        key=str(delivery.id),
        number=request.number,
        procedure=request.procedure,
        procedure_name=version.names.within(language),
        startup=filed.legal_name,
        ice=filed.ice,
        site=catalogue.sites[request.site].names.within(language),
        submitted_at=request.submitted_at.isoformat(),
        answers=request.answers,
        documents=[document.names.within(language) for document in version.documents_for(request.answers)],
        attachments=(sheet, *_read(session, cabinet, attached, Scope.whole(catalogue.sites))),
        language=language,
    )


def _read(session: Session, cabinet: Cabinet | None, ids: list[UUID], scope: Scope) -> list[Attachment]:
    """The documents' content; every reading is in the log of views."""
    found = []
    moment: datetime = now()
    for document_id in ids:
        try:
            with reading.opened(
                session,
                cabinet,
                document_id,
                scope=scope,
                roles=("agency_officer",),
                actor=COUNTER,
                action="download",
                page="delivery",
                at=moment,
            ) as (document, pieces):
                found.append(Attachment(document.name, document.media_type, b"".join(pieces)))
        except DomainError as error:
            raise Unsendable(str(error)) from error
    return found


class Unsendable(Exception):
    """A document of the dossier cannot be read at the moment."""
