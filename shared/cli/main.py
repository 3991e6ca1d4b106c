"""Entry point of the ``guichet`` command."""

import importlib
import os
import time
from collections.abc import Sequence
from typing import NoReturn

import click
import orjson
import psycopg
from pika.exceptions import AMQPError
from sqlalchemy.exc import OperationalError

from shared.cli import (
    backup,
    dead_letters,
    doctor,
    events,
    ledger,
    operations,
    outbox_status,
    read_copy,
    replay,
    secrets,
)
from shared.cli.options import pick, service_option
from shared.cli.wording import broker_outage, database_outage
from shared.connecting import address_taken
from shared.db import Database
from shared.db.migrations import migrate, pending
from shared.errors import DomainError
from shared.messaging import management, topology
from shared.settings import SERVICES, BadSetting, MissingSetting, load_folder


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Operate the Guichet Unique services."""


@cli.command("migrate")
@service_option
@click.option("--check", is_flag=True, help="Only name what is pending; exit 1 when something is.")
@click.option("--wait", type=float, metavar="SECONDS", help="Wait until another process has migrated.")
def migrate_command(service: Sequence[str], check: bool, wait: float | None) -> None:
    """Bring the databases to their present shape."""
    waiting = 0
    for name in pick(service):
        if wait is not None:
            _await_migrations(name, wait)
        elif check:
            for revision in pending(name, address_taken(name)):
                click.echo(f"{name}: {revision} is pending")
                waiting += 1
        else:
            migrate(name, address_taken(name))
            click.echo(f"{name}: up to date")
    if waiting:
        raise SystemExit(1)


def _await_migrations(service: str, seconds: float) -> None:
    """New processes start with this, so that none meets a database older than itself."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            missing = pending(service, address_taken(service))
        except (OperationalError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
        else:
            if not missing:
                click.echo(f"{service}: up to date")
                return
            if time.monotonic() > deadline:
                raise click.ClickException(f"{service}: {', '.join(missing)} still pending")
        time.sleep(1.0)


@cli.command("seed")
@service_option
@click.option("--demo", is_flag=True, help="Add the invented startups and accounts of the demonstration.")
def seed_command(service: Sequence[str], demo: bool) -> None:
    """Write each service's catalogue into its database; safe to repeat."""
    for name in pick(service):
        module = importlib.import_module(f"services.{name}.seed")
        database = Database.of(name)
        with database.transaction() as session:
            module.seed(session, demo=demo)
        database.dispose()
        click.echo(f"{name}: seeded")


@cli.group()
def broker() -> None:
    """The shape of the broker."""


@broker.command("apply")
@click.option("--amqp-url", envvar="AMQP_ADMIN_URL", required=True, help="A user who may configure.")
def broker_apply(amqp_url: str) -> None:
    """Declare exchanges, queues and bindings of every service; safe to repeat."""
    topology.declare(amqp_url, SERVICES)
    click.echo("exchanges, queues and bindings are in place")


@broker.command("definitions")
@click.option("--vhost", default="/", show_default=True)
def broker_definitions(vhost: str) -> None:
    """Print users, permissions and policies as RabbitMQ definitions.

    Each password is read from <USER>_AMQP_PASSWORD.
    """
    definitions = topology.definitions(_passwords(), vhost=vhost)
    click.echo(orjson.dumps(definitions, option=orjson.OPT_INDENT_2))


@broker.command("setup")
@click.option("--amqp-url", envvar="AMQP_ADMIN_URL", required=True, help="An administrator.")
@click.option("--management-url", envvar="BROKER_MANAGEMENT_URL", help="If not port 15672 of that host.")
@click.option("--vhost", default="/", show_default=True)
def broker_setup(amqp_url: str, management_url: str | None, vhost: str) -> None:
    """Bring the broker to what the project needs: users, permissions, policies, then `apply`.

    Each password is read from <USER>_AMQP_PASSWORD. Safe to repeat, on a broker at work too.
    """
    definitions = topology.definitions(_passwords(), vhost=vhost)
    management.import_definitions(amqp_url, definitions, management_url or "")
    topology.declare(amqp_url, SERVICES)
    click.echo("users, permissions, policies, exchanges, queues and bindings are in place")


def _passwords() -> dict[str, str]:
    passwords = {name: os.environ.get(f"{name.upper()}_AMQP_PASSWORD", "") for name in SERVICES}
    missing = [name for name, password in passwords.items() if not password]
    if missing:
        raise click.ClickException("set " + ", ".join(f"{name.upper()}_AMQP_PASSWORD" for name in missing))
    return passwords


cli.add_command(dead_letters.dead_letters)
outbox_status.outbox.add_command(replay.replay)
cli.add_command(outbox_status.outbox)
outbox_status.outbox.add_command(ledger.catch_up)
cli.add_command(ledger.ledger)
cli.add_command(read_copy.read_copy)
cli.add_command(backup.backup)
cli.add_command(backup.restore)
cli.add_command(doctor.doctor)
cli.add_command(operations.operations)
cli.add_command(events.events)
cli.add_command(secrets.secrets)


def main() -> None:
    """Run the command line; expected errors are one clear sentence and exit code 1."""
    load_folder()
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (MissingSetting, BadSetting, DomainError) as error:
        _fail(str(error))
    except OperationalError as error:
        _fail(database_outage(error.orig or error))
    except psycopg.OperationalError as error:
        _fail(database_outage(error))
    except AMQPError as error:
        _fail(broker_outage(error))


def _fail(sentence: str) -> NoReturn:
    click.echo(f"Error: {sentence}", err=True)
    raise SystemExit(1) from None


if __name__ == "__main__":
    main()
