"""Entry point of the ``guichet`` command."""

import importlib
import os
from collections.abc import Sequence
from typing import NoReturn

import click
import orjson
import psycopg
from pika.exceptions import AMQPError
from sqlalchemy.exc import OperationalError

from shared.cli import dead_letters, doctor, events, outbox_status
from shared.cli.options import pick, service_option
from shared.cli.wording import broker_outage, database_outage
from shared.db import Database
from shared.db.migrations import migrate, pending
from shared.errors import DomainError
from shared.messaging import topology
from shared.settings import SERVICES, MissingSetting, ServiceSettings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Operate the Guichet Unique services."""


@cli.command("migrate")
@service_option
@click.option("--check", is_flag=True, help="Only name what is pending; exit 1 when something is.")
def migrate_command(service: Sequence[str], check: bool) -> None:
    """Bring the databases to their present shape."""
    waiting = 0
    for name in pick(service):
        url = ServiceSettings.load(name).database_url
        if check:
            for revision in pending(name, url):
                click.echo(f"{name}: {revision} is pending")
                waiting += 1
        else:
            migrate(name, url)
            click.echo(f"{name}: up to date")
    if waiting:
        raise SystemExit(1)


@cli.command("seed")
@service_option
@click.option("--demo", is_flag=True, help="Add the invented startups and accounts of the demonstration.")
def seed_command(service: Sequence[str], demo: bool) -> None:
    """Write each service's catalogue into its database; safe to repeat."""
    for name in pick(service):
        module = importlib.import_module(f"services.{name}.seed")
        database = Database(ServiceSettings.load(name).database_url, pool_size=1)
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
    passwords = {name: os.environ.get(f"{name.upper()}_AMQP_PASSWORD", "") for name in SERVICES}
    missing = [name for name, password in passwords.items() if not password]
    if missing:
        raise click.ClickException("set " + ", ".join(f"{name.upper()}_AMQP_PASSWORD" for name in missing))
    click.echo(orjson.dumps(topology.definitions(passwords, vhost=vhost), option=orjson.OPT_INDENT_2))


cli.add_command(dead_letters.dead_letters)
cli.add_command(outbox_status.outbox)
cli.add_command(doctor.doctor)
cli.add_command(events.events)


def main() -> None:
    """Run the command line; expected errors are one clear sentence and exit code 1."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (MissingSetting, DomainError) as error:
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
