"""What the senders of dossiers are told by their environment."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from environs import Env

from services.guichet.channels.agency_api import AgencySettings
from services.guichet.channels.mailbox import MailSettings
from services.guichet.domain.deliveries import Stubbornness


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    mail: MailSettings = field(default_factory=MailSettings)
    agency: AgencySettings = field(default_factory=AgencySettings)
    stubbornness: Stubbornness = field(default_factory=Stubbornness)
    lease: timedelta = timedelta(seconds=90)
    #: a trial installation has one server stand in for every agency's
    redirect: str = ""

    def reached_at(self, address: str | None) -> str:
        """Where a desk's address really leads."""
        if not self.redirect or not (address or "").startswith(("http://", "https://")):
            return address or ""
        return self.redirect.rstrip("/") + urlsplit(address or "").path

    @classmethod
    def load(cls) -> "ChannelSettings":
        env = Env()
        return cls(
            mail=MailSettings(
                host=env.str("SMTP_HOST", "127.0.0.1"),
                port=env.int("SMTP_PORT", 25),
                security=env.str("SMTP_SECURITY", "none"),
                username=env.str("SMTP_USERNAME", ""),
                password=env.str("SMTP_PASSWORD", ""),
                mail_from=env.str("MAIL_FROM", "Guichet unique <guichet@technopark.example>"),
            ),
            agency=AgencySettings(
                secret=agency_secret(), answer_seconds=env.float("AGENCY_ANSWER_SECONDS", 15.0)
            ),
            stubbornness=Stubbornness(
                first_delay=timedelta(seconds=env.float("DELIVERY_RETRY_SECONDS", 10.0)),
                poll_every=timedelta(seconds=env.float("AGENCY_POLL_SECONDS", 300.0)),
            ),
            redirect=env.str("AGENCY_REDIRECT", ""),
        )


def agency_secret() -> str:
    """Shared with agencies' servers: proves us to them, and them to us when they call back."""
    return Env().str("AGENCY_SECRET", "")
