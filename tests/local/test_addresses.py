"""What each process is told, and which servers are taken as given."""

from pathlib import Path

import pytest

from deploy.local.addresses import Addresses, child_environment
from deploy.local.given import given_server
from deploy.local.keys import Keys

BROKER = "amqp://admin:secret@127.0.0.1:20001/%2F"
DATABASE = "postgresql://admin:secret@127.0.0.1:20002/postgres"


def _addresses(folder: Path, *, own_broker: bool = True) -> Addresses:
    return Addresses(
        Keys(folder, folder),
        pg_admin_url=DATABASE,
        amqp_admin_url=BROKER,
        own_broker=own_broker,
        web_port=1,
        smtp_port=2,
        mail_http_port=3,
        sms_http_port=4,
    )


def _published(addresses: Addresses) -> dict[str, str]:
    return dict(line.split("=", 1) for line in addresses.published().splitlines())


def test_each_service_has_its_own_role_database_and_broker_user(tmp_path: Path) -> None:
    told = _addresses(tmp_path).services(["billing"])
    assert set(told) == {"BILLING_DATABASE_URL", "BILLING_AMQP_URL", "PUBLIC_URL"}
    assert told["BILLING_DATABASE_URL"].startswith("postgresql://guichet_billing:")
    assert told["BILLING_DATABASE_URL"].endswith("@127.0.0.1:20002/guichet_billing")
    assert told["BILLING_AMQP_URL"].startswith("amqp://billing:")
    assert "secret" not in str(told)


def test_a_given_broker_is_used_with_the_user_it_came_with(tmp_path: Path) -> None:
    assert _addresses(tmp_path, own_broker=False).amqp_url("billing") == BROKER


def test_a_shell_that_read_endpoints_names_no_existing_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _published(_addresses(tmp_path)).items():
        monkeypatch.setenv(name, value)
    assert given_server("AMQP_URL") is None
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere")
    assert given_server("AMQP_URL") == "amqp://elsewhere"


def test_the_users_shell_does_not_steer_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGPASSWORD", "BILLING_DATABASE_URL", "DATABASE_URL", "SESSION_PRIVATE_KEY"):
        monkeypatch.setenv(name, "from the shell")
    environment = child_environment(tmp_path, {"TOLD": "yes"})
    assert "from the shell" not in environment.values()
    assert environment["TOLD"] == "yes"
    assert environment["PYTHONTZPATH"] == ""
