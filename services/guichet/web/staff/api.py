"""The API of the staff's accounts."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.storage import accounts
from services.guichet.storage.accounts import Account
from services.guichet.use_cases import staff
from services.guichet.web.access import actor
from services.guichet.web.staff.schemas import AccountList, AccountOut, AccountRow, PostIn
from shared.clock import now
from shared.web import ApiBlueprint, idempotent, requires, transaction

blueprint = ApiBlueprint("staff", __name__, description="Accounts of the staff")

STAFF = ("operator",)
CHANGES = 50


@blueprint.route("/accounts", methods=["GET"])
@requires(*STAFF)
@blueprint.response(200, AccountList)
def list_accounts() -> dict[str, Any]:
    """All of the network, those who may sign in first, by name."""
    with transaction() as session:
        return {"items": accounts.every(session)}


@blueprint.route("/accounts/<uuid:account_id>", methods=["GET"])
@requires(*STAFF)
@blueprint.response(200, AccountOut)
def show_account(account_id: UUID) -> dict[str, Any]:
    """One account, with who changed what of it."""
    with transaction() as session:
        found = accounts.get(session, account_id)
        if found is None:
            raise staff.account_not_found()
        return _one(session, found)


@blueprint.route("/accounts/<uuid:account_id>", methods=["PUT"])
@requires(*STAFF)
@blueprint.arguments(PostIn)
@idempotent
@blueprint.response(200, AccountOut)
def change_account(data: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """Say as what, where and for which agencies somebody works; it holds at the next renewal of the session.

    403 for the own account, 409 when somebody changed it since ``version`` was read.
    """
    with transaction() as session:
        changed = staff.change_account(session, account_id, **data, actor=actor(), at=now())
        return _one(session, changed)


def _one(session: Session, account: Account) -> dict[str, Any]:
    shown = {name: getattr(account, name) for name in AccountRow().fields}
    return {**shown, "changes": accounts.changes_of(session, account.id, limit=CHANGES)}
