"""What the counter tells of terms that end."""

from marshmallow import fields, validate

from services.guichet.contracts.requests import REQUEST, RequestPart
from shared.messaging.contracts import published
from shared.messaging.fields import Instant

#: what the counter aims at, and what the law allows
DEADLINES = ("service", "legal")


_DEADLINE = {
    **REQUEST,
    "desk": "ompic-casablanca",
    "deadline": "service",
    "due_at": "2026-11-23T11:00:00Z",
    "noticed_at": "2026-11-23T10:30:21Z",
}


class _Deadline(RequestPart):
    desk = fields.String(required=True, allow_none=True)
    deadline = fields.String(required=True, validate=validate.OneOf(DEADLINES))
    due_at = Instant(required=True, allow_none=True)
    noticed_at = Instant(required=True)


@published("guichet.request_deadline_near.v1", sample=_DEADLINE, mandatory=False)
class RequestDeadlineNear(_Deadline):
    """Most of a term has passed without a decision; said once of each deadline of a request."""


@published(
    "guichet.request_overdue.v1",
    sample={**_DEADLINE, "deadline": "legal", "noticed_at": "2026-11-23T11:00:12Z"},
    mandatory=False,
)
class RequestOverdue(_Deadline):
    """A term has passed without a decision; said once of each deadline of a request."""
