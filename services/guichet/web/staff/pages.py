"""The pages of the staff: who works as what, where and for which agencies, and changing it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.staff import ROLES, Post
from services.guichet.identity.settings import SUBJECT
from services.guichet.storage import accounts, identities
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.accounts import Change
from services.guichet.use_cases import staff
from services.guichet.web import forms
from services.guichet.web.access import actor
from services.guichet.web.names import ROLE_NAMES
from services.guichet.web.staff.api import CHANGES, STAFF
from services.guichet.web.ways_in import ways_in
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput
from shared.web import current_user, language, requires, sentence, transaction

blueprint = Blueprint("staff_pages", __name__)

PROPERTIES: Mapping[str, str] = {
    "roles": N_("Roles"),
    "sites": N_("Sites"),
    "agencies": N_("Agencies"),
    "active": N_("May sign in"),
}
#: what else is written down of an account
EVENTS: Mapping[str, tuple[str, str]] = {
    "account": (N_("Account"), N_("opened")),
    "link": (N_("Link to choose a password"), N_("made")),
    "password": (N_("Password"), N_("newly chosen")),
    "identity": (N_("Organisation’s account"), N_("linked")),
}


@blueprint.get("/admin/staff")
@requires(*STAFF)
def listing() -> str:
    """Everybody, those who may sign in first."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = accounts.every(session)
    words = Words(catalogue)
    return render_template(
        "guichet/admin/staff.html",
        rows=[(account, words.post(account.post)) for account in found],
        saved="saved" in request.args,
        opened="opened" in request.args,
        by_provider=ways_in().provider is not None,
    )


@blueprint.get("/admin/staff/<uuid:account_id>")
@requires(*STAFF)
def edit(account_id: UUID) -> str:
    return account_page(account_id)


@blueprint.post("/admin/staff/<uuid:account_id>")
@requires(*STAFF)
def change(account_id: UUID) -> ResponseReturnValue:
    typed = typed_post()
    try:
        with transaction() as session:
            staff.change_account(
                session,
                account_id,
                roles=typed.roles,
                sites=typed.sites,
                agencies=typed.agencies,
                active=typed.active,
                version=forms.whole(request.form.get("version", "")) or 0,
                actor=actor(),
                at=now(),
            )
    except InvalidInput as error:
        return account_page(account_id, typed, errors=forms.page_errors(error)), 422
    except Conflict as error:
        return account_page(account_id, typed, refusal=sentence(error)), 409
    return redirect("/guichet/admin/staff?saved", 303)


def typed_post() -> Post:
    """As what, where and for whom, as the form says it."""
    chosen = {name: tuple(request.form.getlist(name)) for name in ("roles", "sites", "agencies")}
    return Post(**chosen, active="active" in request.form)


def account_page(
    account_id: UUID,
    typed: Post | None = None,
    *,
    errors: Sequence[dict[str, str]] = (),
    refusal: str | None = None,
    subject: str | None = None,
) -> str:
    ways = ways_in()
    provider = ways.provider.settings if ways.provider else None
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        account = accounts.get(session, account_id)
        if account is None:
            raise staff.account_not_found()
        changes = accounts.changes_of(session, account_id, limit=CHANGES)
        link = identities.link_of(session, account_id, issuer=provider.issuer) if provider else None
    words = Words(catalogue)
    return render_template(
        "guichet/admin/account.html",
        account=account,
        post=typed or account.post,
        own=current_user().id == str(account_id),
        words=words.of,
        changes=[(one, words.changes(one)) for one in changes],
        errors=errors,
        error_of=forms.by_field(errors),
        labels={**labels(), "subject": gettext("Identifier at your provider (sub)")},
        refusal=refusal,
        password_opens=ways.password_opens(account.roles),
        by_provider=provider is not None,
        by_address=provider is not None and provider.claim != SUBJECT,
        link=link,
        subject=(link.subject if link else "") if subject is None else subject,
    )


def labels() -> dict[str, str]:
    return {name: gettext(word) for name, word in PROPERTIES.items()}


class Words:
    """The codes of a post in the reader's language."""

    def __init__(self, catalogue: Catalogue) -> None:
        def named(entries: Iterable[Any]) -> dict[str, str]:
            return {one.code: one.names.within(language()) for one in entries}

        self.of: Mapping[str, Mapping[str, str]] = {
            "roles": {str(role): gettext(ROLE_NAMES[role]) for role in ROLES},
            "sites": named(catalogue.sites.values()),
            "agencies": named(catalogue.agencies.values()),
        }

    def post(self, post: Post) -> dict[str, str]:
        return {name: self._listed(name, getattr(post, name)) for name in self.of}

    def changes(self, change: Change) -> list[tuple[str, str, str]]:
        """Property, what it was, what it became."""
        return [self._line(name, before, after) for name, (before, after) in change.changes.items()]

    def _line(self, name: str, before: Any, after: Any) -> tuple[str, str, str]:
        if name in EVENTS:
            what, happened = EVENTS[name]
            # A link that was there and is not any more is told the other way round.
            return gettext(what), gettext(happened) if before else "–", gettext(happened) if after else "–"
        return gettext(PROPERTIES[name]), self._value(name, before), self._value(name, after)

    def _value(self, name: str, value: Any) -> str:
        if name == "active":
            return str(gettext("Yes") if value else gettext("No"))
        return self._listed(name, value)

    def _listed(self, name: str, codes: Sequence[str]) -> str:
        known = self.of[name]
        if name == "sites" and len(codes) > 1 and set(codes) >= known.keys():
            return str(gettext("All sites"))
        separator = "، " if language() == "ar" else ", "
        return separator.join(known.get(code, code) for code in codes) or "–"
