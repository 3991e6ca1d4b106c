"""Filing a request over HTTP: validated, stored, routed, its events in the outbox."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import text

from benchmarks.comparing import Contender, Failed, Result, cpu_seconds
from benchmarks.http_load import post, press
from benchmarks.stage import Stage, database_url
from deploy.local.memory import family
from deploy.local.processes import free_port, wait_until
from services.guichet.seed import seed
from services.guichet.storage.accounts import DEMO_DOMAIN
from shared.db import Database
from shared.db.migrations import migrate
from shared.web.session import Issuer, new_key_pair

PATH = "/guichet/api/v1/requests"
# One process a core: the machine is the limit, not one interpreter's lock.
WORKERS = 2
THREADS = 4
CONNECTIONS = 8
WARM_UP_SECONDS = 1.0
SECONDS = 4.0

CONTENDERS = (
    Contender("ours", "benchmarks.our_web:app", 0),
    Contender("bare", "benchmarks.peers.bare_web:app", 0),
)


@dataclass(frozen=True)
class Counter:
    """A seeded counter and somebody signed in to it."""

    database: psycopg.Connection[tuple[int, ...]]
    environment: dict[str, str]
    token: str
    wish: bytes


@dataclass(frozen=True)
class Web:
    """A web server that is up."""

    pid: int
    port: int


def open_counter(stage: Stage) -> Counter:
    """Make the counter's database, with its catalogue, an invented startup and an agent."""
    url = database_url(stage.servers, "guichet")
    with psycopg.connect(stage.servers.pg_admin_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE guichet")
    migrate("guichet", url)
    filler = Database(url)
    with filler.transaction() as session:
        seed(session, demo=True)
        # Measured is a filing at a desk with room; a full one would send its requests elsewhere.
        session.execute(text("UPDATE desks SET capacity = '{\"open_requests\": 1000000}'"))
    filler.dispose()
    connection = psycopg.connect(url, autocommit=True)
    private, public = new_key_pair()
    token = Issuer(private).issue(
        account_id="0193", name="Yasmine Benjelloun", email=f"accueil@{DEMO_DOMAIN}", roles=["agent"],
        sites=["casablanca"], language="fr",
    )  # fmt: skip
    wish = {
        "startup_id": _a_startup(connection),
        "procedure": "ompic.certificat-negatif",
        "site": "casablanca",
        "answers": {"name_1": "Atlas Robotique", "identity_document": "cnie", "cnie": "BK123456"},
    }
    environment = {
        "GUICHET_DATABASE_URL": url,
        "GUICHET_AMQP_URL": stage.amqp_url,
        "SESSION_PRIVATE_KEY": private,
        "SESSION_PUBLIC_KEY": public,
        "PROCEDURE_VERSION": _version(connection, wish["procedure"]),
    }
    return Counter(connection, environment, token.token, orjson.dumps(wish))


@contextmanager
def web(stage: Stage, counter: Counter, contender: Contender) -> Iterator[Web]:
    """Serve an app by granian, both sides with the same settings."""
    port = free_port()
    arguments = (
        *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--no-ws", contender.module),
    )
    with stage.process(*arguments, env=counter.environment) as process:
        request = post(port, PATH, counter.wish, counter.token)
        wait_until(lambda: _answers(port, request), contender.name, seconds=60, process=process)
        yield Web(process.pid, port)


def measure(counter: Counter, served: Web) -> Result:
    """Press a served app for some seconds; return requests filed a second.

    Raises:
        Failed: a request was refused, or left other rows than it should.
    """
    request = post(served.port, PATH, counter.wish, counter.token)
    press(served.port, request, connections=CONNECTIONS, seconds=WARM_UP_SECONDS)
    before, cpu_before, started = _rows(counter), _cpu(served.pid), time.monotonic()
    load = press(served.port, request, connections=CONNECTIONS, seconds=SECONDS)
    seconds, cpu = time.monotonic() - started, _cpu(served.pid) - cpu_before
    left = [after - earlier for after, earlier in zip(_rows(counter), before, strict=True)]
    if load.refused or left != [load.answered, 2 * load.answered, 2 * load.answered]:
        raise Failed(f"{load.answered} answered, {left} rows, refused: {load.refused[:1]}")
    return Result(load.answered / seconds, cpu / load.answered * 1e6)


def _a_startup(connection: psycopg.Connection[tuple[int, ...]]) -> str:
    row = connection.execute("SELECT id FROM startups WHERE site = 'casablanca' LIMIT 1").fetchone()
    if row is None:
        raise Failed("no startup was seeded")
    return str(UUID(str(row[0])))


def _version(connection: psycopg.Connection[tuple[int, ...]], procedure: object) -> str:
    row = connection.execute("SELECT max(version) FROM procedures WHERE code = %s", (procedure,)).fetchone()
    return str(row[0] if row else "")


def _answers(port: int, request: bytes) -> bool:
    return bool(press(port, request, connections=1, seconds=0.01).answered)


def _rows(counter: Counter) -> tuple[int, ...]:
    row = counter.database.execute(
        "SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM request_history),"
        " (SELECT count(*) FROM outbox)"
    ).fetchone()
    return row or (0, 0, 0)


def _cpu(pid: int) -> float:
    return sum(cpu_seconds(member) for member in family(pid))
