"""Dossiers a request causes: made when it arrives at a desk reached by a channel, over when it is."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.guichet.domain.deliveries import Answer, AnswerKind
from services.guichet.domain.desks import CARRIED, Desk
from services.guichet.domain.requests import Actor, Request, State
from services.guichet.storage import deliveries


def open_for(session: Session, request: Request, desk: Desk, *, at: datetime) -> None:
    """A request that arrives at a desk reached by a channel has its dossier sent there."""
    if desk.channel in CARRIED:
        deliveries.add(session, request_id=request.id, desk=desk.code, channel=desk.channel.value, at=at)


def move(session: Session, request: Request, desk: Desk, *, at: datetime) -> None:
    """The request went to another desk: what was on its way to the former one is called back."""
    deliveries.cancel_open(session, request.id)
    open_for(session, request, desk, at=at)


def settle(session: Session, request: Request, *, actor: Actor, at: datetime) -> None:
    """What somebody recorded of a request settles the dossier that is still on its way.

    What is asked for, or decided, is the answer of the agency that has the dossier; one that has not
    left, or whose request was withdrawn, is called back. Called before the request is stored: an
    answer of the agency takes both in this order, too.
    """
    answer = _said(request)
    if answer is None and request.closed_at is None:
        return
    if answer is not None and deliveries.answer_sent(session, request.id, answer, by=actor.name, at=at):
        return
    deliveries.cancel_open(session, request.id)


def _said(request: Request) -> Answer | None:
    """The state of a request as an answer of its agency."""
    match request.state:
        case State.COMPLEMENT_REQUESTED if request.complement is not None:
            items = tuple(item.as_dict() for item in request.complement.items)
            return Answer(AnswerKind.RETURNED, items=items)
        case State.REJECTED:
            return Answer(AnswerKind.REJECTED, motive=request.motive)
        case State.COMPLETED:
            return Answer(AnswerKind.COMPLETED, reference=request.outcome_reference)
    return None
