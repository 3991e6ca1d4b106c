"""What the counter's API takes and gives, as the OpenAPI document shows it."""

import marshmallow as ma

from services.guichet.domain.requests import State
from services.guichet.domain.terms import Unit, ValidityUnit
from shared.web import PageQuery
from shared.web.fields import Day, Instant, Money, Names, Text


def optional(longest: int, *, lines: bool = False, example: str | None = None) -> Text:
    """A text that may be left out, empty or null."""
    return Text(
        longest=longest,
        shortest=0,
        lines=lines,
        allow_none=True,
        load_default=None,
        metadata={"example": example} if example else {},
    )


class Credentials(ma.Schema):
    email = Text(required=True, longest=254)
    password = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=1000), load_only=True)


class Account(ma.Schema):
    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    email = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    sites = ma.fields.List(ma.fields.String(), required=True)
    agencies = ma.fields.List(
        ma.fields.String(),
        required=True,
        metadata={"description": "An officer's; none: every agency at the sites."},
    )
    language = ma.fields.String(required=True)


class SessionOut(ma.Schema):
    token = ma.fields.String(required=True, metadata={"description": "send it as Authorization: Bearer"})
    expires_at = Instant(required=True)
    account = ma.fields.Nested(Account, required=True)


class SiteQuery(ma.Schema):
    site = Text(longest=40, load_default=None)


class PresenceWindowOut(ma.Schema):
    day = ma.fields.String(required=True)
    opens = ma.fields.String(required=True)
    closes = ma.fields.String(required=True)
    places = ma.fields.Integer(required=True)
    officer = ma.fields.String(required=True, allow_none=True)


class DeskOut(ma.Schema):
    code = ma.fields.String(required=True)
    agency = ma.fields.String(required=True)
    agency_name = Names(required=True)
    site = ma.fields.String(required=True, allow_none=True, metadata={"description": "none: the head office"})
    name = Names(required=True)
    open = ma.fields.Boolean(required=True)
    channel = ma.fields.String(required=True)
    address = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "shown to those who manage desks"}
    )
    capacity = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    presence = ma.fields.List(ma.fields.Nested(PresenceWindowOut), required=True)
    version = ma.fields.Integer(required=True)


class ConditionOut(ma.Schema):
    field = ma.fields.String(required=True)
    equals = ma.fields.String(required=True)


class OptionOut(ma.Schema):
    value = ma.fields.String(required=True)
    name = Names(required=True)


class FieldOut(ma.Schema):
    code = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    name = Names(required=True)
    hint = Names(required=True, allow_none=True)
    required = ma.fields.Boolean(required=True)
    minimum = ma.fields.Integer(required=True, allow_none=True)
    maximum = ma.fields.Integer(required=True, allow_none=True)
    options = ma.fields.List(ma.fields.Nested(OptionOut), required=True)
    when = ma.fields.Nested(ConditionOut, required=True, allow_none=True)
    columns = ma.fields.List(
        ma.fields.Nested(lambda: FieldOut()),
        required=True,
        metadata={"description": "of a list: what is asked in each of its rows"},
    )


class DocumentOut(ma.Schema):
    code = ma.fields.String(required=True)
    name = Names(required=True)
    copies = ma.fields.Integer(required=True)
    required = ma.fields.Boolean(required=True)
    when = ma.fields.Nested(ConditionOut, required=True, allow_none=True)
    original = ma.fields.Boolean(required=True)
    legalised = ma.fields.Boolean(required=True)
    accepts = ma.fields.List(ma.fields.String(), required=True)


class FeeLineOut(ma.Schema):
    code = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    label = Names(required=True)
    amount = Money(required=True)
    vat_rate = ma.fields.String(required=True)
    per = ma.fields.String(required=True, allow_none=True)
    beyond = ma.fields.Integer(
        required=True, metadata={"description": "how many of `per` this line does not count"}
    )
    when = ma.fields.Nested(ConditionOut, required=True, allow_none=True)


class TermOut(ma.Schema):
    value = ma.fields.Integer(required=True)
    unit = ma.fields.String(required=True, validate=ma.validate.OneOf(list(Unit)))


class ValidityOut(ma.Schema):
    value = ma.fields.Integer(required=True)
    unit = ma.fields.String(required=True, validate=ma.validate.OneOf(list(ValidityUnit)))


class ProcedureOut(ma.Schema):
    code = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    agency = ma.fields.String(required=True)
    name = Names(required=True)
    public = ma.fields.Boolean(required=True)
    fields_ = ma.fields.List(ma.fields.Nested(FieldOut), required=True, data_key="fields")
    documents = ma.fields.List(ma.fields.Nested(DocumentOut), required=True)
    fee_lines = ma.fields.List(ma.fields.Nested(FeeLineOut), required=True, allow_none=True)
    service_target = ma.fields.Nested(TermOut, required=True, allow_none=True)
    legal_term = ma.fields.Nested(TermOut, required=True, allow_none=True)
    outcome = Names(required=True, allow_none=True)
    outcome_validity = ma.fields.Nested(ValidityOut, required=True, allow_none=True)
    authority = Names(required=True, allow_none=True, metadata={"description": "who decides"})
    note = Names(required=True, allow_none=True)


class ProcedureList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ProcedureOut), required=True)


class DeskList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(DeskOut), required=True)


class RequestIn(ma.Schema):
    startup_id = ma.fields.UUID(required=True)
    procedure = Text(required=True, longest=100, metadata={"example": "ompic.certificat-negatif"})
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    answers = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Raw(allow_none=True),
        load_default=dict,
        metadata={"description": "by field code; see GET /procedures"},
    )
    depositor = optional(120, example="Salma Idrissi")
    draft_id = ma.fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "the draft it was begun as; it is gone then"},
    )


class RequestQuery(PageQuery):
    site = Text(longest=40, load_default=None)
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf([state.value for state in State]))
    day = Day(load_default=None, metadata={"description": "filed on this day, in Morocco's time"})
    startup_id = ma.fields.UUID(load_default=None)
    search = Text(longest=100, shortest=0, load_default=None)


class Seen(ma.Schema):
    """``version`` is the one the clerk saw; with it, acting on a changed request is refused."""

    version = ma.fields.Integer(strict=True, allow_none=True, load_default=None)


class Completion(Seen):
    outcome_reference = optional(80, example="CN-2026-88231")


class Rejection(Seen):
    motive = Text(required=True, longest=1000, lines=True)


class RequestRow(ma.Schema):
    id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    startup_id = ma.fields.UUID(required=True)
    startup_name = ma.fields.String(required=True)
    procedure = ma.fields.String(required=True)
    procedure_version = ma.fields.Integer(required=True)
    procedure_name = Names(required=True)
    agency = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    desk = ma.fields.String(required=True, allow_none=True)
    routing_reason = ma.fields.String(required=True, allow_none=True)
    submitted_at = Instant(required=True)
    due_at = Instant(required=True, allow_none=True)
    started_at = Instant(required=True, allow_none=True)
    closed_at = Instant(required=True, allow_none=True)
    outcome_reference = ma.fields.String(required=True, allow_none=True)
    motive = ma.fields.String(required=True, allow_none=True)
    handled_by = ma.fields.String(required=True, allow_none=True)
    assigned_to = ma.fields.String(required=True, allow_none=True)
    step = ma.fields.String(required=True, allow_none=True)
    handed_over_at = Instant(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class HistoryLine(ma.Schema):
    action = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    at = Instant(required=True)
    actor = ma.fields.String(required=True)
    note = ma.fields.String(required=True, allow_none=True)
    details = ma.fields.Dict(required=True, allow_none=True)


class AskedItem(ma.Schema):
    document = ma.fields.String(required=True, allow_none=True)
    name = Names(required=True, allow_none=True)
    copies = ma.fields.Integer(required=True)
    legalised = ma.fields.Boolean(required=True)
    note = ma.fields.String(required=True, allow_none=True)


class ComplementOut(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(AskedItem), required=True)
    asked_at = Instant(required=True)
    asked_by = ma.fields.String(required=True)
    received_at = Instant(required=True, allow_none=True)


class FailedMessage(ma.Schema):
    channel = ma.fields.String(required=True)
    error = ma.fields.String(required=True, allow_none=True)
    failed_at = Instant(required=True)


class RequestOut(RequestRow):
    answers = ma.fields.Dict(required=True)
    actions = ma.fields.List(
        ma.fields.String(), required=True, metadata={"description": "what this user may do next"}
    )
    depositor = ma.fields.String(required=True, allow_none=True)
    complement = ma.fields.Nested(ComplementOut, required=True, allow_none=True)
    handed_over_to = ma.fields.String(required=True, allow_none=True)
    documents = ma.fields.List(ma.fields.Nested(DocumentOut), required=True)
    fee_lines = ma.fields.List(ma.fields.Nested(FeeLineOut), required=True)
    history = ma.fields.List(ma.fields.Nested(HistoryLine), required=True)
    failed_messages = ma.fields.List(ma.fields.Nested(FailedMessage), required=True)


class ReceiptOut(ma.Schema):
    number = ma.fields.String(required=True)
    received_at = Instant(required=True)
    site = ma.fields.String(required=True)
    site_name = Names(required=True)
    desk = ma.fields.String(required=True)
    desk_name = Names(required=True)
    agent = ma.fields.String(required=True)
    startup_name = ma.fields.String(required=True)
    ice = ma.fields.String(required=True, allow_none=True)
    procedure_name = Names(required=True)
    documents = ma.fields.List(Names(), required=True, metadata={"description": "what has to be handed in"})
    fee = Money(required=True, allow_none=True)
    due_at = Instant(required=True, allow_none=True)
    tracking = ma.fields.String(required=True, metadata={"description": "told once; only its digest is kept"})


class RequestFiled(RequestRow):
    receipt = ma.fields.Nested(ReceiptOut, required=True)
