"""The worker: what billing does when something happened elsewhere."""

from sqlalchemy.orm import Session

from services.billing import use_cases
from services.billing.contracts import consumed
from shared import ended_sessions
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, subscribe


class BillingWorker(EventWorker):
    name = "billing"

    @subscribe(consumed.AccountChanged)
    def account_changed(self, event: Event, session: Session) -> None:
        ended_sessions.note(session, event.data["account_id"], event.data["sessions_from"])

    @subscribe(consumed.StartupRegistered)
    def startup_registered(self, event: Event, session: Session) -> None:
        use_cases.note_startup(session, event.data)

    @subscribe(consumed.StartupChanged)
    def startup_changed(self, event: Event, session: Session) -> None:
        use_cases.note_startup(session, event.data)

    @subscribe(consumed.StartupMerged)
    def startup_merged(self, event: Event, session: Session) -> None:
        use_cases.merge_startup(session, event.data["startup_id"], event.data["merged_id"])

    @subscribe(consumed.StartupErased)
    def startup_erased(self, event: Event, session: Session) -> None:
        use_cases.forget_startup(session, event.data["startup_id"], event.data["version"])

    @subscribe(consumed.RequestCompleted)
    def request_completed(self, event: Event, session: Session) -> None:
        use_cases.charge_request(session, event.id, event.data)

    @subscribe(consumed.BookingConfirmed)
    def booking_confirmed(self, event: Event, session: Session) -> None:
        use_cases.charge_booking(session, event.id, event.data)

    @subscribe(consumed.BookingCancelled)
    def booking_cancelled(self, event: Event, session: Session) -> None:
        use_cases.credit_booking(session, event.data)
