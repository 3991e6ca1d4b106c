"""Sending a message again because a person decided so."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from services.notifications.domain.audience import Channel, receives_sms
from services.notifications.domain.delivery import send_again
from services.notifications.storage import contacts, messages, queue
from services.notifications.storage.messages import MessageRow
from shared.errors import N_, Conflict, NotFound
from shared.logging import get_logger
from shared.messaging.hints import wake_after_commit

log = get_logger()


def resend(
    session: Session, message_id: UUID, *, sites: Collection[str], seen_round: int | None = None
) -> None:
    """Begin a new round for a message, to the address its contact has today.

    ``seen_round`` is the one a person looked at when they decided so.

    Raises:
        NotFound: there is no such message at these sites.
        Conflict: it is still on its way, was sent again since, or is too old to be known.
    """
    row = messages.lock(session, message_id)
    if row is None or row.site not in sites:
        raise NotFound(N_("There is no such message."))
    if row.forgotten_at is not None:
        raise Conflict(N_("This message is too old to be sent again."))
    if seen_round is not None and seen_round != row.round:
        raise Conflict(N_("This message has been sent again since this page was opened."))
    now = queue.now(session)
    messages.save_progress(
        session,
        message_id,
        send_again(messages.delivery_of(row), now),
        recipient=_address_today(session, row),
        reason=None,
        detail=None,
        failed_at=None,
    )
    wake_after_commit(session, messages.CHANNEL)
    log.info("message_resent", message_id=str(message_id), channel=row.channel, round=row.round + 1)


def _address_today(session: Session, row: MessageRow) -> str:
    """Return the contact's present address: a wrong one is why most messages are sent again."""
    startup = contacts.find_startup(session, row.startup_id)
    for contact in startup.contacts if startup else []:
        if contact.id == row.contact_id:
            if row.channel == Channel.EMAIL and contact.email:
                return contact.email
            if row.channel == Channel.SMS and contact.phone and receives_sms(contact.phone):
                return contact.phone
    address: str = row.recipient
    return address
