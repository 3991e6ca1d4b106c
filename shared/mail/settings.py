"""Which mail server, and how long it is waited for."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address

from environs import Env

from shared.settings import BadSetting

SECURITY = ("none", "starttls", "tls")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server. Every wait is far below a lease, the last answer's the longest."""

    host: str = "127.0.0.1"
    port: int = 25
    security: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    mail_from: str = "Guichet unique <guichet@technopark.example>"
    connect_seconds: float = 5.0
    command_seconds: float = 10.0
    final_seconds: float = 30.0

    @property
    def name(self) -> str:
        """Who the message comes from, as people read it."""
        return parseaddr(self.mail_from)[0]

    @property
    def sender(self) -> str:
        """The address in the envelope."""
        return parseaddr(self.mail_from)[1]

    @property
    def domain(self) -> str:
        """The right side of every Message-ID."""
        return self.sender.partition("@")[2]

    @classmethod
    def load(cls) -> "SmtpSettings":
        """Read the environment.

        Raises:
            BadSetting: a value cannot work; it is better not to start than to lose messages.
        """
        env = Env()
        smtp = cls(
            host=env.str("SMTP_HOST", "127.0.0.1"),
            port=env.int("SMTP_PORT", 25),
            security=env.str("SMTP_SECURITY", "none"),
            username=env.str("SMTP_USERNAME", ""),
            password=env.str("SMTP_PASSWORD", ""),
            mail_from=env.str("MAIL_FROM", "Guichet unique <guichet@technopark.example>"),
            final_seconds=env.float("SMTP_FINAL_SECONDS", 30.0),
        )
        if smtp.security not in SECURITY:
            raise BadSetting(f"SMTP_SECURITY is one of {', '.join(SECURITY)}, not {smtp.security!r}")
        if smtp.username and smtp.security == "none" and not _is_this_machine(smtp.host):
            raise BadSetting(
                "SMTP_USERNAME with SMTP_SECURITY=none would send the password readable for all on the way:"
                " set SMTP_SECURITY to starttls or tls"
            )
        if not smtp.domain:
            raise BadSetting(f"MAIL_FROM needs an address, not {smtp.mail_from!r}")
        return smtp


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
