"""What stands around a request – what was done, written, sent, and what never arrived – in one statement.

A page needs all of it each time it opens, and each piece is a few rows of an index: asking for them
one by one took several times as long as PostgreSQL does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.deliveries import DeliveryState
from services.guichet.domain.requests import Transition
from services.guichet.storage.notes import Note
from services.guichet.storage.request_rows import transition

_STORY = """
    SELECT (SELECT json_agg(line ORDER BY line.version)
            FROM request_history line WHERE line.request_id = %(request)s) AS history,
           (SELECT json_agg(failed ORDER BY failed.failed_at)
            FROM failed_messages failed WHERE failed.request_id = %(request)s) AS failures,
           (SELECT json_agg(note ORDER BY note.id)
            FROM request_notes note WHERE note.request_id = %(request)s) AS remarks,
           (SELECT json_agg(sent ORDER BY sent.id)
            FROM (SELECT id, state, last_error, coalesce(answered_at, sent_at, created_at) AS at
                  FROM deliveries WHERE request_id = %(request)s) sent) AS sent
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """A message about the request that never arrived."""

    channel: str
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A dossier on its way to the agency; ``at`` is when it last went further."""

    id: UUID
    state: DeliveryState
    last_error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    history: Sequence[Transition]
    failures: Sequence[Failure]
    remarks: Sequence[Note]
    sent: Sequence[Sent]


def of_request(session: Session, request_id: UUID) -> Story:
    """The caller has checked that the request may be seen."""
    row = session.connection().exec_driver_sql(_STORY, {"request": request_id}).one()
    return Story(
        history=[transition({**line, "at": _moment(line)}) for line in row.history or ()],
        failures=[Failure(one["channel"], _moment(one, "failed_at")) for one in row.failures or ()],
        remarks=[Note(one["text"], _moment(one), one["author_name"]) for one in row.remarks or ()],
        sent=[
            Sent(UUID(one["id"]), DeliveryState(one["state"]), one["last_error"], _moment(one))
            for one in row.sent or ()
        ],
    )


def _moment(row: dict[str, Any], name: str = "at") -> datetime:
    return datetime.fromisoformat(row[name])
