"""``guichet doctor``: what is wrong, in plain words."""

from collections.abc import Callable, Sequence
from typing import Any

import click
import psycopg
from pika.exceptions import AMQPError, ChannelClosedByBroker
from sqlalchemy.exc import OperationalError, ProgrammingError

from shared.cli import doctor_repair
from shared.cli.options import pick, service_option
from shared.cli.wording import broker_outage, counted, database_outage
from shared.clock import WrongTimeZoneData, check_time_zone_data
from shared.connecting import address_taken, connect
from shared.db.migrations import pending
from shared.messaging import connecting, names
from shared.messaging.names import LEADER_LOCK
from shared.settings import MissingSetting, ServiceSettings

STUCK_SECONDS = 60
ACCESS_REFUSED = 403
# No binding matches it: the broker checks the right to write, then drops the message.
PROBE_KEY = "doctor"

KERNEL_TABLES = (
    *("idempotency_keys", "inbox", "outbox", "parked_events", "timers"),
    *("signs_of_life", "broker_watch", "operations_audit", "retention", "backups"),
    *("replay_starts", "ended_sessions"),
)
_CLOSED_TABLES = """
    SELECT string_agg(name, ', ' ORDER BY name) FROM unnest(%s::text[]) name
    WHERE to_regclass(name) IS NOT NULL AND NOT (
        has_table_privilege(name, 'SELECT') AND has_table_privilege(name, 'INSERT')
        AND has_table_privilege(name, 'UPDATE') AND has_table_privilege(name, 'DELETE'))
"""

Finding = str


@click.command()
@service_option
def doctor(service: Sequence[str]) -> None:
    """Say what is wrong: settings, servers, permissions, stuck events, missing consumers, old backups, drift.

    Exit code 1 when something is. What somebody has yet to do is said, too ("!"), and is not wrong.
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
        for look in (doctor_repair.retention, doctor_repair.drift, doctor_repair.keys):
            findings += look(name)
    findings += doctor_repair.backups(pick(service)) + doctor_repair.room()
    for one in (advice for name in pick(service) for advice in doctor_repair.advice(name)):
        click.echo(f"! {one}")
    for finding in findings:
        click.echo(f"✗ {finding}")
    if findings:
        raise SystemExit(1)
    click.echo(
        "✓ servers, permissions, time zones, outboxes, consumers, read copies and backups are in order"
    )


def _time_zone() -> list[Finding]:
    try:
        check_time_zone_data()
    except WrongTimeZoneData as error:
        return [str(error)]
    return []


def _database(settings: ServiceSettings) -> list[Finding]:
    try:
        with connect(settings.database_addresses(), connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
            findings = [] if version >= 15 else [f"PostgreSQL {version} is older than 15"]
            fsync = connection.execute("SHOW fsync").fetchone()
            if fsync and fsync[0] != "on":
                findings.append("PostgreSQL runs with fsync off: a power cut loses committed work")
            closed = connection.execute(_CLOSED_TABLES, (list(KERNEL_TABLES),)).fetchone()
            if closed and closed[0]:
                findings.append(f"its PostgreSQL role may not write {closed[0]}")
            missing = pending(settings.service, address_taken(settings.service))
    except (psycopg.OperationalError, OperationalError) as error:
        return [database_outage(error)]
    except ProgrammingError as error:
        return [*findings, f"its PostgreSQL role may not read the migrations: {error.orig}"]
    if missing:
        findings.append(f"migrations {', '.join(missing)} are pending: run guichet migrate")
    return findings


def _events(settings: ServiceSettings) -> list[Finding]:
    try:
        with connect(settings.database_addresses(), connect_timeout=5) as connection:
            outbox = connection.execute(
                "SELECT count(*), extract(epoch FROM now() - min(recorded_at))::int, min(last_error)"
                " FROM outbox WHERE published_at IS NULL"
            ).fetchone()
            parked = connection.execute(
                "SELECT count(*) FROM parked_events WHERE resolved_at IS NULL"
            ).fetchone()
            relays = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (LEADER_LOCK,),
            ).fetchone()
    except psycopg.Error:
        return []  # the database check has already said why
    findings = []
    if outbox and outbox[0] and outbox[1] >= STUCK_SECONDS:
        why = f" ({outbox[2]})" if outbox[2] else ""
        findings.append(f"{counted(outbox[0], 'event')} in the outbox, the oldest for {outbox[1]} s{why}")
    if parked and parked[0]:
        findings.append(f"{counted(parked[0], 'parked event')}: see guichet dead-letters list")
    if relays and not relays[0]:
        findings.append("no relay is running: events stay in the outbox")
    return findings


def _broker(settings: ServiceSettings) -> list[Finding]:
    try:
        connection = connecting.connect(settings.amqp_addresses())
    except (AMQPError, OSError) as error:
        return [broker_outage(error)]
    try:
        return _queues(settings.service, connection.channel()) + _permissions(settings.service, connection)
    except ChannelClosedByBroker as error:
        return [f"{error.reply_text}: run guichet broker apply"]
    finally:
        if connection.is_open:
            connection.close()


def _queues(service: str, channel: Any) -> list[Finding]:
    findings = []
    inbox = channel.queue_declare(names.inbox_of(service), passive=True).method
    if inbox.consumer_count == 0:
        findings.append(f"nobody consumes {inbox.queue} ({counted(inbox.message_count, 'message')} waiting)")
    letters = channel.queue_declare(names.dead_letters_of(service), passive=True).method
    if letters.message_count:
        findings.append(
            f"{counted(letters.message_count, 'message')} in {letters.queue}: see guichet dead-letters list"
        )
    channel.exchange_declare(names.exchange_of(service), passive=True)
    return findings


def _permissions(service: str, connection: Any) -> list[Finding]:
    """Try both rights. The broker refuses by closing the channel, so each try has its own."""
    exchange, letters = names.exchange_of(service), names.dead_letters_of(service)

    def write(channel: Any) -> None:
        channel.basic_publish(exchange, PROBE_KEY, b"")

    def read(channel: Any) -> None:
        channel.basic_get(letters)

    findings = []
    for attempt, right in ((write, f"write {exchange}"), (read, f"read {letters}")):
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            attempt(channel)
        except ChannelClosedByBroker as error:
            if error.reply_code != ACCESS_REFUSED:
                raise
            findings.append(f"its RabbitMQ user may not {right}: import guichet broker definitions")
        else:
            # Closing gives back what was fetched.
            channel.close()
    return findings


CHECKS: tuple[Callable[[ServiceSettings], list[Finding]], ...] = (_database, _events, _broker)
