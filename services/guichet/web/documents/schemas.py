"""What the documents' API takes and gives."""

import marshmallow as ma

from services.guichet.domain.documents import MEDIA_TYPES
from shared.web.fields import Day, Flag, Instant, Names, Text

#: the body of an upload, for the OpenAPI document
FILE_BODY = {
    "required": True,
    "description": "the file itself: PDF, JPEG, PNG or WebP, 15 MB at most",
    "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES},
}
#: the answer that is a file
FILE_ANSWER = {
    "description": "the file",
    "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES},
}


class RequestUploadQuery(ma.Schema):
    name = Text(longest=255, load_default="", shortest=0, metadata={"description": "name of the file"})
    expires_on = Day(load_default=None)


class VaultUploadQuery(RequestUploadQuery):
    kind = Text(longest=40, required=True, metadata={"example": "trade-register"})


class ReasonQuery(ma.Schema):
    reason = Text(
        longest=100, load_default="API", metadata={"description": "why it is opened; kept in the log"}
    )


class ExpiryIn(ma.Schema):
    expires_on = Day(required=True, allow_none=True)


class ExpiringQuery(ma.Schema):
    site = Text(longest=40, load_default=None)
    days = ma.fields.Integer(load_default=60, validate=ma.validate.Range(0, 366))


class KindOut(ma.Schema):
    code = ma.fields.String(required=True)
    name = Names(required=True)
    identity = Flag(required=True)
    reusable = Flag(required=True)
    expires = Flag(required=True)
    readers = ma.fields.List(ma.fields.String(), required=True)
    remind = ma.fields.List(ma.fields.Integer(), required=True)
    keep_days = ma.fields.Integer(required=True)


class KindList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(KindOut), required=True)


class FiledDocumentOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    startup_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    kind_name = Names(required=True)
    name = ma.fields.String(required=True, metadata={"description": "of the file, safe to save under"})
    media_type = ma.fields.String(required=True)
    size = ma.fields.Integer(required=True)
    pages = ma.fields.Integer(required=True, allow_none=True)
    sha256 = ma.fields.String(required=True, metadata={"description": "of the content as it is kept"})
    expires_on = ma.fields.Date(required=True, allow_none=True)
    filed_at = Instant(required=True)
    filed_by = ma.fields.String(required=True)
    readable = Flag(required=True, metadata={"description": "whether the caller's role may open it"})


class DocumentList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(FiledDocumentOut), required=True)


class ExpiringOut(FiledDocumentOut):
    startup_name = ma.fields.String(required=True)
    site = ma.fields.String(required=True)


class ExpiringList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ExpiringOut), required=True)


class ViewOut(ma.Schema):
    document_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    action = ma.fields.String(required=True)
    page = ma.fields.String(required=True, metadata={"description": "from where, or why"})
    at = Instant(required=True)
    actor = ma.fields.String(required=True)


class ViewList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ViewOut), required=True)


class ChecklistItemOut(ma.Schema):
    code = ma.fields.String(required=True)
    name = Names(required=True)
    kind = ma.fields.String(required=True, allow_none=True)
    copies = ma.fields.Integer(required=True)
    required = Flag(required=True)
    received = Flag(required=True)
    on_paper = Flag(required=True)
    documents = ma.fields.List(ma.fields.Nested(FiledDocumentOut), required=True)
    offered = ma.fields.List(
        ma.fields.Nested(FiledDocumentOut),
        required=True,
        metadata={"description": "on file of this kind and still valid"},
    )


class Checklist(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ChecklistItemOut), required=True)
    missing = ma.fields.Integer(required=True, metadata={"description": "required ones not yet received"})
