"""What the API of the staff's accounts takes and gives."""

from typing import Any

import marshmallow as ma

from shared.web.fields import Flag, Instant

LONGEST_CODE = 60
MOST_CODES = 50


def _codes(description: str) -> Any:
    code = ma.fields.String(validate=ma.validate.Length(min=1, max=LONGEST_CODE))
    length = ma.validate.Length(max=MOST_CODES)
    return ma.fields.List(code, required=True, validate=length, metadata={"description": description})


class PostIn(ma.Schema):
    roles = _codes("agent, agency_officer, billing_officer, site_manager or operator")
    sites = _codes("Where they work.")
    agencies = _codes("An officer's; none: every agency at the sites.")
    active = Flag(required=True, metadata={"description": "Who is not cannot sign in."})
    version = ma.fields.Integer(
        required=True, strict=True, metadata={"description": "The one that was read; 409 when it is older."}
    )


class AccountRow(ma.Schema):
    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    language = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    sites = ma.fields.List(ma.fields.String(), required=True)
    agencies = ma.fields.List(ma.fields.String(), required=True)
    active = ma.fields.Boolean(required=True)
    has_password = ma.fields.Boolean(required=True, metadata={"description": "Whether one was ever chosen."})
    linked = ma.fields.Boolean(
        required=True, metadata={"description": "Whether the organisation’s provider knows the account."}
    )
    version = ma.fields.Integer(required=True)


class AccountChange(ma.Schema):
    at = Instant(required=True)
    by = ma.fields.String(required=True)
    changes = ma.fields.Dict(
        required=True, metadata={"description": "Property: what it was, what it became."}
    )


class AccountOut(AccountRow):
    changes = ma.fields.List(ma.fields.Nested(AccountChange), required=True)


class AccountList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(AccountRow), required=True)
