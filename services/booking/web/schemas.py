"""What the API reads and answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields, validate

from services.booking.domain.booking import Purpose, State
from services.booking.domain.wall_time import parse_moment
from services.booking.use_cases.book import LONGEST_TITLE
from services.booking.use_cases.change_booking import LONGEST_REASON
from services.booking.use_cases.closures import LONGEST_REASON as LONGEST_CLOSURE_REASON
from shared.errors import InvalidInput
from shared.web import Cursor, PageQuery
from shared.web.fields import Day, Flag, Instant, Money, Text
from shared.web.problems import Problem


class WallMoment(fields.String):
    """Wall time of the site, ``2026-11-23T09:00``, or an instant with its offset."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return parse_moment(text, attr or "")
        except InvalidInput as error:
            raise ma.ValidationError(error.message) from error


class Names(ma.Schema):
    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


class SiteOut(ma.Schema):
    code = fields.String(required=True)
    names = fields.Nested(Names, required=True)
    zone = fields.String(required=True)
    opening_hours = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    hold_hours = fields.Integer(required=True)


class SiteList(ma.Schema):
    items = fields.List(fields.Nested(SiteOut), required=True)


class HourlyOut(ma.Schema):
    amount = Money(required=True)
    vat_rate = Money(required=True)
    currency = fields.String(required=True)


class SpaceOut(ma.Schema):
    code = fields.String(required=True)
    site = fields.String(required=True)
    names = fields.Nested(Names, required=True)
    kind = fields.String(required=True)
    capacity = fields.Integer(required=True)
    equipment = fields.List(fields.String(), required=True)
    setup_minutes = fields.Integer(required=True)
    teardown_minutes = fields.Integer(required=True)
    demonstration = fields.Boolean(required=True)
    hourly = fields.Nested(HourlyOut, required=True, allow_none=True)


class SpaceList(ma.Schema):
    items = fields.List(fields.Nested(SpaceOut), required=True)


class EstimateOut(ma.Schema):
    hours = Money(required=True)
    unit_amount = Money(required=True)
    total_excl = Money(required=True)
    total_vat = Money(required=True)
    total_incl = Money(required=True)
    currency = fields.String(required=True)


class BookingOut(ma.Schema):
    id = fields.UUID(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True)
    purpose = fields.String(required=True)
    site = fields.String(required=True)
    space = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    startup_name = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    label = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    zone = fields.String(required=True)
    starts_local = fields.String(required=True)
    ends_local = fields.String(required=True)
    occupied_from = Instant(required=True)
    occupied_until = Instant(required=True)
    created_at = Instant(required=True)
    booked_by = fields.String(required=True)
    expires_at = Instant(required=True, allow_none=True)
    confirmed_at = Instant(required=True, allow_none=True)
    cancelled_at = Instant(required=True, allow_none=True)
    cancel_reason = fields.String(required=True, allow_none=True)
    on_closed_day = fields.Boolean(
        required=True,
        metadata={"description": "the site or the space was closed for that time after it was booked"},
    )
    estimate = fields.Nested(EstimateOut, required=True, allow_none=True)


class FreeRange(ma.Schema):
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class BusyOut(FreeRange):
    id = fields.UUID(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True)
    purpose = fields.String(required=True)
    label = fields.String(required=True)
    occupied_from = Instant(required=True)
    occupied_until = Instant(required=True)
    on_closed_day = fields.Boolean(required=True)


class ShutOut(FreeRange):
    id = fields.UUID(required=True)
    space = fields.String(
        required=True, allow_none=True, metadata={"description": "null when all of the site is closed"}
    )
    reason = fields.String(required=True)


class ClosureOut(ShutOut):
    site = fields.String(required=True)
    zone = fields.String(required=True)
    starts_local = fields.String(required=True)
    ends_local = fields.String(required=True)
    closed_by = fields.String(required=True)
    closed_at = Instant(required=True)
    reopened_by = fields.String(required=True, allow_none=True)
    reopened_at = Instant(required=True, allow_none=True)
    standing = fields.Integer(
        required=True,
        metadata={"description": "bookings to come that stand in it, as far as they are counted"},
    )


class SpaceAvailabilityOut(ma.Schema):
    space = fields.String(required=True)
    names = fields.Nested(Names, required=True)
    busy = fields.List(fields.Nested(BusyOut), required=True)
    free = fields.List(fields.Nested(FreeRange), required=True)
    closed = fields.List(fields.Nested(ShutOut), required=True)


class AvailabilityOut(ma.Schema):
    site = fields.String(required=True)
    zone = fields.String(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    spaces = fields.List(fields.Nested(SpaceAvailabilityOut), required=True)


class HolderOut(ma.Schema):
    id = fields.UUID(required=True)
    number = fields.String(required=True)
    label = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class AlternativeOut(FreeRange):
    site = fields.String(required=True)
    space = fields.String(required=True)
    space_names = fields.Nested(Names, required=True)
    capacity = fields.Integer(required=True)
    starts_local = fields.String(required=True)
    ends_local = fields.String(required=True)


class NotFreeOut(Problem):
    """The problem document of a slot that is taken, or closed."""

    holder = fields.Nested(HolderOut, required=True, allow_none=True)
    closure = fields.Nested(ShutOut, required=True, allow_none=True)
    alternatives = fields.List(fields.Nested(AlternativeOut), required=True)


class SiteQuery(ma.Schema):
    site = Text(longest=80, required=True)


class AvailabilityQuery(SiteQuery):
    first = Day(required=True, data_key="from")
    last = Day(load_default=None, data_key="to")


class BookingQuery(PageQuery):
    cursor = Cursor(datetime, UUID)
    site = Text(longest=80, load_default=None)
    space = Text(longest=80, load_default=None)
    startup_id = fields.UUID(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*State]))
    first = Day(load_default=None, data_key="from")
    last = Day(load_default=None, data_key="to")


class ClosedDayQuery(PageQuery):
    cursor = Cursor(datetime, UUID)
    site = Text(longest=80, load_default=None)


class ClosureQuery(ClosedDayQuery):
    """The same: a page of one site, or of all."""


class NewClosure(ma.Schema):
    site = Text(longest=80, required=True)
    space = Text(
        longest=80, load_default=None, allow_none=True, metadata={"description": "none: all of the site"}
    )
    starts_at = WallMoment(required=True, metadata={"example": "2026-11-23T00:00"})
    ends_at = WallMoment(required=True, metadata={"example": "2026-11-26T00:00"})
    reason = Text(longest=LONGEST_CLOSURE_REASON, required=True)


class Reopening(ma.Schema):
    """Nothing to say: the address names the closure."""


class NewBooking(ma.Schema):
    space = Text(longest=80, required=True)
    startup_id = fields.UUID(load_default=None, allow_none=True)
    title = Text(longest=LONGEST_TITLE, shortest=0, load_default="")
    starts_at = WallMoment(required=True, metadata={"example": "2026-11-23T09:00"})
    ends_at = WallMoment(required=True, metadata={"example": "2026-11-23T10:30"})
    hold = Flag(load_default=False)
    purpose = fields.String(load_default=Purpose.MEETING, validate=validate.OneOf([*Purpose]))


class Confirmation(ma.Schema):
    """Nothing to say: the address names the booking."""


class Cancellation(ma.Schema):
    reason = Text(longest=LONGEST_REASON, shortest=0, load_default=None, allow_none=True)


class PersonalDataOut(ma.Schema):
    service = fields.String(required=True, validate=ma.validate.Equal("booking"))
    made_at = Instant(required=True)
    startup = fields.Dict(required=True, metadata={"description": "booking's copy of the record"})
    merged = fields.List(
        fields.Dict(), required=True, metadata={"description": "records that only lead to it"}
    )
    bookings = fields.List(fields.Dict(), required=True)
