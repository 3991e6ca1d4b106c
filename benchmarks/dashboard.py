"""How long the dashboard's statements take with a million requests: ``python -m benchmarks.dashboard``.

It fills a database of its own with invented requests and tickets of three years, shows each
statement's plan with its time, and the time of the whole page's queries for every period.
"""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from deploy.local.servers import PrivateServers
from services.guichet.catalogue.queue import queue_rules
from services.guichet.seed import seed
from services.guichet.storage import dashboard
from services.guichet.web.dashboard import periods
from shared.db import Database
from tests.support.databases import TestDatabases

REQUESTS, TICKETS, STARTUPS = 1_000_000, 1_000_000, 3_000
ROUNDS = 5

FILL = (
    """
    INSERT INTO startups (id, legal_name, resident, site, search_text, version, registered_at, changed_at)
    SELECT gen_random_uuid(), 'Startup ' || n, true,
           (ARRAY['casablanca', 'rabat', 'tanger', 'agadir'])[1 + n % 4], 'startup ' || n, 1, now(), now()
    FROM generate_series(1, :startups) n
    """,
    """
    INSERT INTO requests (id, number, serial, startup_id, procedure, procedure_version, agency, site, desk,
                          desk_site, routing_reason, state, answers, submitted_at, due_at, legal_due_at,
                          started_at, closed_at, filed_by_name, tracking_sha256, version)
    SELECT gen_random_uuid(), 'X-' || n, n, s.id, p.code, p.version, p.agency, s.site, NULL, s.site, NULL,
           CASE WHEN n % 100 = 0 THEN 'in_progress' ELSE 'completed' END, '{}', at,
           at + interval '5 days', at + interval '60 days', at + interval '1 hour',
           CASE WHEN n % 100 = 0 THEN NULL ELSE at + random() * interval '9 days' END, 'Y. Benjelloun',
           sha256(n::text::bytea), 1
    FROM (SELECT n, now() - random() * interval '3 years' AS at, 1 + n % :startups AS owner
          FROM generate_series(1, :requests) n) r
    JOIN (SELECT id, site, row_number() OVER () AS place FROM startups) s ON s.place = r.owner
    JOIN (SELECT code, version, agency, row_number() OVER () AS place, count(*) OVER () AS many
          FROM procedures) p ON p.place = 1 + r.n % p.many
    """,
    """
    INSERT INTO request_history (request_id, version, action, state, at, actor_name)
    SELECT id, 2, 'request_complement', 'complement_requested', submitted_at + interval '1 day', 'K. Ouazzani'
    FROM requests WHERE serial % 7 = 0
    """,
    """
    INSERT INTO tickets (id, site, day, series, serial, line, kind, state, taken_at, rank_at, missing, calls,
                         first_called_at, handled_seconds, finished_at, outcome, version)
    SELECT gen_random_uuid(), (ARRAY['casablanca', 'rabat', 'tanger', 'agadir'])[1 + n % 4],
           at::date, 'A', n, (ARRAY['A', 'B', 'C', 'L', 'R'])[1 + n % 5], 'walk_in', 'finished', at, at, '{}',
           1, at + random() * interval '25 minutes', 300 + n % 900, at + interval '40 minutes', 'resolved', 4
    FROM (SELECT n, now() - random() * interval '3 years' AS at FROM generate_series(1, :tickets) n) t
    """,
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, PrivateServers(Path(folder), durable=False) as servers:
        databases = TestDatabases(servers.pg_admin_url, prefix="bench")
        database = Database(databases.url("guichet"), pool_size=2)
        with database.transaction() as session:
            seed(session, demo=False)
        began = time.perf_counter()
        with database.transaction() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in FILL:
                session.execute(
                    text(statement), {"startups": STARTUPS, "requests": REQUESTS, "tickets": TICKETS}
                )
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        print(f"{REQUESTS:,} requests, {TICKETS:,} tickets in {time.perf_counter() - began:.0f} s")
        for code, choice in periods.CHOICES.items():
            _measure(database, code, choice)
        _explain(database)
        database.dispose()
        databases.close()


def _measure(database: Database, code: str, choice: periods.Choice) -> None:
    for sites in (["casablanca"], ["casablanca", "rabat", "tanger", "agadir"]):
        times = []
        for _ in range(ROUNDS):
            with database.read() as session:
                began = time.perf_counter()
                _figures(session, choice, sites)
                times.append((time.perf_counter() - began) * 1000)
        print(f"{code:>4} days, {len(sites)} site(s): median {median(times):.0f} ms of {ROUNDS}")


def _explain(database: Database) -> None:
    """The plan of each statement of a month at one site."""
    sent: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, *_rest: object
    ) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session:
        _figures(session, periods.CHOICES[periods.DEFAULT], ["casablanca"])
    event.remove(database.engine, "before_cursor_execute", note)
    with database.engine.connect() as connection:
        for statement, parameters in sent:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)  # type: ignore[arg-type]
            print("\n" + "\n".join(row[0] for row in plan))


def _figures(session: Session, choice: periods.Choice, sites: list[str]) -> None:
    now = datetime.now(UTC)
    promises = {line.letter: int(line.promise.total_seconds()) for line in queue_rules().lines}
    days = periods.parts(choice, now.date())
    dashboard.figures(session, periods.period(days), sites=sites, promises=promises, now=now)


if __name__ == "__main__":
    main()
