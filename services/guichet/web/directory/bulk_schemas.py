"""What touches many records, or the data of people, as the API takes and gives it."""

from typing import Any

import marshmallow as ma

from services.guichet.domain.directory.duplicates import Reason
from services.guichet.domain.directory.merging import CHOOSABLE, LOSER, WINNER
from services.guichet.domain.startups import STATUSES
from services.guichet.web.directory.schemas import ContactOut, StartupOut
from shared.web.fields import Instant, QueryFlag, Text

MOST_VERSION = 2**31 - 1
CSV_BODY = {
    "required": True,
    "description": "the file as the spreadsheet saves it: any of ; , and tab, UTF-8 or Windows, 8 MB at most",
    "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
}


def _version(description: str) -> ma.fields.Integer:
    return ma.fields.Integer(
        required=True,
        strict=True,
        validate=ma.validate.Range(min=0, max=MOST_VERSION),
        metadata={"description": description},
    )


class Named(ma.Schema):
    id = ma.fields.UUID(required=True)
    legal_name = ma.fields.String(required=True)
    site = ma.fields.String(required=True)


class LikelyOut(ma.Schema):
    first = ma.fields.Nested(Named, required=True)
    second = ma.fields.Nested(Named, required=True)
    reasons = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf([one.value for one in Reason])), required=True
    )


class LikelyList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(LikelyOut), required=True)
    count = ma.fields.Integer(
        required=True, metadata={"description": "of all pairs; the likeliest are listed"}
    )


class MergeQuery(ma.Schema):
    merged_id = ma.fields.UUID(
        required=True, metadata={"description": "the record that will only lead to the other"}
    )


class FieldChoice(ma.Schema):
    field = ma.fields.String(required=True, validate=ma.validate.OneOf(CHOOSABLE))
    winner = ma.fields.Raw(required=True, allow_none=True)
    loser = ma.fields.Raw(required=True, allow_none=True)
    choice = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf((WINNER, LOSER)),
        metadata={"description": "whose value stays unless `keep` says otherwise"},
    )


class MergePreview(ma.Schema):
    startup_id = ma.fields.UUID(required=True)
    version = ma.fields.Integer(required=True)
    merged_id = ma.fields.UUID(required=True)
    merged_version = ma.fields.Integer(required=True)
    fields_ = ma.fields.List(
        ma.fields.Nested(FieldChoice), required=True, attribute="fields", data_key="fields"
    )
    contacts = ma.fields.List(ma.fields.Nested(ContactOut), required=True)


class Merge(ma.Schema):
    merged_id = ma.fields.UUID(required=True)
    version = _version("of the record that stays, as it was seen")
    merged_version = _version("of the record that is merged into it, as it was seen")
    keep = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(CHOOSABLE)),
        values=ma.fields.String(validate=ma.validate.OneOf((WINNER, LOSER))),
        load_default=dict,
        metadata={"description": "whose value stays, by field; see the preview for what stays otherwise"},
    )


class ErasureOut(ma.Schema):
    startup_id = ma.fields.UUID(required=True)
    version = ma.fields.Integer(required=True)
    erased_at = Instant(required=True, allow_none=True)
    obstacle = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "why the people cannot be forgotten now; null when they can"},
    )


class Erasure(ma.Schema):
    version = _version("of the record, as it was seen")
    legal_name = Text(
        required=True, longest=200, metadata={"description": "exactly as on record: it cannot be undone"}
    )


def _rows(description: str) -> ma.fields.List[Any]:
    return ma.fields.List(ma.fields.Dict(), required=True, metadata={"description": description})


class PersonalDataOut(ma.Schema):
    service = ma.fields.String(required=True, validate=ma.validate.Equal("guichet"))
    made_at = Instant(required=True)
    startup = ma.fields.Nested(StartupOut, required=True)
    requests = _rows("with every answer, step and note")
    drafts = _rows("not filed yet")
    dossiers = _rows("with the answers their requests share")
    documents = _rows("what is on file; the content is asked for one by one")
    visits = _rows("at officers of agencies")
    tickets = _rows("visits to the windows")
    history = _rows("what was done with the record")
    viewed = _rows("who saw numbers of the people unmasked, by day")
    documents_viewed = _rows("who opened documents")


class ImportQuery(ma.Schema):
    name = Text(longest=120, load_default="startups.csv", metadata={"description": "of the file"})


class LineFault(ma.Schema):
    line = ma.fields.Integer(required=True, metadata={"description": "of the file, counted from 1"})
    column = ma.fields.String(required=True, allow_none=True, metadata={"example": "ice"})
    detail = ma.fields.String(required=True)


class ImportOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    file_name = ma.fields.String(required=True)
    uploaded_at = Instant(required=True)
    imported_at = Instant(required=True, allow_none=True)
    importable = ma.fields.Boolean(
        required=True, metadata={"description": "nothing stands in the way, and it was not imported yet"}
    )
    startups = ma.fields.Integer(
        required=True, metadata={"description": "put on record, or found without fault until then"}
    )
    lines = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "null once imported: the file is forgotten"}
    )
    bad_lines = ma.fields.Integer(required=True)
    faults = ma.fields.List(
        ma.fields.Nested(LineFault),
        required=True,
        metadata={
            "description": "everything that stands in the way: as long as there is one, no line is imported"
        },
    )
    remarks = ma.fields.List(
        ma.fields.Nested(LineFault),
        required=True,
        metadata={"description": "what deserves a look and stands in nobody's way"},
    )


class ExportQuery(ma.Schema):
    search = Text(longest=100, shortest=0, load_default=None)
    site = Text(longest=40, load_default=None)
    resident = QueryFlag(load_default=None)
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATUSES))
    ending_within = ma.fields.Integer(load_default=None, validate=ma.validate.Range(min=0, max=3650))
