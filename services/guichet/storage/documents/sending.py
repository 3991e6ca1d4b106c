"""How many files each sender sent by tracking links, for every web process together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.storage import tables

_sent = tables.sent_by_link


@dataclass(frozen=True, slots=True)
class Sender:
    """A link or an address, as a digest, with the most files it may send within ``WINDOW``."""

    digest: bytes
    most: int


#: it begins with the first file and is over, whatever was sent, an hour later
WINDOW = timedelta(hours=1)


def exhausted_until(session: Session, senders: Iterable[Sender], *, at: datetime) -> datetime | None:
    """When the last of these that has sent its most may send again; None when all may now."""
    most = {sender.digest: sender.most for sender in senders}
    rows = session.execute(
        select(_sent).where(_sent.c.sender.in_(list(most)), _sent.c.began_at > at - WINDOW)
    )
    ends = [row.began_at + WINDOW for row in rows if row.files >= most[row.sender]]
    return max(ends, default=None)


def count(session: Session, sender: Sender, *, at: datetime) -> bool:
    """Count one more file; False when another process counted the last one meanwhile."""
    over = _sent.c.began_at <= at - WINDOW
    row = insert(_sent).values(sender=sender.digest, began_at=at, files=1)
    counted = session.execute(
        row.on_conflict_do_update(
            index_elements=["sender"],
            set_={
                "began_at": case((over, at), else_=_sent.c.began_at),
                "files": case((over, 1), else_=_sent.c.files + 1),
            },
            where=or_(over, _sent.c.files < sender.most),
        ).returning(_sent.c.files)
    )
    return counted.first() is not None


def forget_senders(session: Session, *, at: datetime) -> None:
    session.execute(delete(_sent).where(_sent.c.began_at <= at - WINDOW))
