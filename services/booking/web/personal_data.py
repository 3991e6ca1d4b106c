"""Booking's part of what a startup's people may ask for (loi 09-08): as data, and for the manager's page."""

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request

from services.booking.storage import personal_data
from services.booking.web import schemas
from shared import clock
from shared.errors import N_, InvalidInput, NotFound
from shared.logging import get_logger
from shared.web import ApiBlueprint, current_user, requires, transaction

log = get_logger()

MANAGE = ("site_manager", "operator")

blp = ApiBlueprint("personal-data", __name__, description="The rights of a startup's people")
blueprint = Blueprint("personal_data_pages", __name__, url_prefix="/fragments")


@blp.route("/startups/<uuid:startup_id>/personal-data", methods=["GET"])
@requires(*MANAGE)
@blp.response(200, schemas.PersonalDataOut)
def copy(startup_id: UUID) -> dict[str, Any]:
    """What booking knows of the people of a startup of the user's sites, wherever they booked."""
    found = _found(startup_id)
    log.info("personal_data_copied", startup_id=str(startup_id), user=current_user().id)
    return {"service": "booking", "made_at": clock.now(), **found}


@blueprint.get("/personal-data")
@requires(*MANAGE)
def summary() -> str:
    """How much that is, for the page where the copy is made."""
    try:
        startup_id = UUID(request.args.get("startup_id", ""))
    except ValueError:
        raise InvalidInput(N_("This is not a valid identifier."), field="startup_id") from None
    return render_template(
        "booking/fragment_personal_data.html", found=_found(startup_id), startup_id=startup_id
    )


def _found(startup_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        found = personal_data.of_startup(session, startup_id, sites=current_user().sites)
    if found is None:
        raise NotFound(N_("There is no such startup on your sites."))
    return found
