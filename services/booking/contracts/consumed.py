"""Booking's own, narrower reading of what guichet and billing publish."""

from marshmallow import EXCLUDE, Schema, fields, validate

from shared.messaging.contracts import consumed


class StartupRecord(Schema):
    """What a booking needs of a startup: a name to show, an ICE to tell namesakes apart."""

    class Meta:
        unknown = EXCLUDE

    startup_id = fields.UUID(required=True)
    legal_name = fields.String(required=True, validate=validate.Length(min=1))
    ice = fields.String(load_default=None, allow_none=True)
    site = fields.String(required=True)
    resident = fields.Boolean(required=True)
    version = fields.Integer(required=True)


@consumed("guichet.startup_registered.v1")
class StartupRegistered(StartupRecord):
    """A startup may book from now on."""


@consumed("guichet.startup_changed.v1")
class StartupChanged(StartupRecord):
    """The startup's record as it stands now."""


@consumed("guichet.startup_merged.v1")
class StartupMerged(Schema):
    """Two records were one: ``merged_id`` stands for ``startup_id`` from now on."""

    class Meta:
        unknown = EXCLUDE

    startup_id = fields.UUID(required=True)
    merged_id = fields.UUID(required=True)


@consumed("guichet.startup_erased.v1")
class StartupErased(Schema):
    """The people of this startup asked to be forgotten; ``version`` is that of the record that remains."""

    class Meta:
        unknown = EXCLUDE

    startup_id = fields.UUID(required=True)
    version = fields.Integer(load_default=None)


class HolidayNames(Schema):
    class Meta:
        unknown = EXCLUDE

    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


class CalendarDay(Schema):
    class Meta:
        unknown = EXCLUDE

    date = fields.Date(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("holiday", "closed", "open")))
    names = fields.List(fields.Nested(HolidayNames), required=True)
    estimated = fields.Boolean(required=True)


@consumed("guichet.calendar_changed.v1")
class CalendarChanged(Schema):
    """A year of a site as the counter has it, whole: what is not listed is a day like the others."""

    class Meta:
        unknown = EXCLUDE

    calendar_id = fields.UUID(required=True)
    site = fields.String(required=True)
    year = fields.Integer(required=True)
    version = fields.Integer(required=True)
    days = fields.List(fields.Nested(CalendarDay), required=True)


@consumed("billing.tariff_changed.v1")
class TariffChanged(Schema):
    """What an hour in a kind of space costs on a site, from a day on."""

    class Meta:
        unknown = EXCLUDE

    tariff_id = fields.UUID(required=True)
    site = fields.String(required=True)
    space_kind = fields.String(required=True, validate=validate.OneOf(("room", "hall", "desk")))
    unit = fields.String(required=True, validate=validate.Equal("hour"))
    amount = fields.Decimal(required=True, places=2, as_string=True)
    vat_rate = fields.Decimal(required=True, places=2, as_string=True)
    valid_from = fields.Date(required=True)


@consumed("guichet.account_changed.v1")
class AccountChanged(Schema):
    """Sessions of this account count from this moment on; what was signed before is refused here, too."""

    class Meta:
        unknown = EXCLUDE

    account_id = fields.UUID(required=True)
    sessions_from = fields.AwareDateTime(required=True)
