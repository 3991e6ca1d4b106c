"""How long messages are remembered (loi 09-08)."""

from datetime import timedelta

from sqlalchemy.orm import Session

from services.notifications.storage import messages
from shared import clock
from shared.logging import get_logger

log = get_logger()


def forget_old_messages(session: Session, retention: timedelta) -> None:
    """Empty messages older than ``retention`` of everything personal."""
    now = clock.now()
    forgotten = messages.forget(session, older_than=now - retention, now=now)
    if forgotten:
        log.info("messages_forgotten", messages=forgotten)
