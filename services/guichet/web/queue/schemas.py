"""What the queue's API takes and gives."""

import marshmallow as ma

from services.guichet.domain.queue.reception import Decision
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import Outcome, State
from shared.web.fields import Instant, Names, Text

OUTCOMES = tuple(one.value for one in Outcome if one is not Outcome.UNKNOWN)


def _text(longest: int) -> Text:
    return Text(longest=longest, shortest=0, allow_none=True, load_default=None)


class QueueQuery(ma.Schema):
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})


class TicketIn(ma.Schema):
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    kind = ma.fields.String(
        load_default=Kind.WALK_IN.value, validate=ma.validate.OneOf([one.value for one in Kind])
    )
    procedure = Text(
        longest=100,
        allow_none=True,
        load_default=None,
        metadata={"description": "decides the line and the documents to show"},
    )
    request = Text(
        longest=40,
        allow_none=True,
        load_default=None,
        metadata={"description": "number of the request they come about: what it still lacks is asked for"},
    )
    line = Text(longest=1, allow_none=True, load_default=None, metadata={"example": "A"})
    documents = ma.fields.List(
        Text(longest=60),
        load_default=list,
        validate=ma.validate.Length(max=50),
        metadata={"description": "codes of the documents the visitor shows"},
    )
    decision = ma.fields.String(
        allow_none=True,
        load_default=None,
        validate=ma.validate.OneOf([one.value for one in Decision]),
        metadata={"description": "what to do when required documents are missing"},
    )
    reason = _text(300)
    appointment_at = Instant(allow_none=True, load_default=None)
    startup_id = ma.fields.UUID(allow_none=True, load_default=None)
    contact_id = ma.fields.UUID(allow_none=True, load_default=None)


class DocumentToBring(ma.Schema):
    code = ma.fields.String(required=True)
    name = Names(required=True)


class TicketStepOut(ma.Schema):
    version = ma.fields.Integer(required=True)
    action = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    at = Instant(required=True)
    actor = ma.fields.String(required=True)
    line = ma.fields.String(required=True)
    window = ma.fields.String(required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)


class TicketOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True, allow_none=True)
    site = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)
    line = ma.fields.String(required=True)
    kind = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "null, as all that tells of the visitor, for an officer of another agency"},
    )
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in State]))
    taken_at = Instant(required=True)
    appointment_at = Instant(required=True, allow_none=True)
    procedure = ma.fields.String(required=True, allow_none=True)
    startup_id = ma.fields.UUID(required=True, allow_none=True)
    startup_name = ma.fields.String(required=True, allow_none=True)
    contact_id = ma.fields.UUID(required=True, allow_none=True)
    missing = ma.fields.List(ma.fields.String(), required=True)
    reason = ma.fields.String(required=True, allow_none=True)
    window = ma.fields.String(required=True, allow_none=True)
    wanted_window = ma.fields.String(required=True, allow_none=True)
    calls = ma.fields.Integer(required=True)
    first_called_at = Instant(required=True, allow_none=True)
    handled_seconds = ma.fields.Integer(required=True)
    finished_at = Instant(required=True, allow_none=True)
    outcome = ma.fields.String(required=True, allow_none=True)
    request_number = ma.fields.String(required=True, allow_none=True)
    actions = ma.fields.List(ma.fields.String(), required=True)
    version = ma.fields.Integer(required=True)


class TicketDetail(TicketOut):
    steps = ma.fields.List(ma.fields.Nested(TicketStepOut), required=True)


class Received(TicketOut):
    bring = ma.fields.List(
        ma.fields.Nested(DocumentToBring),
        required=True,
        metadata={"description": "what the visitor was told to bring"},
    )


class WaitingTicket(TicketOut):
    ahead = ma.fields.Integer(required=True)
    wait_minutes = ma.fields.Integer(required=True, allow_none=True)


class LineOut(ma.Schema):
    letter = ma.fields.String(required=True)
    name = Names(required=True)
    agencies = ma.fields.List(ma.fields.String(), required=True)
    waiting = ma.fields.Integer(required=True)
    wait_minutes = ma.fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "what somebody who comes now would wait; null with no window open"},
    )
    promise_minutes = ma.fields.Integer(required=True)


class WindowOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    site = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    lines = ma.fields.List(ma.fields.String(), required=True)
    who = ma.fields.String(required=True)
    opened_at = Instant(required=True)


class QueueOut(ma.Schema):
    lines = ma.fields.List(ma.fields.Nested(LineOut), required=True)
    windows = ma.fields.List(ma.fields.Nested(WindowOut), required=True)
    waiting = ma.fields.List(ma.fields.Nested(WaitingTicket), required=True)
    others = ma.fields.List(
        ma.fields.Nested(TicketOut), required=True, metadata={"description": "at a window or on hold"}
    )


class SeenTicket(ma.Schema):
    version = ma.fields.Integer(
        strict=True,
        allow_none=True,
        load_default=None,
        validate=ma.validate.Range(min=0, max=2**31 - 1),
        metadata={"description": "refused with 409 when the ticket has changed since"},
    )


class Noted(SeenTicket):
    note = _text(300)


class Transfer(Noted):
    line = Text(longest=1, allow_none=True, load_default=None)
    window = Text(longest=8, allow_none=True, load_default=None)


class Finish(Noted):
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))
    request = Text(longest=40, allow_none=True, load_default=None, metadata={"example": "CAS-2026-000123"})


class Identity(SeenTicket):
    startup_id = ma.fields.UUID(required=True)
    contact_id = ma.fields.UUID(allow_none=True, load_default=None)


class WindowIn(ma.Schema):
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    label = Text(required=True, longest=8, metadata={"example": "3"})
    lines = ma.fields.List(Text(longest=1), required=True, validate=ma.validate.Length(min=1, max=26))


class WindowLines(ma.Schema):
    lines = ma.fields.List(Text(longest=1), required=True, validate=ma.validate.Length(min=1, max=26))


class Called(ma.Schema):
    ticket = ma.fields.Nested(
        TicketOut, required=True, allow_none=True, metadata={"description": "null when nobody waits"}
    )


class ScreenIn(ma.Schema):
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    name = Text(required=True, longest=60, metadata={"example": "Hall"})


class ScreenOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    site = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    created_at = Instant(required=True)


class ScreenList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ScreenOut), required=True)


class ScreenCreated(ma.Schema):
    id = ma.fields.UUID(required=True)
    token = ma.fields.String(required=True, metadata={"description": "told this once"})
    address = ma.fields.String(required=True, metadata={"description": "to open on the screen, once"})
