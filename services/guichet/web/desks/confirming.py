"""Asking before a change cancels visits: what was typed comes back with the list, to be sent again."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.use_cases.visit_changes import VisitsInTheWay
from shared.web import transaction

AGREED = "agreed"
_NOT_REPEATED = frozenset({AGREED, "csrf_token"})


def agreed() -> list[UUID]:
    """The visits the user was shown and agreed to cancel; anything else typed there is none."""
    return list(_read(request.form.getlist(AGREED)))


def ask(found: VisitsInTheWay, *, back: str, active: str) -> ResponseReturnValue:
    """The page that lists the visits and sends the same form again."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    typed: list[tuple[str, Any]] = [
        (name, value) for name, value in request.form.items(multi=True) if name not in _NOT_REPEATED
    ]
    page = render_template(
        "guichet/desks/visits_in_the_way.html",
        visits=found.visits,
        desks=catalogue.desks,
        typed=typed,
        action=request.path,
        back=back,
        active=active,
    )
    return page, found.status


def _read(texts: Iterable[str]) -> Iterable[UUID]:
    for text in texts:
        try:
            yield UUID(text)
        except ValueError:
            continue
