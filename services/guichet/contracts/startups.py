"""What the counter tells of startups: the only events that carry people's names and addresses."""

from marshmallow import Schema, fields, validate

from shared.messaging.contracts import published
from shared.messaging.fields import Instant

LANGUAGES = ("fr", "ar", "en")
CHANNELS = ("email", "sms")
OPT_IN = ("newsletter", "events")
PURPOSES = ("service", "invoices", *OPT_IN)


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
        "version": 3,
    },
)
class StartupErased(Schema):
    """The people of a startup asked to be forgotten: drop their names, addresses, messages.

    What the law has kept (invoices) stays; ``startup_changed`` has brought the record that remains.
    """

    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    erased_at = Instant(required=True)
    version = fields.Integer(
        metadata={"description": "of the record that remains: no earlier one counts any more"}
    )
