"""What the calls about a request's life take and give."""

import marshmallow as ma

from services.guichet.domain.complements import MOST_COPIES, MOST_ITEMS
from services.guichet.web.schemas import RequestRow, Seen, optional
from shared.web.fields import Flag, Instant, Text

MOST_TOGETHER = 100


class AskedItemIn(ma.Schema):
    document = optional(120, example="cnie-copy")
    copies = ma.fields.Integer(
        strict=True, load_default=1, validate=ma.validate.Range(min=1, max=MOST_COPIES)
    )
    legalised = Flag(load_default=False)
    note = optional(500, lines=True, example="La copie remise est illisible.")


class ComplementIn(Seen):
    items = ma.fields.List(
        ma.fields.Nested(AskedItemIn), required=True, validate=ma.validate.Length(max=MOST_ITEMS)
    )


class ComplementReceived(Seen):
    note = optional(500, lines=True)


class Advance(Seen):
    step = Text(required=True, longest=60)


class Withdrawal(Seen):
    reason = Text(required=True, longest=1000, lines=True)


class HandOver(Seen):
    recipient = Text(required=True, longest=120, metadata={"example": "Salma Idrissi"})


class OneOfSeveral(Seen):
    request_id = ma.fields.UUID(required=True)


class HandOverTogether(ma.Schema):
    requests = ma.fields.List(
        ma.fields.Nested(OneOfSeveral),
        required=True,
        validate=ma.validate.Length(min=1, max=MOST_TOGETHER),
    )
    recipient = Text(required=True, longest=120)


class HandedOver(ma.Schema):
    request_id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True, allow_none=True)
    handed_over = ma.fields.Boolean(required=True)
    detail = ma.fields.String(required=True, allow_none=True, metadata={"description": "why it was not"})


class HandedOverTogether(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(HandedOver), required=True)


class Assignment(Seen):
    account_id = ma.fields.UUID(
        required=True, allow_none=True, metadata={"description": "null: nobody in particular"}
    )


class Colleague(ma.Schema):
    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.String(), required=True)


class ColleagueList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Colleague), required=True)


class NoteIn(ma.Schema):
    text = Text(required=True, longest=2000, lines=True)


class NoteOut(ma.Schema):
    text = ma.fields.String(required=True)
    at = Instant(required=True)
    author = ma.fields.String(required=True)


class NoteList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(NoteOut), required=True)


class DuplicateQuery(ma.Schema):
    startup_id = ma.fields.UUID(required=True)
    procedure = Text(required=True, longest=100)


class DuplicateList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(RequestRow), required=True)


class RequestDraftIn(ma.Schema):
    startup_id = ma.fields.UUID(required=True)
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    procedure = optional(100, example="ompic.certificat-negatif")
    answers = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(),
        load_default=dict,
        metadata={"description": "as typed, by field code; checked when it is filed"},
    )
    depositor = optional(120)


class RequestDraftOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    startup_id = ma.fields.UUID(required=True)
    site = ma.fields.String(required=True)
    procedure = ma.fields.String(required=True, allow_none=True)
    answers = ma.fields.Dict(required=True)
    depositor = ma.fields.String(required=True, allow_none=True)
    begun_at = Instant(required=True)
    saved_at = Instant(required=True)


class RequestDraftList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(RequestDraftOut), required=True)


class TrackingLink(ma.Schema):
    url = ma.fields.String(required=True)
