"""What the API takes and gives about desks, presence and visits."""

import marshmallow as ma

from services.guichet.domain.desk_reader import WEEKDAYS
from services.guichet.domain.desks import ChannelKind
from services.guichet.domain.presence import ExceptionKind
from services.guichet.web.schemas import DeskOut, Seen
from shared.web.fields import Day, Flag, Instant, Names, Text


class Hour(ma.fields.Time):
    """A wall time of the site, ``09:30``."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(format="%H:%M", **kwargs)  # type: ignore[arg-type]


class NamesIn(ma.Schema):
    fr = Text(required=True, longest=200)
    ar = Text(required=True, longest=200)
    en = Text(required=True, longest=200)


class PresenceWindowIn(ma.Schema):
    day = ma.fields.String(required=True, validate=ma.validate.OneOf(WEEKDAYS))
    opens = Text(required=True, longest=5, metadata={"example": "09:00"})
    closes = Text(required=True, longest=5, metadata={"example": "12:00"})
    places = ma.fields.Integer(strict=True, load_default=0, validate=ma.validate.Range(0, 1000))
    officer = Text(longest=100, allow_none=True, load_default=None)


class CapacityIn(ma.Schema):
    open_requests = ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 100_000))
    per_presence_day = ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 100_000))


class DeskChange(ma.Schema):
    site = Text(longest=40, allow_none=True, load_default=None)
    names = ma.fields.Nested(NamesIn, required=True)
    open = Flag(load_default=True)
    channel = ma.fields.String(
        load_default="desk", validate=ma.validate.OneOf([kind.value for kind in ChannelKind])
    )
    address = Text(longest=300, allow_none=True, load_default=None)
    capacity = ma.fields.Nested(CapacityIn, required=True)
    presence = ma.fields.List(
        ma.fields.Nested(PresenceWindowIn), load_default=list, validate=ma.validate.Length(max=50)
    )


class DeskIn(DeskChange):
    code = Text(required=True, longest=40, metadata={"example": "cnss-agadir"})
    agency = Text(required=True, longest=40, metadata={"example": "cnss"})


class DeskPut(DeskChange):
    version = ma.fields.Integer(
        required=True, strict=True, metadata={"description": "the version this change is based on"}
    )
    reason = Text(
        longest=500,
        allow_none=True,
        load_default=None,
        metadata={"description": "needed when the desk closes; its open requests move with it"},
    )


class DeskSaved(DeskOut):
    moved = ma.fields.Integer(
        required=True, metadata={"description": "open requests sent to other desks because this one closed"}
    )
    visits_cancelled = ma.fields.Integer(
        required=True, metadata={"description": "visits nobody receives any more; the startups are told"}
    )


class Rerouting(Seen):
    desk = Text(
        longest=40,
        allow_none=True,
        load_default=None,
        metadata={"description": "without one, the rule decides"},
    )
    reason = Text(required=True, longest=500, lines=True)


class ExceptionIn(ma.Schema):
    day = Day(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf([kind.value for kind in ExceptionKind]))
    opens = Hour(allow_none=True, load_default=None)
    closes = Hour(allow_none=True, load_default=None)
    places = ma.fields.Integer(strict=True, load_default=0, validate=ma.validate.Range(0, 1000))
    note = Text(longest=200, allow_none=True, load_default=None)


class ExceptionOut(ma.Schema):
    desk = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)
    kind = ma.fields.String(required=True)
    opens = Hour(required=True, allow_none=True)
    closes = Hour(required=True, allow_none=True)
    places = ma.fields.Integer(required=True)
    note = ma.fields.String(required=True, allow_none=True)
    visits_cancelled = ma.fields.Integer(required=True)


class WeekQuery(ma.Schema):
    site = Text(required=True, longest=40, metadata={"example": "casablanca"})
    week = Day(load_default=None, metadata={"description": "any day of the week; this week without it"})


class PresenceOut(ma.Schema):
    opens = Hour(required=True, metadata={"description": "the window's, by which a visit is booked"})
    closes = Hour(required=True)
    hours = ma.fields.List(
        ma.fields.List(Hour()),
        required=True,
        metadata={"description": "what the site's hours leave of the window on this date"},
    )
    places = ma.fields.Integer(required=True)
    taken = ma.fields.Integer(required=True)
    officer = ma.fields.String(required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)


class DeskDayOut(ma.Schema):
    day = ma.fields.Date(required=True)
    absent = ma.fields.Boolean(required=True)
    present = ma.fields.List(ma.fields.Nested(PresenceOut), required=True)


class DeskWeekOut(ma.Schema):
    desk = ma.fields.String(required=True)
    days = ma.fields.List(ma.fields.Nested(DeskDayOut), required=True)


class WeekOut(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(DeskWeekOut), required=True)


class VisitIn(ma.Schema):
    desk = Text(required=True, longest=40, metadata={"example": "cnss-agadir"})
    day = Day(required=True)
    opens = Hour(required=True)
    startup_id = ma.fields.UUID(required=True)
    request = Text(longest=40, allow_none=True, load_default=None, metadata={"example": "AGA-2026-000124"})
    bring = ma.fields.List(
        Text(longest=200, shortest=0), load_default=list, validate=ma.validate.Length(max=20)
    )


class VisitOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True)
    desk = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)
    opens = Hour(required=True)
    place = ma.fields.Integer(required=True)
    starts_at = Instant(required=True)
    zone = ma.fields.String(required=True)
    startup_id = ma.fields.UUID(required=True)
    request = ma.fields.String(required=True, allow_none=True)
    bring = ma.fields.List(Names(), required=True)
    held_until = Instant(
        required=True, allow_none=True, metadata={"description": "given back then unless confirmed"}
    )


class Cancellation(ma.Schema):
    reason = Text(required=True, longest=300)
