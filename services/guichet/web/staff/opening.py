"""Opening an account, and the link by which its owner chooses a password; it is shown once."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from services.guichet.domain.staff import Post
from services.guichet.identity.settings import PasswordsOf
from services.guichet.storage import accounts
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.accounts import Account
from services.guichet.use_cases import passwords, staff
from services.guichet.web import forms
from services.guichet.web.access import actor
from services.guichet.web.names import LANGUAGE_NAMES
from services.guichet.web.staff.api import STAFF
from services.guichet.web.staff.pages import Words, labels, typed_post
from services.guichet.web.ways_in import ways_in
from shared.clock import now
from shared.errors import InvalidFields
from shared.web import language, requires, transaction

blueprint = Blueprint("staff_opening", __name__)

NOBODY = Post((), (), (), active=True)


@blueprint.get("/admin/staff/new")
@requires(*STAFF)
def new() -> str:
    return _form(NOBODY)


@blueprint.post("/admin/staff")
@requires(*STAFF)
def open_account() -> ResponseReturnValue:
    """Open it and show the link, if one is wanted. Sent twice, the address is taken the second time."""
    typed = typed_post()
    at = now()
    try:
        with transaction() as session:
            account = staff.open_account(
                session,
                email=request.form.get("email", ""),
                name=request.form.get("name", ""),
                language=request.form.get("language", ""),
                roles=typed.roles,
                sites=typed.sites,
                agencies=typed.agencies,
                actor=actor(),
                at=at,
            )
            if not _wants_password(account):
                return redirect("/guichet/admin/staff?opened", 303)
            page = _link(session, account.id)
    except InvalidFields as error:
        return _form(typed, errors=forms.page_errors(error)), 422
    return page


@blueprint.post("/admin/staff/<uuid:account_id>/link")
@requires(*STAFF)
def make_link(account_id: UUID) -> str:
    """A new link for who forgot the password, or let the first one grow old."""
    with transaction() as session:
        return _link(session, account_id)


def _wants_password(account: Account) -> bool:
    """Without a provider a password is the only way; with one it is a choice, where it opens anything."""
    ways = ways_in()
    return ways.provider is None or ("password" in request.form and ways.password_opens(account.roles))


def _link(session: Session, account_id: UUID) -> str:
    at = now()
    link = passwords.new_link(session, account_id, actor=actor(), at=at)
    account = accounts.get(session, account_id)
    return render_template(
        "guichet/admin/account_link.html", account=account, link=link, until=at + passwords.LINK_HOLDS
    )


def _form(post: Post, *, errors: Sequence[dict[str, str]] = ()) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    ways = ways_in()
    return render_template(
        "guichet/admin/account_new.html",
        offers_password=ways.provider is not None and ways.passwords is not PasswordsOf.NOBODY,
        operators_only=ways.passwords is PasswordsOf.OPERATORS,
        post=post,
        given=request.form,
        language_options=LANGUAGE_NAMES,
        chosen_language=request.form.get("language") or language(),
        words=Words(catalogue).of,
        errors=errors,
        error_of=forms.by_field(errors),
        labels={
            **labels(),
            "name": gettext("Name"),
            "email": gettext("E-mail"),
            "language": gettext("Language"),
        },
    )
