"""The escalation list: what is past a deadline, for those who answer for a site.

Internal, in the page only: a startup hears of decisions and of what it has to bring, not of the
counter's own delays, and a manager's mailbox would repeat what this list shows live.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.calendar import Calendars
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.promises import DeadlineKind
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deadlines as storage
from services.guichet.storage.deadlines import Overdue
from services.guichet.web import views
from services.guichet.web.access import MANAGE, own_scope
from services.guichet.web.deadlines.views import KINDS
from shared.clock import now
from shared.web import current_user, language, not_modified_if_same, requires, site_filter, transaction

blueprint = Blueprint("late", __name__)

#: the list shows the oldest; whoever has more late requests than this knows enough
ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    number: str
    serial: int
    startup: str
    procedure: str
    deadline: str
    legal: bool
    due_at: datetime
    #: open hours at the site since then
    late_by: str
    desk: str
    handled_by: str
    told_at: datetime | None


@blueprint.get("/late")
@requires(*MANAGE)
def listing() -> str:
    """Everything late at the user's sites, the longest first."""
    return render_template("guichet/deadlines/late.html", **_late())


@blueprint.get("/fragments/late")
@requires(*MANAGE)
def listing_fragment() -> ResponseReturnValue:
    """The same rows, asked for again every two seconds."""
    return not_modified_if_same(render_template("guichet/deadlines/_late.html", **_late()))


def _late() -> dict[str, Any]:
    user = current_user()
    site = request.args.get("site") or None
    if site is not None:
        site_filter(site)
    at = now()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        calendars = calendar_storage.current(session)
        found = storage.overdue(session, scope=own_scope(site), at=at, limit=ROWS)
    rows = [_row(one, catalogue, calendars, at) for one in found]
    return {
        "rows": rows,
        "legal": sum(row.legal for row in rows),
        "cut": len(rows) == ROWS,
        "site": site,
        "site_options": views.site_options(catalogue, user.sites),
    }


def _row(one: Overdue, catalogue: Catalogue, calendars: Calendars, at: datetime) -> Row:
    legal = one.legal_due_at is not None and one.legal_due_at < at
    due_at = one.legal_due_at if legal and one.legal_due_at else one.due_at
    procedure = catalogue.versions[one.procedure, one.procedure_version]
    desk = catalogue.desks.get(one.desk or "")
    kind = DeadlineKind.LEGAL if legal or procedure.service_target is None else DeadlineKind.SERVICE
    return Row(
        number=one.number,
        serial=one.serial,
        startup=one.legal_name,
        procedure=procedure.names.within(language()),
        deadline=KINDS[kind],
        legal=legal,
        due_at=due_at,
        late_by=_hours(calendars.of(one.site).open_between(due_at, at)),
        desk=desk.names.within(language()) if desk else "—",
        handled_by=one.handled_by or "—",
        told_at=one.told_at,
    )


def _hours(late: timedelta) -> str:
    return views.minutes(late.total_seconds())
