"""What the API of bundles and dossiers takes and gives."""

import marshmallow as ma

from services.guichet.domain.dossiers import DossierState
from services.guichet.web.schemas import FieldOut, Seen
from shared.web import PageQuery
from shared.web.fields import Instant, Names, Text


class BundleStepOut(ma.Schema):
    code = ma.fields.String(required=True)
    procedure = ma.fields.String(required=True)
    after = ma.fields.List(ma.fields.String(), required=True)


class BundleOut(ma.Schema):
    code = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    name = Names(required=True)
    note = Names(required=True, allow_none=True)
    fields_ = ma.fields.List(ma.fields.Nested(FieldOut), required=True, data_key="fields")
    steps = ma.fields.List(ma.fields.Nested(BundleStepOut), required=True)
    stopped_by = ma.fields.List(
        ma.fields.String(),
        required=True,
        metadata={"description": "procedures of its steps that are retired: no dossier can be opened"},
    )


class BundleList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(BundleOut), required=True)


def _answers() -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Raw(allow_none=True),
        load_default=dict,
        metadata={"description": "by question code; see GET /bundles"},
    )


class DossierIn(ma.Schema):
    startup_id = ma.fields.UUID(required=True)
    bundle = Text(required=True, longest=60, metadata={"example": "create-sarl"})
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    answers = _answers()


class AnswersIn(Seen):
    """Answers left out stay as they are."""

    answers = _answers()


class Abandonment(Seen):
    motive = Text(required=True, longest=1000, lines=True)


class DossierQuery(PageQuery):
    state = ma.fields.String(
        load_default=None, validate=ma.validate.OneOf([state.value for state in DossierState])
    )
    startup_id = ma.fields.UUID(load_default=None)


class Missing(ma.Schema):
    field = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class DossierStepOut(BundleStepOut):
    procedure_name = Names(required=True)
    state = ma.fields.String(
        required=True, metadata={"description": "waiting, ready, filed, completed or failed"}
    )
    attempt = ma.fields.Integer(required=True)
    request_id = ma.fields.UUID(required=True, allow_none=True)
    request_number = ma.fields.String(required=True, allow_none=True)
    request_state = ma.fields.String(required=True, allow_none=True)
    missing = ma.fields.List(
        ma.fields.Nested(Missing), required=True, metadata={"description": "what keeps a ready step back"}
    )


class DossierRow(ma.Schema):
    id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    bundle = ma.fields.String(required=True)
    bundle_version = ma.fields.Integer(required=True)
    bundle_name = Names(required=True)
    startup_id = ma.fields.UUID(required=True)
    startup_name = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    opened_at = Instant(required=True)
    opened_by = ma.fields.String(required=True)
    closed_at = Instant(required=True, allow_none=True)
    motive = ma.fields.String(required=True, allow_none=True)
    completed_steps = ma.fields.Integer(required=True)
    step_count = ma.fields.Integer(required=True)
    version = ma.fields.Integer(required=True)


class DossierOut(DossierRow):
    answers = ma.fields.Dict(required=True)
    steps = ma.fields.List(ma.fields.Nested(DossierStepOut), required=True)
