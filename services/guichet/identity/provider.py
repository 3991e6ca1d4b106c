"""The organisation's OpenID provider, asked by Authlib: authorization code, PKCE, state and nonce.

Imported only where ``OIDC_ISSUER`` is set: nobody else pays for it.
"""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import BadSignatureError, JoseError
from requests import RequestException

from services.guichet.identity import Begun, Identity, NotProven, ProviderAway
from services.guichet.identity.settings import SUBJECT, ProviderSettings, is_safe
from shared.logging import get_logger

log = get_logger()
# At DEBUG it writes into the log what proves a sign-in.
logging.getLogger("authlib").setLevel(logging.INFO)

#: signed with a key only the provider has; “none” and shared secrets are not among them
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
#: what is taken over of all the provider says of itself
TAKEN = frozenset(
    {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
    }
)
REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
#: clocks differ
LEEWAY_SECONDS = 60
#: then the provider is asked again what it is and which keys it has
HOLDS_SECONDS = 3600
#: a provider that is away is left alone for a moment, so that not every click waits for it
PAUSE_SECONDS = 3.0
#: of a process's eight threads, so that a slow provider stops nobody who is signed in already
AT_ONCE = 4
WAIT_SECONDS = 1.0
LONGEST_SUBJECT = 255
TRUE = (True, "true", 1, "1")
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")


class _Session(OAuth2Session):  # type: ignore[misc]  # Authlib has no types: its classes are Any
    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # What is meant for the provider goes nowhere else.
        self.max_redirects = 0


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # the same
    """The provider as it described itself at one moment."""

    client_cls = _Session

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(
            framework=None,
            client_id=settings.client_id,
            client_kwargs={
                "scope": settings.scopes,
                "code_challenge_method": "S256",
                "default_timeout": (min(3.0, settings.seconds), settings.seconds),
            },
        )
        self.server_metadata = self._described(settings.issuer)
        self.fetch_jwk_set()

    def load_server_metadata(self) -> dict[str, Any]:
        return self.server_metadata

    def _described(self, issuer: str) -> dict[str, Any]:
        with self._get_session() as session:
            address = issuer.rstrip("/") + "/.well-known/openid-configuration"
            answer = session.get(address, withhold_token=True)
            answer.raise_for_status()
            told = answer.json()
        found = {name: told[name] for name in TAKEN & told.keys()}
        if found.get("issuer") != issuer:
            raise ValueError("the provider is another one than OIDC_ISSUER says")
        if not all(is_safe(found.get(name)) for name in REQUIRED):
            raise ValueError("an address of the provider is missing, or not https")
        offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
        found["id_token_signing_alg_values_supported"] = [name for name in ALGORITHMS if name in offered]
        if not found["id_token_signing_alg_values_supported"]:
            raise ValueError("the provider signs in no way that can be verified")
        return found

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        """The keys that may have signed; kinds we do not know are somebody else's business."""
        found = super().fetch_jwk_set(force)
        usable = [
            key for key in found["keys"] if key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"
        ]
        self.server_metadata["jwks"] = {"keys": usable}
        return {"keys": usable}

    def authenticate_with(self, secret: str) -> None:
        self.client_secret = secret or None
        ways = self.server_metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        posts = "client_secret_basic" not in ways and "client_secret_post" in ways
        with_secret = "client_secret_post" if posts else "client_secret_basic"
        self.client_kwargs["token_endpoint_auth_method"] = with_secret if secret else "none"


class Provider:
    """One for each process; what it knows of the provider is a copy it can do without."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._lock = Lock()
        self._places = BoundedSemaphore(AT_ONCE)
        self._client: _Client | None = None
        self._loaded_at = self._failed_at = float("-inf")

    def begin(self, *, back: str, language: str) -> tuple[str, Begun]:
        """Return where to send the browser, and what to remember until it comes ``back``.

        Raises:
            ProviderAway, NotProven: see there.
        """
        with self._asked() as client:
            begun = client.create_authorization_url(back, ui_locales=language)
        return begun["url"], Begun(begun["state"], begun["nonce"], begun["code_verifier"])

    def conclude(self, code: str, begun: Begun, *, back: str) -> Identity:
        """Exchange the code for who came back.

        Raises:
            ProviderAway, NotProven: see there.
        """
        with self._asked() as client:
            client.authenticate_with(self.settings.client_secret)
            token = client.fetch_access_token(
                redirect_uri=back, code=code, code_verifier=begun.verifier, grant_type="authorization_code"
            )
            claims = self._verified(client, token, begun.nonce)
            subject = claims["sub"]
            if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\x00" in subject:
                raise ValueError("a subject of no use")
            claim = self.settings.claim
            if claim not in claims and "userinfo_endpoint" in client.server_metadata:
                told = client.userinfo(token=token)
                # What is said of somebody else would be found under this one's name.
                claims = told if told.get("sub") == subject else {}
        address = claims.get(claim) if claim != SUBJECT else None
        return Identity(
            self.settings.issuer,
            subject,
            address=address if isinstance(address, str) else "",
            vouched=claims.get(self.settings.verified_claim) in TRUE,
            token=token["id_token"],
        )

    def way_out(self, *, token: str, back: str, language: str) -> str | None:
        """Where the provider ends its own session; None when it has no such address.

        Raises:
            ProviderAway, NotProven: see there.
        """
        with self._asked() as client:
            if not is_safe(client.server_metadata.get("end_session_endpoint")):
                return None
            found = client.create_logout_url(
                back, token or None, client_id=self.settings.client_id, ui_locales=language
            )
        return str(found["url"])

    def _verified(self, client: _Client, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """What the token says, once signature, issuer, audience, times and nonce are right."""
        if not token.get("id_token"):
            raise ValueError("no identity came with the answer")

        def read() -> dict[str, Any]:
            options = {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client_id},
            }
            return dict(client.parse_id_token(token, nonce, claims_options=options, leeway=LEEWAY_SECONDS))

        try:
            return read()
        except BadSignatureError:
            # Authlib looks for a key it does not know by name; this one was changed under the same name.
            client.fetch_jwk_set(force=True)
            return read()

    @contextmanager
    def _asked(self) -> Iterator[_Client]:
        """The provider, for one question at a time of a few; its failures are the two we know.

        Raises:
            ProviderAway, NotProven: see there.
        """
        if not self._places.acquire(timeout=WAIT_SECONDS):
            log.warning("identity_provider_busy")
            raise ProviderAway
        try:
            yield self._present()
        except RequestException as error:
            log.warning("identity_provider_away", error=type(error).__name__)
            raise ProviderAway from None
        except OAuthError as error:
            told = str(error.error)
            # One of the standard's own words, such as invalid_grant; anything longer may name people.
            log.warning("identity_refused", error=told if _ERROR_CODE.fullmatch(told) else "other")
            raise NotProven from None
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            log.warning("identity_not_proven", error=type(error).__name__)
            raise NotProven from None
        finally:
            self._places.release()

    def _present(self) -> _Client:
        with self._lock:
            at = time.monotonic()
            if self._client is not None and at < self._loaded_at + HOLDS_SECONDS:
                return self._client
            if at < self._failed_at + PAUSE_SECONDS:
                raise ProviderAway
            try:
                self._client = _Client(self.settings)
            except Exception:
                self._failed_at = time.monotonic()
                if self._client is None:
                    raise
                # What it said an hour ago most likely still holds.
                self._loaded_at = at - HOLDS_SECONDS + PAUSE_SECONDS
                return self._client
            self._loaded_at = time.monotonic()
            return self._client
