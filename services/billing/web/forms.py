"""What the pages read from their address and their forms."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from shared.web import PageQuery
from shared.web.fields import Text

from .schemas import INVOICE_STATES


class InvoicesPage(PageQuery):
    """A page forgives what it does not know in its address; an API does not."""

    class Meta:
        unknown = EXCLUDE

    site = fields.String(load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", *INVOICE_STATES]))
    search = Text(load_default="", longest=100, shortest=0)


class IssueForm(Schema):
    class Meta:
        unknown = EXCLUDE

    startup_id = fields.UUID(required=True)
    site = Text(required=True, longest=40)


class SubjectQuery(Schema):
    class Meta:
        unknown = EXCLUDE

    subject = fields.UUID(required=True)


class StartupQuery(Schema):
    class Meta:
        unknown = EXCLUDE

    startup_id = fields.UUID(required=True)


class SiteQuery(Schema):
    class Meta:
        unknown = EXCLUDE

    site = fields.String(load_default="")
