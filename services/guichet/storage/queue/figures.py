"""The numbers of a day at the windows."""

from datetime import datetime

from sqlalchemy import RowMapping, func, select
from sqlalchemy.orm import Session

from services.guichet.domain.queue.tickets import State
from services.guichet.storage import tables

_tickets = tables.tickets


def of_day(session: Session, *, site: str, day_start: datetime, day_end: datetime) -> RowMapping:
    """Waiting, served, lost, and the median wait from ticket to first call."""
    state = _tickets.c.state
    waited = func.extract("epoch", _tickets.c.first_called_at - _tickets.c.taken_at)
    return (
        session.execute(
            select(
                func.count().filter(state == State.WAITING).label("waiting"),
                func.count().filter(state == State.FINISHED).label("served"),
                func.count().filter(state.in_([State.NO_SHOW, State.LEFT])).label("lost"),
                func.count().filter(state == State.TURNED_AWAY).label("turned_away"),
                func.min(_tickets.c.taken_at).filter(state == State.WAITING).label("waiting_since"),
                func.percentile_cont(0.5).within_group(waited).label("median_wait_seconds"),
            ).where(_tickets.c.site == site, _tickets.c.taken_at >= day_start, _tickets.c.taken_at < day_end)
        )
        .mappings()
        .one()
    )
