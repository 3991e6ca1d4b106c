"""Windows, and how long visits at them take."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, lateral, literal, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.guichet.domain.queue.waiting import OpenWindow
from services.guichet.domain.queue.windows import Window
from services.guichet.domain.requests import Actor
from services.guichet.storage import tables
from services.guichet.storage.startups import TEXTS, within

_windows = tables.service_windows
_tickets = tables.tickets


def open_window(session: Session, window: Window) -> bool:
    """False when the label is taken or its user sits somewhere already."""
    statement = upsert(_windows).values(
        id=window.id,
        site=window.site,
        label=window.label,
        lines=list(window.lines),
        account=window.actor.id,
        account_name=window.actor.name,
        opened_at=window.opened_at,
    )
    return session.execute(statement.on_conflict_do_nothing().returning(_windows.c.id)).first() is not None


def close_window(session: Session, window_id: UUID, *, at: datetime) -> None:
    session.execute(update(_windows).where(_windows.c.id == window_id).values(closed_at=at))


def close_left_open(session: Session, *, before: datetime, at: datetime) -> None:
    session.execute(
        update(_windows)
        .where(_windows.c.closed_at.is_(None), _windows.c.opened_at < before)
        .values(closed_at=at)
    )


def change_lines(session: Session, window_id: UUID, lines: Sequence[str]) -> None:
    session.execute(update(_windows).where(_windows.c.id == window_id).values(lines=list(lines)))


def lock(session: Session, window_id: UUID, *, sites: Iterable[str]) -> Window | None:
    """An open window, nobody else's until the transaction ends."""
    row = session.execute(
        select(_windows)
        .where(_windows.c.id == window_id, within(_windows.c.site, sites), _windows.c.closed_at.is_(None))
        .with_for_update(key_share=True)
    ).first()
    return None if row is None else _window(row)


def of_account(session: Session, account: str) -> Window | None:
    """Where this person sits."""
    query = select(_windows).where(_windows.c.account == account, _windows.c.closed_at.is_(None))
    row = session.execute(query).first()
    return None if row is None else _window(row)


def labelled(session: Session, *, site: str, label: str) -> Window | None:
    query = select(_windows).where(
        _windows.c.site == site, _windows.c.label == label, _windows.c.closed_at.is_(None)
    )
    row = session.execute(query).first()
    return None if row is None else _window(row)


def open_at(session: Session, site: str) -> list[tuple[Window, bool]]:
    """Every open window of the site, each with whether somebody stands there."""
    query = (
        select(_windows, _tickets.c.id.is_not(None).label("busy"))
        .outerjoin(_tickets, _tickets.c.window_id == _windows.c.id)
        .where(_windows.c.site == site, _windows.c.closed_at.is_(None))
        .order_by(func.length(_windows.c.label), _windows.c.label)
    )
    return [(_window(row), row.busy) for row in session.execute(query)]


def loads(windows: Iterable[tuple[Window, bool]]) -> list[OpenWindow]:
    return [OpenWindow(frozenset(window.lines), busy) for window, busy in windows]


def recent_visits(
    session: Session, *, site: str, lines: Sequence[str], since: datetime, most: int
) -> Mapping[str, list[timedelta]]:
    """How long the latest visits of each line took, in one query."""
    line = func.unnest(literal(list(lines), TEXTS)).table_valued("letter").render_derived(name="wanted")
    latest = lateral(
        select(_tickets.c.handled_seconds)
        .where(
            _tickets.c.site == site,
            _tickets.c.line == line.c.letter,
            # Spelled out as in the index, which a parameter could not be matched with.
            text("tickets.outcome <> 'unknown'"),
            _tickets.c.finished_at >= since,
        )
        .order_by(_tickets.c.finished_at.desc())
        .limit(most)
    )
    found: dict[str, list[timedelta]] = {letter: [] for letter in lines}
    query: Any = select(line.c.letter, latest.c.handled_seconds).select_from(line.join(latest, true()))
    for letter, seconds in session.execute(query):
        found[letter].append(timedelta(seconds=seconds))
    return found


def add_screen(
    session: Session,
    *,
    screen_id: UUID,
    site: str,
    name: str,
    token_sha256: bytes,
    actor: Actor,
    at: datetime,
) -> None:
    session.execute(
        insert(tables.wall_screens).values(
            id=screen_id,
            site=site,
            name=name,
            token_sha256=token_sha256,
            created_at=at,
            created_by=actor.id,
            created_by_name=actor.name,
        )
    )


def screens(session: Session, *, sites: Iterable[str]) -> Sequence[Any]:
    screen = tables.wall_screens
    query = select(screen).where(within(screen.c.site, sites), screen.c.revoked_at.is_(None))
    return session.execute(query.order_by(screen.c.created_at)).all()


def revoke_screen(session: Session, screen_id: UUID, *, sites: Iterable[str], at: datetime) -> bool:
    screen = tables.wall_screens
    revoked = session.execute(
        update(screen)
        .where(screen.c.id == screen_id, within(screen.c.site, sites), screen.c.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(screen.c.id)
    )
    return revoked.first() is not None


def site_of_screen(session: Session, token_sha256: bytes) -> str | None:
    """The one site a wall screen may show."""
    screen = tables.wall_screens
    query = select(screen.c.site).where(screen.c.token_sha256 == token_sha256, screen.c.revoked_at.is_(None))
    return session.execute(query).scalar()


def _window(row: Any) -> Window:
    return Window(
        row.id, row.site, row.label, tuple(row.lines), Actor(row.account, row.account_name), row.opened_at
    )
