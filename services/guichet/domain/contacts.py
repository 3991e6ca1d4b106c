"""The people to reach in a startup: how, in which language, and what they agreed to hear."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from services.guichet.domain.identifiers import email, optional, phone
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.text import Checks, calendar_day, choice, required_text
from shared.errors import N_

MOST_CONTACTS = 20


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Purpose(StrEnum):
    """What somebody may be written to about."""

    SERVICE = "service"
    INVOICES = "invoices"
    NEWSLETTER = "newsletter"
    EVENTS = "events"


CHANNELS = tuple(one.value for one in Channel)
PURPOSES = tuple(one.value for one in Purpose)
#: The others are needed to serve the startup and rest on no consent (loi 09-08, art. 4).
OPT_IN = (Purpose.NEWSLETTER.value, Purpose.EVENTS.value)


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to, when and how it is known; a withdrawal does not undo the past."""

    purpose: str
    given_on: date
    source: str
    withdrawn_on: date | None = None

    @property
    def in_force(self) -> bool:
        return self.withdrawn_on is None


@dataclass(frozen=True, slots=True)
class Contact:
    id: uuid.UUID
    name: str
    role: str
    language: str
    email: str | None = None
    phone: str | None = None
    channels: tuple[str, ...] = CHANNELS
    preferred_for: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()

    @property
    def agreed_to(self) -> tuple[str, ...]:
        """The opt-in purposes for which this person may be written to today."""
        return tuple(consent.purpose for consent in self.consents if consent.in_force)


def checked_contacts(
    checks: Checks,
    typed: Sequence[Mapping[str, Any]],
    known: Mapping[uuid.UUID, Contact],
    new_id: Callable[[], uuid.UUID],
) -> tuple[Contact, ...]:
    """Read the contacts of a startup; what is wrong is left in ``checks``."""
    if len(typed) > MOST_CONTACTS:
        checks.refuse(N_("At most %(maximum)s contacts."), field="contacts", maximum=MOST_CONTACTS)
        return ()
    contacts: list[Contact] = []
    for position, details in enumerate(typed):
        where = f"contacts[{position}]"
        given = details.get("contact_id")
        if given is not None and (given not in known or any(given == contact.id for contact in contacts)):
            checks.refuse(N_("This startup has no such contact."), field=f"{where}.contact_id")
        contacts.append(_contact(checks, details, where, known.get(given) if given else None, new_id))
    for purpose in PURPOSES:
        preferred = [position for position, one in enumerate(contacts) if purpose in one.preferred_for]
        for position in preferred[1:]:
            checks.refuse(
                N_("Another contact is already preferred for this purpose."),
                field=f"contacts[{position}].preferred_for",
            )
    return tuple(contacts)


def _contact(
    checks: Checks,
    details: Mapping[str, Any],
    where: str,
    before: Contact | None,
    new_id: Callable[[], uuid.UUID],
) -> Contact:
    language = checks.take(
        choice, details.get("language") or "fr", field=f"{where}.language", among=LANGUAGES
    )
    # What is not said stays as it was: a program that knows nothing of consents must not lose them.
    channels = _codes(checks, details.get("channels"), CHANNELS, field=f"{where}.channels")
    preferred = _codes(checks, details.get("preferred_for"), PURPOSES, field=f"{where}.preferred_for")
    consents = details.get("consents")
    if channels == ():
        checks.refuse(N_("Choose at least one way to reach this contact."), field=f"{where}.channels")
    return Contact(
        id=before.id if before else details.get("contact_id") or new_id(),
        name=checks.take(required_text, details.get("name"), field=f"{where}.name", maximum=120) or "",
        role=checks.take(required_text, details.get("role"), field=f"{where}.role", maximum=60) or "",
        language=language or "fr",
        email=checks.take(optional(email), details.get("email"), field=f"{where}.email"),
        phone=checks.take(optional(phone), details.get("phone"), field=f"{where}.phone"),
        channels=(before.channels if before else CHANNELS) if channels is None else channels,
        preferred_for=(before.preferred_for if before else ()) if preferred is None else preferred,
        consents=(before.consents if before else ())
        if consents is None
        else _consents(checks, consents, where),
    )


def _codes(checks: Checks, typed: object, known: tuple[str, ...], *, field: str) -> tuple[str, ...] | None:
    if typed is None:
        return None
    if not isinstance(typed, list | tuple) or any(one not in known for one in typed):
        checks.refuse(
            N_("Choose one of the proposed values: %(values)s."), field=field, values=", ".join(known)
        )
        return None
    return tuple(one for one in known if one in typed)


def _consents(checks: Checks, typed: Sequence[Mapping[str, Any]], where: str) -> tuple[Consent, ...]:
    found: dict[str, Consent] = {}
    for details in typed:
        purpose = checks.take(choice, details.get("purpose"), field=f"{where}.consents", among=OPT_IN)
        if purpose is None:
            continue
        field = f"{where}.consent_{purpose}"
        given_on = checks.take(calendar_day, details.get("given_on"), field=f"{field}_given_on")
        source = checks.take(required_text, details.get("source"), field=f"{field}_source", maximum=120)
        withdrawn = details.get("withdrawn_on") or None
        withdrawn_on = (
            checks.take(calendar_day, withdrawn, field=f"{field}_withdrawn_on") if withdrawn else None
        )
        if given_on and withdrawn_on and withdrawn_on < given_on:
            checks.refuse(
                N_("A consent cannot be withdrawn before it was given."), field=f"{field}_withdrawn_on"
            )
        if purpose in found:
            checks.refuse(N_("This consent is there twice."), field=f"{where}.consents")
        found[purpose] = Consent(purpose, given_on or date.min, source or "", withdrawn_on)
    return tuple(found[purpose] for purpose in OPT_IN if purpose in found)
