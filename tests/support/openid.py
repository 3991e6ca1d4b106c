"""A small OpenID provider on 127.0.0.1, for people to sign in with; it can be wrong, slow or away."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "guichet", "the client's secret/+"


def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, private=True)


@dataclass
class OpenIdProvider:
    """``person`` is who is signed in at it; everything below it is how it is wrong."""

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    #: what the ID token says instead; None leaves a claim out
    told: dict[str, Any] = field(default_factory=dict)
    #: only asked for at the userinfo endpoint
    userinfo: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    declines: bool = False
    down: bool = False
    seconds: float = 0.0
    unsigned: bool = False
    signs_with: RSAKey = field(default_factory=lambda: _key("first"))
    publishes: list[RSAKey] = field(default_factory=list)
    #: what was asked of it, path and parameters
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publishes = [self.signs_with]

    def changes_key(self, *, name: str = "second") -> None:
        self.signs_with = _key(name)
        self.publishes = [self.signs_with]

    def signs_with_a_key_of_its_own(self) -> None:
        self.signs_with = _key(str(self.signs_with.kid))

    def behaves(self) -> None:
        """As before the test."""
        key = self.publishes[0]
        self.__dict__.update(OpenIdProvider(self.issuer, signs_with=key).__dict__)

    def last(self, path: str) -> dict[str, str]:
        return next(given for asked, given in reversed(self.asked) if asked == path)

    def answer(self, path: str, given: dict[str, str], authorization: str) -> tuple[int, Any]:
        self.asked.append((path, given))
        time.sleep(self.seconds)
        if self.down:
            return 503, {"error": "down"}
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._metadata()
            case "/keys":
                return 200, {"keys": [key.as_dict(private=False) for key in self.publishes]}
            case "/authorize":
                return 302, self._back(given)
            case "/token":
                return self._token(given, authorization)
            case "/userinfo":
                return 200, self.userinfo
            case "/end":
                return 302, given["post_logout_redirect_uri"] + "?" + urlencode({"state": given["state"]})
        return 404, {}

    def _metadata(self) -> dict[str, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **self.metadata,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _back(self, given: dict[str, str]) -> str:
        answer = {"state": given["state"]}
        if self.declines:
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe(8)
            self._codes[answer["code"]] = given
        return f"{given['redirect_uri']}?{urlencode(answer)}"

    def _token(self, given: dict[str, str], authorization: str) -> tuple[int, dict[str, str]]:
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        begun = self._codes.pop(given["code"], None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if client != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if (
            begun is None
            or begun["code_challenge_method"] != "S256"
            or begun["code_challenge"] != challenge
            or begun["redirect_uri"] != given["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant", "error_description": "somebody's name"}
        return 200, {
            "access_token": secrets.token_urlsafe(8),
            "token_type": "Bearer",
            "id_token": self._id_token(begun["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 60, "nonce": nonce}
        claims |= self.person | self.told
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.unsigned:
            parts = ({"alg": "none", "typ": "JWT"}, claims)
            texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
            return b".".join([*texts, b""]).decode()
        return jwt.encode({"alg": "RS256", "kid": self.signs_with.kid}, claims, self.signs_with)


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """Listen on a port of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, given: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            status, said = provider.answer(path, given, self.headers.get("Authorization", ""))
            body = b"" if status == 302 else json.dumps(said).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", said)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    provider = OpenIdProvider(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
