"""The counter's worker: what others tell the counter."""

from sqlalchemy.orm import Session

from services.guichet.contracts import consumed
from services.guichet.use_cases.messages import note_failed_message
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, subscribe


class GuichetWorker(EventWorker):
    name = "guichet"

    @subscribe(consumed.MessageFailed)
    def message_failed(self, event: Event, session: Session) -> None:
        note_failed_message(event, session)
