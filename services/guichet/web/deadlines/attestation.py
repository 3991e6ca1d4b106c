"""The attestation of elapsed time: how long a request has waited for a decision, on paper.

Made for public procedures whose legal term has passed. It states dates; that silence counts as
acceptance is the law's doing (loi 55-19), and the agency's to contest: the counter only informs.
"""

from pathlib import Path

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from services.guichet.domain.deadlines import used
from services.guichet.domain.numbers import is_request_number
from services.guichet.domain.promises import deadlines, silent_since
from services.guichet.domain.suspensions import of_history
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.use_cases.requests import request_not_found
from services.guichet.web import presenters
from services.guichet.web.access import own_scope
from services.guichet.web.deadlines.views import waits
from shared.clock import now
from shared.errors import N_, Conflict, NotFound
from shared.printing import Printer
from shared.web import current_user, requires, transaction

blueprint = Blueprint("attestation", __name__)

HERE = Path(__file__).parents[1]
TEMPLATE = "guichet/print/elapsed.html"
LANGUAGES = ("fr", "ar")

_printer = Printer(HERE / "templates", HERE / "translations", sheet="guichet/print/elapsed.css")


@blueprint.get("/requests/<number>/elapsed-<language>.pdf")
@requires()
def elapsed(number: str, language: str) -> Response:
    """The attestation in French or Arabic."""
    if language not in LANGUAGES:
        raise NotFound(N_("The attestation exists in French and Arabic."))
    with transaction() as session:
        pdf = attestation(session, number, language)
    disposition = f'inline; filename="{number}-delai-{language}.pdf"'
    return Response(pdf, mimetype="application/pdf", headers={"Content-Disposition": disposition})


def attestation(session: Session, number: str, language: str) -> bytes:
    """Print it.

    Raises:
        NotFound: there is no such request on the user's sites.
        Conflict: the legal term has not passed, or the procedure is not a public one.
    """
    known = is_request_number(number)
    filed = request_storage.get(session, number, scope=own_scope()) if known else None
    if filed is None:
        raise request_not_found()
    at = now()
    request = filed.request
    catalogue = catalogue_storage.current(session)
    procedure = presenters.pinned(request, catalogue)
    calendar = calendar_storage.current(session).of(request.site)
    stops = of_history(request_storage.history(session, request.id))
    due_at = deadlines(procedure, request.submitted_at, stops, calendar).legal_due_at
    since = silent_since(procedure, due_at, request.closed_at, at=at)
    if since is None or procedure.legal_term is None:
        raise Conflict(N_("The legal term of this request has not passed without a decision."))
    until = min(at, request.closed_at or at)
    return _printer.pdf(
        TEMPLATE,
        language,
        request=request,
        filed=filed,
        procedure=procedure,
        agency=catalogue.agencies[request.agency],
        site=catalogue.sites[request.site],
        term=procedure.legal_term,
        waits=waits(procedure, request, stops, calendar, until=until),
        used=used(procedure.legal_term, request.submitted_at, stops, calendar, at=since),
        elapsed_days=(calendar.local_day(until) - calendar.local_day(request.submitted_at)).days,
        late_days=(calendar.local_day(until) - calendar.local_day(since)).days,
        due_at=since,
        closed_at=request.closed_at,
        issued_at=at,
        issued_by=current_user().name,
    )
