"""What the counter tells of startups booked onto an officer's visit."""

from marshmallow import Schema, fields, validate

from services.guichet.contracts.parts import Names
from services.guichet.domain.presence import Cause
from shared.messaging.contracts import published
from shared.messaging.fields import Instant


class _Visit(Schema):
    visit_id = fields.UUID(required=True)
    startup_id = fields.UUID(required=True)
    number = fields.String(required=True, metadata={"description": "the visit's own"})
    request_number = fields.String(required=True, allow_none=True)
    desk = fields.String(required=True)
    agency = fields.String(required=True)
    agency_name = fields.Nested(Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(Names, required=True)
    starts_at = Instant(required=True)
    zone = fields.String(required=True)
    tracking_url = fields.String(allow_none=True, metadata={"description": "of the request it is about"})


_VISIT = {
    "visit_id": "01930000-0000-7000-8000-000000000004",
    "startup_id": "01930000-0000-7000-8000-000000000001",
    "number": "RV-5D3A91C0",
    "request_number": "AGA-2026-000124",
    "desk": "cnss-agadir",
    "agency": "cnss",
    "agency_name": {"fr": "CNSS", "ar": "الصندوق الوطني للضمان الاجتماعي", "en": "CNSS"},
    "site": "agadir",
    "site_name": {"fr": "Technopark Agadir", "ar": "تكنوبارك أكادير", "en": "Technopark Agadir"},
    "starts_at": "2026-11-24T09:30:00Z",
    "zone": "Africa/Casablanca",
    "tracking_url": "https://guichet.example/t/q3Zr0v1uQ7mE2yTn8sKdLw",
}


@published(
    "guichet.visit_booked.v1",
    sample={
        **_VISIT,
        "bring": [
            {
                "fr": "Copie de la CNIE du représentant",
                "ar": "نسخة من البطاقة الوطنية للممثل القانوني",
                "en": "Copy of the representative’s identity card",
            }
        ],
    },
)
class VisitBooked(_Visit):
    """A startup has a place at an officer's visit, and is told which documents to bring."""

    bring = fields.List(fields.Nested(Names), required=True)


@published(
    "guichet.visit_cancelled.v1",
    sample={
        **_VISIT,
        "cancelled_at": "2026-11-23T09:00:00Z",
        "reason": "L’agent est absent ce jour-là.",
        "cause": "officer_away",
        "next_starts_at": "2026-11-26T10:00:00Z",
        "next_held_until": "2026-11-25T09:00:00Z",
        "next_number": "RV-77B0E2F4",
    },
)
class VisitCancelled(_Visit):
    """The startup is not received after all.

    ``reason`` is told as written and may be empty where ``cause`` says it; ``next_starts_at`` is when
    the desk next has a free place, held for the startup until ``next_held_until`` under ``next_number``.
    """

    cancelled_at = Instant(required=True)
    reason = fields.String(required=True)
    cause = fields.String(validate=validate.OneOf([cause.value for cause in Cause]))
    next_starts_at = Instant()
    next_held_until = Instant()
    next_number = fields.String()
