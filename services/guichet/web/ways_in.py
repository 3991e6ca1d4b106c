"""By which ways people may sign in here, and the provider they may sign in with."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from flask import current_app
from flask_babel import gettext

from services.guichet.domain.workflow import Role
from services.guichet.identity.settings import PasswordsOf, from_environment

if TYPE_CHECKING:
    from services.guichet.identity.provider import Provider

WAYS_IN = "guichet-ways-in"
START = "/guichet/sign-in/provider"


@dataclass(frozen=True, slots=True)
class WaysIn:
    passwords: PasswordsOf = PasswordsOf.EVERYBODY
    provider: "Provider | None" = None

    @classmethod
    def from_environment(cls) -> "WaysIn":
        """Return what the environment tells.

        Raises:
            BadSetting: nobody could sign in with it, or not safely.
        """
        told = from_environment()
        if told.provider is None:
            return cls(told.passwords)
        # Only here: Authlib is of no use, and of some weight, to whoever has local accounts alone.
        from services.guichet.identity.provider import Provider

        return cls(told.passwords, Provider(told.provider))

    def password_opens(self, roles: Collection[str]) -> bool:
        """Whether the password of somebody with these roles opens a session."""
        return self.passwords is PasswordsOf.EVERYBODY or (
            self.passwords is PasswordsOf.OPERATORS and Role.OPERATOR in roles
        )

    def button(self, target: str) -> dict[str, str] | None:
        """What the sign-in page offers: a link, for our policy lets no form lead to another site."""
        if self.provider is None:
            return None
        name = self.provider.settings.name
        return {
            "url": f"{START}?next={quote(target)}",
            "text": gettext("Sign in with %(name)s", name=name)
            if name
            else gettext("Sign in with your organisation’s account"),
        }


def ways_in() -> WaysIn:
    return cast("WaysIn", current_app.extensions[WAYS_IN])
