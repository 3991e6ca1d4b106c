"""What the calendar's API takes and gives."""

from typing import Any

import marshmallow as ma

from services.guichet.domain.calendar import DayKind, Effect
from services.guichet.domain.calendar_reader import WEEKDAYS
from shared.web.fields import Day, Flag, Instant, Names, Text

CLOCK = ma.validate.Regexp(r"([01]\d|2[0-3]):[0-5]\d")


def _clock() -> ma.fields.String:
    return ma.fields.String(validate=CLOCK, metadata={"example": "08:30"})


def _hours(**options: Any) -> ma.fields.List[Any]:
    pair = ma.fields.List(_clock(), validate=ma.validate.Length(equal=2))
    return ma.fields.List(pair, metadata={"example": [["08:30", "16:30"]]}, **options)


class DayNamesIn(ma.Schema):
    fr = Text(required=True, longest=120)
    ar = Text(required=True, longest=120)
    en = Text(required=True, longest=120)


class SiteIn(ma.Schema):
    site = Text(required=True, longest=40, metadata={"description": "a site's code, or * for all"})


class CalendarQuery(ma.Schema):
    site = Text(required=True, longest=40)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(2020, 2100))


class DayIn(SiteIn):
    effect = ma.fields.String(required=True, validate=ma.validate.OneOf(list(Effect)))
    names = ma.fields.Nested(DayNamesIn, allow_none=True, load_default=None)
    hours = _hours(allow_none=True, load_default=None)


class MoveIn(SiteIn):
    to = Day(required=True)


class RulesIn(SiteIn):
    weekend = ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(WEEKDAYS)), required=True)
    hours = _hours(required=True)
    ramadan_hours = _hours(required=True)
    friday_break = ma.fields.List(
        _clock(),
        allow_none=True,
        load_default=None,
        validate=ma.validate.Length(equal=2),
        metadata={"example": ["12:00", "14:00"], "description": "the prayer’s, cut out of Friday’s hours"},
    )
    ends_on_open_day = Flag(required=True)
    near_share = ma.fields.String(required=True, metadata={"example": "0.75"})


class RamadanIn(ma.Schema):
    first = Day(required=True)
    last = Day(required=True)
    confirmed = Flag(load_default=False)


class RamadanOut(RamadanIn):
    id = ma.fields.UUID(required=True)


class OverrideOut(ma.Schema):
    site = ma.fields.String(required=True)
    effect = ma.fields.String(required=True)
    moved_from = ma.fields.Date(required=True, allow_none=True)


class DayOut(ma.Schema):
    date = ma.fields.Date(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(list(DayKind)))
    hours = ma.fields.List(ma.fields.List(ma.fields.String()), required=True)
    names = ma.fields.List(Names(), required=True)
    ramadan = ma.fields.Boolean(required=True)
    estimated = ma.fields.Boolean(required=True)
    override = ma.fields.Nested(OverrideOut, required=True, allow_none=True)


class RulesOut(RulesIn):
    """``site`` is whose rules these are: the site's own, or the network's."""


class CalendarOut(ma.Schema):
    site = ma.fields.String(required=True)
    year = ma.fields.Integer(required=True)
    rules = ma.fields.Nested(RulesOut, required=True)
    ramadans = ma.fields.List(ma.fields.Nested(RamadanOut), required=True)
    days = ma.fields.List(ma.fields.Nested(DayOut), required=True)


class DueQuery(ma.Schema):
    site = Text(required=True, longest=40)
    filed_at = Instant(required=True)
    value = ma.fields.Integer(required=True, validate=ma.validate.Range(1, 3660))
    unit = Text(required=True, longest=20, metadata={"example": "working_days"})


class DueOut(ma.Schema):
    near_at = Instant(required=True, allow_none=True)
    due_at = Instant(required=True, allow_none=True)
