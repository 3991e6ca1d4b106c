"""Booking's worker: keeps the read copies fresh and gives lapsed options back."""

from sqlalchemy.orm import Session

from services.booking.contracts import consumed
from services.booking.use_cases import read_events
from services.booking.use_cases.expire_holds import expire_holds
from shared import clock, ended_sessions
from shared.logging import get_logger
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, every, subscribe

log = get_logger()


class BookingWorker(EventWorker):
    name = "booking"

    @subscribe(consumed.AccountChanged)
    def account_changed(self, event: Event, session: Session) -> None:
        ended_sessions.note(session, event.data["account_id"], event.data["sessions_from"])

    @subscribe(consumed.StartupRegistered)
    def startup_registered(self, event: Event, session: Session) -> None:
        read_events.startup_reported(session, event.data)

    @subscribe(consumed.StartupChanged)
    def startup_changed(self, event: Event, session: Session) -> None:
        read_events.startup_reported(session, event.data)

    @subscribe(consumed.StartupMerged)
    def startup_merged(self, event: Event, session: Session) -> None:
        read_events.startup_merged(session, event.data)

    @subscribe(consumed.StartupErased)
    def startup_erased(self, event: Event, session: Session) -> None:
        read_events.startup_erased(session, event.data)

    @subscribe(consumed.CalendarChanged)
    def calendar_changed(self, event: Event, session: Session) -> None:
        read_events.calendar_changed(session, event.data)

    @subscribe(consumed.TariffChanged)
    def tariff_changed(self, event: Event, session: Session) -> None:
        read_events.tariff_changed(session, event.data, event.time)

    @every(seconds=30)
    def expire_holds(self, session: Session) -> None:
        if released := expire_holds(session, clock.now()):
            log.info("holds_expired", count=released)
