"""Accounts of the counter's staff, and how their passwords are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import exists, func, literal, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.staff import Post
from services.guichet.domain.workflow import Actor
from services.guichet.storage import tables
from shared.db import UtcDateTime, uuid7

DEMO_DOMAIN = "technopark.example"
#: no hash at all, so that no password fits
NO_PASSWORD = ""

_accounts = tables.accounts
_changes = tables.account_changes
_hasher = PasswordHasher()
_linked = (
    exists()
    .where(tables.account_identities.c.account_id == _accounts.c.id)
    .correlate(_accounts)
    .label("linked")
)
_found = select(_accounts, _linked)


@cache
def _hash_of_nobody() -> str:
    """Verified when the address is unknown, so that the answer takes as long as for a known one."""
    return _hasher.hash("nobody")


@dataclass(frozen=True, slots=True)
class Account:
    id: UUID
    email: str
    name: str
    roles: tuple[str, ...]
    sites: tuple[str, ...]
    language: str
    #: an officer's; empty: every agency at the sites
    agencies: tuple[str, ...] = ()
    active: bool = True
    version: int = 1
    #: whether a password was ever chosen
    has_password: bool = True
    #: whether somebody signed in with it by the organisation's provider
    linked: bool = False
    #: what a session carries to count; those with an earlier moment are over
    sessions_from: datetime | None = None

    @property
    def post(self) -> Post:
        return Post(self.roles, self.sites, self.agencies, self.active)


@dataclass(frozen=True, slots=True)
class Change:
    """What of an account was changed once: each property with what it was and what it became."""

    at: datetime
    by: str
    changes: Mapping[str, Sequence[Any]]


def verified(session: Session, *, email: str, password: str) -> Account | None:
    """The active account with this address and password."""
    row = session.execute(
        _found.where(_accounts.c.email == email.strip().lower(), _accounts.c.active)
    ).first()
    # Made whoever signs in first, or that one unknown address would be told by its slowness.
    nobody = _hash_of_nobody()
    known = bool(row and row.password_hash)
    try:
        _hasher.verify(row.password_hash if row and known else nobody, password)
    except (VerificationError, InvalidHashError):
        return None
    return _account(row) if known else None


def add(session: Session, *, email: str, name: str, language: str, post: Post) -> Account | None:
    """Open an account without a password; None when the address has one already."""
    row = session.execute(
        insert(_accounts)
        .values(
            id=uuid7(),
            email=email,
            name=name,
            password_hash=NO_PASSWORD,
            roles=list(post.roles),
            sites=list(post.sites),
            agencies=list(post.agencies),
            language=language,
            active=post.active,
        )
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(_accounts, _linked)
    ).first()
    return None if row is None else _account(row)


def set_password(session: Session, account_id: UUID, password: str) -> None:
    session.execute(
        update(_accounts).where(_accounts.c.id == account_id).values(password_hash=_hasher.hash(password))
    )


def end_sessions(session: Session, account_id: UUID, *, at: datetime) -> datetime:
    """From now on only sessions count that are signed with what this returns.

    Always later than the time before, whatever the clocks of two processes say.
    """
    after_before = _accounts.c.sessions_from.op("+")(literal_column("interval '1 microsecond'"))
    later = func.greatest(literal(at, UtcDateTime), after_before)
    sessions_from: datetime = session.execute(
        update(_accounts)
        .where(_accounts.c.id == account_id)
        .values(sessions_from=later)
        .returning(_accounts.c.sessions_from)
    ).scalar_one()
    return sessions_from


def prefer_language(session: Session, account_id: UUID, language: str) -> None:
    session.execute(update(_accounts).where(_accounts.c.id == account_id).values(language=language))


def active(session: Session, account_id: UUID) -> Account | None:
    row = session.execute(_found.where(_accounts.c.id == account_id, _accounts.c.active)).first()
    return None if row is None else _account(row)


def colleagues(session: Session, sites: Sequence[str], roles: Sequence[str], *, agency: str) -> list[Account]:
    """Active accounts of any of the sites with any of the roles who serve the agency, by name."""
    serving = or_(func.cardinality(_accounts.c.agencies) == 0, _accounts.c.agencies.contains([agency]))
    rows = session.execute(
        _found.where(
            _accounts.c.active, _accounts.c.sites.overlap(sites), _accounts.c.roles.overlap(roles), serving
        )
        .order_by(_accounts.c.name)
        .limit(200)
    )
    return [_account(row) for row in rows]


def every(session: Session) -> list[Account]:
    """All of the network, those who may sign in first, by name."""
    rows = session.execute(_found.order_by(_accounts.c.active.desc(), _accounts.c.name))
    return [_account(row) for row in rows]


def get(session: Session, account_id: UUID, *, lock: bool = False) -> Account | None:
    query = _found.where(_accounts.c.id == account_id)
    row = session.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _account(row)


def with_email(session: Session, email: str, *, lock: bool = False) -> Account | None:
    query = _found.where(_accounts.c.email == email.strip().lower())
    row = session.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _account(row)


def change(session: Session, account_id: UUID, post: Post) -> Account:
    """The account as it is now; it exists."""
    row = session.execute(
        update(_accounts)
        .where(_accounts.c.id == account_id)
        .values(
            roles=list(post.roles),
            sites=list(post.sites),
            agencies=list(post.agencies),
            active=post.active,
            version=_accounts.c.version + 1,
        )
        .returning(_accounts, _linked)
    ).one()
    return _account(row)


def add_change(
    session: Session, account_id: UUID, changes: Mapping[str, Sequence[Any]], *, actor: Actor, at: datetime
) -> None:
    session.execute(
        insert(_changes).values(
            account_id=account_id, at=at, actor=actor.id, actor_name=actor.name, changes=changes
        )
    )


def changes_of(session: Session, account_id: UUID, *, limit: int) -> list[Change]:
    """The latest first."""
    rows = session.execute(
        select(_changes)
        .where(_changes.c.account_id == account_id)
        .order_by(_changes.c.id.desc())
        .limit(limit)
    )
    return [Change(row.at, row.actor_name, row.changes) for row in rows]


def demonstration(session: Session) -> list[Account]:
    """The invented accounts of a demonstration; none on a real installation."""
    rows = session.execute(
        _found.where(
            _accounts.c.email.endswith(f"@{DEMO_DOMAIN}", autoescape=True), _accounts.c.active
        ).order_by(_accounts.c.id)
    )
    return [_account(row) for row in rows]


def put(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    roles: Sequence[str],
    sites: Sequence[str],
    language: str,
    agencies: Sequence[str] = (),
) -> None:
    """Create the account or bring it to this; the password is hashed anew only when it differs."""
    address = email.lower()
    known = session.execute(select(_accounts).where(_accounts.c.email == address)).first()
    if known is not None and verified(session, email=address, password=password) is not None:
        password_hash = known.password_hash
    else:
        password_hash = _hasher.hash(password)
    values = {
        "name": name,
        "password_hash": password_hash,
        "roles": list(roles),
        "sites": list(sites),
        "language": language,
        "active": True,
        "agencies": list(agencies),
    }
    session.execute(
        insert(_accounts)
        .values(id=uuid7(), email=address, **values)
        .on_conflict_do_update(index_elements=["email"], set_=values)
    )


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        roles=tuple(row.roles),
        sites=tuple(row.sites),
        language=row.language,
        agencies=tuple(row.agencies),
        active=row.active,
        version=row.version,
        has_password=row.password_hash != NO_PASSWORD,
        linked=row.linked,
        sessions_from=row.sessions_from,
    )
