"""Whose account it is that somebody proved to be theirs elsewhere. Nobody is given one here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.identifiers import email
from services.guichet.domain.staff import check_not_own
from services.guichet.domain.workflow import Actor
from services.guichet.identity import Identity
from services.guichet.storage import accounts, identities
from services.guichet.storage.accounts import Account
from services.guichet.use_cases.sessions import end_sessions
from services.guichet.use_cases.staff import account_not_found
from shared.errors import N_, Conflict, Forbidden, InvalidInput

LONGEST_SUBJECT = 255


class NotAdmitted(Forbidden):
    """Proven to be somebody who may not work here; ``reason`` is for the log."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def recognised(session: Session, identity: Identity, *, at: datetime) -> Account:
    """The account of who signed in: the linked one, else the one of the address, linked from now on.

    Raises:
        NotAdmitted: there is none, or it is blocked, or the address proves nothing.
    """
    known = identities.account_of(session, issuer=identity.issuer, subject=identity.subject)
    account = accounts.get(session, known) if known else _of_address(session, identity)
    if account is None:
        raise NotAdmitted(N_("There is no account here for you. Ask an operator to open one."), "no_account")
    if not account.active:
        raise NotAdmitted(N_("Your account is blocked. Ask an operator."), "blocked")
    if known is None:
        _link(session, account, identity, at=at)
    return account


def _of_address(session: Session, identity: Identity) -> Account | None:
    if not identity.address:
        return None
    if not identity.vouched:
        raise NotAdmitted(
            N_("Your organisation’s sign-in does not confirm that this e-mail address is yours."),
            "address_not_verified",
        )
    try:
        # Lower case makes ASCII of some letters that are none: what is no address of ours finds nobody's.
        address = email(identity.address, field="email") if identity.address.isascii() else ""
    except InvalidInput:
        return None
    return accounts.with_email(session, address, lock=True) if address else None


def _link(session: Session, account: Account, identity: Identity, *, at: datetime) -> None:
    added = identities.add(session, account.id, issuer=identity.issuer, subject=identity.subject, at=at)
    if not added:
        if identities.account_of(session, issuer=identity.issuer, subject=identity.subject) == account.id:
            # Signing in twice at the same moment, in two windows.
            return
        # An address that passed to somebody new does not take the account along.
        raise NotAdmitted(
            N_("The account with your e-mail address is linked with another identity. Ask an operator."),
            "other_identity",
        )
    own = Actor(str(account.id), account.name)
    accounts.add_change(session, account.id, {"identity": [None, "linked"]}, actor=own, at=at)


def link(
    session: Session, account_id: UUID, *, issuer: str, subject: str, actor: Actor, at: datetime
) -> Account:
    """An operator says by which subject the provider knows the owner of an account; none: not any more.

    Sessions of before end: they may be those of who was linked wrongly.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is the own one.
        InvalidInput: this can be no subject.
        Conflict: another account is linked with it.
    """
    account = accounts.get(session, account_id, lock=True)
    if account is None:
        raise account_not_found()
    check_not_own(str(account_id), actor.id)
    subject = subject.strip()
    if len(subject) > LONGEST_SUBJECT or "\x00" in subject:
        raise InvalidInput(N_("This can be no identifier of your provider."), field="subject")
    before = identities.link_of(session, account_id, issuer=issuer)
    if subject == (before.subject if before else ""):
        return account
    if before:
        identities.drop(session, account_id, issuer=issuer)
    if subject and not identities.add(session, account_id, issuer=issuer, subject=subject, at=at):
        raise Conflict(N_("Another account is linked with this identifier."))
    end_sessions(session, account_id, at=at)
    change = {"identity": ["linked" if before else None, "linked" if subject else None]}
    accounts.add_change(session, account_id, change, actor=actor, at=at)
    return account
