"""How people sign in, as the environment tells it: docs/operations/staff.md."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from environs import Env

from shared.settings import BadSetting, look_again

#: the claim that is the subject itself: then only accounts an operator has linked are found
SUBJECT = "sub"
SCOPES, CLAIM, VERIFIED_CLAIM = "openid email", "email", "email_verified"
ANSWER_SECONDS = 5.0
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class PasswordsOf(StrEnum):
    """Whose passwords open a session, besides the organisation's sign-in."""

    EVERYBODY = "everybody"
    OPERATORS = "operators"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    issuer: str
    client_id: str
    scopes: str = SCOPES
    #: holds what the account is called here
    claim: str = CLAIM
    #: says whether that is the person's own
    verified_claim: str = VERIFIED_CLAIM
    #: as the button says it; empty: “your organisation”
    name: str = ""
    seconds: float = ANSWER_SECONDS

    @property
    def client_secret(self) -> str:
        """The secret as it stands now: it changes while people work. Empty: a public client."""
        look_again()
        return str(Env().str("OIDC_CLIENT_SECRET", ""))


@dataclass(frozen=True, slots=True)
class SignIn:
    provider: ProviderSettings | None = None
    passwords: PasswordsOf = PasswordsOf.EVERYBODY


def from_environment() -> SignIn:
    """Return how people sign in here.

    Raises:
        BadSetting: with what is set nobody could, or not safely.
    """
    env = Env()
    issuer = env.str("OIDC_ISSUER", "")
    told = env.str("PASSWORD_SIGN_IN", PasswordsOf.EVERYBODY.value)
    if told not in set(PasswordsOf):
        raise BadSetting(f"PASSWORD_SIGN_IN is one of {', '.join(PasswordsOf)}")
    passwords = PasswordsOf(told)
    if not issuer:
        if passwords is not PasswordsOf.EVERYBODY:
            raise BadSetting("PASSWORD_SIGN_IN shuts people out who have no OIDC_ISSUER to sign in with")
        return SignIn()
    if not is_safe(issuer):
        raise BadSetting("OIDC_ISSUER must be an https address")
    client_id = env.str("OIDC_CLIENT_ID", "")
    if not client_id:
        raise BadSetting("set OIDC_CLIENT_ID beside OIDC_ISSUER")
    scopes = env.str("OIDC_SCOPES", "") or SCOPES
    if "openid" not in scopes.split():
        raise BadSetting("OIDC_SCOPES must hold openid")
    return SignIn(
        ProviderSettings(
            issuer=issuer,
            client_id=client_id,
            scopes=scopes,
            claim=env.str("OIDC_CLAIM", "") or CLAIM,
            verified_claim=env.str("OIDC_VERIFIED_CLAIM", "") or VERIFIED_CLAIM,
            name=env.str("OIDC_NAME", ""),
            seconds=env.float("OIDC_ANSWER_SECONDS", ANSWER_SECONDS),
        ),
        passwords,
    )


def is_safe(url: object) -> bool:
    """Whether nobody on the way can read or change what is told to this address."""
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL_HOSTS)
    )
