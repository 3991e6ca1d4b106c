"""The dashboard, and its tables as CSV."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dashboard
from services.guichet.web.access import own_scope, own_site
from services.guichet.web.dashboard import periods, views
from services.guichet.web.views import site_options
from shared.clock import now
from shared.errors import N_, NotFound
from shared.web import current_user, language, requires, transaction

blueprint = Blueprint("dashboard", __name__)

LOOK = ("agent", "site_manager", "operator", "billing_officer", "agency_officer")
#: what a spreadsheet would run as a formula when the file is opened
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"


@blueprint.get("/dashboard")
@requires(*LOOK)
def show() -> str:
    return render_template("guichet/dashboard/dashboard.html", **_figures())


@blueprint.get("/dashboard/<table>.csv")
@requires(*LOOK)
def export(table: str) -> Response:
    """One table as it stands on the page."""
    found = next((one for one in _figures()["tables"] if one.key == table), None)
    if found is None:
        raise NotFound(N_("The dashboard has no such table."))
    written = io.StringIO()
    writer = csv.writer(written, delimiter="," if language() == "en" else ";")
    for row in ([*found.headings], *found.rows):
        writer.writerow([safe(cell) for cell in row])
    return Response(
        BYTE_ORDER_MARK + written.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{table}.csv"', "Cache-Control": "no-store"},
    )


def safe(cell: str) -> str:
    """Keep a spreadsheet from running a name as a formula; a lone dash is only a dash."""
    return f"'{cell}" if cell.startswith(FORMULA) and len(cell) > 1 else cell


def _only(scope: Scope, catalogue: Catalogue) -> dashboard.Only | None:
    """An officer of an agency sees its procedures, and the lines of the queue its visitors wait in."""
    if not scope.agencies:
        return None
    return dashboard.Only(
        procedures={
            code for (code, _), version in catalogue.versions.items() if scope.serves(version.agency)
        },
        lines={line.letter for line in queue_rules().lines if any(map(scope.serves, line.agencies))},
    )


def _figures() -> dict[str, Any]:
    user = current_user()
    site = request.args.get("site") or None
    asked = request.args.get("period", periods.DEFAULT)
    choice = periods.CHOICES.get(asked, periods.CHOICES[periods.DEFAULT])
    moment = now()
    days = periods.parts(choice, moment.astimezone(ZONE).date())
    promises = {line.letter: int(line.promise.total_seconds()) for line in queue_rules().lines}
    with transaction() as session:
        if site is not None:
            own_site(session, site)
        catalogue = catalogue_storage.current(session)
        figures = dashboard.figures(
            session,
            periods.period(days),
            sites=[site] if site else user.sites,
            promises=promises,
            now=moment,
            only=_only(own_scope(), catalogue),
        )
    return {
        "kpis_": views.kpis(figures),
        "tables": views.tables(figures, catalogue, choice, days, moment),
        "site": site,
        "site_options": site_options(catalogue, user.sites),
        "period": asked if asked in periods.CHOICES else periods.DEFAULT,
        "period_options": [(code, gettext(one.name)) for code, one in periods.CHOICES.items()],
        "parameters": {name: request.args[name] for name in ("site", "period") if request.args.get(name)},
    }
