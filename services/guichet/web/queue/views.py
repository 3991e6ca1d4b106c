"""What the queue's pages show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy.orm import Session

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import State, Ticket
from services.guichet.domain.queue.windows import Window
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.queue import figures as figure_storage
from services.guichet.storage.queue import windows as window_storage
from services.guichet.storage.queue.tickets import Visit
from services.guichet.use_cases.queue.board import Board
from services.guichet.web import views
from services.guichet.web.access import ACT, FILE, may, own_scope, own_site
from services.guichet.web.queue import names
from services.guichet.web.queue.presenting import minutes
from services.guichet.web.queue.seeing import own_board
from shared.errors import N_, Forbidden
from shared.web import current_user, language
from shared.web.i18n import clock

MANAGE = ("site_manager", "operator")


@dataclass(frozen=True, slots=True)
class Row:
    """A visitor in the list."""

    id: UUID
    number: str
    who: str
    known: bool
    line: str
    kind: str
    special: bool
    tone: str
    word: str
    waited: str
    late: bool
    wait: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line: how long it is, and what somebody who comes now would wait."""

    letter: str
    name: str
    waiting: int
    windows: str
    wait: str
    late: bool


def chosen_site(session: Session, asked: str | None) -> str:
    """The site asked for, else the first of the user's."""
    user = current_user()
    if asked:
        own_site(session, asked)
        return asked
    if not user.sites:
        raise Forbidden(N_("Your account has no site: ask your manager for one."))
    return user.sites[0]


def queue_page(session: Session, site: str, at: datetime) -> dict[str, Any]:
    """Everything the page and its live part show; the same few queries however long the lines."""
    user = current_user()
    rules = queue_rules()
    catalogue = catalogue_storage.current(session)
    found = own_board(session, site)
    opens = datetime.combine(at.astimezone(ZONE).date(), time(), ZONE)
    day = figure_storage.of_day(session, site=site, day_start=opens, day_end=opens + timedelta(days=1))
    window = window_storage.of_account(session, user.id)
    return {
        "site": site,
        "site_name": catalogue.sites[site].names.within(language()),
        "site_options": views.site_options(catalogue, user.sites),
        "rows": rows(found, at),
        "lines": line_rows(found),
        "rules": rules,
        "windows": window_rows(found),
        "figures": day,
        "median_wait": views.minutes(day["median_wait_seconds"]),
        "longest_wait": _since(day["waiting_since"], at),
        "today": at,
        "may_act": may(user, *ACT),
        "may_receive": may(user, *ACT),
        "may_manage": may(user, *MANAGE),
        "may_file": may(user, *FILE),
        **window_panel(found, window, site),
    }


def window_panel(found: Board, window: Window | None, site: str) -> dict[str, Any]:
    """The user's own window, and whoever stands there."""
    rules, scope = queue_rules(), own_scope()
    here = window if window is not None and window.site == site else None
    present = found.at(here.id) if here else None
    held = [
        visit
        for visit in found.visits
        if here and visit.ticket.state is State.HELD and visit.ticket.wanted_window == here.label
    ]
    return {
        "window": here,
        "elsewhere": window if here is None else None,
        "present": present,
        "present_who": who(present) if present else "",
        "present_kind": gettext(names.KINDS[present.ticket.kind]) if present and not present.hidden else "",
        "held": [(visit, who(visit)) for visit in held],
        "waiting_here": sum(found.lengths[letter] for letter in here.lines) if here else 0,
        "outcomes": names.CHOSEN_OUTCOMES,
        "outcome_names": names.OUTCOMES,
        "line_options": [
            (line.letter, f"{line.letter} – {line.names.within(language())}") for line in rules.lines
        ],
        # An officer's window serves their agencies unless they stand in for others.
        "own_lines": [
            line.letter for line in rules.lines if not scope.agencies or any(map(scope.serves, line.agencies))
        ],
        "window_options": [
            (one.label, gettext("Window %(window)s", window=one.label))
            for one, _ in found.windows
            if here is None or one.id != here.id
        ],
        "calls_needed": rules.calls_before_no_show,
    }


def rows(found: Board, at: datetime) -> list[Row]:
    """At the windows first, then in line, then aside."""
    waits = {one.visit.ticket.id: one.wait for one in found.waiting}
    order = {State.CALLED: 0, State.SERVING: 0, State.WAITING: 1, State.HELD: 2}
    return [
        _row(visit, waits.get(visit.ticket.id), at)
        for visit in sorted(found.visits, key=lambda visit: order[visit.ticket.state])
    ]


def line_rows(found: Board) -> list[LineRow]:
    return [
        LineRow(
            letter=line.letter,
            name=line.names.within(language()),
            waiting=found.lengths[line.letter],
            windows=_listed([window.label for window, _ in found.windows if line.letter in window.lines]),
            wait=wait_text(found.next_wait[line.letter]),
            late=(found.next_wait[line.letter] or timedelta(0)) > line.promise,
        )
        for line in queue_rules().lines
    ]


def window_rows(found: Board) -> list[Mapping[str, Any]]:
    return [
        {
            "id": window.id,
            "label": window.label,
            "lines": _listed(window.lines),
            "who": window.actor.name,
            "number": visit.ticket.number if (visit := found.at(window.id)) else "",
        }
        for window, _ in found.windows
    ]


def state(ticket: Ticket) -> tuple[str, str]:
    """Tone and word, with the window when there is one."""
    tone, word = names.STATES[ticket.state]
    if ticket.state in (State.CALLED, State.SERVING):
        return tone, gettext("%(state)s – window %(window)s", state=gettext(word), window=ticket.window)
    if ticket.state is State.WAITING and ticket.wanted_window:
        return tone, gettext("Waiting for window %(window)s", window=ticket.wanted_window)
    return tone, gettext(word)


def wait_text(wait: timedelta | None) -> str:
    """``about 10 min``; a dash when no window is open for it."""
    found = minutes(wait)
    if found is None:
        return "–"
    return gettext("None") if found == 0 else views.minutes(found * 60)


def who(visit: Visit) -> str:
    """Whom the visit is for; of one that is another agency's, the line."""
    if visit.hidden:
        line = queue_rules().by_letter.get(visit.ticket.line)
        return line.names.within(language()) if line else visit.ticket.line
    return visit.startup or gettext("Visitor not identified")


def kind_text(ticket: Ticket) -> str:
    word = gettext(names.KINDS[ticket.kind])
    return f"{word} {clock(ticket.appointment_at)}" if ticket.appointment_at else word


def _row(visit: Visit, wait: timedelta | None, at: datetime) -> Row:
    ticket = visit.ticket
    tone, word = state(ticket)
    since = ticket.first_called_at or at
    waited = max(since - ticket.taken_at, timedelta(0))
    promise = queue_rules().by_letter[ticket.line].promise if ticket.line in queue_rules().by_letter else None
    return Row(
        id=ticket.id,
        number=ticket.number or "",
        who=who(visit),
        known=visit.startup is not None,
        line=ticket.line,
        kind=kind_text(ticket),
        special=ticket.kind is not Kind.WALK_IN and not visit.hidden,
        tone=tone,
        word=word,
        waited=views.minutes(waited.total_seconds()),
        late=promise is not None and waited > promise,
        wait=wait_text(wait) if ticket.state is State.WAITING else "",
    )


def _since(moment: datetime | None, at: datetime) -> str:
    return "–" if moment is None else views.minutes((at - moment).total_seconds())


def _listed(labels: Sequence[str]) -> str:
    return " ".join(labels) or "–"
