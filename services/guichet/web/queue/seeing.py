"""Visitors as the user may see them: of another agency's, an officer knows the number and the line."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.queue.meant_for import is_for
from services.guichet.domain.queue.tickets import Step
from services.guichet.storage.queue.tickets import Visit
from services.guichet.use_cases.queue import board as boards
from services.guichet.use_cases.queue.board import Board
from services.guichet.web.access import own_scope
from shared.clock import now
from shared.web import current_user


def seen(visit: Visit) -> Visit:
    """The visit, without who it is and what they come about when that is not the user's business.

    Taken out here, once, so that no page and no answer has to remember to.
    """
    if is_for(own_scope(), queue_rules(), visit.ticket, request_agency=visit.request_agency):
        return visit
    nobody = replace(
        visit.ticket,
        appointment_at=None,
        procedure=None,
        startup_id=None,
        contact_id=None,
        missing=(),
        reason=None,
        outcome=None,
        request_id=None,
    )
    return Visit(nobody, startup=None, hidden=True)


def seen_with(visit: Visit, steps: Sequence[Step]) -> tuple[Visit, Sequence[Step]]:
    """The same with what happened, without the words noted; whoever gave the ticket knows it all."""
    if steps and steps[0].actor.id == current_user().id:
        return visit, steps
    shown = seen(visit)
    return shown, [replace(step, note=None) for step in steps] if shown.hidden else steps


def own_board(session: Session, site: str) -> Board:
    """The house at this moment."""
    found = boards.board(session, queue_rules(), site=site, at=now())
    if not own_scope().agencies:
        return found
    visits = {visit.ticket.id: seen(visit) for visit in found.visits}
    return replace(
        found,
        visits=list(visits.values()),
        waiting=[replace(one, visit=visits[one.visit.ticket.id]) for one in found.waiting],
    )
