"""What this service is told by its environment, beyond addresses of its servers."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from environs import Env

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Policy
from services.notifications.domain.sms import sender_id
from shared.mail import SmtpSettings
from shared.settings import BadSetting

__all__ = ["BadSetting", "NotificationSettings", "SmsSettings", "SmtpSettings"]


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The SMS gateway."""

    url: str = "http://127.0.0.1:8025"
    token: str = field(default="", repr=False)
    sender: str = "Technopark"
    connect_seconds: float = 5.0
    answer_seconds: float = 15.0
    segment_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """Everything the sender needs.

    ``email_hands`` and ``sms_hands`` are how many messages a channel sends at once; a mail
    server that hangs therefore never keeps an SMS waiting.
    """

    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    sms: SmsSettings = field(default_factory=SmsSettings)
    email_hands: int = 6
    sms_hands: int = 8
    lease: timedelta = timedelta(seconds=60)
    email_policy: Policy = field(default_factory=Policy)
    # The gateway can be asked, and refuses to send one reference twice: doubts cost nothing.
    sms_policy: Policy = field(default_factory=lambda: Policy(doubt_delay=timedelta(seconds=5), max_doubts=8))
    retention: timedelta = timedelta(days=730)

    @property
    def policies(self) -> dict[Channel, Policy]:
        """How stubbornly each channel is tried."""
        return {Channel.EMAIL: self.email_policy, Channel.SMS: self.sms_policy}

    @classmethod
    def load(cls) -> "NotificationSettings":
        """Read the environment.

        Raises:
            BadSetting: a value cannot work; it is better not to start than to lose messages.
            InvalidInput: operators would refuse the SMS sender.
        """
        env = Env()
        smtp = SmtpSettings.load()
        lease = timedelta(seconds=env.float("NOTIFICATIONS_LEASE_SECONDS", 60.0))
        sms = SmsSettings(
            url=env.str("SMS_GATEWAY_URL", "http://127.0.0.1:8025").rstrip("/"),
            token=env.str("SMS_GATEWAY_TOKEN", ""),
            sender=sender_id(env.str("SMS_SENDER", "Technopark")),
            answer_seconds=env.float("SMS_ANSWER_SECONDS", 15.0),
            segment_price=env.decimal("SMS_SEGMENT_PRICE", None),
        )
        if lease.total_seconds() < 1.5 * max(smtp.final_seconds, sms.answer_seconds):
            raise BadSetting(
                "NOTIFICATIONS_LEASE_SECONDS must be at least 1.5 times SMTP_FINAL_SECONDS and"
                " SMS_ANSWER_SECONDS: a message still being sent would be taken over"
            )
        first = timedelta(seconds=env.float("NOTIFICATIONS_RETRY_SECONDS", 10.0))
        doubt = env.float("NOTIFICATIONS_DOUBT_SECONDS", None)
        return cls(
            smtp=smtp,
            sms=sms,
            email_hands=env.int("NOTIFICATIONS_EMAIL_HANDS", 6),
            sms_hands=env.int("NOTIFICATIONS_SMS_HANDS", 8),
            lease=lease,
            email_policy=Policy(
                first_delay=first, doubt_delay=timedelta(seconds=60.0 if doubt is None else doubt)
            ),
            sms_policy=Policy(
                first_delay=first,
                doubt_delay=timedelta(seconds=5.0 if doubt is None else doubt),
                max_doubts=8,
            ),
            retention=timedelta(days=env.int("NOTIFICATIONS_RETENTION_DAYS", 730)),
        )
