"""What the counter tells the other services.

People's names, addresses and telephones travel only with the startup's own record
(``startup_registered``, ``startup_changed``); nothing about a request carries an answer.
"""

from marshmallow import Schema, fields, validate

from services.guichet.contracts.parts import Names
from services.guichet.contracts.visits import VisitBooked as VisitBooked
from services.guichet.contracts.visits import VisitCancelled as VisitCancelled
from shared.messaging.contracts import published
from shared.messaging.fields import Instant

FEE_KINDS = ("disbursement", "service")
LANGUAGES = ("fr", "ar", "en")
CHANNELS = ("email", "sms")
OPT_IN = ("newsletter", "events")
PURPOSES = ("service", "invoices", *OPT_IN)
#: what the counter aims at, and what the law allows
DEADLINES = ("service", "legal")


class Contact(Schema):
    contact_id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    email = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True, metadata={"description": "E.164"})
    channels = fields.List(
        fields.String(validate=validate.OneOf(CHANNELS)),
        metadata={"description": "how this person wants to be told; absent: any way"},
    )
    preferred_for = fields.List(
        fields.String(validate=validate.OneOf(PURPOSES)),
        metadata={"description": "what this person rather than the others is told about"},
    )
    consents = fields.List(
        fields.String(validate=validate.OneOf(OPT_IN)),
        metadata={"description": "the purposes of which this person agreed to hear, as of this version"},
    )


class FeeLine(Schema):
    code = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(FEE_KINDS))
    label = fields.Nested(Names, required=True)
    amount = fields.Decimal(required=True, as_string=True, places=2)
    vat_rate = fields.Decimal(required=True, as_string=True)


class _Startup(Schema):
    startup_id = fields.UUID(required=True)
    legal_name = fields.String(required=True, validate=validate.Length(min=1))
    ice = fields.String(required=True, allow_none=True)
    rc_court = fields.String(required=True, allow_none=True)
    rc_number = fields.String(required=True, allow_none=True)
    site = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)
    resident = fields.Boolean(required=True)
    version = fields.Integer(required=True, strict=True)
    contacts = fields.List(fields.Nested(Contact), required=True)


class _Request(Schema):
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


class _Tracked(_Request):
    """``tracking_url`` leads its reader to the request's own page; it is made for this event alone."""

    tracking_url = fields.String(allow_none=True)


_NAMES = {"fr": "Certificat négatif", "ar": "الشهادة السلبية", "en": "Negative certificate"}
_SITE_NAMES = {"fr": "Technopark Casablanca", "ar": "تكنوبارك الدار البيضاء", "en": "Technopark Casablanca"}
_STARTUP = {
    "startup_id": "01930000-0000-7000-8000-000000000001",
    "legal_name": "Atlas Robotique SARL (démonstration)",
    "ice": "001561191000066",
    "rc_court": "Casablanca",
    "rc_number": "412345",
    "site": "casablanca",
    "address": "Technopark, route de Nouaceur, Casablanca",
    "resident": True,
    "version": 1,
    "contacts": [
        {
            "contact_id": "01930000-0000-7000-8000-0000000000c1",
            "name": "Salma Idrissi",
            "role": "gérante",
            "language": "fr",
            "email": "salma@atlas-robotique.example",
            "phone": "+212612345678",
            "channels": ["email", "sms"],
            "preferred_for": ["service"],
            "consents": ["newsletter"],
        }
    ],
}
_REQUEST = {
    "request_id": "01930000-0000-7000-8000-000000000002",
    "number": "CAS-2026-000123",
    "startup_id": "01930000-0000-7000-8000-000000000001",
    "procedure": "ompic.certificat-negatif",
    "procedure_name": _NAMES,
    "agency": "ompic",
    "site": "casablanca",
}
_TRACKING_URL = "https://guichet.example/t/q3Zr0v1uQ7mE2yTn8sKdLw"


@published("guichet.startup_registered.v1", sample=_STARTUP)
class StartupRegistered(_Startup):
    """A startup is on record and may be served."""


@published("guichet.startup_changed.v1", sample={**_STARTUP, "version": 2, "resident": False})
class StartupChanged(_Startup):
    """The whole record as it stands now; ``version`` tells a late event from a fresh one."""


@published(
    "guichet.startup_merged.v1",
    sample={
        "startup_id": "01930000-0000-7000-8000-000000000001",
        "merged_id": "01930000-0000-7000-8000-000000000009",
        "site": "casablanca",
        "merged_at": "2026-11-23T09:00:00Z",
    },
)
class StartupMerged(Schema):
    """Two records were one startup: whatever names ``merged_id`` is about ``startup_id`` from now on."""

    startup_id = fields.UUID(required=True)
    merged_id = fields.UUID(required=True)
    site = fields.String(required=True)
    merged_at = Instant(required=True)


@published(
    "guichet.startup_erased.v1",
    sample={
        "startup_id": "01930000-0000-7000-8000-000000000001",
        "site": "casablanca",
        "erased_at": "2026-11-23T09:00:00Z",
    },
)
class StartupErased(Schema):
    """The people of a startup asked to be forgotten: drop their names, addresses, messages.

    What the law has kept (invoices) stays; ``startup_changed`` has brought the record that remains.
    """

    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    erased_at = Instant(required=True)


@published(
    "guichet.request_submitted.v1",
    sample={
        **_REQUEST,
        "site_name": _SITE_NAMES,
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
        **_REQUEST,
        "desk": "ompic-casablanca",
        "reason": "same_site",
        "routed_at": "2026-11-23T09:00:00Z",
    },
    mandatory=False,
)
class RequestRouted(_Request):
    """A desk has the request; ``reason`` is the code of the rule that chose it."""

    desk = fields.String(required=True)
    reason = fields.String(required=True)
    routed_at = Instant(required=True)


@published(
    "guichet.request_completed.v1",
    sample={
        **_REQUEST,
        "procedure_version": 1,
        "site_name": _SITE_NAMES,
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


_DEADLINE = {
    **_REQUEST,
    "desk": "ompic-casablanca",
    "deadline": "service",
    "due_at": "2026-11-23T11:00:00Z",
    "noticed_at": "2026-11-23T10:30:21Z",
}


class _Deadline(_Request):
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


@published(
    "guichet.request_rejected.v1",
    sample={
        **_REQUEST,
        "site_name": _SITE_NAMES,
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
        **_REQUEST,
        "site_name": _SITE_NAMES,
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
        **_REQUEST,
        "site_name": _SITE_NAMES,
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
        **_REQUEST,
        "site_name": _SITE_NAMES,
        "withdrawn_at": "2026-11-24T09:30:00Z",
        "tracking_url": _TRACKING_URL,
    },
)
class RequestWithdrawn(_Tracked):
    """The startup took its request back: nothing is due for it."""

    site_name = fields.Nested(Names, required=True)
    withdrawn_at = Instant(required=True)


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
    "site_name": _SITE_NAMES,
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


@published(
    "guichet.document_expiring.v1",
    sample={
        "document_id": "01930000-0000-7000-8000-0000000000d1",
        "startup_id": "01930000-0000-7000-8000-000000000001",
        "kind": "trade-register",
        "kind_name": {
            "fr": "Extrait du registre de commerce (modèle J)",
            "ar": "مستخرج السجل التجاري (نموذج ي)",
            "en": "Trade register extract (model J)",
        },
        "site": "casablanca",
        "site_name": _SITE_NAMES,
        "expires_on": "2026-12-23",
        "threshold_days": 30,
    },
)
class DocumentExpiring(Schema):
    """A document on file ends soon; said once for each document and threshold, never whose name is on it."""

    document_id = fields.UUID(required=True)
    startup_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    kind_name = fields.Nested(Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(Names, required=True)
    expires_on = fields.Date(required=True)
    threshold_days = fields.Integer(required=True, strict=True)
