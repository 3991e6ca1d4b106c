"""The service refuses to start with settings that would lose messages."""

import pytest

from services.notifications.settings import BadSetting, NotificationSettings
from shared.errors import InvalidInput


def test_the_defaults_work() -> None:
    settings = NotificationSettings.load()
    assert settings.smtp.domain == "technopark.example"
    assert settings.lease.total_seconds() > settings.smtp.final_seconds


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    monkeypatch.setenv("SMS_GATEWAY_TOKEN", "hunter3")
    assert "hunter" not in repr(NotificationSettings.load())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_SECURITY", "ssl"),
        ("MAIL_FROM", "Guichet unique"),
        ("NOTIFICATIONS_LEASE_SECONDS", "30"),
        ("SMS_ANSWER_SECONDS", "50"),
    ],
)
def test_a_value_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting):
        NotificationSettings.load()


def test_a_password_is_not_sent_readable_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_USERNAME", "guichet")
    assert NotificationSettings.load().smtp.username == "guichet"
    monkeypatch.setenv("SMTP_HOST", "mail.technopark.example")
    with pytest.raises(BadSetting, match="SMTP_SECURITY"):
        NotificationSettings.load()
    monkeypatch.setenv("SMTP_SECURITY", "starttls")
    assert NotificationSettings.load().smtp.security == "starttls"


def test_a_sender_operators_would_refuse_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_SENDER", "Guichet Unique")
    with pytest.raises(InvalidInput):
        NotificationSettings.load()
