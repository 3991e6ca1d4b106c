"""``guichet ledger`` and ``guichet outbox catch-up``: what was published against what was handled."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime

import click
from sqlalchemy.orm import Session

from shared import clock
from shared.cli.operations import shell_user, who_option
from shared.cli.options import Instant
from shared.cli.wording import counted
from shared.db import Database
from shared.messaging import connecting, redelivery
from shared.messaging.names import exchange_of
from shared.messaging.publisher import BrokerLost
from shared.messaging.redelivery import Range
from shared.messaging.topology import publishers_for
from shared.operations import audit
from shared.operations import ledger as books
from shared.operations.actions import LONGEST_REASON
from shared.settings import SERVICES, ServiceSettings


@click.command("ledger")
@click.option("--from", "since", type=Instant(), help="Recorded from then on. Default: all there is.")
def ledger(since: datetime | None) -> None:
    """Hold what each service published against what the others handled; exit code 1 when they differ.

    An event on its way counts as missing until it has arrived.
    """
    differ = False
    with ExitStack() as closing:
        sessions = _sessions(closing)
        for wanted in _ranges(sessions, since):
            line = books.line(sessions[wanted.owner], sessions[wanted.consumer], wanted)
            differ = differ or bool(line.missing)
            parts = [f"{line.published} published", f"{line.handled} handled"]
            parts += [f"{line.set_aside} set aside"] if line.set_aside else []
            parts += [f"{line.unpublished} not published yet"] if line.unpublished else []
            if line.missing and line.missing_since:
                parts.append(f"{line.missing} missing since {line.missing_since:%F %T}Z")
            click.echo(f"{'✗' if line.missing else '✓'} {line.owner} → {line.consumer}: {', '.join(parts)}")
        for consumer in SERVICES:
            owners = [sessions[owner] for owner in publishers_for(consumer)]
            if strange := books.unexplained(sessions[consumer], owners, clock.now()):
                differ = True
                click.echo(
                    f"✗ {consumer} has handled {counted(strange, 'event')} nobody knows to have published"
                )
    if differ:
        raise SystemExit(1)


@click.command("catch-up")
@click.option("--from", "since", required=True, type=Instant(), help="Recorded from then on.")
@click.option("--send", is_flag=True, help="Do it. Without, it is only said what is missing.")
@click.option("--reason", default="", help="Why; kept on record. Required with --send.")
@who_option
def catch_up(since: datetime, send: bool, reason: str, who: str | None) -> None:
    """Deliver to every service what it has never handled: after a restore, or the loss of the broker."""
    if send and not reason.strip():
        raise click.UsageError("--send wants a --reason: it is kept on record")
    if len(reason) > LONGEST_REASON:
        raise click.UsageError(f"a reason has at most {LONGEST_REASON} characters")
    actor, total = shell_user(who), 0
    with ExitStack() as closing:
        ranges = list(_ranges(_sessions(closing), since))
    for wanted in ranges:
        # Two sessions a range: PostgreSQL ends those that lie idle while another range is delivered.
        with ExitStack() as closing:
            sessions = _sessions(closing, (wanted.owner, wanted.consumer))
            missing = redelivery.look(
                sessions[wanted.owner], sessions[wanted.consumer], wanted
            ).missing.total()
        if not missing:
            continue
        total += missing
        click.echo(f"{wanted.owner} → {wanted.consumer}: {missing} missing")
        if send:
            with _database(wanted.consumer) as database, database.transaction() as session:
                audit.record(
                    session,
                    actor,
                    "redeliver",
                    events=missing,
                    event_type=f"{wanted.owner}.*",
                    reason=f"catch-up from {wanted.since:%F %T}Z: {reason.strip()}",
                )
            with ExitStack() as closing:
                _deliver(_sessions(closing, (wanted.owner, wanted.consumer)), wanted)
    if not total:
        click.echo("every service has handled all there is")
    elif not send:
        click.echo("nothing was sent: repeat it with --send --reason '…'")


def _deliver(sessions: dict[str, Session], wanted: Range) -> None:
    try:
        known = ServiceSettings.load(wanted.owner).amqp_addresses()
        publisher = connecting.publisher(known, exchange_of(wanted.owner))
        try:
            sent = redelivery.send(
                sessions[wanted.owner], sessions[wanted.consumer], wanted, publisher, only_missing=True
            )
        finally:
            publisher.close()
    except BrokerLost as error:
        raise click.ClickException(
            f"RabbitMQ was lost: {error}. Repeat it: no event has its effect twice"
        ) from None
    click.echo(f"  {sent.events} delivered, confirmed by the broker")
    if sent.stopped:
        raise click.ClickException(f"the rest was not sent: {sent.stopped}, then repeat it")


def _ranges(sessions: dict[str, Session], since: datetime | None) -> Iterator[Range]:
    """Yield every two services that talk to each other, as far back as the inbox of the one remembers."""
    now = clock.now()
    for consumer in SERVICES:
        horizon = redelivery.inbox_horizon(sessions[consumer])
        for owner in publishers_for(consumer):
            begin = max(since, horizon) if since else horizon
            yield Range(owner, consumer, begin, now, redelivery.types_for(owner, consumer))


def _sessions(closing: ExitStack, services: Sequence[str] = SERVICES) -> dict[str, Session]:
    return {
        service: closing.enter_context(closing.enter_context(_database(service)).read())
        for service in services
    }


class _database:
    """A database for the length of a block."""

    def __init__(self, service: str) -> None:
        self._database = Database.of(service)

    def __enter__(self) -> Database:
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.dispose()
