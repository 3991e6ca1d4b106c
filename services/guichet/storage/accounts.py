"""Accounts of the counter's staff, and how their passwords are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.storage import tables
from shared.db import uuid7

DEMO_DOMAIN = "technopark.example"

_accounts = tables.accounts
_hasher = PasswordHasher()


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


def verified(session: Session, *, email: str, password: str) -> Account | None:
    """The active account with this address and password."""
    row = session.execute(
        select(_accounts).where(_accounts.c.email == email.strip().lower(), _accounts.c.active)
    ).first()
    # Made whoever signs in first, or that one unknown address would be told by its slowness.
    nobody = _hash_of_nobody()
    try:
        _hasher.verify(row.password_hash if row else nobody, password)
    except (VerificationError, InvalidHashError):
        return None
    return None if row is None else _account(row)


def prefer_language(session: Session, account_id: UUID, language: str) -> None:
    session.execute(update(_accounts).where(_accounts.c.id == account_id).values(language=language))


def active(session: Session, account_id: UUID) -> Account | None:
    row = session.execute(select(_accounts).where(_accounts.c.id == account_id, _accounts.c.active)).first()
    return None if row is None else _account(row)


def colleagues(session: Session, sites: Sequence[str], roles: Sequence[str]) -> list[Account]:
    """Active accounts of any of the sites with any of the roles, by name."""
    rows = session.execute(
        select(_accounts)
        .where(_accounts.c.active, _accounts.c.sites.overlap(sites), _accounts.c.roles.overlap(roles))
        .order_by(_accounts.c.name)
        .limit(200)
    )
    return [_account(row) for row in rows]


def demonstration(session: Session) -> list[Account]:
    """The invented accounts of a demonstration; none on a real installation."""
    rows = session.execute(
        select(_accounts)
        .where(_accounts.c.email.endswith(f"@{DEMO_DOMAIN}", autoescape=True), _accounts.c.active)
        .order_by(_accounts.c.id)
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
    )
