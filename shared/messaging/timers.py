"""Work done once a period, whichever replica gets to it first."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.db import Database


def run_if_due(database: Database, name: str, seconds: float, work: Callable[[Session], None]) -> bool:
    """Run ``work`` when its last run is at least ``seconds`` old; return whether it ran.

    The run is recorded in the transaction ``work`` uses: when it fails, the period is not
    spent. An advisory lock keeps a second replica from starting the same run, and PostgreSQL's
    clock alone decides, so replicas whose clocks differ agree.
    """
    with database.transaction() as session:
        mine = session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": name})
        if not mine:
            return False
        due = session.scalar(
            text(
                "SELECT NOT EXISTS (SELECT FROM timers WHERE name = :name"
                " AND last_run_at > now() - make_interval(secs => :seconds))"
            ),
            {"name": name, "seconds": seconds},
        )
        if not due:
            return False
        session.execute(
            text(
                "INSERT INTO timers (name, last_run_at) VALUES (:name, now())"
                " ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at"
            ),
            {"name": name},
        )
        work(session)
        session.flush()
    return True
