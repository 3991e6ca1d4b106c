"""What the counter tells of requests; nothing carries an answer."""

from marshmallow import Schema, fields, validate

from services.guichet.contracts.parts import PROCEDURE_NAMES, SITE_NAMES, Names
from shared.messaging.contracts import published
from shared.messaging.fields import Instant

FEE_KINDS = ("disbursement", "service")


class FeeLine(Schema):
    code = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(FEE_KINDS))
    label = fields.Nested(Names, required=True)
    amount = fields.Decimal(required=True, as_string=True, places=2)
    vat_rate = fields.Decimal(required=True, as_string=True)


class RequestPart(Schema):
    request_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    procedure = fields.String(required=True)
    procedure_name = fields.Nested(Names, required=True)
    agency = fields.String(required=True)
    site = fields.String(required=True)


class AskedItem(Schema):
    """A document to bring, something to put right, or both."""

    document = fields.String(required=True, allow_none=True, metadata={"description": "its code"})
    label = fields.Nested(Names, required=True, allow_none=True)
    copies = fields.Integer(required=True, strict=True)
    legalised = fields.Boolean(required=True)
    note = fields.String(required=True, allow_none=True)


class _Tracked(RequestPart):
    """``tracking_url`` leads its reader to the request's own page; it is made for this event alone."""

    tracking_url = fields.String(allow_none=True)


REQUEST = {
    "request_id": "01930000-0000-7000-8000-000000000002",
    "number": "CAS-2026-000123",
    "startup_id": "01930000-0000-7000-8000-000000000001",
    "procedure": "ompic.certificat-negatif",
    "procedure_name": PROCEDURE_NAMES,
    "agency": "ompic",
    "site": "casablanca",
}


_TRACKING_URL = "https://guichet.example/t/q3Zr0v1uQ7mE2yTn8sKdLw"


@published(
    "guichet.request_submitted.v1",
    sample={
        **REQUEST,
        "site_name": SITE_NAMES,
        "submitted_at": "2026-11-23T09:00:00Z",
        "due_at": "2026-11-23T11:00:00Z",
        "tracking_url": _TRACKING_URL,
    },
)
class RequestSubmitted(_Tracked):
    """A request was filed and has its number."""

    site_name = fields.Nested(Names, required=True)
    submitted_at = Instant(required=True)
    due_at = Instant(required=True, allow_none=True)


@published(
    "guichet.request_routed.v1",
    sample={
        **REQUEST,
        "desk": "ompic-casablanca",
        "reason": "same_site",
        "routed_at": "2026-11-23T09:00:00Z",
    },
    mandatory=False,
)
class RequestRouted(RequestPart):
    """A desk has the request; ``reason`` is the code of the rule that chose it."""

    desk = fields.String(required=True)
    reason = fields.String(required=True)
    routed_at = Instant(required=True)


@published(
    "guichet.request_completed.v1",
    sample={
        **REQUEST,
        "procedure_version": 1,
        "site_name": SITE_NAMES,
        "completed_at": "2026-11-23T10:15:00Z",
        "outcome_reference": "CN-2026-88231",
        "fee_lines": [
            {
                "code": "certificate",
                "kind": "disbursement",
                "label": {
                    "fr": "Certificat négatif, timbre compris",
                    "ar": "الشهادة السلبية مع واجب التنبر",
                    "en": "Negative certificate, stamp included",
                },
                "amount": "230.00",
                "vat_rate": "0",
            }
        ],
        "tracking_url": _TRACKING_URL,
    },
)
class RequestCompleted(_Tracked):
    """The agency delivered; the fee lines are those of the version the request was filed under."""

    procedure_version = fields.Integer(required=True, strict=True)
    site_name = fields.Nested(Names, required=True)
    completed_at = Instant(required=True)
    outcome_reference = fields.String(required=True, allow_none=True)
    fee_lines = fields.List(fields.Nested(FeeLine), required=True)


@published(
    "guichet.request_rejected.v1",
    sample={
        **REQUEST,
        "site_name": SITE_NAMES,
        "rejected_at": "2026-11-23T10:15:00Z",
        "motive": "Les trois noms proposés sont déjà pris.",
        "tracking_url": _TRACKING_URL,
    },
)
class RequestRejected(_Tracked):
    """The agency refused, and says why."""

    site_name = fields.Nested(Names, required=True)
    rejected_at = Instant(required=True)
    motive = fields.String(required=True)


@published(
    "guichet.complement_requested.v1",
    sample={
        **REQUEST,
        "site_name": SITE_NAMES,
        "requested_at": "2026-11-23T10:15:00Z",
        "items": [
            {
                "document": "cnie-copy",
                "label": {
                    "fr": "Copie de la CNIE",
                    "ar": "نسخة من البطاقة الوطنية للتعريف",
                    "en": "Copy of the identity card",
                },
                "copies": 1,
                "legalised": False,
                "note": "La copie remise est illisible.",
            }
        ],
        "tracking_url": _TRACKING_URL,
    },
)
class ComplementRequested(_Tracked):
    """The agency needs more before it decides; until it has come, its time does not run."""

    site_name = fields.Nested(Names, required=True)
    requested_at = Instant(required=True)
    items = fields.List(fields.Nested(AskedItem), required=True)


@published(
    "guichet.complement_received.v1",
    sample={
        **REQUEST,
        "site_name": SITE_NAMES,
        "received_at": "2026-11-24T09:30:00Z",
        "tracking_url": _TRACKING_URL,
    },
)
class ComplementReceived(_Tracked):
    """The startup brought what was asked and work goes on."""

    site_name = fields.Nested(Names, required=True)
    received_at = Instant(required=True)


@published(
    "guichet.request_withdrawn.v1",
    sample={
        **REQUEST,
        "site_name": SITE_NAMES,
        "withdrawn_at": "2026-11-24T09:30:00Z",
        "tracking_url": _TRACKING_URL,
    },
)
class RequestWithdrawn(_Tracked):
    """The startup took its request back: nothing is due for it."""

    site_name = fields.Nested(Names, required=True)
    withdrawn_at = Instant(required=True)
