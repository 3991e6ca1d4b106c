"""What the API takes and gives."""

from marshmallow import Schema, fields, validate

from services.notifications.domain.audience import LANGUAGES, Channel, Kind
from services.notifications.domain.delivery import State
from shared.web import PageQuery
from shared.web.fields import Instant, Text


class MessageQuery(PageQuery):
    startup_id = fields.UUID(load_default=None)
    subject = Text(
        longest=64,
        load_default=None,
        metadata={"description": "The id of the request, booking or document the message is about."},
    )
    state = fields.String(load_default=None, validate=validate.OneOf([str(state) for state in State]))
    channel = fields.String(load_default=None, validate=validate.OneOf([str(channel) for channel in Channel]))
    site = Text(longest=40, load_default=None)


class MessageOut(Schema):
    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in Kind]))
    channel = fields.String(required=True, validate=validate.OneOf([str(channel) for channel in Channel]))
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in State]))
    site = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    number = fields.String(required=True)
    recipient = fields.String(required=True, metadata={"description": "Masked, except for one message."})
    subject = fields.String(required=True)
    segments = fields.Integer(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    round = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    cause_type = fields.String(required=True)
    cause_subject = fields.String(required=True)
    correlation_id = fields.String(required=True)
    created_at = Instant(required=True)
    due_at = Instant(required=True, allow_none=True)
    accepted_at = Instant(required=True, allow_none=True)
    delivered_at = Instant(required=True, allow_none=True)
    failed_at = Instant(required=True, allow_none=True)


class AttemptOut(Schema):
    round = fields.Integer(required=True)
    number = fields.Integer(required=True)
    started_at = Instant(required=True)
    finished_at = Instant(required=True, allow_none=True)
    verdict = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)


class ReceiptOut(Schema):
    round = fields.Integer(required=True)
    status = fields.String(required=True)
    received_at = Instant(required=True)


class MessageDetailOut(MessageOut):
    recipient_name = fields.String(required=True)
    text = fields.String(
        required=True, metadata={"description": "The SMS, or the plain-text part of the e-mail."}
    )
    attempts_made = fields.List(fields.Nested(AttemptOut), required=True)
    receipts = fields.List(fields.Nested(ReceiptOut), required=True)


class ReceiptIn(Schema):
    """What a gateway calls back with; whatever else it adds is not read."""

    reference = Text(longest=64, required=True)
    status = Text(longest=40, required=True)
    error = Text(longest=300, load_default=None, allow_none=True, shortest=0)


class PersonalDataOut(Schema):
    service = fields.String(required=True, validate=validate.Equal("notifications"))
    made_at = Instant(required=True)
    startup = fields.Dict(required=True, metadata={"description": "this service's copy of the record"})
    messages = fields.List(fields.Dict(), required=True)
    waiting = fields.List(
        fields.Dict(), required=True, metadata={"description": "what will be told once the record is known"}
    )
