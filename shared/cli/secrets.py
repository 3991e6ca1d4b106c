"""``guichet secrets``: make new ones, see which the servers take, tell the servers the coming ones."""

import secrets as random
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pika
import psycopg
from pika.exceptions import AMQPError, ProbableAuthenticationError
from psycopg import sql

from shared.backup.encryption import new_pair as new_identity
from shared.cli.options import pick, service_option
from shared.cli.wording import broker_outage, database_outage
from shared.connecting import is_refusal
from shared.messaging import management
from shared.settings import MissingSetting, libpq_url, next_password, read
from shared.web.session import new_key_pair

#: what the server made of a password; a server that is away made nothing of it
TAKEN, REFUSED = "taken", "refused"


@click.group()
def secrets() -> None:
    """Change passwords and keys while everybody works (docs/operations/secrets.md)."""


@secrets.command("new")
@click.argument("what", type=click.Choice(["password", "session", "backup"]))
def new(what: str) -> None:
    """Print a new password, a new pair of keys for sessions, or a new identity that opens backups.

    The latter as a file of age: keep it where no backup lies.
    """
    if what == "password":
        click.echo(random.token_urlsafe(24))
    elif what == "backup":
        identity, recipient = new_identity()
        click.echo(f"# BACKUP_RECIPIENTS={recipient}\n{identity}")
    else:
        private, public = new_key_pair()
        click.echo(f"SESSION_PRIVATE_KEY={private}\nSESSION_PUBLIC_KEY={public}")


@secrets.command("status")
@service_option
def status(service: Sequence[str]) -> None:
    """Say which passwords the servers take: that of the address, and the one to come.

    Of the servers this process is told of. Exit code 1 when one of them takes neither.
    """
    shut_out = False
    for name in pick(service):
        for server, kind, try_one in (
            ("PostgreSQL", "DATABASE", _database_says),
            ("RabbitMQ", "AMQP", _broker_says),
        ):
            try:
                known = read(name, f"{kind}_URL")
            except MissingSetting:
                continue
            said = [("the password in use", try_one(known, None))]
            coming = next_password(name, kind)
            if coming:
                said.append(("the one to come", try_one(known, coming)))
            shut_out |= all(answer != TAKEN for _, answer in said)
            click.echo(f"{name}: {server}: " + ", ".join(f"{which} is {answer}" for which, answer in said))
    if shut_out:
        raise SystemExit(1)


@secrets.command("set-database-password")
@service_option
@click.option(
    "--admin-url", envvar="PG_ADMIN_URL", required=True, help="A PostgreSQL role who may alter others."
)
def set_database_password(service: Sequence[str], admin_url: str) -> None:
    """Give the role of each service the password to come, <SERVICE>_DATABASE_NEXT_PASSWORD."""
    with psycopg.connect(libpq_url(admin_url), autocommit=True, connect_timeout=5) as admin:
        for name, user, password in _to_come(service, "DATABASE"):
            # Made unreadable here: the server's log may keep the statement.
            hidden = admin.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256")
            role, literal = sql.Identifier(user), sql.Literal(hidden.decode())
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, literal))
            click.echo(f"{name}: {user} has its new password; connections that are open go on")


@secrets.command("set-broker-password")
@service_option
@click.option("--amqp-url", envvar="AMQP_ADMIN_URL", required=True, help="An administrator.")
@click.option("--management-url", envvar="BROKER_MANAGEMENT_URL", help="If not port 15672 of that host.")
def set_broker_password(service: Sequence[str], amqp_url: str, management_url: str | None) -> None:
    """Give the user of each service the password to come, <SERVICE>_AMQP_NEXT_PASSWORD."""
    for name, user, password in _to_come(service, "AMQP"):
        users = [{"name": user, "password": password, "tags": ""}]
        management.import_definitions(amqp_url, {"users": users}, management_url or "")
        click.echo(f"{name}: {user} has its new password; connections that are open go on")


def _to_come(service: Sequence[str], kind: str) -> list[tuple[str, str, str]]:
    """Return service, user and new password; nothing is changed unless every service has one."""
    found = []
    for name in pick(service):
        password = next_password(name, kind)
        if not password:
            missing = f"{name.upper()}_{kind}_NEXT_PASSWORD"
            raise click.ClickException(f"set {missing}: every process has to know it first")
        user = urlsplit(read(name, f"{kind}_URL")).username or ""
        found.append((name, unquote(user), password))
    return found


def _database_says(url: str, password: str | None) -> str:
    more: dict[str, Any] = {} if password is None else {"password": password}
    try:
        psycopg.connect(libpq_url(url), connect_timeout=5, **more).close()
    except psycopg.OperationalError as error:
        return REFUSED if is_refusal(error) else database_outage(error)
    return TAKEN


def _broker_says(url: str, password: str | None) -> str:
    parameters = pika.URLParameters(url)
    if password is not None:
        parameters.credentials = pika.PlainCredentials(parameters.credentials.username, password)
    try:
        pika.BlockingConnection(parameters).close()
    except ProbableAuthenticationError:
        return REFUSED
    except (AMQPError, OSError) as error:
        return broker_outage(error)
    return TAKEN
