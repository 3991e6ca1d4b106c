"""The mail server may ask for encryption and a password, and must be the one it says it is."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifications.carriers.sms_gateway import SmsCarrier
from services.notifications.carriers.smtp import SmtpCarrier
from services.notifications.domain.audience import Channel, Kind
from services.notifications.domain.delivery import Delivery, Verdict
from services.notifications.domain.message import Job
from services.notifications.settings import SmsSettings, SmtpSettings
from tests.notifications.outside import Gateway, MailServer, free_port
from tests.notifications.test_wording import FACTS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, with its key, that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secured(certificate: Path) -> Iterator[tuple[MailServer, int]]:
    """A mail server that takes mail only after STARTTLS and a password."""

    def authenticate(*credentials: object) -> AuthResult:
        found = credentials[-1]
        good = isinstance(found, LoginPassword) and (found.login, found.password) == (b"guichet", b"right")
        return AuthResult(success=good, handled=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    kept, port = MailServer(), free_port()
    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )
    controller.start()
    yield kept, port
    controller.stop()


def job_for(channel: Channel, recipient: str, text: str | None = None) -> Job:
    return Job(
        id=uuid4(),
        cause_event_id=uuid4(),
        cause_type="guichet.request_submitted.v1",
        cause_subject="s",
        correlation_id="c",
        traceparent=None,
        site="casablanca",
        startup_id=uuid4(),
        recipient=recipient,
        recipient_name="Salma",
        language="fr",
        kind=Kind.REQUEST_SUBMITTED,
        facts=FACTS,
        subject="Demande",
        text=text,
        delivery=Delivery(channel),
        in_doubt=False,
        claimed_at=datetime.now(UTC),
    )


def carry(
    port: int, *, security: str = "none", username: str = "", password: str = ""
) -> tuple[Verdict, str]:
    job = job_for(Channel.EMAIL, "salma@oasis.example")
    settings = SmtpSettings(
        host="127.0.0.1", port=port, security=security, username=username, password=password, final_seconds=5
    )
    carrier = SmtpCarrier(settings)
    try:
        outcome = carrier.carry(job, deadline=time.monotonic() + 60)
    finally:
        carrier.close()
    return outcome.verdict, outcome.detail


def test_mail_leaves_encrypted_and_signed_in(
    secured: tuple[MailServer, int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, port = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    verdict, _ = carry(port, security="starttls", username="guichet", password="right")
    assert verdict is Verdict.ACCEPTED
    assert len(server.messages) == 1


def test_a_wrong_password_is_our_fault_and_tried_again(
    secured: tuple[MailServer, int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, port = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    verdict, detail = carry(port, security="starttls", username="guichet", password="wrong")
    assert verdict is Verdict.DEFERRED
    assert detail.startswith("535")
    assert server.messages == []


def test_the_password_changes_while_mail_is_sent(
    secured: tuple[MailServer, int],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    secret_files: Callable[..., None],
) -> None:
    server, port = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secret_files(SMTP_PASSWORD="former")
    known = {"security": "starttls", "username": "guichet", "password": "former"}
    assert carry(port, **known)[0] is Verdict.DEFERRED
    secret_files(SMTP_PASSWORD="right")
    assert carry(port, **known)[0] is Verdict.ACCEPTED
    assert len(server.messages) == 1


def test_the_gateway_s_token_changes_while_sms_are_sent(
    gateway: Gateway, secret_files: Callable[..., None]
) -> None:
    carrier = SmsCarrier(SmsSettings(url=gateway.url, token="former"))
    for token in ("former", "changed"):
        secret_files(SMS_GATEWAY_TOKEN=token)
        outcome = carrier.carry(
            job_for(Channel.SMS, "+212612345678", "Bonjour"), deadline=time.monotonic() + 60
        )
        assert outcome.verdict is Verdict.ACCEPTED
        assert gateway.headers[-1]["Authorization"] == f"Bearer {token}"
    carrier.close()


def test_a_server_nobody_vouches_for_gets_no_mail(secured: tuple[MailServer, int]) -> None:
    server, port = secured
    verdict, detail = carry(port, security="starttls", username="guichet", password="right")
    assert verdict is Verdict.DEFERRED
    assert detail.startswith("no secure connection")
    assert server.messages == []


def test_without_encryption_such_a_server_refuses_and_the_mail_waits(secured: tuple[MailServer, int]) -> None:
    server, port = secured
    verdict, detail = carry(port)
    assert verdict is Verdict.DEFERRED
    assert detail.startswith("530")
    assert server.messages == []
