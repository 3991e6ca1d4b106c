"""What the counter tells of dossiers."""

from marshmallow import Schema, fields

from services.guichet.contracts.parts import SITE_NAMES, Names
from shared.messaging.contracts import published
from shared.messaging.fields import Instant


@published(
    "guichet.dossier_step_waiting.v1",
    sample={
        "dossier_id": "01930000-0000-7000-8000-0000000000a1",
        "number": "D-CAS-2026-000007",
        "startup_id": "01930000-0000-7000-8000-000000000001",
        "bundle": "create-sarl",
        "step": "register",
        "procedure": "ompic.immatriculation-rc",
        "procedure_name": {
            "fr": "Immatriculation au registre de commerce",
            "ar": "التقييد في السجل التجاري",
            "en": "Entry in the trade register",
        },
        "site": "casablanca",
        "site_name": SITE_NAMES,
        "answers": [
            {
                "fr": "Tribunal du registre de commerce",
                "ar": "محكمة السجل التجاري",
                "en": "Court of the trade register",
            }
        ],
        "documents": [
            {"fr": "Statuts signés", "ar": "النظام الأساسي الموقع", "en": "Signed articles of association"}
        ],
        "request_number": None,
        "tracking_url": None,
        "waits_since": "2026-11-24T09:30:00Z",
    },
)
class DossierStepWaiting(Schema):
    """A step's turn has come and it needs something of the startup; said once of each step.

    ``answers`` are questions without which it cannot be filed; a step filed by itself has a
    ``request_number`` and only lacks ``documents``.
    """

    dossier_id = fields.UUID(required=True)
    number = fields.String(required=True, metadata={"description": "the dossier's"})
    startup_id = fields.UUID(required=True)
    bundle = fields.String(required=True)
    step = fields.String(required=True)
    procedure = fields.String(required=True)
    procedure_name = fields.Nested(Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(Names, required=True)
    answers = fields.List(fields.Nested(Names), required=True)
    documents = fields.List(fields.Nested(Names), required=True)
    request_number = fields.String(required=True, allow_none=True)
    tracking_url = fields.String(required=True, allow_none=True)
    waits_since = Instant(required=True)
