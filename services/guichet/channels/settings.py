"""What the senders of dossiers are told by their environment."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from environs import Env

from services.guichet.channels.agency_api import AgencySettings
from services.guichet.domain.deliveries import Stubbornness
from shared.mail import SmtpSettings
from shared.settings import BadSetting


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    mail: SmtpSettings = field(default_factory=SmtpSettings)
    agency: AgencySettings = field(default_factory=AgencySettings)
    stubbornness: Stubbornness = field(default_factory=Stubbornness)
    lease: timedelta = timedelta(seconds=120)

    @classmethod
    def load(cls) -> "ChannelSettings":
        """Read the environment.

        Raises:
            BadSetting: a dossier still being sent would be taken over by another sender, or
                agencies' secrets cannot be read.
        """
        env = Env()
        mail = SmtpSettings.load()
        lease = env.float("DELIVERY_LEASE_SECONDS", 120.0)
        answer_seconds = env.float("AGENCY_ANSWER_SECONDS", 15.0)
        if lease < 2 * max(mail.final_seconds, answer_seconds):
            raise BadSetting(
                "DELIVERY_LEASE_SECONDS must be at least twice SMTP_FINAL_SECONDS and AGENCY_ANSWER_SECONDS"
            )
        return cls(
            mail=mail,
            lease=timedelta(seconds=lease),
            agency=AgencySettings(
                secrets=agency_secrets(),
                hosts=frozenset(_listed(env.str("AGENCY_HOSTS", "").lower())),
                redirect=env.str("AGENCY_REDIRECT", ""),
                answer_seconds=answer_seconds,
            ),
            stubbornness=Stubbornness(
                first_delay=timedelta(seconds=env.float("DELIVERY_RETRY_SECONDS", 10.0)),
                poll_every=timedelta(seconds=env.float("AGENCY_POLL_SECONDS", 300.0)),
            ),
        )


def agency_secrets() -> dict[str, str]:
    """What each agency's server shares with us, by the agency's code: ``ompic:…,anapec:…``.

    Raises:
        BadSetting: with the position of the entry, never the secret.
    """
    found: dict[str, str] = {}
    for position, entry in enumerate(_listed(Env().str("AGENCY_SECRETS", "")), 1):
        agency, _, secret = entry.partition(":")
        if not agency or not secret:
            raise BadSetting(f"AGENCY_SECRETS: entry {position} is not of the form agency:secret")
        if agency in found:
            raise BadSetting(f"AGENCY_SECRETS: the agency “{agency}” is there twice")
        found[agency] = secret
    return found


def _listed(text: str) -> list[str]:
    return [entry for entry in re.split(r"[\s,]+", text) if entry]
