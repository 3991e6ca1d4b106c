"""What this service reads of others' events: who to tell, and what to tell them.

``startup_id`` is empty for a booking the counter made for itself: nobody is told.
"""

from marshmallow import EXCLUDE, Schema, fields

from shared.messaging.contracts import consumed


class _Reading(Schema):
    class Meta:
        unknown = EXCLUDE


class _Names(_Reading):
    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


class _Contact(_Reading):
    contact_id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = fields.String(load_default="", allow_none=True)
    language = fields.String(load_default="fr", allow_none=True)
    email = fields.String(load_default=None, allow_none=True)
    phone = fields.String(load_default=None, allow_none=True)
    channels = fields.List(fields.String(), load_default=None, allow_none=True)
    preferred_for = fields.List(fields.String(), load_default=list)
    consents = fields.List(fields.String(), load_default=list)


class _Startup(_Reading):
    startup_id = fields.UUID(required=True)
    legal_name = fields.String(required=True)
    site = fields.String(required=True)
    version = fields.Integer(required=True)
    contacts = fields.List(fields.Nested(_Contact), required=True)


class _Request(_Reading):
    request_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    procedure_name = fields.Nested(_Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(_Names, required=True)
    tracking_url = fields.String(load_default=None, allow_none=True)


class _AskedItem(_Reading):
    label = fields.Nested(_Names, load_default=None, allow_none=True)
    copies = fields.Integer(load_default=1)
    legalised = fields.Boolean(load_default=False)
    note = fields.String(load_default=None, allow_none=True)


class _Booking(_Reading):
    booking_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    site = fields.String(required=True)
    site_name = fields.Nested(_Names, required=True)
    space_name = fields.Nested(_Names, required=True)
    starts_at = fields.AwareDateTime(required=True, format="iso")
    ends_at = fields.AwareDateTime(required=True, format="iso")
    zone = fields.String(required=True)


class _Visit(_Reading):
    visit_id = fields.UUID(required=True)
    number = fields.String(required=True)
    request_number = fields.String(load_default=None, allow_none=True)
    startup_id = fields.UUID(required=True)
    agency_name = fields.Nested(_Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(_Names, required=True)
    starts_at = fields.AwareDateTime(required=True, format="iso")
    zone = fields.String(required=True)
    tracking_url = fields.String(load_default=None, allow_none=True)


@consumed("guichet.startup_registered.v1")
class StartupRegistered(_Startup):
    pass


@consumed("guichet.startup_changed.v1")
class StartupChanged(_Startup):
    pass


@consumed("guichet.startup_merged.v1")
class StartupMerged(_Reading):
    startup_id = fields.UUID(required=True)
    merged_id = fields.UUID(required=True)


@consumed("guichet.startup_erased.v1")
class StartupErased(_Reading):
    startup_id = fields.UUID(required=True)
    version = fields.Integer(load_default=None)


@consumed("guichet.request_submitted.v1")
class RequestSubmitted(_Request):
    submitted_at = fields.AwareDateTime(required=True, format="iso")
    due_at = fields.AwareDateTime(load_default=None, allow_none=True, format="iso")


@consumed("guichet.request_completed.v1")
class RequestCompleted(_Request):
    completed_at = fields.AwareDateTime(required=True, format="iso")
    outcome_reference = fields.String(load_default=None, allow_none=True)


@consumed("guichet.request_rejected.v1")
class RequestRejected(_Request):
    rejected_at = fields.AwareDateTime(required=True, format="iso")
    motive = fields.String(required=True)


@consumed("guichet.complement_requested.v1")
class ComplementRequested(_Request):
    requested_at = fields.AwareDateTime(required=True, format="iso")
    items = fields.List(fields.Nested(_AskedItem), required=True)


@consumed("guichet.complement_received.v1")
class ComplementReceived(_Request):
    received_at = fields.AwareDateTime(required=True, format="iso")


@consumed("guichet.request_withdrawn.v1")
class RequestWithdrawn(_Request):
    withdrawn_at = fields.AwareDateTime(required=True, format="iso")


@consumed("guichet.ticket_near.v1")
class TicketNear(_Reading):
    """Without ``contact_id`` nobody in particular is meant, and nobody is told."""

    number = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    contact_id = fields.UUID(required=True, allow_none=True)
    site = fields.String(required=True)
    site_name = fields.Nested(_Names, required=True)
    near_at = fields.AwareDateTime(required=True, format="iso")


@consumed("booking.booking_confirmed.v1")
class BookingConfirmed(_Booking):
    pass


@consumed("booking.booking_cancelled.v1")
class BookingCancelled(_Booking):
    was_confirmed = fields.Boolean(required=True)


@consumed("guichet.visit_booked.v1")
class VisitBooked(_Visit):
    bring = fields.List(fields.Nested(_Names), required=True)


@consumed("guichet.visit_cancelled.v1")
class VisitCancelled(_Visit):
    reason = fields.String(required=True)
    cause = fields.String(load_default=None)
    next_starts_at = fields.AwareDateTime(load_default=None, format="iso")
    next_held_until = fields.AwareDateTime(load_default=None, format="iso")
    next_number = fields.String(load_default=None)


@consumed("guichet.dossier_step_waiting.v1")
class DossierStepWaiting(_Reading):
    """``number`` is the dossier's; without ``request_number`` the step is not filed yet."""

    dossier_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    procedure_name = fields.Nested(_Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(_Names, required=True)
    answers = fields.List(fields.Nested(_Names), required=True)
    documents = fields.List(fields.Nested(_Names), required=True)
    request_number = fields.String(load_default=None, allow_none=True)
    tracking_url = fields.String(load_default=None, allow_none=True)


@consumed("billing.invoice_issued.v1")
class InvoiceIssued(_Reading):
    invoice_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    issued_on = fields.Date(required=True)
    due_on = fields.Date(required=True)
    total_incl = fields.Decimal(required=True)
    currency = fields.String(required=True)


@consumed("billing.credit_note_issued.v1")
class CreditNoteIssued(_Reading):
    credit_note_id = fields.UUID(required=True)
    number = fields.String(required=True)
    invoice_number = fields.String(required=True)
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    issued_on = fields.Date(required=True)
    total_incl = fields.Decimal(required=True)
    currency = fields.String(required=True)


@consumed("guichet.document_expiring.v1")
class DocumentExpiring(_Reading):
    document_id = fields.UUID(required=True)
    startup_id = fields.UUID(required=True)
    kind_name = fields.Nested(_Names, required=True)
    site = fields.String(required=True)
    site_name = fields.Nested(_Names, required=True)
    expires_on = fields.Date(required=True)


@consumed("guichet.account_changed.v1")
class AccountChanged(Schema):
    """Sessions of this account count from this moment on; what was signed before is refused here, too."""

    class Meta:
        unknown = EXCLUDE

    account_id = fields.UUID(required=True)
    sessions_from = fields.AwareDateTime(required=True, format="iso")
