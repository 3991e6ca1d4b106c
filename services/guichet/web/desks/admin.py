"""The page on which desks are added, changed and closed."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from services.guichet.domain.desk_reader import WEEKDAYS
from services.guichet.domain.desks import Desk
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import desks as desk_storage
from services.guichet.use_cases import desks, visit_changes
from services.guichet.web import forms as common_forms
from services.guichet.web import views
from services.guichet.web.access import MANAGE_DESKS, actor
from services.guichet.web.desks import confirming, forms, words
from services.guichet.web.desks.inbox import sees
from services.guichet.web.desks.typed import counted
from services.guichet.web.forms import whole
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import current_user, idempotent, language, requires, sentence, transaction

blueprint = Blueprint("desk_admin", __name__)


@blueprint.get("/admin/desks")
@requires(*MANAGE_DESKS)
def listing() -> str:
    """Every desk of the user's sites, and the head offices for those who may change them."""
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        heads = desks.may_change_head_offices(actor(), catalogue)
        mine = [desk for desk in catalogue.desks.values() if sees(user, desk) and (desk.site or heads)]
        loads = desk_storage.loads(session, [desk.code for desk in mine])
    order = list(catalogue.agencies)
    mine.sort(key=lambda desk: (order.index(desk.agency), desk.site is None, desk.code))
    return render_template(
        "guichet/desks/admin.html",
        rows=[words.desk_row(desk, catalogue, loads.get(desk.code, 0)) for desk in mine],
        saved="saved" in request.args,
        moved=counted(request.args.get("moved")),
        told=counted(request.args.get("told")),
    )


@blueprint.get("/admin/desks/new")
@requires(*MANAGE_DESKS)
def new() -> str:
    typed = {"open": "yes", "channel": "desk", "capacity": "50", "capacity_kind": "open_requests"}
    return _form(MultiDict(typed))


@blueprint.post("/admin/desks")
@requires(*MANAGE_DESKS)
@idempotent
def add() -> ResponseReturnValue:
    try:
        with transaction() as session:
            desks.add_desk(
                session,
                forms.data_from(request.form),
                sites=current_user().sites,
                actor=actor(),
                at=now(),
            )
    except (InvalidInput, Conflict) as error:
        return _refused(error)
    return redirect("/guichet/admin/desks?saved", 303)


@blueprint.get("/admin/desks/<code>")
@requires(*MANAGE_DESKS)
def edit(code: str) -> str:
    desk = _found(code)
    return _form(forms.as_form(desk), desk=desk)


@blueprint.post("/admin/desks/<code>")
@requires(*MANAGE_DESKS)
def change(code: str) -> ResponseReturnValue:
    desk = _found(code)
    version = request.form.get("version", "")
    try:
        with transaction() as session:
            moment = now()
            _, moved = desks.change_desk(
                session,
                code,
                forms.data_from(request.form),
                version=whole(version) or 0,
                sites=current_user().sites,
                actor=actor(),
                at=moment,
                reason=request.form.get("reason"),
            )
            told = visit_changes.settle(
                session,
                desk=code,
                reason=request.form.get("reason"),
                agreed=confirming.agreed(),
                actor=actor(),
                at=moment,
            )
    except visit_changes.VisitsInTheWay as found:
        return confirming.ask(found, back=f"/guichet/admin/desks/{code}", active="admin")
    except (InvalidInput, Conflict) as error:
        return _refused(error, desk)
    return redirect(f"/guichet/admin/desks?saved&moved={moved}&told={told}", 303)


def _found(code: str) -> Desk:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    desk = catalogue.desks.get(code)
    if desk is None or not sees(current_user(), desk):
        raise desks.desk_not_found()
    if desk.site is None and not desks.may_change_head_offices(actor(), catalogue):
        raise desks.head_offices_refused()
    return desk


def _refused(error: InvalidInput | Conflict, desk: Desk | None = None) -> ResponseReturnValue:
    if isinstance(error, InvalidInput):
        found = [{**one, "field": forms.field_of(one["field"])} for one in common_forms.page_errors(error)]
        return _form(request.form, found, desk=desk), 422
    return _form(request.form, desk=desk, refusal=sentence(error)), 409


def _form(
    typed: MultiDict[str, str],
    errors: Sequence[dict[str, Any]] = (),
    *,
    desk: Desk | None = None,
    refusal: str | None = None,
) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    weekdays = [(code, gettext(name)) for code, name in zip(WEEKDAYS, words.WEEKDAY_NAMES, strict=True)]
    return render_template(
        "guichet/desks/admin_form.html",
        typed=typed,
        desk=desk,
        windows=forms.window_rows(typed),
        errors=errors,
        error_of=common_forms.by_field(errors),
        refusal=refusal,
        agency_options=[(one.code, one.names.within(language())) for one in catalogue.agencies.values()],
        head_offices=desks.may_change_head_offices(actor(), catalogue),
        site_options=views.site_options(catalogue, current_user().sites),
        channel_options=[(kind.value, gettext(word)) for kind, word in words.CHANNELS.items()],
        weekday_options=weekdays,
    )
