"""Guesses at tracking links: counted in the database, asked about only where there is reason to."""

from collections import OrderedDict
from datetime import datetime
from threading import Lock

from services.guichet.storage import guesses
from services.guichet.storage.guesses import WINDOW, Guesser
from shared.clock import now
from shared.web import transaction
from shared.web.problems import TooManyAttempts

REMEMBERED = 10_000


def refuse_until(until: datetime | None, at: datetime) -> None:
    """Refuse when there is something to wait for.

    Raises:
        TooManyAttempts: it says how long.
    """
    if until is not None:
        raise TooManyAttempts(int((until - at).total_seconds()) + 1)


class Guesses:
    """Each process remembers which addresses it saw guess wrong, and asks the database about those alone.

    So a page opened by somebody with a link costs no statement more, and the limit holds for all
    processes together: one that has not met the address counts its first wrong guess with the others'.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._suspects: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    def check(self, address: str) -> None:
        """Refuse an address that guessed too often, whatever it asks for.

        Raises:
            TooManyAttempts: see there.
        """
        at = now()
        with self._lock:
            seen = self._suspects.get(address)
        if seen is not None and seen > at - WINDOW:
            with transaction() as session:
                refuse_until(guesses.refused_until(session, self._guesser(address), at=at), at)

    def failed(self, address: str) -> None:
        """Count a wrong guess.

        Raises:
            TooManyAttempts: other processes had counted enough already.
        """
        at = now()
        with self._lock:
            self._suspects[address] = at
            self._suspects.move_to_end(address)
            while len(self._suspects) > REMEMBERED:
                self._suspects.popitem(last=False)
        with transaction() as session:
            until = guesses.count(session, self._guesser(address), at=at)
        refuse_until(until, at)

    def _guesser(self, address: str) -> Guesser:
        return Guesser.of("tracking", address, most=self._most)
