"""What an agency receives of a request: its answers in full, a sheet, and the documents on file."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.channels import Attachment, Dossier
from services.guichet.documents.settings import Cabinet
from services.guichet.domain.catalogue import Catalogue, FieldKind, Procedure
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import COUNTER
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage.deliveries import Batch, Delivery
from services.guichet.storage.requests import Filed
from services.guichet.use_cases.documents import reading
from shared.clock import now
from shared.errors import DomainError
from shared.printing import Printer

HERE = Path(__file__).parent
#: agencies work in French
LANGUAGE = "fr"

_printer = Printer(
    HERE / "templates", HERE.parent / "web" / "translations", sheet="guichet/print/dossier.css"
)


def build(session: Session, delivery: Delivery, cabinet: Cabinet | None) -> Dossier | None:
    """The dossier of a delivery; None when its request was decided or went elsewhere meanwhile."""
    catalogue = catalogue_storage.current(session)
    filed = request_storage.get(session, delivery.request_id, sites=catalogue.sites)
    if filed is None or filed.request.closed_at is not None or filed.request.desk != delivery.desk:
        return None
    request = filed.request
    version = catalogue.versions[request.procedure, request.procedure_version]
    received = reading.of_request(session, request)
    attached = [document.id for _, document in received.received if document is not None]
    sheet = Attachment(
        f"{request.number}.pdf", "application/pdf", sheet_pdf(filed, version, catalogue, received.items)
    )
    return Dossier(
        key=str(delivery.id),
        number=request.number,
        procedure=request.procedure,
        procedure_name=version.names.within(LANGUAGE),
        startup=filed.legal_name,
        ice=filed.ice,
        site=catalogue.sites[request.site].names.within(LANGUAGE),
        submitted_at=request.submitted_at.isoformat(),
        answers=request.answers,
        documents=[document.names.within(LANGUAGE) for document in version.documents_for(request.answers)],
        attachments=(sheet, *_read(session, cabinet, attached, list(catalogue.sites))),
    )


def sheet_pdf(filed: Filed, version: Procedure, catalogue: Catalogue, items: Any) -> bytes:
    """The first page of the dossier, with the QR code the counter finds it by."""
    request = filed.request
    return _printer.pdf(
        "guichet/print/dossier.html",
        LANGUAGE,
        request=request,
        legal_name=filed.legal_name,
        ice=filed.ice,
        procedure=version.names.within(LANGUAGE),
        agency=catalogue.agencies[request.agency].names.within(LANGUAGE),
        site=catalogue.sites[request.site].names.within(LANGUAGE),
        answers=_answers(version, request.answers),
        items=items,
    )


def bordereau_pdf(batch: Batch, deliveries: list[Delivery], catalogue: Catalogue, language: str) -> bytes:
    """What the courier takes along and the agency signs."""
    desk = catalogue.desks[batch.desk]
    return _printer.pdf(
        "guichet/print/bordereau.html",
        language,
        batch=batch,
        deliveries=deliveries,
        desk=desk.names.within(language),
        agency=catalogue.agencies[desk.agency].names.within(language),
        site=catalogue.sites[batch.site].names.within(language),
        prepared=batch.prepared_at.astimezone(ZONE),
    )


def _answers(version: Procedure, given: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for field in version.fields:
        value = given.get(field.code)
        if value is None:
            continue
        if field.kind is FieldKind.CHOICE:
            value = next((one.names.within(LANGUAGE) for one in field.options if one.value == value), value)
        elif field.kind is FieldKind.CONFIRMATION:
            value = "oui" if value else "non"
        elif field.kind is FieldKind.DATE:
            value = f"{date.fromisoformat(value):%d/%m/%Y}"
        elif isinstance(value, list | dict):
            value = _told(value)
        found.append((field.names.within(LANGUAGE), str(value)))
    return found


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(one) for one in value.values() if one is not None)
    return " ; ".join(_told(one) if isinstance(one, dict | list) else str(one) for one in value)


def _read(session: Session, cabinet: Cabinet | None, ids: list[UUID], sites: list[str]) -> list[Attachment]:
    """The documents' content; every reading is in the log of views."""
    found = []
    moment: datetime = now()
    for document_id in ids:
        try:
            with reading.opened(
                session,
                cabinet,
                document_id,
                sites=sites,
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
