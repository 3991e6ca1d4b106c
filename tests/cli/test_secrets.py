"""`guichet secrets`: the servers are told the coming password once it is known, and asked which they take."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from shared.web.session import Issuer, Verifier
from tests.cli.conftest import CommandLine
from tests.cli.test_broker_setup import Management, management
from tests.support.broker import PASSWORD, TestBroker
from tests.support.databases import TestDatabases

__all__ = ["management"]

ROLE = "changing_billing"


@pytest.fixture
def billing(
    guichet: CommandLine, databases: TestDatabases, broker: TestBroker
) -> Iterator[tuple[CommandLine, str]]:
    """The command line, pointed at a role of its own for billing's database."""
    admin = databases.url("billing")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'old'")
    parts = urlsplit(admin)
    own = parts._replace(netloc=f"{ROLE}:old@{parts.hostname}:{parts.port}")
    guichet.set("BILLING_DATABASE_URL", urlunsplit(own))
    guichet.set("BILLING_AMQP_URL", broker.url("billing"))
    guichet.set("SERVICE", "billing")
    yield guichet, admin
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@pytest.fixture
def as_before(broker: TestBroker) -> Iterator[None]:
    """The broker takes billing's old password again."""
    yield
    broker.servers.rabbitmqctl("change_password", "billing", PASSWORD)


@pytest.mark.usefixtures("as_before")
def test_each_server_takes_the_password_to_come_once_it_was_told(
    billing: tuple[CommandLine, str], broker: TestBroker, management: Management
) -> None:
    guichet, admin = billing
    told_nothing = guichet("secrets", "set-database-password", "--admin-url", admin)
    assert (told_nothing.code, "BILLING_DATABASE_NEXT_PASSWORD" in told_nothing.err) == (1, True)
    assert guichet("secrets", "status").out.splitlines() == [
        "billing: PostgreSQL: the password in use is taken",
        "billing: RabbitMQ: the password in use is taken",
    ]
    for name in ("DATABASE_NEXT_PASSWORD", "BILLING_AMQP_NEXT_PASSWORD"):
        guichet.set(name, "né: @/%")
    assert guichet("secrets", "status").out.count("is taken, the one to come is refused") == 2

    assert guichet("secrets", "set-database-password", "--admin-url", admin).code == 0
    told = ("--amqp-url", broker.admin_url, "--management-url", management.url)
    assert guichet("secrets", "set-broker-password", *told).code == 0
    after = guichet("secrets", "status")
    assert after.code == 0
    assert after.out.count("the password in use is refused, the one to come is taken") == 2
    # Nothing else of the user was touched.
    assert "guichet.events" not in broker.servers.rabbitmqctl("list_user_permissions", "billing")

    for name in ("DATABASE_NEXT_PASSWORD", "BILLING_AMQP_NEXT_PASSWORD"):
        guichet.unset(name)
    shut_out = guichet("secrets", "status")
    assert (shut_out.code, shut_out.out.count("is refused")) == (1, 2)


def test_new_ones_fit_what_they_are_for(guichet: CommandLine) -> None:
    first, second = (guichet("secrets", "new", "password").out for _ in range(2))
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}\n", first)
    pair = dict(line.split("=", 1) for line in guichet("secrets", "new", "session").out.split())
    token = Issuer(pair["SESSION_PRIVATE_KEY"]).issue(
        account_id="1", name="a", email="a", roles=(), sites=(), language="fr"
    )
    assert Verifier(pair["SESSION_PUBLIC_KEY"]).verify(token.token)


def test_every_command_gets_in_by_the_password_to_come(
    billing: tuple[CommandLine, str], tmp_path: Path
) -> None:
    guichet, admin = billing
    with psycopg.connect(admin, autocommit=True) as connection:
        for each in ("TABLES", "SEQUENCES"):
            connection.execute(f"GRANT ALL ON ALL {each} IN SCHEMA public TO {ROLE}")
        connection.execute(f"ALTER ROLE {ROLE} PASSWORD 'coming'")
    shut_out = guichet("outbox", "status")
    assert (shut_out.code, "password authentication failed" in shut_out.err) == (1, True)

    guichet.set("BILLING_DATABASE_NEXT_PASSWORD", "coming")
    for command in (
        "migrate --check",
        "migrate --wait 0",
        "outbox status",
        "outbox replay --service billing --to-service booking --from 2026-11-01T00:00Z",
        "dead-letters list",
        "ledger",
        "read-copy compare billing",
        f"backup --to {tmp_path}",
    ):
        done = guichet(*command.split())
        assert (done.code, done.err) == (0, ""), command
    for command in ("operations", "doctor"):
        assert "password authentication failed" not in guichet(command).out
