"""Dossiers a request causes: made when it arrives at a desk reached by a channel."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.guichet.domain.desks import CARRIED, Desk
from services.guichet.domain.requests import Request
from services.guichet.storage import deliveries


def open_for(session: Session, request: Request, desk: Desk, *, at: datetime) -> None:
    """A request that arrives at a desk reached by a channel has its dossier sent there."""
    if desk.channel in CARRIED:
        deliveries.add(session, request_id=request.id, desk=desk.code, channel=desk.channel.value, at=at)


def move(session: Session, request: Request, desk: Desk, *, at: datetime) -> None:
    """The request went to another desk: what was on its way to the former one is called back."""
    deliveries.cancel_open(session, request.id)
    open_for(session, request, desk, at=at)
