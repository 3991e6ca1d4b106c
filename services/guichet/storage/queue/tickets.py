"""Tickets: their numbers, the one to call next, and what happened to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import GOING_ON, Outcome, State, Step, Ticket
from services.guichet.domain.requests import Actor
from services.guichet.storage import tables
from services.guichet.storage.startups import within

_tickets = tables.tickets
_steps = tables.ticket_steps
_startups = tables.startups


@dataclass(frozen=True, slots=True)
class Visit:
    """A ticket with the name of the startup it is for, if known."""

    ticket: Ticket
    startup: str | None
    request_number: str | None = None
    request_agency: str | None = None
    #: whoever looks is told the number and the line, and nothing of the visitor
    hidden: bool = False


def next_serial(session: Session, *, site: str, day: date, series: str) -> int:
    """Take the next number; given back when the transaction fails, so that none is missing."""
    statement = upsert(tables.ticket_series).values(site=site, day=day, series=series, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["site", "day", "series"], set_={"last": tables.ticket_series.c.last + 1}
    )
    serial: int = session.execute(statement.returning(tables.ticket_series.c.last)).scalar_one()
    return serial


def add(session: Session, ticket: Ticket) -> None:
    session.execute(
        insert(_tickets).values(
            {
                **_row(ticket),
                "id": ticket.id,
                "site": ticket.site,
                "day": ticket.day,
                "series": ticket.series,
                "serial": ticket.serial,
                "kind": ticket.kind.value,
                "taken_at": ticket.taken_at,
                "rank_at": ticket.rank_at,
                "appointment_at": ticket.appointment_at,
                "procedure": ticket.procedure,
                "missing": list(ticket.missing),
                "reason": ticket.reason,
            }
        )
    )
    _append(session, ticket)


def save(session: Session, ticket: Ticket) -> bool:
    """Write what happened since it was loaded; False when somebody else wrote first."""
    loaded_version = ticket.version - len(ticket.history)
    written = session.execute(
        update(_tickets)
        .where(_tickets.c.id == ticket.id, _tickets.c.version == loaded_version)
        .values(_row(ticket))
        .returning(_tickets.c.id)
    ).first()
    if written is None:
        return False
    _append(session, ticket)
    return True


def get(session: Session, ticket_id: UUID, *, sites: Iterable[str]) -> Visit | None:
    row = (
        session.execute(_select().where(_tickets.c.id == ticket_id, within(_tickets.c.site, sites)))
        .mappings()
        .first()
    )
    return None if row is None else _visit(row)


def take_next(session: Session, *, site: str, day: date, lines: Sequence[str], window: str) -> Ticket | None:
    """The first in line, locked; one that another window is calling at this moment is passed over.

    ``FOR NO KEY UPDATE``: a plain ``FOR UPDATE`` would also pass over tickets that somebody only
    refers to, such as the one whose nearness is being noted.
    """
    row = (
        session.execute(
            select(_tickets)
            .where(
                _tickets.c.site == site,
                _tickets.c.day == day,
                _tickets.c.state == State.WAITING.value,
                within(_tickets.c.line, lines),
                or_(_tickets.c.wanted_window.is_(None), _tickets.c.wanted_window == window),
            )
            .order_by(_tickets.c.rank_at, _tickets.c.id)
            .limit(1)
            .with_for_update(key_share=True, skip_locked=True)
        )
        .mappings()
        .first()
    )
    return None if row is None else _ticket(row)


def at_window(session: Session, window_id: UUID) -> Visit | None:
    """Whom the window is serving, or has called."""
    row = session.execute(_select().where(_tickets.c.window_id == window_id)).mappings().first()
    return None if row is None else _visit(row)


def going_on(session: Session, *, site: str, day: date) -> list[Visit]:
    """Everybody in the house, in the order of the line."""
    query = _select().where(
        _tickets.c.site == site,
        _tickets.c.day == day,
        _tickets.c.finished_at.is_(None),
    )
    rows = session.execute(query.order_by(_tickets.c.rank_at, _tickets.c.id)).mappings()
    return [_visit(row) for row in rows]


def lines_wanted(session: Session, *, site: str, day: date) -> set[str]:
    """The lines where somebody waits."""
    query = select(_tickets.c.line).where(
        _tickets.c.site == site, _tickets.c.day == day, _tickets.c.state == State.WAITING.value
    )
    return set(session.execute(query.distinct()).scalars())


def left_open(session: Session, *, before: date) -> list[Ticket]:
    """Visits of days gone by that nobody ended."""
    query = select(_tickets).where(_tickets.c.day < before, _tickets.c.finished_at.is_(None))
    return [_ticket(row) for row in session.execute(query).mappings()]


def steps(session: Session, ticket_id: UUID) -> list[Step]:
    return [
        Step(
            row.version,
            row.action,
            State(row.state),
            row.at,
            Actor(row.actor, row.actor_name),
            row.line,
            row.window_label,
            row.note,
        )
        for row in session.execute(
            select(_steps).where(_steps.c.ticket_id == ticket_id).order_by(_steps.c.version)
        )
    ]


def of_startup(session: Session, startup_id: UUID, *, sites: Iterable[str], limit: int) -> list[Visit]:
    """The latest visits of a startup."""
    query = _select().where(_tickets.c.startup_id == startup_id, within(_tickets.c.site, sites))
    rows = session.execute(query.order_by(_tickets.c.taken_at.desc()).limit(limit)).mappings()
    return [_visit(row) for row in rows]


def release_window(session: Session, *, site: str, label: str) -> None:
    """Whoever waits for a window that closes waits for any window of the line."""
    session.execute(
        update(_tickets)
        .where(
            _tickets.c.site == site,
            _tickets.c.wanted_window == label,
            _tickets.c.state.in_([state.value for state in GOING_ON]),
        )
        .values(wanted_window=None)
    )


def note_near(session: Session, ticket_ids: Sequence[UUID], *, at: datetime) -> set[UUID]:
    """Note that these are near now; return those nobody had noted before."""
    if not ticket_ids:
        return set()
    statement = upsert(tables.tickets_near).on_conflict_do_nothing()
    rows = session.execute(
        statement.returning(tables.tickets_near.c.ticket_id),
        [{"ticket_id": one, "at": at} for one in ticket_ids],
    )
    return set(rows.scalars())


def first_in_line(
    session: Session, *, site: str, day: date, line: str, limit: int
) -> list[tuple[Ticket, bool]]:
    """Those who are called next, each with whether they were told so already."""
    near = tables.tickets_near
    query = (
        select(_tickets, near.c.ticket_id.is_not(None).label("told"))
        .outerjoin(near, near.c.ticket_id == _tickets.c.id)
        .where(
            _tickets.c.site == site,
            _tickets.c.day == day,
            _tickets.c.line == line,
            _tickets.c.state == State.WAITING.value,
        )
        .order_by(_tickets.c.rank_at, _tickets.c.id)
        .limit(limit)
    )
    return [(_ticket(row), row["told"]) for row in session.execute(query).mappings()]


def _select() -> Any:
    return (
        select(
            _tickets,
            _startups.c.legal_name,
            tables.requests.c.number.label("request_number"),
            tables.requests.c.agency.label("request_agency"),
        )
        .outerjoin(_startups, _startups.c.id == _tickets.c.startup_id)
        .outerjoin(tables.requests, tables.requests.c.id == _tickets.c.request_id)
    )


def _append(session: Session, ticket: Ticket) -> None:
    session.execute(
        insert(_steps),
        [
            {
                "ticket_id": ticket.id,
                "version": step.version,
                "action": step.action,
                "state": step.state.value,
                "at": step.at,
                "actor": step.actor.id,
                "actor_name": step.actor.name,
                "line": step.line,
                "window_label": step.window,
                "note": step.note,
            }
            for step in ticket.history
        ],
    )


def _row(ticket: Ticket) -> dict[str, Any]:
    """The columns that change in the course of a visit."""
    return {
        "line": ticket.line,
        "state": ticket.state.value,
        "startup_id": ticket.startup_id,
        "contact_id": ticket.contact_id,
        "window_id": ticket.window_id,
        "window_label": ticket.window,
        "wanted_window": ticket.wanted_window,
        "calls": ticket.calls,
        "first_called_at": ticket.first_called_at,
        "called_at": ticket.called_at,
        "served_since": ticket.served_since,
        "handled_seconds": ticket.handled_seconds,
        "finished_at": ticket.finished_at,
        "outcome": ticket.outcome.value if ticket.outcome else None,
        "request_id": ticket.request_id,
        "version": ticket.version,
    }


def _visit(row: RowMapping) -> Visit:
    return Visit(_ticket(row), row["legal_name"], row["request_number"], row["request_agency"])


def _ticket(row: RowMapping) -> Ticket:
    return Ticket(
        id=row["id"],
        site=row["site"],
        day=row["day"],
        series=row["series"],
        serial=row["serial"],
        line=row["line"],
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        taken_at=row["taken_at"],
        rank_at=row["rank_at"],
        appointment_at=row["appointment_at"],
        procedure=row["procedure"],
        startup_id=row["startup_id"],
        contact_id=row["contact_id"],
        missing=tuple(row["missing"]),
        reason=row["reason"],
        window_id=row["window_id"],
        window=row["window_label"],
        wanted_window=row["wanted_window"],
        calls=row["calls"],
        first_called_at=row["first_called_at"],
        called_at=row["called_at"],
        served_since=row["served_since"],
        handled_seconds=row["handled_seconds"],
        finished_at=row["finished_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        request_id=row["request_id"],
        version=row["version"],
    )
