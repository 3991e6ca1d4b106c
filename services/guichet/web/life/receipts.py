"""The receipt of a request, as PDF: what a depositor leaves the counter with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.documents import ChecklistItem
from services.guichet.domain.numbers import is_request_number
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage.requests import Filed
from services.guichet.use_cases import tracking
from services.guichet.use_cases.documents import checklist
from services.guichet.use_cases.requests import request_not_found
from services.guichet.web import presenters
from services.guichet.web.access import own_scope
from shared.clock import now
from shared.printing import Printer
from shared.web import language, requires, transaction

blueprint = Blueprint("receipt-pages", __name__)

HERE = Path(__file__).parents[1]
TEMPLATE = "guichet/print/receipt.html"

_printer = Printer(HERE / "templates", HERE / "translations", sheet="guichet/print/receipt.css")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything on the paper, read in one transaction and printed outside it."""

    filed: Filed
    catalogue: Catalogue
    papers: Sequence[ChecklistItem]
    link: str


@blueprint.get("/requests/<number>/receipt.pdf")
@requires()
def receipt(number: str) -> Response:
    """The receipt, in the language of the page; each print has a tracking link of its own."""
    if not is_request_number(number):
        raise request_not_found()
    return printed(number)


def printed(key: UUID | str) -> Response:
    """The receipt of a request of the user's sites."""
    with transaction() as session:
        filed = request_storage.get(session, key, scope=own_scope())
        if filed is None:
            raise request_not_found()
        found = read(session, filed, link=tracking.new_link(session, filed.request.id, at=now()))
    return answer(found, language())


def read(session: Session, filed: Filed, *, link: str) -> Receipt:
    return Receipt(filed, catalogue_storage.current(session), checklist(session, filed.request), link)


def answer(found: Receipt, spoken: str) -> Response:
    """The receipt as the browser opens it; the database's connection is back in the pool by now."""
    response = Response(to_pdf(found, spoken), mimetype="application/pdf")
    name = f"{found.filed.request.number}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def to_pdf(found: Receipt, spoken: str) -> bytes:
    return _printer.pdf(TEMPLATE, spoken, **_values(found))


def to_html(found: Receipt, spoken: str) -> str:
    return _printer.html(TEMPLATE, spoken, **_values(found))


def _values(found: Receipt) -> dict[str, Any]:
    request = found.filed.request
    procedure = presenters.pinned(request, found.catalogue)
    return {
        "request": request,
        "filed": found.filed,
        "procedure": procedure,
        "site": found.catalogue.sites[request.site],
        "desk": found.catalogue.desks.get(request.desk or ""),
        "agency": found.catalogue.agencies[request.agency],
        "fee": presenters.total_fee(procedure, request.answers),
        "papers": found.papers,
        "link": found.link,
    }
