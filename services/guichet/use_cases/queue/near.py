"""Telling a visitor, once, that their turn is near."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.queue.rules import QueueRules
from services.guichet.domain.queue.tickets import Ticket
from services.guichet.domain.queue.waiting import is_near
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.queue import tickets
from services.guichet.use_cases.queue.board import load, today
from shared.messaging.outbox import publish

# Beyond this many in one line nobody is near, whatever the windows do.
FURTHEST = 50


def notice(session: Session, rules: QueueRules, *, site: str, line: str, at: datetime) -> None:
    """After a line moved: whoever came near by it is told."""
    first = tickets.first_in_line(session, site=site, day=today(at), line=line, limit=FURTHEST)
    if all(told for _, told in first):
        return
    found = load(session, rules, site=site, at=at)
    near = {
        ticket.id: (ticket, position)
        for position, (ticket, told) in enumerate(first, 1)
        if not told
        and is_near(
            position=position,
            wait=found.wait(line, position - 1),
            near_position=rules.near_position,
            near_wait=rules.near_wait,
        )
    }
    site_names = catalogue_storage.current(session).sites[site].names.as_dict()
    newly = tickets.note_near(session, list(near), at=at)
    for ticket, position in (near[ticket_id] for ticket_id in near if ticket_id in newly):
        wait = found.wait(line, position - 1)
        publish(
            session,
            published.TicketNear,
            subject=str(ticket.id),
            data={
                "ticket_id": ticket.id,
                "number": ticket.number,
                "site": site,
                "site_name": site_names,
                "line": line,
                "startup_id": ticket.startup_id,
                "contact_id": ticket.contact_id,
                "position": position,
                "wait_minutes": None if wait is None else round(wait.total_seconds() / 60),
                "near_at": at,
            },
        )


def notice_on_arrival(session: Session, rules: QueueRules, ticket: Ticket, *, at: datetime) -> None:
    """Who is near the moment they come sees it for themselves: no message is spent on it."""
    first = tickets.first_in_line(session, site=ticket.site, day=ticket.day, line=ticket.line, limit=FURTHEST)
    place = next((position for position, (one, _) in enumerate(first, 1) if one.id == ticket.id), None)
    if place is None:
        return
    wait = load(session, rules, site=ticket.site, at=at).wait(ticket.line, place - 1)
    if is_near(position=place, wait=wait, near_position=rules.near_position, near_wait=rules.near_wait):
        tickets.note_near(session, [ticket.id], at=at)
