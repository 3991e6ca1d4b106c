"""What the counter tells of the documents it keeps."""

from marshmallow import Schema, fields

from services.guichet.contracts.parts import SITE_NAMES, Names
from shared.messaging.contracts import published


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
        "site_name": SITE_NAMES,
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
