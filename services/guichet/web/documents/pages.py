"""The pages of documents: a request's, a startup's, and those that end soon."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import document_kinds, kind_of
from services.guichet.documents.intake import Stored
from services.guichet.domain.numbers import ZONE, is_request_number
from services.guichet.domain.requests import Request
from services.guichet.domain.startups import Startup
from services.guichet.domain.text import ascii_digits
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import documents as storage
from services.guichet.storage import requests as request_storage
from services.guichet.use_cases import documents
from services.guichet.use_cases.documents.reading import document_not_found
from services.guichet.use_cases.requests import request_not_found
from services.guichet.use_cases.startups import startup_not_found, startup_to_serve
from services.guichet.web import views
from services.guichet.web.access import ACT, FILE, actor, may, own_scope
from services.guichet.web.documents.papers import LIMITS, SOON_DAYS, file_of, request_papers
from services.guichet.web.documents.transfer import receives_file, send_document
from shared.clock import now
from shared.errors import N_, InvalidInput
from shared.web import (
    current_user,
    language,
    not_modified_if_same,
    requires,
    site_filter,
    transaction,
)

blueprint = Blueprint("documents_pages", __name__)

MANAGE = ("site_manager", "operator")
ENDED_DAYS = 30
LINES = 200
VIEWS = 50
VAULT, EXPIRING = "vault", "expiring"
_TYPED_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


def _request_here(number: str, code: str) -> None:
    with transaction() as session:
        _request(session, number)


def _startup_here(startup_id: UUID) -> None:
    with transaction() as session:
        if startup_to_serve(session, startup_id, sites=current_user().sites) is None:
            raise startup_not_found()


@blueprint.get("/fragments/requests/<number>/documents")
@requires()
def request_fragment(number: str) -> ResponseReturnValue:
    """What a request asks for and what came, asked for again every two seconds."""
    return not_modified_if_same(_request_fragment(number))


@blueprint.post("/requests/<number>/documents/<code>")
@requires(*ACT)
@receives_file(_request_here)
def hand_in(number: str, code: str, *, stored: Stored) -> ResponseReturnValue:
    """A file for one line of the list; it goes on file for the startup as well."""
    with transaction() as session:
        asked = _request(session, number)
        documents.file_document(
            session,
            stored,
            startup_id=asked.startup_id,
            kind=None,
            expires_on=_day(request.values.get("expires_on")),
            request_id=asked.id,
            code=code,
            scope=own_scope(),
            actor=actor(),
            at=now(),
        )
    return _back_to_request(number)


@blueprint.post("/requests/<number>/documents/<code>/seen")
@requires(*ACT)
def mark_seen(number: str, code: str) -> ResponseReturnValue:
    return _on_request(
        number,
        lambda session, asked: documents.mark_seen(
            session, asked.id, code, scope=own_scope(), actor=actor(), at=now()
        ),
    )


@blueprint.post("/requests/<number>/documents/<code>/take-back")
@requires(*ACT)
def take_back(number: str, code: str) -> ResponseReturnValue:
    """Of one document, or, without one, of the paper."""
    return _on_request(
        number,
        lambda session, asked: documents.take_back(
            session, asked.id, code, document_id=_given_document(), scope=own_scope()
        ),
    )


@blueprint.post("/requests/<number>/documents/<code>/attach")
@requires(*ACT)
def attach(number: str, code: str) -> ResponseReturnValue:
    """Use what is on file already."""
    return _on_request(
        number,
        lambda session, asked: documents.attach(
            session,
            asked.id,
            code,
            _given_document() or _nothing(),
            scope=own_scope(),
            actor=actor(),
            at=now(),
        ),
    )


@blueprint.post("/requests/<number>/documents/<code>/expiry")
@requires(*FILE)
def change_expiry_there(number: str, code: str) -> ResponseReturnValue:
    return _on_request(
        number,
        lambda session, asked: documents.change_expiry(
            session,
            _given_document() or _nothing(),
            _day(request.form.get("expires_on")),
            scope=own_scope(),
            at=now(),
        ),
    )


@blueprint.get("/startups/<uuid:startup_id>/documents")
@requires()
def vault(startup_id: UUID) -> str:
    """Everything on file for a startup, and, for managers, who opened it."""
    return render_template(
        "guichet/documents/vault.html", **_vault(startup_id), saved="saved" in request.args
    )


@blueprint.get("/fragments/startups/<uuid:startup_id>/documents")
@requires()
def vault_fragment(startup_id: UUID) -> ResponseReturnValue:
    return not_modified_if_same(render_template("guichet/documents/_vault.html", **_vault(startup_id)))


@blueprint.post("/startups/<uuid:startup_id>/documents")
@requires(*FILE)
@receives_file(_startup_here)
def file_in_vault(startup_id: UUID, *, stored: Stored) -> ResponseReturnValue:
    with transaction() as session:
        documents.file_document(
            session,
            stored,
            startup_id=startup_id,
            kind=request.values.get("kind") or None,
            expires_on=_day(request.values.get("expires_on")),
            request_id=None,
            code=None,
            scope=own_scope(),
            actor=actor(),
            at=now(),
        )
    return _back_to_vault(startup_id)


@blueprint.post("/documents/<uuid:document_id>/expiry")
@requires(*FILE)
def change_expiry(document_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        changed = documents.change_expiry(
            session,
            document_id,
            _day(request.form.get("expires_on")),
            scope=own_scope(),
            at=now(),
        )
    return _back_to_vault(changed.startup_id)


@blueprint.post("/documents/<uuid:document_id>/remove")
@requires(*FILE)
def remove(document_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        removed = documents.remove_document(session, document_id, scope=own_scope())
    return _back_to_vault(removed.startup_id)


@blueprint.get("/documents/<uuid:document_id>")
@requires()
def open_document(document_id: UUID) -> Response:
    """The file itself, from the page named; images are shown, the rest is saved."""
    page = request.args.get("from", "")
    known = page in (VAULT, EXPIRING) or is_request_number(page)
    return send_document(document_id, page=page if known else "–", as_download="download" in request.args)


@blueprint.get("/documents")
@requires()
def expiring() -> str:
    """Documents to renew, on the user's sites."""
    user = current_user()
    site = request.args.get("site") or None
    if site is not None:
        site_filter(site)
    today = now().astimezone(ZONE).date()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = storage.expiring(
            session,
            scope=own_scope(site),
            since=today - timedelta(days=ENDED_DAYS),
            until=today + timedelta(days=SOON_DAYS),
            limit=LINES,
        )
    site_options = views.site_options(catalogue, user.sites)
    return render_template(
        "guichet/documents/expiring.html",
        lines=[(one, file_of(one.document, user.roles, today)) for one in found],
        site=site,
        site_options=site_options,
        site_names=dict(site_options),
        days=SOON_DAYS,
    )


def _on_request(number: str, act: Callable[[Session, Request], Any]) -> ResponseReturnValue:
    with transaction() as session:
        act(session, _request(session, number))
    return _back_to_request(number)


def _back_to_request(number: str) -> ResponseReturnValue:
    if _by_script():
        return _request_fragment(number)
    return redirect(f"/guichet/requests/{number}#documents", 303)


def _back_to_vault(startup_id: UUID) -> ResponseReturnValue:
    if _by_script():
        return render_template("guichet/documents/_vault.html", **_vault(startup_id))
    return redirect(f"/guichet/startups/{startup_id}/documents?saved", 303)


def _by_script() -> bool:
    """A script takes the new state of the part it changed; a plain form goes back to the page."""
    return "text/html" not in request.headers.get("Accept", "")


def _request_fragment(number: str) -> str:
    with transaction() as session:
        return render_template(
            "guichet/documents/_request.html", **request_papers(session, _request(session, number))
        )


def _vault(startup_id: UUID) -> dict[str, Any]:
    user = current_user()
    today = now().astimezone(ZONE).date()
    with transaction() as session:
        startup = _startup(session, startup_id)
        found = storage.of_startup(session, startup_id, scope=own_scope())
        opened = storage.views(session, startup_id=startup_id, limit=VIEWS) if may(user, *MANAGE) else []
    return {
        "startup": startup,
        "files": [file_of(one, user.roles, today) for one in found],
        "kinds": [(kind.code, kind.names.within(language())) for kind in document_kinds().values()],
        "views": [(one, kind_of(one.kind).names.within(language())) for one in opened],
        "sees_views": may(user, *MANAGE),
        "may_file": may(user, *FILE),
        "limits": LIMITS,
    }


def _request(session: Session, number: str) -> Request:
    found = request_storage.get(session, number, scope=own_scope()) if is_request_number(number) else None
    if found is None:
        raise request_not_found()
    return found.request


def _startup(session: Session, startup_id: UUID) -> Startup:
    startup = startup_to_serve(session, startup_id, sites=current_user().sites)
    if startup is None:
        raise startup_not_found()
    return startup


def _given_document() -> UUID | None:
    typed = request.form.get("document", "")
    try:
        return UUID(typed) if typed else None
    except ValueError:
        return _nothing()


def _nothing() -> UUID:
    raise document_not_found()


def _day(typed: str | None) -> date | None:
    """``31/12/2026`` or ``2026-12-31``; nothing is no date."""
    text = ascii_digits((typed or "").strip())
    if not text:
        return None
    written = _TYPED_DATE.fullmatch(text)
    try:
        if written:
            return date(int(written[3]), int(written[2]), int(written[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(N_("Write a date like 31/12/2026."), field="expires_on") from None
