"""The session token: who is signed in, proven by guichet's signature alone.

Guichet signs with ``SESSION_PRIVATE_KEY``; every service verifies with ``SESSION_PUBLIC_KEY`` and asks
nobody; which sessions are over before their time it is told (``endings``). Both keys are the 32 bytes of an
Ed25519 key in base64url (``guichet secrets new session`` prints a fresh pair); of public ones there may be
several, so that a new one is known before it signs and an old one until what it signed has ended. A token
lives half an hour and is renewed while the person works, for one working day at most; then the password is
asked again.
"""

import base64
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from environs import Env
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.ended_sessions import micros
from shared.logging import get_logger
from shared.settings import LOOK_SECONDS, look_again

log = get_logger()

COOKIE = "gu_session"
LIFETIME_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 3600
ALGORITHM = "Ed25519"
REMEMBERED_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class User:
    """The person signed in, as guichet described them when they signed in."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    sites: tuple[str, ...]
    language: str
    #: outside bodies for which alone they work; without any they work for the house
    parties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A verified token."""

    user: User
    csrf: str
    expires_at: int
    signed_in_at: int
    #: from when on sessions of the account counted when this was signed, in microseconds
    begun: int


def _public_keys(told: str) -> list[OKPKey]:
    """Read one key or several: the one in use, the one to come, the one that was.

    Raises:
        ValueError: there is none.
    """
    found = [each for each in re.split(r"[\s,]+", told) if each]
    if not found:
        raise ValueError("no session key is named")
    return [OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": each}) for each in found]


class Verifier:
    """Checks tokens with the public keys, and remembers those it has checked.

    A signature check costs more than the rest of a small request; the same token comes with
    each of them, so a checked one is kept until it expires.
    """

    def __init__(self, public_keys: str, *, read_again: Callable[[], str] | None = None) -> None:
        self._told = public_keys
        self._keys = _public_keys(public_keys)
        self._read_again = read_again
        self._looks_at = time.monotonic() + LOOK_SECONDS
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def from_environment(cls) -> "Verifier | None":
        """Return a verifier for ``SESSION_PUBLIC_KEY``, or None when it is not set."""

        def read() -> str:
            look_again()
            return str(Env().str("SESSION_PUBLIC_KEY", ""))

        keys = read()
        return cls(keys, read_again=read) if keys else None

    def verify(self, token: str) -> Session | None:
        """Return the session of ``token``; None when it is forged, malformed or expired."""
        if time.monotonic() >= self._looks_at:
            self._look()
        session = self._known.get(token) or self._check(token)
        if session is None or session.expires_at <= time.time():
            return None
        return session

    def _look(self) -> None:
        """Take over keys that have come or gone; what a key that is gone has signed counts no more."""
        self._looks_at = time.monotonic() + LOOK_SECONDS
        told = self._read_again() if self._read_again else self._told
        if told == self._told:
            return
        try:
            keys = _public_keys(told)
        except (JoseError, ValueError):
            log.error("session_keys_unusable")
            return
        with self._lock:
            self._told, self._keys = told, keys
            self._known.clear()
        log.info("session_keys_changed", keys=len(keys))

    def _check(self, token: str) -> Session | None:
        for key in self._keys:
            session = self._checked_with(key, token)
            if session is not None:
                return session
        return None

    def _checked_with(self, key: OKPKey, token: str) -> Session | None:
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            session = Session(
                user=User(
                    id=str(claims["sub"]),
                    name=str(claims["name"]),
                    email=str(claims["email"]),
                    roles=tuple(claims["roles"]),
                    sites=tuple(claims["sites"]),
                    language=str(claims["lang"]),
                    # Not in tokens signed by the version before, which this one renews.
                    parties=tuple(claims.get("parties", ())),
                ),
                csrf=str(claims["csrf"]),
                expires_at=int(claims["exp"]),
                signed_in_at=int(claims["signed_in_at"]),
                # The version before knows only, to the second, when somebody signed in.
                begun=int(claims.get("from", int(claims["signed_in_at"]) * 1_000_000)),
            )
        except (JoseError, KeyError, ValueError, TypeError):
            return None
        with self._lock:
            self._known[token] = session
            while len(self._known) > REMEMBERED_TOKENS:
                self._known.popitem(last=False)
        return session


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A new token and when it stops being accepted."""

    token: str
    expires_at: int


class Issuer:
    """Signs tokens. Only guichet holds the private key."""

    def __init__(self, private_key: str) -> None:
        seed = _decode(private_key)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        self._key = OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "x": _encode(public), "d": _encode(seed)}
        )

    def issue(
        self,
        *,
        account_id: str,
        name: str,
        email: str,
        roles: Iterable[str],
        sites: Iterable[str],
        language: str,
        parties: Iterable[str] = (),
        sessions_from: datetime | None = None,
        lifetime_seconds: int = LIFETIME_SECONDS,
        renewed: Session | None = None,
    ) -> IssuedSession:
        """Return a signed token for this account, which named ``sessions_from`` when it was read.

        ``renewed`` is the session it continues: the CSRF value is kept, so that pages already
        open go on working, and so is the hour of sign-in, which bounds the whole session.
        """
        now = int(time.time())
        signed_in_at = renewed.signed_in_at if renewed else now
        expires_at = min(now + lifetime_seconds, signed_in_at + LONGEST_SECONDS)
        claims: dict[str, object] = {
            "sub": account_id,
            "name": name,
            "email": email,
            "roles": list(roles),
            "sites": list(sites),
            "lang": language,
            "parties": list(parties),
            "csrf": renewed.csrf if renewed else secrets.token_urlsafe(18),
            "exp": expires_at,
            "signed_in_at": signed_in_at,
            "from": micros(sessions_from),
        }
        return IssuedSession(
            jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM]), expires_at
        )


_issuers: dict[str, Issuer] = {}


def issue_session(
    *,
    account_id: str,
    name: str,
    email: str,
    roles: Iterable[str],
    sites: Iterable[str],
    language: str,
    parties: Iterable[str] = (),
    sessions_from: datetime | None = None,
    renewed: Session | None = None,
) -> IssuedSession:
    """Sign a session with ``SESSION_PRIVATE_KEY``; used by guichet alone."""
    look_again()
    key = Env().str("SESSION_PRIVATE_KEY")
    issuer = _issuers.setdefault(key, Issuer(key))
    return issuer.issue(
        account_id=account_id,
        name=name,
        email=email,
        roles=roles,
        sites=sites,
        language=language,
        parties=parties,
        sessions_from=sessions_from,
        renewed=renewed,
    )


def new_key_pair() -> tuple[str, str]:
    """Return a fresh (private, public) pair as the two settings expect them."""
    key = Ed25519PrivateKey.generate()
    return _encode(key.private_bytes_raw()), _encode(key.public_key().public_bytes_raw())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
