"""Figures in the reader's language, and parked events without people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext

from shared.clock import CASABLANCA, now
from shared.errors import N_
from shared.messaging.parking import ParkedEvent
from shared.operations import ServiceOperations, masking, sentences
from shared.operations.audit import Actor, Via
from shared.operations.figures import Figures
from shared.operations.sentences import Sentence
from shared.web import i18n
from shared.web.access import current_user

ROLE = "operator"
PARTS = {
    "worker": (N_("Worker"), sentences.worker),
    "relay": (N_("Relay"), sentences.relay),
    "queue": (N_("Queue"), sentences.queue),
    "outbox": (N_("Outbox"), sentences.outbox),
}
#: action → word
ACTIONS = {
    "replay": N_("replayed"),
    "discard": N_("discarded"),
    "look": N_("looked at in full"),
    "redeliver": N_("delivered again"),
    "handle-again": N_("had handled again"),
    "rebuild": N_("copy rebuilt"),
    "restore": N_("restored"),
}


def actor(via: Via) -> Actor:
    """Return who is signed in, as the record names them."""
    user = current_user()
    return Actor(user.id, user.name, via)


def say(sentence: Sentence) -> str:
    """Write a sentence in the reader's language."""
    places = {name: _place(value) for name, value in sentence.places.items()}
    if sentence.many:
        told: str = ngettext(sentence.one, sentence.many, sentence.count, **places)
    else:
        told = gettext(sentence.one, **places)
    return told


def instant(value: datetime) -> str:
    """Return the hour, with its day when that is not today."""
    today = now().astimezone(CASABLANCA).date()
    hour = i18n.clock(value)
    return hour if value.astimezone(CASABLANCA).date() == today else f"{i18n.day(value)} {hour}"


def standing(figures: Figures, words: ServiceOperations) -> dict[str, Any]:
    """Return what the fragment and the API tell of a service."""
    parts = [
        {"key": key, "label": gettext(label), "tone": told.tone, "text": say(told)}
        for key, (label, sentence) in PARTS.items()
        for told in (sentence(figures),)
    ]
    felt = [{"tone": one.tone, "text": say(one)} for one in sentences.felt(figures, words)]
    tones = {one["tone"] for one in (*parts, *felt)}
    return {
        "service": words.service,
        "title": gettext(words.title),
        "tone": next((t for t in (sentences.BAD, sentences.SLOW) if t in tones), sentences.GOOD),
        "felt": felt,
        "parts": parts,
        "outbox_error": _reason(figures),
        "kinds": [
            {
                "type": kind.type,
                "events": kind.events,
                "asked": kind.asked,
                "since": kind.since,
                "text": say(sentences.parked(words, kind.type, kind.events, kind.since)),
            }
            for kind in figures.kinds
        ],
    }


def event(parked: ParkedEvent, words: ServiceOperations, *, in_full: bool = False) -> dict[str, Any]:
    """Return a parked event; with ``in_full`` also its payload, masked."""
    told: dict[str, Any] = {
        "event_id": parked.event_id,
        "type": parked.type,
        "attempts": parked.attempts,
        "parked_at": parked.parked_at,
        "replay_requested_at": parked.replay_requested_at,
        "error": masking.error(parked.error, parked.body, words.plain),
    }
    if in_full:
        told["payload"] = masking.payload(parked.body, words.plain)
        told["size"] = len(parked.body)
    return told


def _reason(figures: Figures) -> str | None:
    if sentences.outbox(figures).tone == sentences.GOOD or not figures.outbox_error:
        return None
    return masking.free_text(figures.outbox_error)


def _place(value: object) -> object:
    return instant(value) if isinstance(value, datetime) else value


def audit_words() -> Mapping[str, str]:
    """Return the words of what was done."""
    return {action: gettext(word) for action, word in ACTIONS.items()}
