"""Signing in with the organisation's own accounts, by OpenID Connect, where an installation has a provider.

The provider proves who somebody is. What they may do, where and for whom stays the business of the account.
``settings`` is read by every web process; ``provider`` loads Authlib, and is imported where one is named.
"""

from dataclasses import dataclass, field

from shared.errors import N_, DomainError


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to the provider."""

    issuer: str
    #: never changes and is never given to anybody else, unlike an e-mail address
    subject: str
    #: by which an account is found the first time; empty when the provider does not say it
    address: str = ""
    #: whether the provider says that the address is this person's
    vouched: bool = False
    #: shown to the provider again when its session is to end, too
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """What has to be known again when the browser comes back from the provider."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


class ProviderAway(DomainError):
    """It does not answer, or not in time."""

    status = 503

    def __init__(self) -> None:
        super().__init__(N_("Your organisation’s sign-in does not answer. Try again in a moment."))


class NotProven(DomainError):
    """What came back proves nothing: it is somebody else's, too old, or was tampered with."""

    status = 502

    def __init__(self) -> None:
        super().__init__(
            N_(
                "The answer of your organisation’s sign-in could not be verified. Start again; "
                "if this goes on, tell an operator."
            )
        )
