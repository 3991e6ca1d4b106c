"""Requests: writing one, and finding it again within the user's sites. Lists are in ``request_lists``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars

from services.guichet.domain.calendar import Calendars
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.requests import Request, Transition
from services.guichet.domain.scope import Scope
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import tables
from services.guichet.storage.request_rows import Filed as Filed
from services.guichet.storage.request_rows import changing, filed, line, transition
from services.guichet.storage.startups import within
from shared.db import driver, insert_later

_requests = tables.requests
_history = tables.request_history
_startups = tables.startups

# Put together once: forty columns take longer to name than to read.
_WITH_STARTUP = select(_requests, _startups.c.legal_name, _startups.c.ice).join(
    _startups, _startups.c.id == _requests.c.startup_id
)

_FILING = (
    "SELECT r.revision, c.revision, nextval('request_serial'), s.legal_name, s.ice, s.site{loads}"
    " FROM catalogue_revision r LEFT JOIN calendar_revision c ON true"
    " LEFT JOIN startups s ON s.id = %s AND s.merged_into IS NULL"
)
_FILING_ALONE = _FILING.format(loads="")
# Only where several desks could take the request is it worth counting what they have to do.
_FILING_AMONG = _FILING.format(
    loads=", (SELECT jsonb_object_agg(among.desk, (SELECT count(*) FROM (SELECT FROM requests q"
    " WHERE q.desk = among.desk AND q.closed_at IS NULL LIMIT 2000) open))"
    " FROM unnest(%s::text[]) AS among (desk))"
)


@dataclass(frozen=True, slots=True)
class FilingStartup:
    legal_name: str
    ice: str | None


@dataclass(frozen=True, slots=True)
class Filing:
    """What filing needs to know, read in one query."""

    catalogue: Catalogue
    calendars: Calendars
    serial: int
    startup: FilingStartup | None
    #: open requests of the desks that were asked about
    loads: Mapping[str, int]


def for_filing(
    session: Session, startup_id: UUID, *, sites: Collection[str], among: Collection[str] = ()
) -> Filing:
    """``among``: desks whose load is wanted in the same breath.

    It holds nothing fast, so it may come before the transaction begins.
    """
    if among:
        row = driver.execute(session, _FILING_AMONG, (list(among), startup_id), alone=True).fetchone()
    else:
        row = driver.execute(session, _FILING_ALONE, (startup_id,), alone=True).fetchone()
    if row is None:
        raise catalogue_storage.CatalogueMissing
    revision, calendar_revision, serial, legal_name, ice, site = row[:6]
    return Filing(
        catalogue=catalogue_storage.at_revision(session, revision),
        calendars=calendar_storage.at_revision(session, calendar_revision),
        serial=serial,
        startup=FilingStartup(legal_name, ice) if site in sites else None,
        loads=row[6] if among else {},
    )


def add(session: Session, request: Request, *, tracking_sha256: bytes) -> None:
    """Store a request that has just been filed, whole."""
    row = {
        **changing(request),
        "id": request.id,
        "number": request.number,
        "serial": request.serial,
        "startup_id": request.startup_id,
        "procedure": request.procedure,
        "procedure_version": request.procedure_version,
        "agency": request.agency,
        "site": request.site,
        "answers": request.answers,
        "submitted_at": request.submitted_at,
        "filed_by": request.filed_by.id,
        "filed_by_name": request.filed_by.name,
        "depositor": request.depositor,
        "tracking_sha256": tracking_sha256,
        "version": request.version,
    }
    insert_later(session, _requests, row)
    for one in request.history:
        insert_later(session, _history, line(request.id, one))


def save(session: Session, request: Request) -> bool:
    """Write what happened since it was loaded; False when somebody else wrote first."""
    loaded_version = request.version - len(request.history)
    written = session.execute(
        update(_requests)
        .where(_requests.c.id == request.id, _requests.c.version == loaded_version)
        .values({**changing(request), "version": request.version})
        .returning(_requests.c.id)
    ).first()
    if written is None:
        return False
    session.execute(insert(_history), [line(request.id, one) for one in request.history])
    return True


def get(session: Session, key: UUID | str, *, scope: Scope) -> Filed | None:
    """By id, or by the number people say; it stands on the log lines that follow."""
    column = _requests.c.number if isinstance(key, str) else _requests.c.id
    row = session.execute(with_startup().where(column == key, visible(scope))).mappings().first()
    if row is None:
        return None
    bind_contextvars(request_number=row["number"])
    return filed(row)


def duplicates(session: Session, *, startup_id: UUID, procedure: str, scope: Scope) -> list[Filed]:
    """Undecided requests of this startup for the same thing, newest first."""
    query = with_startup().where(
        _requests.c.startup_id == startup_id,
        _requests.c.procedure == procedure,
        _requests.c.closed_at.is_(None),
        visible(scope),
    )
    rows = session.execute(query.order_by(_requests.c.id.desc()).limit(5)).mappings()
    return [filed(row) for row in rows]


def history(session: Session, request_id: UUID) -> list[Transition]:
    lines = select(_history).where(_history.c.request_id == request_id).order_by(_history.c.version)
    return [transition(row) for row in session.execute(lines).mappings()]


def failures(session: Session, request_id: UUID) -> Sequence[Any]:
    """Messages about this request that never arrived."""
    failed = tables.failed_messages
    return session.execute(
        select(failed).where(failed.c.request_id == request_id).order_by(failed.c.failed_at)
    ).all()


def add_failure(
    session: Session,
    *,
    event_id: UUID,
    request_id: UUID,
    channel: str,
    error: str | None,
    failed_at: datetime,
) -> bool:
    """Note that a message was not delivered; False when the subject is no request of ours."""
    known = session.execute(select(_requests.c.id).where(_requests.c.id == request_id)).first()
    if known is None:
        return False
    session.execute(
        insert(tables.failed_messages).values(
            event_id=event_id, request_id=request_id, channel=channel, error=error, failed_at=failed_at
        )
    )
    return True


def visible(scope: Scope) -> ColumnElement[bool]:
    """Filed at one of the user's sites, or sent to a desk there; of an agency's officer, for the agency."""
    here = or_(within(_requests.c.site, scope.sites), within(_requests.c.desk_site, scope.sites))
    return and_(here, within(_requests.c.agency, scope.agencies)) if scope.agencies else here


def with_startup() -> Any:
    """What makes a ``Filed``."""
    return _WITH_STARTUP
