"""Old rows go; what somebody still needs stays, however old."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.db import Database
from shared.messaging.pruning import Retention, prune
from shared.settings import BadSetting

NOW = datetime.now(UTC)
KEPT = Retention(archive_days=10, inbox_days=20)


def ago(**age: float) -> datetime:
    return NOW - timedelta(**age)


def event(session: Session, subject: str, *, recorded: datetime, published: datetime | None) -> None:
    session.execute(
        text(
            "INSERT INTO outbox (event_id, type, subject, body, mandatory, recorded_at, published_at)"
            " VALUES (:id, 'x', :subject, '', true, :recorded, :published)"
        ),
        {"id": uuid4(), "subject": subject, "recorded": recorded, "published": published},
    )


def left(session: Session, table: str, column: str) -> set[Any]:
    return set(session.scalars(text(f"SELECT {column} FROM {table}")))


def test_published_events_go_by_age_and_unpublished_ones_never(database: Callable[[str], Database]) -> None:
    with database("billing").transaction() as session:
        event(session, "old", recorded=ago(days=11), published=ago(days=11))
        event(session, "young", recorded=ago(days=9), published=ago(days=9))
        event(session, "never left", recorded=ago(days=900), published=None)
        assert prune(session, KEPT) == 1
        assert left(session, "outbox", "subject") == {"young", "never left"}


def test_the_inbox_remembers_longer_than_the_archive_delivers(database: Callable[[str], Database]) -> None:
    with database("billing").transaction() as session:
        for days in (21, 19):
            session.execute(
                text("INSERT INTO inbox VALUES (:id, :received)"),
                {"id": uuid4(), "received": ago(days=days)},
            )
        prune(session, KEPT)
        assert left(session, "inbox", "received_at") == {ago(days=19)}


def test_events_set_aside_go_a_year_after_they_were_resolved_and_open_ones_never(
    database: Callable[[str], Database],
) -> None:
    with database("billing").transaction() as session:
        for subject, resolved in (("long ago", ago(days=366)), ("lately", ago(days=364)), ("open", None)):
            session.execute(
                text(
                    "INSERT INTO parked_events (event_id, type, subject, body, error, attempts, parked_at,"
                    " resolved_at, resolution) VALUES (:id, 'x', :subject, '', 'why', 3, :parked, :resolved,"
                    " :how)"
                ),
                {
                    "id": uuid4(),
                    "subject": subject,
                    "parked": ago(days=900),
                    "resolved": resolved,
                    "how": resolved and "discarded",
                },
            )
        prune(session, KEPT)
        assert left(session, "parked_events", "subject") == {"lately", "open"}


def test_the_last_sign_of_life_and_the_last_backup_stay_however_old(
    database: Callable[[str], Database],
) -> None:
    with database("billing").transaction() as session:
        for kind, days in (("relay", 30), ("relay", 20), ("worker", 1)):
            session.execute(
                text("INSERT INTO signs_of_life VALUES (:kind, :name, :seen, :seen, 30)"),
                {"kind": kind, "name": f"{kind}-{days}", "seen": ago(days=days)},
            )
        for place, days in (("first", 400), ("second", 390)):
            session.execute(
                text(
                    "INSERT INTO backups (cut_at, finished_at, place, bytes, databases, documents)"
                    " VALUES (:at, :at, :place, 1, 4, 0)"
                ),
                {"at": ago(days=days), "place": place},
            )
        prune(session, KEPT)
        assert left(session, "signs_of_life", "instance") == {"relay-20", "worker-1"}
        assert left(session, "backups", "place") == {"second"}


def test_what_was_pruned_by_is_noted_and_never_taken_back(database: Callable[[str], Database]) -> None:
    with database("billing").transaction() as session:
        prune(session, KEPT)
        before = session.scalar(text("SELECT inbox_forgotten_before FROM retention"))
        prune(session, Retention(archive_days=10, inbox_days=80))
        noted = session.execute(text("SELECT inbox_days, inbox_forgotten_before FROM retention")).one()
    assert tuple(noted) == (80, before)


@pytest.mark.parametrize(("archive", "inbox"), [("60", "60"), ("90", "60"), ("0", "60")])
def test_an_inbox_that_would_forget_first_is_refused(
    monkeypatch: pytest.MonkeyPatch, archive: str, inbox: str
) -> None:
    monkeypatch.setenv("OUTBOX_RETENTION_DAYS", archive)
    monkeypatch.setenv("INBOX_RETENTION_DAYS", inbox)
    with pytest.raises(BadSetting, match=f"OUTBOX_RETENTION_DAYS \\({archive}\\)"):
        Retention.load()
