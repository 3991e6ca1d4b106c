"""What the SMS gateway reports later."""

from datetime import datetime

from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Change, read_receipt, receive
from services.notifications.domain.message import traits
from services.notifications.domain.reference import read_reference
from services.notifications.storage import receipts
from services.notifications.storage.receipts import Held, Progress, Report
from services.notifications.use_cases.announcing import announce
from shared import clock, tracing
from shared.errors import N_, NotFound
from shared.logging import get_logger

log = get_logger()


def note_receipt(session: Session, *, reference: str, status: str, detail: str | None) -> None:
    """Take a delivery receipt: late, twice or out of order changes nothing it should not.

    Raises:
        InvalidInput: the status or the reference is not one that exists.
        NotFound: no SMS was ever sent under this reference.
    """
    meaning = read_receipt(status)
    message_id, round_ = read_reference(reference)
    row = receipts.lock(session, message_id)
    if row is None or row.channel != Channel.SMS or round_ > row.round:
        raise NotFound(N_("No SMS was sent under this reference."), field="reference")
    now = clock.now()
    if row.forgotten_at is not None:
        # Gateways name the number they could not reach: that was forgotten for good.
        detail = None
    report = Report(message_id, round_, status.strip().lower(), detail, now)
    change = receive(row.delivery, meaning, round=round_)
    about = traits(row.correlation_id, row.cause_event_id, row.kind, row.facts)
    with bound_contextvars(**about, **tracing.bound(row.traceparent)):
        log.info(
            "receipt_noted",
            message_id=str(message_id),
            status=meaning,
            state=change.delivery.state if change else row.state,
            changed=change is not None,
        )
        if change is None:
            receipts.keep(session, report)
            return
        receipts.keep_and_move(session, report, _progress(row, change, detail, now))
        announce(session, row, change, now)


def _progress(row: Held, change: Change, detail: str | None, now: datetime) -> Progress:
    after = change.delivery
    return Progress(
        state=after.state,
        round=after.round,
        attempts=after.attempts,
        doubts=after.doubts,
        due_at=after.due_at,
        reason=change.failure,
        detail=detail,
        accepted_at=row.accepted_at or now,
        delivered_at=now if change.announces_delivery else row.delivered_at,
        failed_at=now if change.failure else None,
    )
