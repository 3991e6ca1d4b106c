"""Billing's part of what a startup's people may ask for (loi 09-08): as data, and for the manager's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request

from services.billing.storage import personal_data
from shared import clock
from shared.errors import N_, NotFound
from shared.logging import get_logger
from shared.web import ApiBlueprint, current_user, requires, transaction

from . import forms, schemas

log = get_logger()

MANAGE = ("site_manager", "operator")

blp = ApiBlueprint("personal-data", __name__, description="The rights of a startup's people")
pages = Blueprint("personal_data_pages", __name__)


@blp.route("/startups/<uuid:startup_id>/personal-data")
@requires(*MANAGE)
@blp.response(200, schemas.PersonalDataOut)
def copy(startup_id: UUID) -> dict[str, Any]:
    """What billing knows of the people of a startup of the user's sites, wherever they were charged."""
    found = _found(startup_id)
    log.info("personal_data_copied", startup_id=str(startup_id), user=current_user().id)
    return {"service": "billing", "made_at": clock.now(), **found}


@pages.get("/fragments/personal-data")
@requires(*MANAGE)
def summary() -> str:
    """How much that is, for the page where the copy is made."""
    startup_id = forms.StartupQuery().load(request.args.to_dict())["startup_id"]
    return render_template(
        "billing/fragments/personal_data.html", found=_found(startup_id), startup_id=startup_id
    )


def _found(startup_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        found = personal_data.of_startup(session, startup_id, sites=current_user().sites)
    if found is None:
        raise NotFound(N_("There is no such startup on your sites."))
    return found
