"""An operator opens accounts, and says as what, where and for which agencies somebody works."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.identifiers import email as checked_email
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.staff import Post, check_not_own, checked_post
from services.guichet.domain.text import Checks, choice, required_text
from services.guichet.domain.workflow import Actor
from services.guichet.storage import accounts
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.accounts import Account
from services.guichet.use_cases.sessions import end_sessions
from shared.errors import N_, Conflict, InvalidFields, InvalidInput, NotFound

LONGEST_NAME = 120


def open_account(
    session: Session,
    *,
    email: str,
    name: str,
    language: str,
    roles: Collection[str],
    sites: Collection[str],
    agencies: Collection[str],
    actor: Actor,
    at: datetime,
) -> Account:
    """Open an account, which has no password yet: see ``passwords.new_link``.

    Raises:
        InvalidFields: what is wrong with it, that the address has an account already included.
    """
    checks = Checks()
    address = checks.take(checked_email, email, field="email")
    called = checks.take(required_text, name, field="name", maximum=LONGEST_NAME)
    checks.take(choice, language, field="language", among=LANGUAGES)
    try:
        post = _checked(session, roles=roles, sites=sites, agencies=agencies, active=True)
    except InvalidFields as error:
        raise InvalidFields([*checks.errors, *error.errors]) from None
    checks.finish()
    opened = accounts.add(session, email=str(address).lower(), name=str(called), language=language, post=post)
    if opened is None:
        raise InvalidFields([InvalidInput(N_("This address has an account already."), field="email")])
    accounts.add_change(session, opened.id, {"account": [None, "opened"]}, actor=actor, at=at)
    return opened


def change_account(
    session: Session,
    account_id: UUID,
    *,
    roles: Collection[str],
    sites: Collection[str],
    agencies: Collection[str],
    active: bool,
    version: int,
    actor: Actor,
    at: datetime,
) -> Account:
    """Change an account, and write down who changed what; the same again changes nothing.

    Its owner, where signed in, signs in anew.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is the own one.
        InvalidFields: what is wrong with it.
        Conflict: somebody changed it since ``version`` was read.
    """
    found = accounts.get(session, account_id, lock=True)
    if found is None:
        raise account_not_found()
    check_not_own(str(account_id), actor.id)
    post = _checked(session, roles=roles, sites=sites, agencies=agencies, active=active)
    if version != found.version:
        raise _changed(session, account_id)
    changes = found.post.changes_to(post)
    if not changes:
        return found
    accounts.add_change(session, account_id, changes, actor=actor, at=at)
    end_sessions(session, account_id, at=at)
    return accounts.change(session, account_id, post)


def _checked(
    session: Session,
    *,
    roles: Collection[str],
    sites: Collection[str],
    agencies: Collection[str],
    active: bool,
) -> Post:
    catalogue = catalogue_storage.current(session)
    return checked_post(
        roles=roles,
        sites=sites,
        agencies=agencies,
        active=active,
        known_sites=catalogue.sites,
        known_agencies=catalogue.agencies,
    )


def account_not_found() -> NotFound:
    return NotFound(N_("There is no such account."))


def _changed(session: Session, account_id: UUID) -> Conflict:
    last = accounts.changes_of(session, account_id, limit=1)
    if not last:
        return Conflict(N_("This account changed since you opened it."))
    return Conflict(
        N_("%(who)s changed this account on %(when)s: look at it again."), who=last[0].by, when=last[0].at
    )
