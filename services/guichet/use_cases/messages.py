"""What the counter remembers of messages that never arrived."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.storage import requests
from shared.messaging.contracts import Event


def note_failed_message(event: Event, session: Session) -> None:
    """Keep the failure with the request it was about; messages about other things are not ours."""
    try:
        subject = UUID(event.data["cause_subject"])
    except ValueError:
        return
    requests.add_failure(
        session,
        event_id=event.id,
        request_id=subject,
        channel=event.data["channel"],
        error=event.data["error"],
        failed_at=event.data["failed_at"],
    )
