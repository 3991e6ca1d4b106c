"""What goes to an agency on paper or as the text of a mail, in the language the agency works in."""

from datetime import date
from pathlib import Path
from typing import Any

from services.guichet.channels import Dossier
from services.guichet.domain.catalogue import Catalogue, FieldKind, Procedure
from services.guichet.domain.numbers import ZONE
from services.guichet.storage.deliveries import Batch, Delivery
from services.guichet.storage.requests import Filed
from shared.printing import Printer

HERE = Path(__file__).parent

_printer = Printer(
    HERE / "templates", HERE.parent / "web" / "translations", sheet="guichet/print/dossier.css"
)


def covering_letter(dossier: Dossier) -> tuple[str, str]:
    """Subject and text of the mail a dossier comes with."""
    written = _printer.html("guichet/mail/dossier.txt", dossier.language, dossier=dossier)
    subject, _, text = written.partition("\n")
    return subject.strip(), text.strip() + "\n"


def sheet_pdf(filed: Filed, version: Procedure, catalogue: Catalogue, items: Any) -> bytes:
    """The first page of the dossier, with the QR code the counter finds it by."""
    request = filed.request
    language = catalogue.agencies[request.agency].language
    return _printer.pdf(
        "guichet/print/dossier.html",
        language,
        request=request,
        legal_name=filed.legal_name,
        ice=filed.ice,
        procedure=version.names.within(language),
        agency=catalogue.agencies[request.agency].names.within(language),
        site=catalogue.sites[request.site].names.within(language),
        answers=_answers(version, request.answers, language),
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


def _answers(version: Procedure, given: dict[str, Any], language: str) -> list[tuple[str, Any]]:
    found = []
    for field in version.fields:
        value = given.get(field.code)
        if value is None:
            continue
        if field.kind is FieldKind.CHOICE:
            value = next((one.names.within(language) for one in field.options if one.value == value), value)
        elif field.kind is FieldKind.CONFIRMATION:
            # the template's to say, in the agency's language
            value = bool(value)
        elif field.kind is FieldKind.DATE:
            value = f"{date.fromisoformat(value):%d/%m/%Y}"
        elif isinstance(value, list | dict):
            value = _told(value)
        found.append((field.names.within(language), value if isinstance(value, bool) else str(value)))
    return found


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(one) for one in value.values() if one is not None)
    return " ; ".join(_told(one) if isinstance(one, dict | list) else str(one) for one in value)
