"""What the counter tells of the people waiting."""

from marshmallow import Schema, fields

from services.guichet.contracts.parts import SITE_NAMES, Names
from shared.messaging.contracts import published
from shared.messaging.fields import Instant


class _Visit(Schema):
    ticket_id = fields.UUID(required=True)
    number = fields.String(required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(Names, required=True)
    line = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    contact_id = fields.UUID(required=True, allow_none=True)


_VISIT = {
    "ticket_id": "01930000-0000-7000-8000-000000000003",
    "number": "A012",
    "site": "casablanca",
    "site_name": SITE_NAMES,
    "line": "A",
    "startup_id": "01930000-0000-7000-8000-000000000001",
    "contact_id": "01930000-0000-7000-8000-0000000000c1",
}


@published(
    "guichet.ticket_called.v1",
    sample={**_VISIT, "window": "3", "calls": 1, "called_at": "2026-11-23T09:20:00Z"},
    mandatory=False,
)
class TicketCalled(_Visit):
    """A visitor is asked to come to a window; ``calls`` counts the times."""

    window = fields.String(required=True)
    calls = fields.Integer(required=True, strict=True)
    called_at = Instant(required=True)


@published(
    "guichet.ticket_near.v1",
    sample={**_VISIT, "position": 2, "wait_minutes": 8, "near_at": "2026-11-23T09:12:00Z"},
)
class TicketNear(_Visit):
    """A visitor's turn is near; said once a ticket, and not of whoever was near on arrival."""

    position = fields.Integer(required=True, strict=True)
    wait_minutes = fields.Integer(required=True, strict=True, allow_none=True)
    near_at = Instant(required=True)
