"""What the API of the versions of procedures and bundles takes and gives."""

import marshmallow as ma

from services.guichet.web.dossiers.schemas import BundleOut
from services.guichet.web.schemas import ProcedureOut
from shared.web.fields import Day, Instant, Names, Text


class _Row(ma.Schema):
    code = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    status = ma.fields.String(
        required=True, metadata={"description": "in_force, announced, superseded or never_in_force"}
    )
    name = Names(required=True)
    valid_from = ma.fields.Date(required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)
    published_at = Instant(required=True, allow_none=True, metadata={"description": "null: with the files"})
    published_by = ma.fields.String(required=True, allow_none=True)


class _AsWritten(ma.Schema):
    definition = ma.fields.Dict(required=True)
    source = ma.fields.String(required=True, allow_none=True, metadata={"description": "YAML, as written"})


class VersionRow(_Row):
    open_requests = ma.fields.Integer(required=True)


class BundleVersionRow(_Row):
    open_dossiers = ma.fields.Integer(required=True)


class VersionList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(VersionRow), required=True)


class BundleVersionList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(BundleVersionRow), required=True)


class VersionOut(VersionRow, _AsWritten):
    """A version of a procedure."""


class BundleVersionOut(BundleVersionRow, _AsWritten):
    """A version of a bundle."""


class VersionIn(ma.Schema):
    """One of ``definition`` and ``source``; the version's number is given on publication."""

    definition = ma.fields.Dict(load_default=None, allow_none=True)
    source = ma.fields.String(
        load_default=None, allow_none=True, metadata={"description": "the same as YAML"}
    )
    based_on = ma.fields.Integer(
        required=True,
        strict=True,
        validate=ma.validate.Range(0, 1_000_000),
        metadata={"description": "the newest version read; 0 for a new procedure or bundle"},
    )
    valid_from = Day(load_default=None, allow_none=True, metadata={"description": "today when left out"})
    note = Text(longest=500, shortest=0, lines=True, load_default=None, allow_none=True)

    @ma.validates_schema
    def one_of_both(self, data: dict[str, object], **_: object) -> None:
        if (data["definition"] is None) == (data["source"] is None):
            raise ma.ValidationError("Send one of definition and source.", "definition")


class ReasonIn(ma.Schema):
    reason = Text(longest=500, lines=True, required=True)


class RetirementOut(ma.Schema):
    retired_at = Instant(required=True)
    retired_by = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)
    ended_at = Instant(required=True, allow_none=True, metadata={"description": "when it was offered again"})
    ended_by = ma.fields.String(required=True, allow_none=True)
    ended_reason = ma.fields.String(required=True, allow_none=True)


class OfferOut(ma.Schema):
    """Whether a procedure or a bundle may be begun; ``retirements`` newest first."""

    code = ma.fields.String(required=True)
    offered = ma.fields.Boolean(required=True)
    retirements = ma.fields.List(ma.fields.Nested(RetirementOut), required=True)
    bundles = ma.fields.List(
        ma.fields.String(),
        required=True,
        metadata={"description": "bundles on offer with this procedure as a step: they stop with it"},
    )


class DraftIn(ma.Schema):
    source = ma.fields.String(required=True)
    code = Text(longest=100, load_default=None, allow_none=True)


class PlaceOut(ma.Schema):
    line = ma.fields.Integer(required=True, allow_none=True)
    entry = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class _Checked(ma.Schema):
    faults = ma.fields.List(ma.fields.Nested(PlaceOut), required=True)


class DraftOut(_Checked):
    procedure = ma.fields.Nested(ProcedureOut, required=True, allow_none=True)


class BundleDraftOut(_Checked):
    bundle = ma.fields.Nested(BundleOut, required=True, allow_none=True)
