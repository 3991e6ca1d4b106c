"""This service's part of what a startup's people may ask for (loi 09-08)."""

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request

from services.notifications.storage import personal_data
from services.notifications.storage.messages import MessageRow
from services.notifications.storage.personal_data import Held
from services.notifications.web import presenting
from services.notifications.web.schemas import PersonalDataOut
from shared import clock
from shared.errors import N_, InvalidInput, NotFound
from shared.logging import get_logger
from shared.web import ApiBlueprint, current_user, requires, transaction

log = get_logger()

MANAGE = ("site_manager", "operator")
_MESSAGE = (
    "kind",
    "channel",
    "language",
    "recipient",
    "recipient_name",
    "site",
    "subject",
    "state",
    "reason",
    "created_at",
    "accepted_at",
    "delivered_at",
    "failed_at",
    "forgotten_at",
)

blp = ApiBlueprint("personal-data", __name__, description="The rights of a startup's people")
pages = Blueprint("personal_data_pages", __name__)


@blp.route("/startups/<uuid:startup_id>/personal-data", methods=["GET"])
@requires(*MANAGE)
@blp.response(200, PersonalDataOut)
def copy(startup_id: UUID) -> dict[str, Any]:
    """Contacts and every message to them, word for word, of a startup of the user's sites."""
    held = _held(startup_id)
    log.info("personal_data_copied", startup_id=str(startup_id), user=current_user().id)
    return {
        "service": "notifications",
        "made_at": clock.now(),
        "startup": held.startup,
        "messages": [_told(row, held) for row in held.messages],
        "waiting": held.waiting,
    }


@pages.get("/fragments/personal-data")
@requires(*MANAGE)
def summary() -> str:
    """How much that is, for the page where the copy is made."""
    try:
        startup_id = UUID(request.args.get("startup_id", ""))
    except ValueError:
        raise InvalidInput(N_("This is not a valid identifier."), field="startup_id") from None
    return render_template("notifications/_personal_data.html", held=_held(startup_id), startup_id=startup_id)


def _told(row: MessageRow, held: Held) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _MESSAGE},
        "number": presenting.number_of(row),
        "text": presenting.text_of(row),
        "attempts": held.attempts.get(row.id, []),
        "receipts": held.receipts.get(row.id, []),
    }


def _held(startup_id: UUID) -> Held:
    with transaction() as session:
        found = personal_data.of_startup(session, startup_id, sites=current_user().sites)
    if found is None:
        raise NotFound(N_("There is no such startup on your sites."))
    return found
