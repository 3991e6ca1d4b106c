"""The form of a startup and its contacts, read and written."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from services.guichet.domain.contacts import CHANNELS, OPT_IN, PURPOSES, Contact
from services.guichet.domain.startups import Startup
from services.guichet.web.forms import page_errors, whole
from shared.errors import InvalidInput
from shared.web.i18n import day

CONTACT_ROWS = 3
COMPANY = (
    "legal_name",
    "site",
    "status",
    "legal_form",
    "sector",
    "ice",
    "rc_court",
    "rc_number",
    "tax_id",
    "trade_tax",
    "cnss",
    "address",
    "space",
    "contract_start",
    "contract_end",
    "notice_days",
)
PERSON = ("contact_id", "name", "role", "language", "email", "phone")
CONSENT = ("given_on", "source", "withdrawn_on")
_CONTACT_FIELD = re.compile(r"contacts\[(\d+)\]\.(\w+)", re.ASCII)


def startup_from(form: MultiDict[str, str]) -> dict[str, Any]:
    """A startup's details from its form; contact rows left empty are no contacts."""
    details: dict[str, Any] = {name: form.get(name, "") for name in COMPANY}
    details["resident"] = "resident" in form
    details["contacts"] = [
        {
            **{name: contact[name] for name in PERSON},
            "contact_id": _uuid(contact["contact_id"]),
            "channels": contact["channels"],
            "preferred_for": contact["preferred_for"],
            "consents": [
                {"purpose": purpose, **typed} for purpose, typed in _consents(contact) if any(typed.values())
            ],
        }
        for contact in contacts_typed(form)
        if _is_filled(contact)
    ]
    return details


def contacts_typed(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    return [_contact_typed(form, f"contact-{row}-") for row in range(contact_rows(form))]


def contact_rows(form: MultiDict[str, str]) -> int:
    count = whole(form.get("contact_rows", ""))
    return CONTACT_ROWS if count is None else min(count, 20)


def startup_errors(error: InvalidInput, form: MultiDict[str, str]) -> list[dict[str, str]]:
    """Errors under the names the form uses, counting the rows people see."""
    rows = [row for row, contact in enumerate(contacts_typed(form)) if _is_filled(contact)]
    found = page_errors(error)
    for one in found:
        place = _CONTACT_FIELD.fullmatch(one["field"])
        if place is not None and int(place[1]) < len(rows):
            one["field"] = f"contact-{rows[int(place[1])]}-{place[2]}"
    return found


def as_form(startup: Startup) -> MultiDict[str, str]:
    """The record as the form that would have written it."""
    form: MultiDict[str, str] = MultiDict({name: _written(getattr(startup, name)) for name in COMPANY})
    form["version"] = str(startup.version)
    form["contact_rows"] = str(max(len(startup.contacts) + 1, CONTACT_ROWS))
    if startup.resident:
        form["resident"] = "on"
    for row, contact in enumerate(startup.contacts):
        form.update(_contact_as_form(contact, f"contact-{row}-"))
    return form


def _contact_typed(form: MultiDict[str, str], prefix: str) -> dict[str, Any]:
    # A box that is not ticked is not sent: only a row that was sent says that none is.
    sent = f"{prefix}sent" in form
    contact: dict[str, Any] = {name: form.get(prefix + name, "") for name in PERSON}
    contact["channels"] = [one for one in CHANNELS if not sent or f"{prefix}channel-{one}" in form]
    contact["preferred_for"] = [one for one in PURPOSES if f"{prefix}preferred-{one}" in form]
    for purpose in OPT_IN:
        for name in CONSENT:
            key = f"consent_{purpose}_{name}"
            contact[key] = form.get(prefix + key, "")
    return contact


def _contact_as_form(contact: Contact, prefix: str) -> dict[str, str]:
    values = {f"{prefix}sent": "1"}
    for name in PERSON[1:]:
        values[prefix + name] = getattr(contact, name) or ""
    values[f"{prefix}contact_id"] = str(contact.id)
    values.update({f"{prefix}channel-{one}": "on" for one in contact.channels})
    values.update({f"{prefix}preferred-{one}": "on" for one in contact.preferred_for})
    for consent in contact.consents:
        for name in CONSENT:
            values[f"{prefix}consent_{consent.purpose}_{name}"] = _written(getattr(consent, name))
    return values


def _consents(contact: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    return [
        (purpose, {name: contact[f"consent_{purpose}_{name}"].strip() for name in CONSENT})
        for purpose in OPT_IN
    ]


def _is_filled(contact: Mapping[str, Any]) -> bool:
    return any(contact[name].strip() for name in ("contact_id", "name", "role", "email", "phone"))


def _written(value: Any) -> str:
    if value is None:
        return ""
    return day(value) if hasattr(value, "year") else str(value)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
