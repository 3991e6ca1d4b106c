"""The page of closures: what is closed, who is in the way, closing and opening again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from services.booking.domain.places import Site
from services.booking.domain.wall_time import check_in_calendar, local_day, parse_clock, parse_day
from services.booking.storage import closures as storage
from services.booking.storage import places
from services.booking.use_cases.closures import ClosureWish, close, reopen, standing
from services.booking.web.choosing import chosen_site
from services.booking.web.closures.api import CLOSERS, allow_site
from shared import clock
from shared.db import uuid7
from shared.errors import N_, DomainError, InvalidFields, InvalidInput
from shared.web import (
    current_user,
    field_errors,
    idempotent,
    localized,
    requires,
    sentence,
    site_filter,
    transaction,
)

blueprint = Blueprint("closures", __name__)

MOST_LISTED = 100
#: not the empty choice: nobody closes a whole site by choosing nothing
ALL_SPACES = "*"
FORM_FIELDS = {"starts_at": "first", "ends_at": "last"}
Value = TypeVar("Value")


@dataclass(frozen=True)
class ClosureForm:
    """Everything as text: a refused form is shown again exactly as it was filled."""

    space: str = ""
    first: str = ""
    opening: str = ""
    last: str = ""
    until: str = ""
    reason: str = ""
    key: str = ""

    @classmethod
    def sent(cls, values: Mapping[str, str]) -> "ClosureForm":
        told = {
            name: values.get(name, "") for name in ("space", "first", "opening", "last", "until", "reason")
        }
        return cls(**told, key=values.get("idempotency_key", ""))

    def wish(self, site: str, *, today: date) -> ClosureWish:
        """Read every field before refusing any; without times, whole days are meant."""
        problems: list[InvalidInput] = []

        def read(attempt: Callable[[], Value], default: Value) -> Value:
            try:
                return attempt()
            except InvalidInput as problem:
                problems.append(problem)
                return default

        first = read(lambda: _day(self.first, "first", today), today)
        last = read(lambda: _day(self.last, "last", today), first) if self.last.strip() else first
        begins = (
            read(lambda: parse_clock(self.opening, "opening"), time()) if self.opening.strip() else time()
        )
        until = read(lambda: parse_clock(self.until, "until"), time()) if self.until.strip() else None
        if not self.space:
            problems.insert(0, InvalidInput(N_("Choose what is to be closed."), field="space"))
        if problems:
            raise InvalidFields(problems) if len(problems) > 1 else problems[0]
        ends = datetime.combine(last, until) if until else datetime.combine(last + timedelta(days=1), time())
        space = None if self.space == ALL_SPACES else self.space
        return ClosureWish(site, space, datetime.combine(first, begins), ends, self.reason)


@blueprint.app_template_filter("bdi")
def bdi(text: str) -> Markup:
    """What people wrote, kept from reordering the sentence around it."""
    return Markup("<bdi>{}</bdi>").format(text)


@blueprint.get("/closures")
@requires()
def overview() -> ResponseReturnValue:
    with transaction() as session:
        site = chosen_site(session)
        return _page(session, site, ClosureForm(space=request.args.get("space", ""), key=str(uuid7())))


@blueprint.post("/closures")
@requires(*CLOSERS)
@idempotent
def create() -> ResponseReturnValue:
    form = ClosureForm.sent(request.form)
    now = clock.now()
    try:
        with transaction() as session:
            site = chosen_site(session)
            wish = form.wish(site.code, today=local_day(now, site.zone))
            closure = close(session, wish, allow=allow_site, by=current_user().name, now=now)
    except DomainError as error:
        with transaction() as session:
            return _page(session, chosen_site(session), form, _in_form(error))
    return redirect(url_for(".overview", site=closure.site, closed=closure.id), 303)


@blueprint.post("/closures/<uuid:closure_id>/reopen")
@requires(*CLOSERS)
def open_again(closure_id: UUID) -> ResponseReturnValue:
    try:
        with transaction() as session:
            opened = reopen(session, closure_id, allow=site_filter, by=current_user().name, now=clock.now())
    except DomainError as error:
        with transaction() as session:
            return _page(session, chosen_site(session), ClosureForm(key=str(uuid7())), error)
    return redirect(url_for(".overview", site=opened.site, opened="yes"), 303)


def _day(text: str, field: str, today: date) -> date:
    day = parse_day(text, field)
    check_in_calendar(day, today=today, field=field)
    return day


def _in_form(error: DomainError) -> DomainError:
    """The same refusal, its fields named as the form names them."""
    for one in error.errors if isinstance(error, InvalidFields) else [error]:
        one.field = FORM_FIELDS.get(one.field or "", one.field)
    return error


def _page(
    session: Session, site: Site, form: ClosureForm, error: DomainError | None = None
) -> ResponseReturnValue:
    now = clock.now()
    found = storage.to_come(session, [site.code], now=now, limit=MOST_LISTED + 1)
    stand = standing(session, found[:MOST_LISTED], now=now)
    spaces = places.spaces_of(session, [site.code])
    errors = [] if error is None else field_errors(error)
    context: dict[str, Any] = {
        "site": site,
        "sites": places.find_sites(session, current_user().sites),
        "closures": found[:MOST_LISTED],
        "more": len(found) > MOST_LISTED,
        "most": MOST_LISTED,
        "standing": stand,
        "names": {space.code: space.names for space in spaces},
        "choices": [
            (ALL_SPACES, gettext("All spaces of the site")),
            *((one.code, localized(one.names)) for one in spaces),
        ],
        "form": form,
        "may_close": not set(CLOSERS).isdisjoint(current_user().roles),
        "closed": next((one for one in found if str(one.id) == request.args.get("closed")), None),
        "opened": "opened" in request.args,
        "errors": errors,
        "fault": {one["field"]: one["detail"] for one in errors},
        "sentence": None if error is None else sentence(error),
    }
    return render_template("booking/closures.html", **context), 200 if error is None else error.status
