"""Opening and closing windows, and the wall screens."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.queue.rules import QueueRules
from services.guichet.domain.queue.windows import Window, served_lines, window_label
from services.guichet.domain.requests import Actor
from services.guichet.domain.text import required_text
from services.guichet.storage.ids import new_id
from services.guichet.storage.queue import tickets, windows
from services.guichet.use_cases.queue import near
from shared.errors import N_, Conflict, Forbidden, NotFound


def open_window(
    session: Session,
    rules: QueueRules,
    *,
    site: str,
    label: object,
    lines: Sequence[str],
    actor: Actor,
    at: datetime,
) -> Window:
    """Sit down at a window and say which lines it serves.

    Raises:
        Conflict: somebody sits there, or this person sits elsewhere.
    """
    window = Window(new_id(), site, window_label(label), served_lines(rules, lines), actor, at)
    if windows.open_window(session, window):
        for letter in window.lines:
            near.notice(session, rules, site=site, line=letter, at=at)
        return window
    mine = windows.of_account(session, actor.id or "")
    if mine is not None:
        raise Conflict(
            N_("You have window %(window)s open: close it first."), field="label", window=mine.label
        )
    other = windows.labelled(session, site=site, label=window.label)
    raise Conflict(
        N_("%(who)s has had window %(window)s open since %(when)s."),
        field="label",
        who=other.actor.name if other else "",
        window=window.label,
        when=other.opened_at if other else at,
    )


def change_lines(
    session: Session,
    rules: QueueRules,
    window_id: UUID,
    *,
    lines: Sequence[str],
    actor: Actor,
    sites: Collection[str],
) -> Window:
    window = own_window(session, window_id, actor=actor, sites=sites)
    served = served_lines(rules, lines)
    windows.change_lines(session, window_id, served)
    return Window(window.id, window.site, window.label, served, window.actor, window.opened_at)


def close_window(
    session: Session,
    window_id: UUID,
    *,
    actor: Actor,
    sites: Collection[str],
    at: datetime,
    anybodys: bool = False,
) -> Window:
    """Get up; a manager may close the window somebody left open.

    Raises:
        Conflict: a visitor stands there.
    """
    window = own_window(session, window_id, actor=actor, sites=sites, anybodys=anybodys)
    present = tickets.at_window(session, window_id)
    if present is not None:
        raise Conflict(
            N_("%(number)s is still at this window: finish with them first."),
            number=present.ticket.number,
        )
    windows.close_window(session, window_id, at=at)
    tickets.release_window(session, site=window.site, label=window.label)
    return window


def own_window(
    session: Session, window_id: UUID, *, actor: Actor, sites: Collection[str], anybodys: bool = False
) -> Window:
    """The window, locked; only whoever sits there acts for it."""
    window = windows.lock(session, window_id, sites=sites)
    if window is None:
        raise NotFound(N_("There is no such open window on your sites."))
    if window.actor.id != actor.id and not anybodys:
        raise Forbidden(N_("%(who)s sits at window %(window)s."), who=window.actor.name, window=window.label)
    return window


def add_screen(session: Session, *, site: str, name: object, actor: Actor, at: datetime) -> tuple[UUID, str]:
    """Let a wall screen show a site's calls; its token is told once and kept as a digest."""
    token = secrets.token_urlsafe(24)
    screen_id = new_id()
    windows.add_screen(
        session,
        screen_id=screen_id,
        site=site,
        name=required_text(name, field="name", maximum=60),
        token_sha256=token_digest(token),
        actor=actor,
        at=at,
    )
    return screen_id, token


def revoke_screen(session: Session, screen_id: UUID, *, sites: Collection[str], at: datetime) -> None:
    if not windows.revoke_screen(session, screen_id, sites=sites, at=at):
        raise NotFound(N_("There is no such wall screen on your sites."))


def token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
