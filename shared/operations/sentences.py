"""Sentences about figures: what they count, since when, and how grave it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.clock import CASABLANCA, now
from shared.errors import N_, NN_

if TYPE_CHECKING:
    from shared.operations.figures import Figures
    from shared.operations.service import ServiceOperations

#: the tones of ``ui.html``: bad needs somebody now, slow is worth a look, good is as it should be
BAD, SLOW, GOOD = "failed", "waiting", "done"
#: younger than this is work at hand, not a backlog
SETTLED_SECONDS = 10
#: the type under which parking keeps what is no event at all
UNDECODABLE = "undecodable"

_PARKED_OTHERWISE = NN_("%(num)s event could not be handled", "%(num)s events could not be handled")
_UNREADABLE = NN_("%(num)s message could not be read", "%(num)s messages could not be read")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its count; ``places`` fill it beside ``num``, instants among them."""

    tone: str
    one: str
    many: str = ""
    count: int = 1
    places: Mapping[str, object] = field(default_factory=dict)


def standing(session: Session, query: str, forms: tuple[str, str]) -> Iterator[Sentence]:
    """Yield what stands still, if anything does: ``query`` returns how many and the instant since when."""
    count, since = session.execute(text(query)).one()
    if count:
        yield Sentence(BAD, *forms, count=count, places={"since": since})


def english(sentence: Sentence) -> str:
    """Say it for the command line."""
    chosen = sentence.one if sentence.count == 1 or not sentence.many else sentence.many
    return chosen % {"num": sentence.count, **{k: _english(v) for k, v in sentence.places.items()}}


def _english(value: object) -> object:
    if isinstance(value, datetime):
        local = value.astimezone(CASABLANCA)
        same_day = local.date() == now().astimezone(CASABLANCA).date()
        return f"{local:%H:%M}" if same_day else f"{local:%d/%m/%Y %H:%M}"
    return value


def worker(figures: "Figures") -> Sentence:
    """Say whether the service has a worker that lives."""
    found = figures.processes["worker"]
    if found.alive:
        return Sentence(
            GOOD, *NN_("%(num)s worker is running", "%(num)s workers are running"), count=found.alive
        )
    if found.seen_at is None:
        return Sentence(BAD, N_("No worker has shown itself yet"))
    return Sentence(BAD, N_("No worker has shown itself since %(since)s"), places={"since": found.seen_at})


def relay(figures: "Figures") -> Sentence:
    """Say whether the service has a relay, and one that leads."""
    found = figures.processes["relay"]
    if found.alive and figures.relay_leads:
        return Sentence(
            GOOD, *NN_("%(num)s relay is running", "%(num)s relays are running"), count=found.alive
        )
    if found.alive:
        return Sentence(BAD, N_("A relay is running, but none carries the events"))
    if found.seen_at is None:
        return Sentence(BAD, N_("No relay has shown itself yet"))
    return Sentence(BAD, N_("No relay has shown itself since %(since)s"), places={"since": found.seen_at})


def queue(figures: "Figures") -> Sentence:
    """Say how the service's queue in the broker stands, as far as its relay could see."""
    seen = figures.broker
    if seen is None:
        return Sentence(SLOW, N_("The queue has not been looked at yet: its relay does that"))
    if seen.unreachable_since is not None:
        return Sentence(
            BAD, N_("RabbitMQ has not answered since %(since)s"), places={"since": seen.unreachable_since}
        )
    if seen.stale:
        return Sentence(
            SLOW,
            *NN_(
                "Nobody has looked at the queue since %(since)s; %(num)s event waited then",
                "Nobody has looked at the queue since %(since)s; %(num)s events waited then",
            ),
            count=seen.waiting,
            places={"since": seen.measured_at},
        )
    if seen.unconsumed_since is not None:
        return Sentence(
            BAD,
            *NN_(
                "Nobody consumes since %(since)s, %(num)s event waits",
                "Nobody consumes since %(since)s, %(num)s events wait",
            ),
            count=seen.waiting,
            places={"since": seen.unconsumed_since},
        )
    if seen.waiting and seen.waiting_since is not None and seen.waiting_seconds >= SETTLED_SECONDS:
        return Sentence(
            SLOW,
            *NN_("%(num)s event waits since %(since)s", "%(num)s events wait since %(since)s"),
            count=seen.waiting,
            places={"since": seen.waiting_since},
        )
    return Sentence(GOOD, N_("Nothing waits"))


def outbox(figures: "Figures") -> Sentence:
    """Say what the service could not pass on."""
    if figures.outbox_waiting and figures.outbox_since and figures.outbox_seconds >= SETTLED_SECONDS:
        return Sentence(
            BAD,
            *NN_(
                "%(num)s event not passed on since %(since)s",
                "%(num)s events not passed on since %(since)s",
            ),
            count=figures.outbox_waiting,
            places={"since": figures.outbox_since},
        )
    return Sentence(GOOD, N_("Everything was passed on"))


def parked(words: "ServiceOperations", event_type: str, count: int, since: datetime) -> Sentence:
    """Say what is missing while events of a type are parked."""
    one, many = _UNREADABLE if event_type == UNDECODABLE else words.parked.get(event_type, _PARKED_OTHERWISE)
    return Sentence(BAD, one, many, count, {"since": since})


def felt(figures: "Figures", words: "ServiceOperations") -> Iterator[Sentence]:
    """Yield what startups feel, the parked events' consequences first."""
    for kind in figures.kinds:
        yield parked(words, kind.type, kind.events, kind.since)
    yield from figures.felt
    seen = figures.broker
    if seen is not None and seen.waiting and queue(figures).tone == BAD:
        yield Sentence(BAD, words.without_worker)
    if outbox(figures).tone == BAD:
        yield Sentence(BAD, words.without_relay)
