"""By which identifier the organisation's provider knows the owner of an account."""

from uuid import UUID

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from services.guichet.use_cases import sign_in
from services.guichet.web import forms
from services.guichet.web.access import actor
from services.guichet.web.staff.api import STAFF
from services.guichet.web.staff.pages import account_page
from services.guichet.web.ways_in import ways_in
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import requires, sentence, transaction

blueprint = Blueprint("staff_identity", __name__)


@blueprint.post("/admin/staff/<uuid:account_id>/identity")
@requires(*STAFF)
def change_link(account_id: UUID) -> ResponseReturnValue:
    """Link it with what was typed; nothing typed: not any more."""
    provider = ways_in().provider
    if provider is None:
        abort(404)
    subject = request.form.get("subject", "")
    issuer = provider.settings.issuer
    try:
        with transaction() as session:
            sign_in.link(session, account_id, issuer=issuer, subject=subject, actor=actor(), at=now())
    except InvalidInput as error:
        return account_page(account_id, errors=forms.page_errors(error), subject=subject), 422
    except Conflict as error:
        return account_page(account_id, refusal=sentence(error), subject=subject), 409
    return redirect(f"/guichet/admin/staff/{account_id}", 303)
