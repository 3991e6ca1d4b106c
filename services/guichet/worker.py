"""The counter's worker: what others tell the counter, and what time brings."""

from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from sqlalchemy.orm import Session

from services.guichet.channels.dispatch import Dispatcher
from services.guichet.channels.settings import ChannelSettings
from services.guichet.contracts import consumed
from services.guichet.documents.settings import from_environment, views_retention
from services.guichet.storage import deliveries, documents, guesses
from services.guichet.use_cases import calendar_news, deadlines, drafts, figures, visits
from services.guichet.use_cases.directory.importing import forget_old_files
from services.guichet.use_cases.documents import keeping
from services.guichet.use_cases.messages import note_failed_message
from services.guichet.use_cases.queue.visits import close_days_gone_by
from shared.clock import now
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, drain, every, subscribe


class DispatcherProvider(DependencyProvider):  # type: ignore[misc]
    """The sender of dossiers, with its memory of servers that should rest."""

    def setup(self) -> None:
        self._dispatcher = Dispatcher(
            self.container.config["database"], ChannelSettings.load(), cabinet=from_environment()
        )

    def get_dependency(self, worker_ctx: WorkerContext) -> Any:
        return self._dispatcher


class GuichetWorker(EventWorker):
    name = "guichet"

    dispatcher: Dispatcher = DispatcherProvider()

    @drain(wake=deliveries.CHANNEL, poll_seconds=5)
    def send_dossiers(self) -> bool:
        """Send dossiers to agencies, and ask online services what became of theirs."""
        return self.dispatcher.deliver()

    @subscribe(consumed.MessageFailed)
    def message_failed(self, event: Event, session: Session) -> None:
        note_failed_message(event, session)

    @every(seconds=1800)
    def close_days_at_the_windows(self, session: Session) -> None:
        close_days_gone_by(session, at=now())

    @every(seconds=3600)
    def remind_of_documents(self, session: Session) -> None:
        keeping.remind_of_expiry(session, at=now())

    @every(seconds=6 * 3600)
    def forget_documents(self, session: Session) -> None:
        keeping.forget_outlived(session, views_kept=views_retention(), at=now())

    @every(seconds=3600)
    def sweep_files(self, session: Session) -> None:
        cabinet = from_environment()
        if cabinet is not None:
            keeping.sweep(session, cabinet.store, at=now())

    @every(seconds=3600)
    def forget_senders(self, session: Session) -> None:
        """Forget who sent how many files by a link, an hour after the first."""
        documents.forget_senders(session, at=now())

    @every(seconds=3600)
    def forget_guesses(self, session: Session) -> None:
        """Forget who guessed passwords and links wrong, a quarter of an hour after the first."""
        guesses.forget(session, at=now())

    @every(seconds=300)
    def give_back_places(self, session: Session) -> None:
        """Give back places at officers' visits that were held and not confirmed in time."""
        visits.give_back_unconfirmed(session, at=now())

    @every(seconds=20)
    def tell_deadlines(self, session: Session) -> None:
        """Warn of terms that are nearly over, tell of those that are."""
        deadlines.tell(session, at=now())

    @every(seconds=6 * 3600)
    def forget_old_drafts(self, session: Session) -> None:
        drafts.forget_old_drafts(session, at=now())

    @drain(wake=deadlines.CALENDAR_CHANGED, poll_seconds=60)
    def follow_calendar(self) -> bool:
        """Move the deadlines of open requests after the calendar."""
        with self.database.transaction() as session:
            return deadlines.follow_calendar(session)

    @every(seconds=600)
    def tell_calendar(self, session: Session) -> None:
        """Tell what no correction tells: a new site, a year come near, a new list of holidays."""
        calendar_news.tell_what_is_left(session, at=now())

    @every(seconds=24 * 3600)
    def check_deadlines(self, session: Session) -> None:
        """Once a day from nothing: also after an update of holidays or time-zone data."""
        deadlines.follow_again(session)

    @every(seconds=60)
    def keep_figures(self, session: Session) -> None:
        """Keep what days that are over added up to, for the dashboard."""
        figures.keep_figures(session, at=now())

    @every(seconds=3600)
    def forget_old_import_files(self, session: Session) -> None:
        forget_old_files(session, at=now())
