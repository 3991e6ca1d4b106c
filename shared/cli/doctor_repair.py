"""What the doctor says of what one needs when things go wrong: backups, archives, read copies, keys, room."""

import importlib
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from environs import Env
from sqlalchemy.exc import SQLAlchemyError

from shared.cli.wording import counted
from shared.connecting import connect
from shared.db import Database
from shared.messaging.pruning import FORMER_DAYS
from shared.messaging.topology import publishers_for
from shared.operations import read_copies
from shared.operations.read_copies import Comparison, ReadCopy
from shared.operations.service import operations_of
from shared.settings import MissingSetting, addresses, read

GIGABYTE = 10**9
LEAST_FREE_BYTES = 2 * GIGABYTE
LEAST_FREE_SHARE = 0.05
#: an event on its way is no drift: what differs is looked at again
SETTLE_SECONDS = 3.0

_RETENTION = "SELECT archive_days, inbox_days FROM retention"
_LAST_BACKUP = """
    SELECT extract(epoch FROM now() - max(cut_at))::float / 3600,
           to_char(max(cut_at), 'YYYY-MM-DD HH24:MI:SS')
      FROM backups
"""
_AT_WORK_SINCE = "SELECT extract(epoch FROM now() - min(recorded_at))::float / 3600 FROM outbox"

Finding = str


def backups(services: Sequence[str]) -> list[Finding]:
    """Say when the last backup is too old, or there never was one."""
    limit = Env().float("BACKUP_HOURS", 26.0)
    if limit <= 0:
        return []
    for service in services:
        last = _row(service, _LAST_BACKUP)
        if last is None:
            continue
        hours, cut_at = last
        if hours is None:
            since = _row(service, _AT_WORK_SINCE)
            if since and since[0] is not None and since[0] > limit:
                return ["there has never been a backup: guichet backup --to FOLDER, or BACKUP_HOURS=0"]
        elif hours > limit:
            return [f"the last backup is of {cut_at}Z, {hours:.0f} hours ago: guichet backup --to FOLDER"]
        return []
    return []


def retention(service: str) -> list[Finding]:
    """Say when an archive holds events whose handling the service has forgotten."""
    kept = _row(service, _RETENTION) or (FORMER_DAYS, FORMER_DAYS)
    findings = []
    for owner in publishers_for(service):
        archived = _row(owner, _RETENTION)
        if archived is not None and archived[0] >= kept[1]:
            findings.append(
                f"{service}: its inbox remembers {kept[1]} days, the archive of {owner} holds {archived[0]}:"
                " raise INBOX_RETENTION_DAYS, or an event delivered again has its effect twice"
            )
    return findings


def drift(service: str) -> list[Finding]:
    """Say which read copies of a service differ from their owner."""
    findings = []
    for copy in read_copies.kept_by(service):
        try:
            owner, keeper = (Database.of(name) for name in (copy.owner, service))
        except MissingSetting:
            continue
        try:
            found = _settled(owner, keeper, service, copy)
        except SQLAlchemyError:
            continue  # the database check has already said why
        finally:
            owner.dispose()
            keeper.dispose()
        if not found.agrees:
            rows = len(found.missing) + len(found.different) + len(found.unknown)
            findings.append(
                f"{service}: {counted(rows, 'row')} of its copy of {copy.owner}'s {copy.name} differ:"
                f" guichet read-copy compare {service} {copy.name}"
            )
    return findings


def keys(service: str) -> list[Finding]:
    """Say which files rest on keys that are not set, where keys are set at all."""
    try:
        module: Any = importlib.import_module(f"services.{service}.stored_files")
        database = Database.of(service)
    except (ModuleNotFoundError, MissingSetting):
        return []
    try:
        with database.read() as session:
            lacking: dict[str, int] = module.files_without_key(session)
    except SQLAlchemyError:
        return []
    finally:
        database.dispose()
    return [
        f"{service}: {counted(files, 'document')} cannot be read: DOCUMENT_KEYS lacks the key {key}"
        for key, files in lacking.items()
    ]


def advice(service: str) -> list[Finding]:
    """Say what somebody has yet to do, though nothing is broken."""
    told = operations_of(service).advice
    if told is None:
        return []
    try:
        database = Database.of(service)
    except MissingSetting:
        return []
    try:
        with database.read() as session:
            return [f"{service}: {one}" for one in told(session)]
    except SQLAlchemyError:
        return []  # the database check has already said why
    finally:
        database.dispose()


def room() -> list[Finding]:
    """Say which folders of this machine are nearly full."""
    findings = []
    places = {name: os.environ.get(name, "") for name in ("DOCUMENTS_FOLDER", "TMPDIR")}
    for name, place in places.items():
        folder = Path(place)
        if not place or not folder.is_dir():
            continue
        disk = shutil.disk_usage(folder)
        if disk.free < min(LEAST_FREE_BYTES, disk.total * LEAST_FREE_SHARE):
            findings.append(
                f"{name}: {disk.free / GIGABYTE:.1f} GB of {disk.total / GIGABYTE:.1f} GB are free"
            )
    return findings


def _settled(owner: Database, keeper: Database, service: str, copy: ReadCopy) -> Comparison:
    found = read_copies.compare(owner, keeper, service, copy)
    if found.agrees:
        return found
    time.sleep(SETTLE_SECONDS)
    return read_copies.compare(owner, keeper, service, copy)


def _row(service: str, query: str) -> tuple[Any, ...] | None:
    """Ask one row of a service's database; None when there is none, or it cannot be asked."""
    try:
        known = addresses(service, "DATABASE", read(service, "DATABASE_URL"))
        with connect(known, connect_timeout=5, options="-c timezone=UTC") as connection:
            return connection.execute(query.encode()).fetchone()
    except (psycopg.Error, MissingSetting):
        return None
