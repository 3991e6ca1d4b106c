"""What the browser keeps of a sign-in with the provider: while it is under way, and to end it there.

Both are cookies sent to one path only, so that any of several web processes goes on where another began.
"""

import hashlib
from dataclasses import asdict, dataclass

from environs import Env
from flask import Response, request
from itsdangerous import BadData, URLSafeTimedSerializer

from services.guichet.identity import Begun, NotProven, ProviderAway
from services.guichet.web.ways_in import START, ways_in
from shared.settings import look_again, public_url
from shared.web import language
from shared.web.session import LONGEST_SECONDS

UNDER_WAY, AT_PROVIDER = "gu_sign_in", "gu_provider"
#: in place of a token that is too long
TOO_LONG = "-"
RETURN = f"{START}/return"
SIGN_OUT = "/guichet/sign-out"
#: to find the password, and the telephone for the second factor
UNDER_WAY_SECONDS = 600
#: browsers drop a longer cookie; then the provider asks whether to sign out
LONGEST_TOKEN = 3800


@dataclass(frozen=True, slots=True)
class UnderWay:
    begun: Begun
    target: str


def remember(response: Response, under_way: UnderWay) -> None:
    """Have the browser bring it along when the provider sends it back."""
    response.set_cookie(
        UNDER_WAY,
        str(_signer().dumps({**asdict(under_way.begun), "target": under_way.target})),
        max_age=UNDER_WAY_SECONDS,
        path=RETURN,
        httponly=True,
        # Sent when the provider's page leads here; not with what other pages load.
        samesite="Lax",
        secure=request.is_secure,
    )


def remembered() -> UnderWay | None:
    """What this browser began; None when nothing, too long ago, or somebody wrote it themselves."""
    try:
        told = _signer().loads(request.cookies.get(UNDER_WAY, ""), max_age=UNDER_WAY_SECONDS)
        return UnderWay(Begun(told["state"], told["nonce"], told["verifier"]), told["target"])
    except (BadData, KeyError, TypeError):
        return None


def forget(response: Response) -> None:
    """It is good once."""
    response.delete_cookie(UNDER_WAY, path=RETURN, httponly=True, samesite="Lax", secure=request.is_secure)


def note_at_provider(response: Response, token: str) -> None:
    """This session began at the provider; its token is shown there again to end that one, too."""
    response.set_cookie(
        AT_PROVIDER,
        token if len(token) <= LONGEST_TOKEN else TOO_LONG,
        max_age=LONGEST_SECONDS,
        path=SIGN_OUT,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def end_at_provider() -> str | None:
    """Where the provider ends its session; None for who signed in here, or when it cannot be asked."""
    token, provider = request.cookies.get(AT_PROVIDER), ways_in().provider
    if token is None or provider is None:
        return None
    try:
        return provider.way_out(
            token=token if token != TOO_LONG else "",
            back=f"{public_url()}/guichet/sign-in",
            language=language(),
        )
    except (ProviderAway, NotProven):
        return None


def forget_at_provider(response: Response) -> None:
    response.delete_cookie(
        AT_PROVIDER, path=SIGN_OUT, httponly=True, samesite="Lax", secure=request.is_secure
    )


def _signer() -> URLSafeTimedSerializer:
    look_again()
    # A key of its own, made of the one every web process of ours has: it signs nothing a session is made of.
    return URLSafeTimedSerializer(
        Env().str("SESSION_PRIVATE_KEY"),
        salt="guichet sign-in under way",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
