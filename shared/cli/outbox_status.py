"""``guichet outbox``: what waits to be published."""

from collections.abc import Sequence

import click
from sqlalchemy import text

from shared.cli.options import pick, service_option
from shared.db import Database


@click.group()
def outbox() -> None:
    """Events on their way to the broker."""


@outbox.command("status")
@service_option
def status(service: Sequence[str]) -> None:
    """Show, for each service, how many events wait, since when, and what holds them up."""
    for name in pick(service):
        database = Database.of(name)
        with database.read() as session:
            row = session.execute(
                text(
                    "SELECT count(*) AS waiting, min(recorded_at) AS oldest,"
                    " extract(epoch FROM now() - min(recorded_at))::int AS age"
                    " FROM outbox WHERE published_at IS NULL"
                )
            ).one()
            errors = session.execute(
                text(
                    "SELECT type, last_error, count(*) AS events FROM outbox"
                    " WHERE published_at IS NULL AND last_error IS NOT NULL"
                    " GROUP BY type, last_error ORDER BY events DESC LIMIT 20"
                )
            ).all()
        database.dispose()
        if row.waiting == 0:
            click.echo(f"{name}: nothing waits")
            continue
        click.echo(f"{name}: {row.waiting} waiting, the oldest for {row.age} s (since {row.oldest:%F %T}Z)")
        for error in errors:
            click.echo(f"  {error.type}: {error.events} held up: {error.last_error}")
