"""What the senders of dossiers are told by their environment."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

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
    #: a trial installation has one server stand in for every agency's
    redirect: str = ""

    def reached_at(self, address: str | None) -> str:
        """Where a desk's address really leads."""
        if not self.redirect or not (address or "").startswith(("http://", "https://")):
            return address or ""
        return self.redirect.rstrip("/") + urlsplit(address or "").path

    @classmethod
    def load(cls) -> "ChannelSettings":
        """Read the environment.

        Raises:
            BadSetting: a dossier still being sent would be taken over by another sender.
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
            agency=AgencySettings(secret=agency_secret(), answer_seconds=answer_seconds),
            stubbornness=Stubbornness(
                first_delay=timedelta(seconds=env.float("DELIVERY_RETRY_SECONDS", 10.0)),
                poll_every=timedelta(seconds=env.float("AGENCY_POLL_SECONDS", 300.0)),
            ),
            redirect=env.str("AGENCY_REDIRECT", ""),
        )


def agency_secret() -> str:
    """Shared with agencies' servers: proves us to them, and them to us when they call back."""
    return Env().str("AGENCY_SECRET", "")
