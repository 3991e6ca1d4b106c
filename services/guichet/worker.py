"""The counter's worker: what others tell the counter."""

from sqlalchemy.orm import Session

from services.guichet.contracts import consumed
from services.guichet.use_cases.messages import note_failed_message
from services.guichet.use_cases.queue.visits import close_days_gone_by
from shared.clock import now
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, every, subscribe


class GuichetWorker(EventWorker):
    name = "guichet"

    @subscribe(consumed.MessageFailed)
    def message_failed(self, event: Event, session: Session) -> None:
        note_failed_message(event, session)

    @every(seconds=1800)
    def close_days_at_the_windows(self, session: Session) -> None:
        close_days_gone_by(session, at=now())
