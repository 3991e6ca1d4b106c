"""Is the process alive, can it serve, and will it stay?

Liveness asks nothing of anybody: a database outage must not restart healthy processes.
Readiness asks the database, so that traffic waits for it. Staying is for a proxy that knows no
readiness of pods: it ends when the process is told to stop, and a database that is away is for
the process itself to explain.
"""

from flask import Blueprint, Response, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.web import draining


def blueprint(database: Database | None) -> Blueprint:
    """Return the two health routes."""
    health = Blueprint("health", __name__)

    @health.get("/live")
    def live() -> Response:
        return _answer({})

    @health.get("/staying")
    def staying() -> Response:
        return _answer({"staying": not draining.under_way()})

    @health.get("/ready")
    def ready() -> Response:
        checks = {"session_key": current_app.extensions["guichet-unique"].verifier is not None}
        checks["staying"] = not draining.under_way()
        if database is not None:
            checks["database"] = _reachable(database)
        return _answer(checks)

    return health


def _reachable(database: Database) -> bool:
    try:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _answer(checks: dict[str, bool]) -> Response:
    good = all(checks.values())
    body = {"status": "ok" if good else "unavailable", "checks": checks}
    return Response(
        current_app.json.dumps(body), status=200 if good else 503, content_type="application/json"
    )
