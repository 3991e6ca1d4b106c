"""The session token: who is signed in, proven by guichet's signature alone.

Guichet signs with ``SESSION_PRIVATE_KEY``; every service verifies with ``SESSION_PUBLIC_KEY``
and asks nobody. Both are the 32 bytes of an Ed25519 key in base64url (``python -m
shared.web.session`` prints a fresh pair). A token lives half an hour and is renewed while the
person works, for one working day at most; then the password is asked again.
"""

import base64
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from environs import Env
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

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


@dataclass(frozen=True, slots=True)
class Session:
    """A verified token."""

    user: User
    csrf: str
    expires_at: int
    signed_in_at: int


class Verifier:
    """Checks tokens with the public key, and remembers those it has checked.

    A signature check costs more than the rest of a small request; the same token comes with
    each of them, so a checked one is kept until it expires.
    """

    def __init__(self, public_key: str) -> None:
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": public_key})
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def from_environment(cls) -> "Verifier | None":
        """Return a verifier for ``SESSION_PUBLIC_KEY``, or None when it is not set."""
        key = Env().str("SESSION_PUBLIC_KEY", "")
        return cls(key) if key else None

    def verify(self, token: str) -> Session | None:
        """Return the session of ``token``; None when it is forged, malformed or expired."""
        session = self._known.get(token) or self._check(token)
        if session is None or session.expires_at <= time.time():
            return None
        return session

    def _check(self, token: str) -> Session | None:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            session = Session(
                user=User(
                    id=str(claims["sub"]),
                    name=str(claims["name"]),
                    email=str(claims["email"]),
                    roles=tuple(claims["roles"]),
                    sites=tuple(claims["sites"]),
                    language=str(claims["lang"]),
                ),
                csrf=str(claims["csrf"]),
                expires_at=int(claims["exp"]),
                signed_in_at=int(claims["signed_in_at"]),
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

    @classmethod
    def from_environment(cls) -> "Issuer":
        """Return an issuer for ``SESSION_PRIVATE_KEY``."""
        return cls(Env().str("SESSION_PRIVATE_KEY"))

    def issue(
        self,
        *,
        account_id: str,
        name: str,
        email: str,
        roles: Iterable[str],
        sites: Iterable[str],
        language: str,
        lifetime_seconds: int = LIFETIME_SECONDS,
        renewed: Session | None = None,
    ) -> IssuedSession:
        """Return a signed token for this account.

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
            "csrf": renewed.csrf if renewed else secrets.token_urlsafe(18),
            "exp": expires_at,
            "signed_in_at": signed_in_at,
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
    renewed: Session | None = None,
) -> IssuedSession:
    """Sign a session with ``SESSION_PRIVATE_KEY``; used by guichet alone."""
    key = Env().str("SESSION_PRIVATE_KEY")
    issuer = _issuers.setdefault(key, Issuer(key))
    return issuer.issue(
        account_id=account_id,
        name=name,
        email=email,
        roles=roles,
        sites=sites,
        language=language,
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


if __name__ == "__main__":
    private, public = new_key_pair()
    print(f"SESSION_PRIVATE_KEY={private}\nSESSION_PUBLIC_KEY={public}")
