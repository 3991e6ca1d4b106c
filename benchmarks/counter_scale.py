"""The counter with 3,000 startups and a million requests: how long the pages take to answer.

``python -m benchmarks.counter_scale`` starts a PostgreSQL of its own, fills it by COPY, and measures
the server's time for each kind of page, template included, without the network, and the processor
time that Python and PostgreSQL spend on it, which a busy machine does not change. Every kind is asked
with other values each time: as a clerk, as one of a quiet site, as who sees all, as an agency's officer.
"""

import argparse
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from flask.testing import FlaskClient
from sqlalchemy import text

from benchmarks.counter_pages import ASKED, IDLE_WORD, KINDS_AR, KINDS_FR, WORDS_AR, WORDS_FR, kinds_of_page
from benchmarks.stage import database_url, servers
from services.guichet.catalogue import load
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import search_key
from services.guichet.seed import seed
from services.guichet.use_cases.figures import keep_figures
from services.guichet.web.app import make_app
from shared.clock import now
from shared.db import Database
from shared.db.migrations import migrate
from shared.settings import libpq_url
from shared.settling import settle
from shared.web.session import COOKIE, issue_session, new_key_pair
from tests.support.statements import statements

STARTUPS = 3_000
#: besides these, some that never file
IDLE = 300
REQUESTS = 1_000_000
DAYS = 3 * 365
# A visit for every second request, its wait and its handling spread over half an hour.
TICKETS = """
    INSERT INTO tickets (id, site, day, series, serial, line, kind, state, taken_at, rank_at, missing, calls,
                         first_called_at, handled_seconds, finished_at, outcome, version)
    SELECT gen_random_uuid(), site, submitted_at::date, 'A', serial,
           (ARRAY['A', 'B', 'C', 'L', 'R'])[1 + serial % 5], 'walk_in', 'finished', submitted_at,
           submitted_at, '{}', 1, submitted_at + serial % 1500 * interval '1 second', 300 + serial % 900,
           submitted_at + interval '40 minutes', 'resolved', 4
    FROM requests WHERE serial % 2 = 0
"""
#: the states a request is in, and in how many of a hundred cases
OPEN = ("routed", "in_progress", "complement_requested", "submitted")
ENDED = ("handed_over", "rejected", "withdrawn", "completed")
SHARES = (93, 4, 2, 1)
# Casablanca has most of the residents; the others share the rest.
WEIGHTS = {"casablanca": 40, "rabat": 22, "tanger": 13, "agadir": 9}


def fill(url: str, *, startups: int = STARTUPS, requests: int = REQUESTS) -> float:
    """Fill a migrated, seeded database; return how many seconds it took."""
    began = time.perf_counter()
    chance = random.Random(20261122)  # noqa: S311 - the same data at each run
    with psycopg.connect(url) as connection:
        rows = list(_startups(chance, startups + IDLE))
        with connection.cursor().copy(
            "COPY startups (id, legal_name, ice, rc_court, rc_number, resident, site, search_text, version,"
            " registered_at, changed_at) FROM STDIN"
        ) as copy:
            for row in rows:
                copy.write_row(row)
        with connection.cursor().copy(
            "COPY contacts (id, startup_id, position, name, role, language, email, phone) FROM STDIN"
        ) as copy:
            for number, row in enumerate(rows):
                mail = f"contact{number}@demo.example"
                copy.write_row(
                    (_uuid7(0, chance), row[0], 0, f"Contact {number}", "gérante", "fr", mail, None)
                )
        with connection.cursor().copy(
            "COPY requests (id, number, serial, startup_id, procedure, procedure_version, agency, site, desk,"
            " desk_site, routing_reason, state, answers, submitted_at, due_at, legal_due_at, started_at,"
            " closed_at, filed_by_name, handled_by_name, tracking_sha256, version, handed_over_at, motive)"
            " FROM STDIN"
        ) as copy:
            for row in _requests(chance, rows[:startups], requests):
                copy.write_row(row)
        connection.execute(
            "INSERT INTO request_history (request_id, version, action, state, at, actor_name)"
            " SELECT id, 1, 'submit', 'submitted', submitted_at, filed_by_name FROM requests"
        )
        connection.execute(
            "INSERT INTO request_history (request_id, version, action, state, at, actor_name)"
            " SELECT id, 2, 'request_complement', 'complement_requested', submitted_at + interval '1 hour',"
            " 'K. Ouazzani' FROM requests WHERE serial % 7 = 0"
        )
        connection.execute("SELECT setval('request_serial', %s)", (requests,))
        connection.execute(TICKETS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return time.perf_counter() - began


def _startups(chance: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    sites = _sites(chance, count)
    moment = datetime.now(UTC) - timedelta(days=DAYS)
    for number in range(count):
        arabic = number % 3 == 0
        words, kinds = (WORDS_AR, KINDS_AR) if arabic else (WORDS_FR, KINDS_FR)
        word = chance.choice(words) if number < count - IDLE else IDLE_WORD
        name = f"{'شركة ' if arabic else ''}{word} {chance.choice(kinds)} {number}"
        ice, register = f"{number + 1_000_000:015d}", str(100_000 + number)
        search = search_key(f"{name} {ice} {register}")
        yield (
            _uuid7(moment.timestamp(), chance),
            name,
            ice,
            "Casablanca",
            register,
            number % 4 != 0,
            sites[number],
            search,
            1,
            moment,
            moment,
        )


def _requests(
    chance: random.Random, startups: list[tuple[Any, ...]], count: int
) -> Iterator[tuple[Any, ...]]:
    catalogue = load().catalogue
    procedures = list(catalogue.procedures.values())
    prefixes = {site.code: site.prefix for site in catalogue.sites.values()}
    now = datetime.now(UTC)
    step = timedelta(days=DAYS) / count
    for number in range(count):
        moment = now - step * (count - number)
        startup = chance.choice(startups)
        procedure, site = chance.choice(procedures), startup[6]
        age = now - moment
        # What was filed in the last days may still be open; hardly anything older is.
        is_open = chance.random() < (0.6 if age.days < 4 else 0.002)
        state = chance.choices(OPEN if is_open else ENDED, SHARES)[0]
        closed = None if is_open else moment + min(timedelta(hours=chance.randint(1, 60)), age)
        started = None if state == "routed" else moment + min(timedelta(minutes=20), age)
        yield (
            _uuid7(moment.timestamp(), chance),
            f"{prefixes[site]}-{moment.year}-{number + 1:06d}",
            number + 1,
            startup[0],
            procedure.code,
            procedure.version,
            procedure.agency,
            site,
            f"{procedure.agency}-{site}",
            site,
            "same_site",
            state,
            '{"name_1": "Atlas"}',
            moment,
            moment + timedelta(days=2),
            moment + timedelta(days=20, minutes=number % 600) if number % 3 else None,
            started,
            closed,
            "Y. Benjelloun",
            "K. Ouazzani",
            hashlib.sha256(str(number).encode()).digest(),
            4,
            closed if state == "handed_over" else None,
            "Nom déjà pris." if state == "rejected" else None,
        )


def _sites(chance: random.Random, count: int) -> list[str]:
    codes = list(load().catalogue.sites)
    return chance.choices(codes, [WEIGHTS.get(code, 4) for code in codes], k=count)


def _uuid7(seconds: float, chance: random.Random) -> UUID:
    milliseconds = int(seconds * 1000)
    return UUID(
        int=(milliseconds << 80)
        | (7 << 76)
        | (chance.getrandbits(12) << 64)
        | (2 << 62)
        | chance.getrandbits(62)
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one kind of page, in milliseconds; processor time is the mean of all."""

    p50: float
    p95: float
    python_ms: float
    postgres_ms: float
    statements: int


def measure(database: Database, only: str = "") -> Iterator[tuple[str, Cost]]:
    """Ask every kind of page whose name holds ``only``, as four who see different requests."""
    app = make_app(database)
    settle()
    every = tuple(load().catalogue.sites)
    for who, scope in (
        ("clerk", Scope(("casablanca",))),
        ("quiet site", Scope(("oujda",))),
        ("all sites", Scope(every)),
        ("officer", Scope(("casablanca",), ("cimr",))),
    ):
        client = _client(app, scope)
        for kind, address in kinds_of_page(database, scope).items():
            if only in f"{kind} ({who})":
                yield f"{kind} ({who})", _costs(database, client, address)


def _costs(database: Database, client: FlaskClient, address: Callable[[int], str]) -> Cost:
    for number in range(3):
        client.get(address(number))
    with statements(database) as sent:
        client.get(address(0))
    backends = _backends(database)
    taken: list[float] = []
    python, postgres = time.process_time(), _processor_ms(backends)
    for number in range(ASKED):
        began = time.perf_counter()
        answer = client.get(address(number))
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address(number)} answered {answer.status_code}")
    python, postgres = time.process_time() - python, _processor_ms(backends) - postgres
    taken.sort()
    return Cost(
        p50=round(taken[len(taken) // 2], 1),
        p95=round(taken[int(len(taken) * 0.95)], 1),
        python_ms=round(python * 1000 / ASKED, 1),
        postgres_ms=round(postgres / ASKED, 1),
        statements=len(sent),
    )


def _backends(database: Database) -> list[int]:
    """The processes of PostgreSQL that serve this benchmark."""
    with database.read() as session:
        found = session.connection().exec_driver_sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'guichet-unique' AND backend_type = 'client backend'"
        )
        return [row.pid for row in found]


def _processor_ms(processes: list[int]) -> float:
    """Processor time they have used, from the kernel's own count in nanoseconds."""
    spent = (Path(f"/proc/{process}/schedstat").read_text().split()[0] for process in processes)
    return sum(int(one) for one in spent) / 1e6


def _client(app: Any, scope: Scope) -> FlaskClient:
    client: FlaskClient = app.test_client()
    issued = issue_session(
        account_id="bench",
        name="B",
        email="b@x.example",
        roles=("operator",),
        sites=scope.sites,
        language="fr",
        parties=scope.agencies,
    )
    client.set_cookie(COOKIE, issued.token)
    return client


def main() -> None:
    """Fill, measure, print."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.counter_scale", description=__doc__)
    arguments.add_argument("--requests", type=int, default=REQUESTS)
    arguments.add_argument("--only", default="", help="the pages whose name holds this")
    arguments.add_argument("--url", help="a base that was filled before, instead of a new one")
    options = arguments.parse_args()
    if options.url:
        report(Database(options.url, pool_size=2), options.only)
        return
    with servers() as started:
        url = database_url(started, "counter")
        with psycopg.connect(started.pg_admin_url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE counter")
        migrate("guichet", url)
        database = Database(url, pool_size=2)
        with database.transaction() as session:
            seed(session, demo=False)
        print(f"filled in {fill(url, requests=options.requests):.0f} s")
        print(f"days kept in {_keep_days(database):.0f} s")
        report(database, options.only)
        database.dispose()


def _keep_days(database: Database) -> float:
    """As the worker's timer would have over the years; return how many seconds it took."""
    began = time.perf_counter()
    before, kept = -1, 0
    while kept > before:
        before = kept
        with database.transaction() as session:
            keep_figures(session, at=now())
            # Days, and months of them, until a run adds none.
            kept = session.execute(
                text(
                    "SELECT kept - date '2000-01-01' + (SELECT count(*) FROM dashboard_months)"
                    " FROM dashboard_progress"
                )
            ).scalar_one()
    with psycopg.connect(libpq_url(str(database.engine.url.render_as_string(hide_password=False)))) as link:
        link.autocommit = True
        link.execute(
            "VACUUM ANALYZE dashboard_requests, dashboard_visits, dashboard_month_requests,"
            " dashboard_month_visits, dashboard_months"
        )
    return time.perf_counter() - began


def report(database: Database, only: str = "") -> None:
    """Measure with keys of this run's own and print the times."""
    os.environ["SESSION_PRIVATE_KEY"], os.environ["SESSION_PUBLIC_KEY"] = new_key_pair()
    print(f"load {os.getloadavg()[0]:.1f} before")
    for kind, cost in measure(database, only):
        print(
            f"{kind:56} p50 {cost.p50:7.1f} p95 {cost.p95:7.1f} ms   processor: Python {cost.python_ms:6.1f}"
            f" PostgreSQL {cost.postgres_ms:6.1f} ms   {cost.statements} statements",
            flush=True,
        )
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
