"""The nameko worker: what happened elsewhere becomes messages, and messages leave."""

from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from sqlalchemy.orm import Session

from services.notifications.contracts import consumed
from services.notifications.mailroom import Mailroom
from services.notifications.settings import NotificationSettings
from services.notifications.storage import messages
from services.notifications.use_cases import keeping, startups, telling
from shared import ended_sessions
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, drain, every, subscribe


class MailroomProvider(DependencyProvider):  # type: ignore[misc]
    """Opens the mailroom with the worker and lets it finish when the worker stops."""

    def setup(self) -> None:
        self._mailroom = Mailroom(self.container.config["database"], NotificationSettings.load())

    def stop(self) -> None:
        self._mailroom.close()

    def get_dependency(self, worker_ctx: WorkerContext) -> Any:
        return self._mailroom


class NotificationsWorker(EventWorker):
    name = "notifications"

    mailroom: Mailroom = MailroomProvider()

    @subscribe(consumed.AccountChanged)
    def account_changed(self, event: Event, session: Session) -> None:
        ended_sessions.note(session, event.data["account_id"], event.data["sessions_from"])

    @subscribe(consumed.StartupRegistered)
    def startup_registered(self, event: Event, session: Session) -> None:
        startups.keep_startup(session, event)

    @subscribe(consumed.StartupChanged)
    def startup_changed(self, event: Event, session: Session) -> None:
        startups.keep_startup(session, event)

    @subscribe(consumed.StartupMerged)
    def startup_merged(self, event: Event, session: Session) -> None:
        startups.follow_merge(session, event)

    @subscribe(consumed.StartupErased)
    def startup_erased(self, event: Event, session: Session) -> None:
        startups.forget_people(session, event)

    @subscribe(consumed.RequestSubmitted)
    def request_submitted(self, event: Event, session: Session) -> None:
        telling.request_submitted(session, event)

    @subscribe(consumed.RequestCompleted)
    def request_completed(self, event: Event, session: Session) -> None:
        telling.request_completed(session, event)

    @subscribe(consumed.RequestRejected)
    def request_rejected(self, event: Event, session: Session) -> None:
        telling.request_rejected(session, event)

    @subscribe(consumed.ComplementRequested)
    def complement_requested(self, event: Event, session: Session) -> None:
        telling.complement_requested(session, event)

    @subscribe(consumed.ComplementReceived)
    def complement_received(self, event: Event, session: Session) -> None:
        telling.complement_received(session, event)

    @subscribe(consumed.RequestWithdrawn)
    def request_withdrawn(self, event: Event, session: Session) -> None:
        telling.request_withdrawn(session, event)

    @subscribe(consumed.DossierStepWaiting)
    def dossier_step_waiting(self, event: Event, session: Session) -> None:
        telling.dossier_step_waiting(session, event)

    @subscribe(consumed.TicketNear)
    def ticket_near(self, event: Event, session: Session) -> None:
        telling.ticket_near(session, event)

    @subscribe(consumed.BookingConfirmed)
    def booking_confirmed(self, event: Event, session: Session) -> None:
        telling.booking_confirmed(session, event)

    @subscribe(consumed.BookingCancelled)
    def booking_cancelled(self, event: Event, session: Session) -> None:
        telling.booking_cancelled(session, event)

    @subscribe(consumed.VisitBooked)
    def visit_booked(self, event: Event, session: Session) -> None:
        telling.visit_booked(session, event)

    @subscribe(consumed.VisitCancelled)
    def visit_cancelled(self, event: Event, session: Session) -> None:
        telling.visit_cancelled(session, event)

    @subscribe(consumed.InvoiceIssued)
    def invoice_issued(self, event: Event, session: Session) -> None:
        telling.invoice_issued(session, event)

    @subscribe(consumed.CreditNoteIssued)
    def credit_note_issued(self, event: Event, session: Session) -> None:
        telling.credit_note_issued(session, event)

    @subscribe(consumed.DocumentExpiring)
    def document_expiring(self, event: Event, session: Session) -> None:
        telling.document_expiring(session, event)

    @drain(wake=messages.CHANNEL, poll_seconds=2)
    def send(self) -> bool:
        return self.mailroom.deliver()

    @every(seconds=60)
    def tell_those_who_waited(self, session: Session) -> None:
        startups.tell_those_who_waited(session)

    @every(seconds=3600)
    def forget_old_messages(self, session: Session) -> None:
        keeping.forget_old_messages(session, NotificationSettings.load().retention)
