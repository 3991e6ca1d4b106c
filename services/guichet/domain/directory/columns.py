"""The columns of a file of startups: the same for what is imported, exported and the template."""

import re

from services.guichet.domain.contacts import Contact
from services.guichet.domain.startups import Startup

CONTACTS_A_LINE = 3
COMPANY = (
    "legal_name",
    "site",
    "resident",
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
PERSON = (
    "name",
    "role",
    "language",
    "email",
    "phone",
    "channels",
    "newsletter_on",
    "events_on",
    "consent_source",
)
REQUIRED = ("legal_name", "site")
COLUMNS = (
    *COMPANY,
    *(f"contact_{number}_{name}" for number in range(1, CONTACTS_A_LINE + 1) for name in PERSON),
)
_CONTACT = re.compile(r"contact_(\d)_(\w+)", re.ASCII)
_CONTACT_FIELD = re.compile(r"contacts\[(\d+)\]\.(\w+)", re.ASCII)
_CONSENT_FIELD = re.compile(r"consent_(newsletter|events)_(\w+)")


def part_of(column: str) -> tuple[int, str] | None:
    """Which contact, counted from 1, and what of it; None for a column of the company."""
    found = _CONTACT.fullmatch(column)
    return (int(found[1]), found[2]) if found else None


def column_of(field: str, numbers: list[int]) -> str:
    """The column that holds a field; ``numbers`` are those of the contacts the line has."""
    found = _CONTACT_FIELD.fullmatch(field)
    if found is None or int(found[1]) >= len(numbers):
        return field
    name = found[2]
    consent = _CONSENT_FIELD.fullmatch(name)
    if consent is not None:
        name = f"{consent[1]}_on" if consent[2] == "given_on" else "consent_source"
    return f"contact_{numbers[int(found[1])]}_{name}"


def values_of(startup: Startup) -> dict[str, object]:
    """What a line says of a startup, by column; contacts beyond the last column are left out."""
    values: dict[str, object] = {name: getattr(startup, name) for name in COMPANY}
    for number, contact in enumerate(startup.contacts[:CONTACTS_A_LINE], start=1):
        values.update({f"contact_{number}_{name}": value for name, value in _of(contact).items()})
    return values


def _of(contact: Contact) -> dict[str, object]:
    agreed = {consent.purpose: consent for consent in contact.consents if consent.in_force}
    return {
        "name": contact.name,
        "role": contact.role,
        "language": contact.language,
        "email": contact.email,
        "phone": contact.phone,
        "channels": "+".join(contact.channels),
        "newsletter_on": agreed["newsletter"].given_on if "newsletter" in agreed else None,
        "events_on": agreed["events"].given_on if "events" in agreed else None,
        "consent_source": next((consent.source for consent in agreed.values()), None),
    }
