"""A startup of the network, resident or not, and the people to reach in it."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.guichet.domain.identifiers import (
    ICE_CHECKSUM_WARNING,
    email,
    ice,
    ice_checks,
    optional,
    phone,
    rc_number,
)
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.text import Checks, choice, optional_text, required_text, search_key
from shared.errors import N_, Conflict

MOST_CONTACTS = 20


@dataclass(frozen=True, slots=True)
class Contact:
    id: uuid.UUID
    name: str
    role: str
    language: str
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Startup:
    """What is on record; a change makes a new record with the next version."""

    id: uuid.UUID
    legal_name: str
    site: str
    resident: bool
    ice: str | None = None
    rc_court: str | None = None
    rc_number: str | None = None
    address: str | None = None
    contacts: tuple[Contact, ...] = field(default=())
    version: int = 1

    @classmethod
    def register(cls, details: Mapping[str, Any], *, new_id: Callable[[], uuid.UUID]) -> "Startup":
        """Read what was typed.

        Raises:
            InvalidFields: every value that cannot be accepted, each with its field.
        """
        return cls(id=new_id(), **_checked(details, known={}, new_id=new_id))

    def change(
        self, details: Mapping[str, Any], *, version: int, new_id: Callable[[], uuid.UUID]
    ) -> "Startup":
        """Replace the details, unless somebody else did since ``version`` was read.

        Raises:
            Conflict: the record is no longer the one the user saw.
            InvalidFields: every value that cannot be accepted, each with its field.
        """
        if version != self.version:
            raise Conflict(
                N_(
                    "Somebody changed this startup while you were editing it: it is at version %(current)s, "
                    "yours was %(seen)s. Reload it and make your change again."
                ),
                field="version",
                current=self.version,
                seen=version,
            )
        known = {contact.id: contact for contact in self.contacts}
        checked = _checked(details, known=known, new_id=new_id)
        return replace(self, **checked, version=self.version + 1)

    @property
    def search_text(self) -> str:
        return search_key(" ".join(filter(None, (self.legal_name, self.ice, self.rc_number))))

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """``(field, message)`` of what is accepted and yet deserves a second look."""
        if self.ice is not None and not ice_checks(self.ice):
            return [("ice", ICE_CHECKSUM_WARNING)]
        return []


def _checked(
    details: Mapping[str, Any], *, known: Mapping[uuid.UUID, Contact], new_id: Callable[[], uuid.UUID]
) -> dict[str, Any]:
    checks = Checks()
    values: dict[str, Any] = {
        "legal_name": checks.take(required_text, details.get("legal_name"), field="legal_name"),
        "site": checks.take(required_text, details.get("site"), field="site", maximum=40),
        "resident": bool(details.get("resident", False)),
        "ice": checks.take(optional(ice), details.get("ice"), field="ice"),
        "rc_court": checks.take(optional_text, details.get("rc_court"), field="rc_court", maximum=80),
        "rc_number": checks.take(optional(rc_number), details.get("rc_number"), field="rc_number"),
        "address": checks.take(
            optional_text, details.get("address"), field="address", maximum=500, lines=True
        ),
        "contacts": _contacts(checks, details.get("contacts") or (), known, new_id),
    }
    refused = {error.field for error in checks.errors}
    # The same trade register number exists in every court: one without the other names nobody.
    if values["rc_number"] and not values["rc_court"] and "rc_court" not in refused:
        checks.refuse(N_("Give the court that keeps this trade register number."), field="rc_court")
    if values["rc_court"] and not values["rc_number"] and "rc_number" not in refused:
        checks.refuse(N_("Give the trade register number that goes with this court."), field="rc_number")
    checks.finish()
    return values


def _contacts(
    checks: Checks,
    typed: Sequence[Mapping[str, Any]],
    known: Mapping[uuid.UUID, Contact],
    new_id: Callable[[], uuid.UUID],
) -> tuple[Contact, ...]:
    if len(typed) > MOST_CONTACTS:
        checks.refuse(N_("At most %(maximum)s contacts."), field="contacts", maximum=MOST_CONTACTS)
        return ()
    contacts: list[Contact] = []
    for position, details in enumerate(typed):
        where = f"contacts[{position}]"
        given = details.get("contact_id")
        if given is not None and (given not in known or any(given == contact.id for contact in contacts)):
            checks.refuse(N_("This startup has no such contact."), field=f"{where}.contact_id")
        name = checks.take(required_text, details.get("name"), field=f"{where}.name", maximum=120)
        role = checks.take(required_text, details.get("role"), field=f"{where}.role", maximum=60)
        language = checks.take(
            choice, details.get("language") or "fr", field=f"{where}.language", among=LANGUAGES
        )
        contacts.append(
            Contact(
                id=given or new_id(),
                name=name or "",
                role=role or "",
                language=language or "fr",
                email=checks.take(optional(email), details.get("email"), field=f"{where}.email"),
                phone=checks.take(optional(phone), details.get("phone"), field=f"{where}.phone"),
            )
        )
    return tuple(contacts)
