"""What billing reads of the others' events: only what it charges and prints."""

from marshmallow import EXCLUDE, Schema, fields, validate

from shared.messaging.contracts import consumed


class Reading(Schema):
    class Meta:
        unknown = EXCLUDE


class Names(Reading):
    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


@consumed("guichet.startup_registered.v1")
class StartupRegistered(Reading):
    """The buyer as the counter knows it; contacts are none of billing's business."""

    startup_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    legal_name = fields.String(required=True)
    ice = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    site = fields.String(required=True)


@consumed("guichet.startup_changed.v1")
class StartupChanged(StartupRegistered):
    pass


@consumed("guichet.startup_merged.v1")
class StartupMerged(Reading):
    """Two records were one: ``merged_id`` stands for ``startup_id`` from now on."""

    startup_id = fields.UUID(required=True)
    merged_id = fields.UUID(required=True)


@consumed("guichet.startup_erased.v1")
class StartupErased(Reading):
    """The people of this startup asked to be forgotten; ``version`` is that of the record that remains."""

    startup_id = fields.UUID(required=True)
    version = fields.Integer(load_default=None)


class FeeLine(Reading):
    code = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["disbursement", "service"]))
    label = fields.Nested(Names, required=True)
    amount = fields.Decimal(required=True, places=2)
    vat_rate = fields.Decimal(required=True, allow_none=True, places=2)


@consumed("guichet.request_completed.v1")
class RequestCompleted(Reading):
    request_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    procedure_name = fields.Nested(Names, required=True)
    completed_at = fields.AwareDateTime(required=True)
    fee_lines = fields.List(fields.Nested(FeeLine), required=True, allow_none=True)


@consumed("booking.booking_confirmed.v1")
class BookingConfirmed(Reading):
    """``startup_id`` is null when the house booked for itself: nothing is charged then."""

    booking_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    site = fields.String(required=True)
    space_name = fields.Nested(Names, required=True)
    space_kind = fields.String(required=True, validate=validate.OneOf(["room", "hall", "desk"]))
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    zone = fields.String(required=True)


@consumed("booking.booking_cancelled.v1")
class BookingCancelled(Reading):
    booking_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    site = fields.String(required=True)
    cancelled_at = fields.AwareDateTime(required=True)
    was_confirmed = fields.Boolean(required=True)


@consumed("guichet.account_changed.v1")
class AccountChanged(Schema):
    """Sessions of this account count from this moment on; what was signed before is refused here, too."""

    class Meta:
        unknown = EXCLUDE

    account_id = fields.UUID(required=True)
    sessions_from = fields.AwareDateTime(required=True)
