"""What happens to a visitor between the ticket and the way out."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.queue.meant_for import is_for
from services.guichet.domain.queue.rules import QueueRules
from services.guichet.domain.queue.tickets import Outcome, Ticket
from services.guichet.domain.queue.windows import Window, known_line
from services.guichet.domain.requests import COUNTER, Actor
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests
from services.guichet.storage.queue import tickets, windows
from services.guichet.storage.queue.tickets import Visit
from services.guichet.use_cases.queue import near
from services.guichet.use_cases.queue.board import today
from services.guichet.use_cases.queue.reception import check_visitor
from shared.errors import N_, Conflict, Forbidden, InvalidInput, NotFound
from shared.messaging.outbox import publish


class Visits:
    """The actions on a ticket, all with the same manners: found within the user's sites, refused
    when somebody else changed it, recorded with who and when, and the line told that it moved."""

    def __init__(
        self,
        session: Session,
        rules: QueueRules,
        *,
        actor: Actor,
        scope: Scope,
        at: datetime,
        seen_version: int | None = None,
    ) -> None:
        self._session = session
        self._rules = rules
        self._actor = actor
        self._scope = scope
        self._at = at
        self._seen_version = seen_version

    def call_next(self, window: Window) -> Visit | None:
        """The window calls whoever is first in its lines; None when nobody waits.

        The window must be locked, so that one pressed twice does not call two visitors.

        Raises:
            Conflict: the visitor before is still at the window.
        """
        present = tickets.at_window(self._session, window.id)
        if present is not None:
            raise Conflict(
                N_("%(number)s is still at this window: finish with them first."),
                number=present.ticket.number,
            )
        ticket = tickets.take_next(
            self._session,
            site=window.site,
            day=today(self._at),
            lines=window.lines,
            window=window.label,
        )
        if ticket is None:
            return None
        ticket.call(window, at=self._at, actor=self._actor)
        self._save(ticket)
        self._announce(ticket)
        near.notice(self._session, self._rules, site=ticket.site, line=ticket.line, at=self._at)
        return tickets.get(self._session, ticket.id, sites=self._scope.sites)

    def recall(self, ticket_id: UUID) -> Visit:
        visit = self._act(ticket_id, lambda ticket: ticket.recall(at=self._at, actor=self._actor))
        self._announce(visit.ticket)
        return visit

    def start(self, ticket_id: UUID) -> Visit:
        return self._act(ticket_id, lambda ticket: ticket.start(at=self._at, actor=self._actor))

    def hold(self, ticket_id: UUID, note: object = None) -> Visit:
        return self._act(ticket_id, lambda ticket: ticket.hold(at=self._at, actor=self._actor, note=note))

    def resume(self, ticket_id: UUID) -> Visit:
        return self._act(ticket_id, self._resume, moved=True)

    def no_show(self, ticket_id: UUID) -> Visit:
        needed = self._rules.calls_before_no_show
        return self._act(
            ticket_id,
            lambda ticket: ticket.no_show(at=self._at, actor=self._actor, calls_needed=needed),
        )

    def leave(self, ticket_id: UUID) -> Visit:
        return self._act(ticket_id, lambda ticket: ticket.leave(at=self._at, actor=self._actor), moved=True)

    def transfer(
        self, ticket_id: UUID, *, line: str | None, window: str | None, note: object = None
    ) -> Visit:
        """To another line, to another window, or both; the place in line is kept."""

        def move(ticket: Ticket) -> None:
            target = known_line(self._rules, line) if line else ticket.line
            if window is not None:
                target = self._line_at(ticket, line, window)
            before.append(ticket.line)
            ticket.transfer(line=target, window=window, at=self._at, actor=self._actor, note=note)

        before: list[str] = []
        visit = self._act(ticket_id, move, moved=True)
        if before[0] != visit.ticket.line:
            near.notice(self._session, self._rules, site=visit.ticket.site, line=before[0], at=self._at)
        return visit

    def finish(
        self, ticket_id: UUID, *, outcome: Outcome, request: str | None = None, note: object = None
    ) -> Visit:
        """With what came of the visit; a request filed during it is linked."""

        def end(ticket: Ticket) -> None:
            ticket.finish(
                outcome=outcome,
                at=self._at,
                actor=self._actor,
                request_id=self._request(ticket, request) if request else None,
                note=note,
            )

        return self._act(ticket_id, end)

    def identify(self, ticket_id: UUID, *, startup_id: UUID, contact_id: UUID | None) -> Visit:
        """Who the visitor is, now that somebody knows."""
        check_visitor(self._session, startup_id, contact_id, sites=self._scope.sites)
        self._act(
            ticket_id,
            lambda ticket: ticket.identify(
                startup_id=startup_id, contact_id=contact_id, at=self._at, actor=self._actor
            ),
        )
        return self._found(ticket_id)

    def _act(self, ticket_id: UUID, act: Callable[[Ticket], None], *, moved: bool = False) -> Visit:
        visit = self._found(ticket_id)
        self._refuse_of_others(visit)
        visit.ticket.unchanged_since(self._seen_version)
        act(visit.ticket)
        self._save(visit.ticket)
        if moved:
            ticket = visit.ticket
            near.notice(self._session, self._rules, site=ticket.site, line=ticket.line, at=self._at)
        return visit

    def _found(self, ticket_id: UUID) -> Visit:
        visit = tickets.get(self._session, ticket_id, sites=self._scope.sites)
        if visit is None:
            raise NotFound(N_("There is no such ticket on your sites."))
        return visit

    def _refuse_of_others(self, visit: Visit) -> None:
        """An officer acts for another agency's visitors only at the own window: in the own line they would
        be the officer's, with their names.

        Raises:
            Forbidden: the visitor is neither.
        """
        if is_for(self._scope, self._rules, visit.ticket, request_agency=visit.request_agency):
            return
        own = windows.of_account(self._session, self._actor.id or "")
        here = own is not None and own.site == visit.ticket.site
        if not here or own is None or own.label not in (visit.ticket.window, visit.ticket.wanted_window):
            raise Forbidden(N_("This visitor is for another agency’s desk."))

    def _save(self, ticket: Ticket) -> None:
        if tickets.save(self._session, ticket):
            ticket.history.clear()
            return
        # Two people pressed at the same moment; what the other one did is committed by now.
        winner = tickets.get(self._session, ticket.id, sites=self._scope.sites)
        if winner is not None:
            winner.ticket.unchanged_since(0)
        raise Conflict(N_("Somebody else changed this ticket at the same moment."))

    def _resume(self, ticket: Ticket) -> None:
        ticket.resume(at=self._at, actor=self._actor)
        if ticket.wanted_window is not None:
            holder = windows.labelled(self._session, site=ticket.site, label=ticket.wanted_window)
            if holder is None or ticket.line not in holder.lines:
                ticket.wanted_window = None

    def _line_at(self, ticket: Ticket, line: str | None, label: str) -> str:
        """The line to wait in for this window: the one asked for, else the visitor's own, else its first."""
        window = windows.labelled(self._session, site=ticket.site, label=label)
        if window is None:
            raise InvalidInput(N_("Window %(window)s is not open."), field="window", window=label)
        if line is not None and line not in window.lines:
            raise InvalidInput(
                N_("Window %(window)s does not serve this line."), field="window", window=label
            )
        if label == ticket.window and line in (None, ticket.line):
            raise InvalidInput(N_("The visitor is at this window already."), field="window")
        return line or (ticket.line if ticket.line in window.lines else window.lines[0])

    def _request(self, ticket: Ticket, number: str) -> UUID:
        filed = requests.get(self._session, number.strip().upper(), scope=self._scope)
        if filed is None:
            raise InvalidInput(
                N_("There is no request %(number)s on your sites."), field="request", number=number
            )
        if ticket.startup_id is not None and filed.request.startup_id != ticket.startup_id:
            raise InvalidInput(
                N_("The request %(number)s is another startup’s."), field="request", number=number
            )
        if ticket.startup_id is None:
            # A request was filed for somebody: the visitor is not unknown any more.
            ticket.startup_id = filed.request.startup_id
        return filed.request.id

    def _announce(self, ticket: Ticket) -> None:
        publish(
            self._session,
            published.TicketCalled,
            subject=str(ticket.id),
            data={
                "ticket_id": ticket.id,
                "number": ticket.number,
                "site": ticket.site,
                "site_name": catalogue_storage.current(self._session).sites[ticket.site].names.as_dict(),
                "line": ticket.line,
                "window": ticket.window,
                "calls": ticket.calls,
                "startup_id": ticket.startup_id,
                "contact_id": ticket.contact_id,
                "called_at": self._at,
            },
        )


def close_days_gone_by(session: Session, *, at: datetime) -> int:
    """End what the evening left open, and close the windows; return how many visits it was."""
    day = today(at)
    ended = 0
    for ticket in tickets.left_open(session, before=day):
        closing = datetime.combine(ticket.day + timedelta(days=1), time(), ZONE)
        ticket.close_day(at=closing, actor=COUNTER)
        ended += tickets.save(session, ticket)
    windows.close_left_open(session, before=datetime.combine(day, time(), ZONE), at=at)
    return ended
