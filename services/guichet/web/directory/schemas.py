"""Startups as the API takes and gives them."""

import marshmallow as ma

from services.guichet.domain.contacts import CHANNELS, OPT_IN, PURPOSES
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.startups import LONGEST_NOTICE_DAYS, STATUSES
from services.guichet.web.schemas import optional
from shared.web import PageQuery
from shared.web.fields import Day, Flag, Instant, QueryFlag, Text


def _codes(among: tuple[str, ...], description: str) -> ma.fields.List[str]:
    return ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(among)),
        allow_none=True,
        load_default=None,
        metadata={"description": description},
    )


class ConsentIn(ma.Schema):
    purpose = ma.fields.String(required=True, validate=ma.validate.OneOf(OPT_IN))
    given_on = Day(required=True)
    source = Text(required=True, longest=120)
    withdrawn_on = Day(allow_none=True, load_default=None)


class ConsentOut(ma.Schema):
    purpose = ma.fields.String(required=True)
    given_on = ma.fields.Date(required=True)
    source = ma.fields.String(required=True)
    withdrawn_on = ma.fields.Date(required=True, allow_none=True)


class ContactIn(ma.Schema):
    contact_id = ma.fields.UUID(allow_none=True, load_default=None)
    name = Text(required=True, longest=120)
    role = Text(required=True, longest=60)
    language = ma.fields.String(load_default="fr", validate=ma.validate.OneOf(LANGUAGES))
    email = optional(254, example="contact@startup.example")
    phone = optional(40, example="0612345678")
    channels = _codes(CHANNELS, "how to tell this person; absent: as before, or both")
    preferred_for = _codes(PURPOSES, "told instead of the others about this; absent: as before")
    consents = ma.fields.List(
        ma.fields.Nested(ConsentIn),
        allow_none=True,
        load_default=None,
        metadata={"description": "absent: as before"},
    )


class StartupIn(ma.Schema):
    legal_name = Text(required=True, longest=200)
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    resident = Flag(load_default=False)
    status = ma.fields.String(load_default=STATUSES[0], validate=ma.validate.OneOf(STATUSES))
    legal_form = optional(40, example="sarl")
    sector = optional(40, example="software")
    ice = optional(60, example="001561191000066")
    rc_court = optional(80, example="Casablanca")
    rc_number = optional(60, example="412345")
    tax_id = optional(60, example="14567890")
    trade_tax = optional(60, example="35412345")
    cnss = optional(60, example="2345678")
    address = optional(500, lines=True)
    space = optional(120, example="Bureau 214")
    contract_start = Day(allow_none=True, load_default=None)
    contract_end = Day(allow_none=True, load_default=None)
    notice_days = ma.fields.Integer(
        strict=True,
        allow_none=True,
        load_default=None,
        validate=ma.validate.Range(min=0, max=LONGEST_NOTICE_DAYS),
    )
    contacts = ma.fields.List(ma.fields.Nested(ContactIn), load_default=list)


class StartupChange(StartupIn):
    version = ma.fields.Integer(
        required=True, strict=True, metadata={"description": "the version this change is based on"}
    )


class Warning(ma.Schema):
    field = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class ContactOut(ma.Schema):
    contact_id = ma.fields.UUID(required=True, attribute="id")
    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    language = ma.fields.String(required=True)
    email = ma.fields.String(required=True, allow_none=True)
    phone = ma.fields.String(required=True, allow_none=True)
    channels = ma.fields.List(ma.fields.String(), required=True)
    preferred_for = ma.fields.List(ma.fields.String(), required=True)
    consents = ma.fields.List(ma.fields.Nested(ConsentOut), required=True)


class StartupOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    legal_name = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    legal_form = ma.fields.String(required=True, allow_none=True)
    sector = ma.fields.String(required=True, allow_none=True)
    ice = ma.fields.String(required=True, allow_none=True)
    rc_court = ma.fields.String(required=True, allow_none=True)
    rc_number = ma.fields.String(required=True, allow_none=True)
    tax_id = ma.fields.String(required=True, allow_none=True)
    trade_tax = ma.fields.String(required=True, allow_none=True)
    cnss = ma.fields.String(required=True, allow_none=True)
    address = ma.fields.String(required=True, allow_none=True)
    space = ma.fields.String(required=True, allow_none=True)
    contract_start = ma.fields.Date(required=True, allow_none=True)
    contract_end = ma.fields.Date(required=True, allow_none=True)
    notice_days = ma.fields.Integer(required=True, allow_none=True)
    resident = ma.fields.Boolean(required=True)
    site = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    merged_into = ma.fields.UUID(required=True, allow_none=True)
    erased_at = Instant(required=True, allow_none=True)
    contacts = ma.fields.List(ma.fields.Nested(ContactOut), required=True)
    warnings = ma.fields.List(ma.fields.Nested(Warning), required=True)


class StartupQuery(PageQuery):
    search = Text(longest=100, shortest=0, load_default=None)
    site = Text(longest=40, load_default=None)
    resident = QueryFlag(load_default=None)
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATUSES))
    ending_within = ma.fields.Integer(
        load_default=None,
        validate=ma.validate.Range(min=0, max=3650),
        metadata={"description": "contracts that end within so many days from today"},
    )
