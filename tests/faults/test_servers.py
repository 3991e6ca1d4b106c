"""Faults 8, 9, 11, 22 to 24: a server goes away, or an answer gets lost."""

import contextlib
import ssl
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import exc, text

from shared.clock import now
from shared.messaging.outbox import publish
from tests.faults.contracts import ThingHappened
from tests.faults.proxy import Proxy
from tests.faults.stack import Stack
from tests.support.broker import PASSWORD, eventually


@pytest.fixture
def flowing(stack: Stack) -> Stack:
    """A stack in which events already flow."""
    stack.start_relay()
    stack.start_worker()
    stack.file(range(50))
    stack.has_effects(50)
    return stack


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None, url
    return port


def test_broker_stopped_and_started(flowing: Stack) -> None:
    flowing.servers.stop_broker_app()
    flowing.file(range(50, 150))
    assert flowing.waiting() == 100
    flowing.servers.start_broker_app()
    flowing.ledger_balances()


def test_broker_killed_and_started(flowing: Stack) -> None:
    flowing.file(range(50, 150))
    flowing.servers.kill_broker()
    flowing.file(range(150, 250))
    flowing.servers.start_broker()
    flowing.ledger_balances()


def test_connection_cut_after_publishing_publishes_again_and_has_one_effect(stack: Stack) -> None:
    proxy = Proxy(_port(stack.broker.admin_url))
    stack.start_worker()
    stack.start_relay(GUICHET_AMQP_URL=stack.through(proxy.port, stack.broker.url("guichet")))
    stack.file(range(5))
    stack.has_effects(5)
    proxy.cut_after(b"thing_happened")
    stack.file(range(5, 105))
    assert proxy.cut.wait(30), "no publishing was seen"
    stack.ledger_balances()
    proxy.close()


def test_postgresql_restarted_abruptly_under_load(flowing: Stack) -> None:
    stop = threading.Event()
    filed = [50]

    def keep_filing() -> None:
        while not stop.is_set():
            # The client of a dead server is told so, and goes on with the next number.
            with contextlib.suppress(exc.SQLAlchemyError):
                flowing.file(range(filed[0], filed[0] + 1))
            filed[0] += 1

    filing = threading.Thread(target=keep_filing)
    filing.start()
    eventually(lambda: filed[0] > 100, what="load before the restart")
    flowing.servers.restart_postgres("immediate")
    resumed = filed[0]
    eventually(lambda: filed[0] > resumed + 50, what="load after the restart")
    stop.set()
    filing.join()
    flowing.ledger_balances()


def test_connection_lost_during_commit_has_one_effect(stack: Stack) -> None:
    proxy = Proxy(_port(stack.servers.pg_admin_url))
    url = stack.through(proxy.port, stack.environment()["BILLING_DATABASE_URL"])
    stack.start_relay()
    stack.start_worker(BILLING_DATABASE_URL=url)
    stack.file(range(5))
    stack.has_effects(5)
    proxy.cut_after(b"INSERT INTO effects")
    stack.file(range(5, 6))
    assert proxy.cut.wait(30)
    for number in range(6, 30):
        proxy.cut_after(b"COMMIT")
        stack.file(range(number, number + 1))
        assert proxy.cut.wait(30)
    stack.ledger_balances()
    proxy.close()


def test_a_broker_behind_tls_is_believed_when_its_certificate_is_and_not_otherwise(
    stack: Stack, tmp_path: Path
) -> None:
    certificate, context = own_certificate(tmp_path)
    proxy = Proxy(_port(stack.broker.url("billing")), tls=context)
    urls = {
        f"{name.upper()}_AMQP_URL": urlunsplit(
            urlsplit(stack.broker.url(name))._replace(
                scheme="amqps", netloc=f"{name}:{PASSWORD}@localhost:{proxy.port}"
            )
        )
        for name in ("guichet", "billing")
    }
    stranger = stack.start_worker(**urls)
    eventually(lambda: b"CERTIFICATE_VERIFY_FAILED" in stack.log_of(stranger), what="the refusal")
    assert b"consuming" not in stack.log_of(stranger)
    stranger.kill()
    stack.start_relay(**urls, SSL_CERT_FILE=str(certificate))
    stack.start_worker(**urls, SSL_CERT_FILE=str(certificate))
    stack.file(range(300))
    stack.ledger_balances()
    proxy.close()


def own_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that nobody vouches for but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "broker.pem", folder / "broker.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context


def test_transaction_that_commits_late_is_not_stepped_over(flowing: Stack) -> None:
    late = flowing.guichet.session()
    late.execute(text("INSERT INTO things VALUES (1000)"))
    # Draws its place in the outbox now and commits after others that come behind it.
    savepoint = late.begin_nested()
    publish(late, ThingHappened, subject="1000", data={"number": 1000, "group": "a"})
    savepoint.commit()
    flowing.file(range(50, 60))
    flowing.has_effects(60)
    late.commit()
    late.close()
    flowing.ledger_balances()
    assert flowing.effects()[-1] == 1000
