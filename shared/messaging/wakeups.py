"""Green threads waiting for a hint (:mod:`shared.messaging.hints`).

Hints of other processes come as PostgreSQL's NOTIFY, on one connection for the whole worker.
"""

from dataclasses import dataclass, field
from functools import partial

import eventlet
import psycopg
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension
from psycopg import sql

from shared.connecting import connect
from shared.logging import get_logger
from shared.messaging import hints
from shared.settings import ServiceSettings

log = get_logger()

RECONNECT_SECONDS = 2.0


@dataclass(slots=True)
class _Channel:
    pending: bool = False
    signal: Signal = field(default_factory=Signal)


class Wakeups(SharedExtension):  # type: ignore[misc]
    """Wakes whoever waits for a channel. Only a hint: every waiter also polls."""

    def setup(self) -> None:
        self._stopping = False

    def register(self, channel: str) -> None:
        """Listen to ``channel`` once started."""
        self._channels.setdefault(channel, _Channel())
        hints.wait_here(channel, partial(self.wake, channel))

    def start(self) -> None:
        self.container.spawn_managed_thread(self._listen, identifier="wakeups")

    def stop(self) -> None:
        self._stopping = True

    def wait(self, channel: str, seconds: float) -> None:
        """Return at the next notification, at once if one came since the last wait."""
        state = self._channels[channel]
        if not state.pending:
            with eventlet.Timeout(seconds, False):
                state.signal.wait()
        state.pending = False

    def wake(self, channel: str) -> None:
        """Wake the waiter of ``channel``, or spare it its next wait."""
        state = self._channels[channel]
        state.pending = True
        signal, state.signal = state.signal, Signal()
        signal.send(None)

    @property
    def _channels(self) -> dict[str, _Channel]:
        channels: dict[str, _Channel] = self.__dict__.setdefault("_channel_states", {})
        return channels

    def _listen(self) -> None:
        settings: ServiceSettings = self.container.config["settings"]
        while not self._stopping:
            try:
                addresses = settings.database_addresses()
                with connect(addresses, autocommit=True, application_name="wakeups") as connection:
                    for channel in self._channels:
                        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    for channel in self._channels:
                        # What was notified while nobody listened.
                        self.wake(channel)
                    while not self._stopping:
                        for notification in connection.notifies(timeout=1.0):
                            self.wake(notification.channel)
            except psycopg.Error as error:
                log.warning("wakeups_lost", error=str(error))
                eventlet.sleep(RECONNECT_SECONDS)
