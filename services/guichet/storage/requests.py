"""Requests: writing one, and finding them again within the user's sites."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Uuid,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars

from services.guichet.domain.calendar import Calendars
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.requests import Actor, Request, State, Transition
from services.guichet.domain.text import ascii_digits, search_key
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import driver, tables
from services.guichet.storage.request_rows import Filed as Filed
from services.guichet.storage.request_rows import changing, filed, line
from services.guichet.storage.startups import matching, within

_requests = tables.requests
_history = tables.request_history
_startups = tables.startups

LONGEST_SERIAL = 12
FEW_STARTUPS = 100

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

# What was filed today is open or was closed today: two small indexes answer for all of it.
_FIGURES = text(
    """
    WITH of_today AS (
        SELECT submitted_at, started_at, due_at, state, true AS open
        FROM requests
        WHERE closed_at IS NULL AND (site = ANY(:sites) OR desk_site = ANY(:sites))
        UNION ALL
        SELECT submitted_at, started_at, due_at, state, false
        FROM requests
        WHERE closed_at >= :opens AND (site = ANY(:sites) OR desk_site = ANY(:sites))
    )
    SELECT count(*) FILTER (WHERE submitted_at BETWEEN :opens AND :closes) AS filed,
           count(*) FILTER (WHERE open AND due_at < :now) AS late,
           count(*) FILTER (WHERE open AND state = 'in_progress') AS in_progress,
           count(*) FILTER (WHERE NOT open AND state IN ('completed', 'handed_over')) AS completed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - submitted_at))
               FILTER (WHERE started_at >= :opens) AS median_wait_seconds
    FROM of_today
    """
)

# The request and its first lines of history in one round trip and one parameter: binding forty
# values one by one took longer than PostgreSQL needs to store them.
_ADD = """
WITH document AS (SELECT %s::jsonb AS filed),
filed AS (
    INSERT INTO requests
    SELECT request.* FROM document, jsonb_populate_record(NULL::requests, filed -> 'request') request
)
INSERT INTO request_history
SELECT line.* FROM document, jsonb_populate_recordset(NULL::request_history, filed -> 'history') line
"""


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a list shows."""

    sites: Sequence[str]
    site: str | None = None
    state: State | None = None
    startup_id: UUID | None = None
    desk: str | None = None
    open_only: bool = False
    closed_only: bool = False
    oldest_first: bool = False
    search: str | None = None
    #: undecided, and past the promised moment, or past the warning but not past that
    late_at: datetime | None = None
    near_at: datetime | None = None
    submitted_from: datetime | None = None
    submitted_before: datetime | None = None
    #: still open, or closed since then: a day's list, for what was filed that day is one or the other
    open_or_closed_from: datetime | None = None


def for_filing(
    session: Session, startup_id: UUID, *, sites: Collection[str], among: Collection[str] = ()
) -> Filing:
    """``among``: desks whose load is wanted in the same breath."""
    if among:
        row = driver.execute(session, _FILING_AMONG, (list(among), startup_id)).fetchone()
    else:
        row = driver.execute(session, _FILING_ALONE, (startup_id,)).fetchone()
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
        "tracking_sha256": f"\\x{tracking_sha256.hex()}",
        "version": request.version,
    }
    history = [line(request.id, one) for one in request.history]
    document = orjson.dumps({"request": row, "history": history}).decode()
    driver.execute(session, _ADD, (document,))


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


def get(session: Session, key: UUID | str, *, sites: Iterable[str]) -> Filed | None:
    """By id, or by the number people say; it stands on the log lines that follow."""
    column = _requests.c.number if isinstance(key, str) else _requests.c.id
    row = session.execute(with_startup().where(column == key, visible(sites))).mappings().first()
    if row is None:
        return None
    bind_contextvars(request_number=row["number"])
    return filed(row)


def find(session: Session, wanted: Wanted, *, after: UUID | None = None, limit: int) -> list[Filed]:
    """Newest first, unless what has waited longest is wanted."""
    identity = _requests.c.id
    conditions = _conditions(wanted)
    if after is not None:
        conditions.append(identity > after if wanted.oldest_first else identity < after)
    order = identity if wanted.oldest_first else identity.desc()
    if wanted.open_or_closed_from is not None:
        conditions = [_of_a_day(wanted.open_or_closed_from, conditions, order, limit)]
    if wanted.search and search_key(wanted.search):
        conditions.append(_searched(session, wanted.search, conditions, order, limit))
    query = with_startup().where(*conditions).order_by(order).limit(limit)
    return [filed(row) for row in session.execute(query).mappings()]


def duplicates(session: Session, *, startup_id: UUID, procedure: str, sites: Iterable[str]) -> list[Filed]:
    """Undecided requests of this startup for the same thing, newest first."""
    query = with_startup().where(
        _requests.c.startup_id == startup_id,
        _requests.c.procedure == procedure,
        _requests.c.closed_at.is_(None),
        visible(sites),
    )
    rows = session.execute(query.order_by(_requests.c.id.desc()).limit(5)).mappings()
    return [filed(row) for row in rows]


def history(session: Session, request_id: UUID) -> list[Transition]:
    return [
        Transition(
            row.version,
            row.action,
            State(row.state),
            row.at,
            Actor(row.actor, row.actor_name),
            row.note,
            row.details,
        )
        for row in session.execute(
            select(_history).where(_history.c.request_id == request_id).order_by(_history.c.version)
        )
    ]


def figures(
    session: Session, *, sites: Sequence[str], day_start: datetime, day_end: datetime, now: datetime
) -> RowMapping:
    """The numbers above the day's list."""
    given = {"sites": list(sites), "opens": day_start, "closes": day_end, "now": now}
    return session.execute(_FIGURES, given).mappings().one()


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


def visible(sites: Iterable[str]) -> ColumnElement[bool]:
    """Filed at one of the user's sites, or sent to a desk there."""
    places = list(sites)
    return or_(within(_requests.c.site, places), within(_requests.c.desk_site, places))


def with_startup() -> Any:
    """What makes a ``Filed``."""
    return select(_requests, _startups.c.legal_name, _startups.c.ice).join(
        _startups, _startups.c.id == _requests.c.startup_id
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [visible(wanted.sites)]
    if wanted.site is not None:
        conditions.append(visible([wanted.site]))
    if wanted.state is not None:
        conditions.append(_requests.c.state == wanted.state.value)
    undecided = _requests.c.closed_at.is_(None)
    if wanted.late_at is not None:
        conditions.append(undecided & (_requests.c.due_at < wanted.late_at))
    if wanted.near_at is not None:
        near = (_requests.c.near_at <= wanted.near_at) & (_requests.c.due_at >= wanted.near_at)
        conditions.append(undecided & near)
    if wanted.startup_id is not None:
        conditions.append(_requests.c.startup_id == wanted.startup_id)
    if wanted.desk is not None:
        conditions.append(_requests.c.desk == wanted.desk)
    if wanted.open_only:
        conditions.append(_requests.c.closed_at.is_(None))
    if wanted.closed_only:
        conditions.append(_requests.c.closed_at.is_not(None))
    if wanted.submitted_from is not None:
        conditions.append(_requests.c.submitted_at >= wanted.submitted_from)
    if wanted.submitted_before is not None:
        conditions.append(_requests.c.submitted_at < wanted.submitted_before)
    return conditions


def _of_a_day(
    since: datetime, conditions: Sequence[ColumnElement[bool]], order: ColumnElement[UUID], limit: int
) -> ColumnElement[bool]:
    """The first of those that are open or were closed since.

    Both are few and have an index each. Left to itself PostgreSQL walks back from the newest request,
    which is a million rows long where a site has little to do.
    """
    is_open = select(_requests.c.id).where(_requests.c.closed_at.is_(None), *conditions)
    closed = select(_requests.c.id).where(_requests.c.closed_at >= since, *conditions)
    day = union_all(is_open.order_by(order).limit(limit).subquery().select(), closed).subquery()
    first = day.c.id if order is _requests.c.id else day.c.id.desc()
    return _requests.c.id.in_(select(day.c.id).order_by(first).limit(limit))


def _searched(
    session: Session,
    search: str,
    conditions: Sequence[ColumnElement[bool]],
    order: ColumnElement[UUID],
    limit: int,
) -> ColumnElement[bool]:
    """By number, whole or only its serial, or by what names the startup.

    Few startups are looked through one by one, along the index of their requests. A word that many
    bear is met soon enough on the way back from the newest request: that road is only long when
    hardly anything matches.
    """
    named = session.scalars(select(_startups.c.id).where(matching(search)).limit(FEW_STARTUPS + 1)).all()
    numbers = _numbers(search)
    if len(named) > FEW_STARTUPS:
        return or_(_requests.c.startup_id.in_(select(_startups.c.id).where(matching(search))), *numbers)
    found = [select(_requests.c.id).where(number, *conditions) for number in numbers]
    if named:
        owner = func.unnest(literal(named, ARRAY(Uuid))).table_valued("id").render_derived("owner")
        own = (
            select(_requests.c.id)
            .where(_requests.c.startup_id == owner.c.id, *conditions)
            .order_by(order)
            .limit(limit)
            .lateral()
        )
        found.append(select(own.c.id).select_from(owner).join(own, true()))
    every = union_all(*found).subquery()
    oldest_first = order is _requests.c.id
    first = every.c.id if oldest_first else every.c.id.desc()
    return _requests.c.id.in_(select(every.c.id).order_by(first).limit(limit))


def _numbers(search: str) -> list[ColumnElement[bool]]:
    typed = ascii_digits(search.strip()).upper()
    numbers: list[ColumnElement[bool]] = [_requests.c.number == typed]
    serial = typed.removeprefix("#")
    if serial.isascii() and serial.isdigit() and len(serial) <= LONGEST_SERIAL:
        numbers.append(_requests.c.serial == int(serial))
    return numbers
