"""What the SMS gateway reports later."""

from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import read_receipt, receive
from services.notifications.domain.message import traits
from services.notifications.domain.reference import read_reference
from services.notifications.storage import messages
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
    row = messages.lock(session, message_id)
    if row is None or row.channel != Channel.SMS or round_ > row.round:
        raise NotFound(N_("No SMS was sent under this reference."), field="reference")
    now = clock.now()
    if row.forgotten_at is not None:
        # Gateways name the number they could not reach: that was forgotten for good.
        detail = None
    messages.note_receipt(session, message_id, round_, status.strip().lower(), detail, now)
    change = receive(messages.delivery_of(row), meaning, round=round_)
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
            return
        messages.save_progress(
            session,
            message_id,
            change.delivery,
            reason=change.failure,
            detail=detail,
            accepted_at=row.accepted_at or now,
            delivered_at=now if change.announces_delivery else row.delivered_at,
            failed_at=now if change.failure else None,
        )
        announce(session, row, change, now)
