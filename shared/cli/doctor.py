"""``guichet doctor``: what is wrong, in plain words."""

from collections.abc import Callable, Sequence

import click
import pika
import psycopg
from pika.exceptions import AMQPError, ChannelClosedByBroker, ProbableAccessDeniedError

from shared.cli.options import pick, service_option
from shared.clock import WrongTimeZoneData, check_time_zone_data
from shared.db.migrations import pending
from shared.messaging import names
from shared.settings import MissingSetting, ServiceSettings, libpq_url

STUCK_SECONDS = 60

Finding = str


@click.command()
@service_option
def doctor(service: Sequence[str]) -> None:
    """Say what is wrong: settings, servers, permissions, time zones, stuck events, missing consumers.

    Exit code 1 when something is.
    """
    findings: list[Finding] = _time_zone()
    for name in pick(service):
        try:
            settings = ServiceSettings.load(name)
        except MissingSetting as error:
            findings.append(str(error))
            continue
        for check in CHECKS:
            findings += [f"{name}: {finding}" for finding in check(settings)]
    for finding in findings:
        click.echo(f"✗ {finding}")
    if findings:
        raise SystemExit(1)
    click.echo("✓ servers, permissions, time zones, outboxes and consumers are in order")


def _time_zone() -> list[Finding]:
    try:
        check_time_zone_data()
    except WrongTimeZoneData as error:
        return [str(error)]
    return []


def _database(settings: ServiceSettings) -> list[Finding]:
    try:
        with psycopg.connect(libpq_url(settings.database_url), connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
            findings = [] if version >= 15 else [f"PostgreSQL {version} is older than 15"]
            fsync = connection.execute("SHOW fsync").fetchone()
            if fsync and fsync[0] != "on":
                findings.append("PostgreSQL runs with fsync off: a power cut loses committed work")
    except psycopg.OperationalError as error:
        return [f"PostgreSQL cannot be reached: {str(error).strip().splitlines()[-1]}"]
    missing = pending(settings.service, settings.database_url)
    if missing:
        findings.append(f"migrations {', '.join(missing)} are pending: run guichet migrate")
    return findings


def _events(settings: ServiceSettings) -> list[Finding]:
    try:
        with psycopg.connect(libpq_url(settings.database_url), connect_timeout=5) as connection:
            outbox = connection.execute(
                "SELECT count(*), extract(epoch FROM now() - min(recorded_at))::int, min(last_error)"
                " FROM outbox WHERE published_at IS NULL"
            ).fetchone()
            parked = connection.execute(
                "SELECT count(*) FROM parked_events WHERE resolved_at IS NULL"
            ).fetchone()
            relays = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7002"
                " AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).fetchone()
    except psycopg.Error:
        return []  # the database check has already said why
    findings = []
    if outbox and outbox[0] and outbox[1] >= STUCK_SECONDS:
        why = f" ({outbox[2]})" if outbox[2] else ""
        findings.append(f"{outbox[0]} events have waited in the outbox, the oldest for {outbox[1]} s{why}")
    if parked and parked[0]:
        findings.append(f"{parked[0]} events are parked: see guichet dead-letters list")
    if relays and not relays[0]:
        findings.append("no relay is running: events stay in the outbox")
    return findings


def _broker(settings: ServiceSettings) -> list[Finding]:
    try:
        connection = pika.BlockingConnection(pika.URLParameters(settings.amqp_url))
    except ProbableAccessDeniedError:
        return ["RabbitMQ refuses the user or its password"]
    except (AMQPError, OSError) as error:
        return [f"RabbitMQ cannot be reached: {error or type(error).__name__}"]
    findings = []
    try:
        channel = connection.channel()
        inbox = channel.queue_declare(names.inbox_of(settings.service), passive=True).method
        if inbox.consumer_count == 0:
            findings.append(f"nobody consumes {inbox.queue} ({inbox.message_count} messages wait)")
        letters = channel.queue_declare(names.dead_letters_of(settings.service), passive=True).method
        if letters.message_count:
            findings.append(f"{letters.message_count} messages lie in {letters.queue}")
        channel.exchange_declare(names.exchange_of(settings.service), passive=True)
    except ChannelClosedByBroker as error:
        findings.append(f"{error.reply_text}: run guichet broker apply")
    finally:
        if connection.is_open:
            connection.close()
    return findings


CHECKS: tuple[Callable[[ServiceSettings], list[Finding]], ...] = (_database, _events, _broker)
