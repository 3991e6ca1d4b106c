"""A startup of the network, resident or not, and the people to reach in it."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.guichet.domain.contacts import MOST_CONTACTS, Consent, Contact, checked_contacts
from services.guichet.domain.identifiers import (
    ICE_CHECKSUM_WARNING,
    cnss_affiliate,
    ice,
    ice_checks,
    optional,
    rc_number,
    tax_id,
    trade_tax,
)
from services.guichet.domain.text import (
    Checks,
    calendar_day,
    choice,
    optional_text,
    required_text,
    search_key,
    whole_number,
)
from shared.errors import N_, Conflict

__all__ = ["MOST_CONTACTS", "Consent", "Contact", "Startup", "Status"]

LONGEST_NOTICE_DAYS = 730


class Status(StrEnum):
    ACTIVE = "active"
    LEFT = "left"


STATUSES = tuple(one.value for one in Status)
#: What a merge lets the clerk choose from either record.
COMPANY_FIELDS = (
    "legal_name",
    "legal_form",
    "sector",
    "status",
    "site",
    "resident",
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
    status: str = Status.ACTIVE.value
    legal_form: str | None = None
    sector: str | None = None
    tax_id: str | None = None
    trade_tax: str | None = None
    cnss: str | None = None
    space: str | None = None
    contract_start: date | None = None
    contract_end: date | None = None
    notice_days: int | None = None
    merged_into: uuid.UUID | None = None
    erased_at: datetime | None = None

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
        self.unchanged_since(version)
        known = {contact.id: contact for contact in self.contacts}
        checked = _checked(details, known=known, new_id=new_id)
        return replace(self, **checked, version=self.version + 1)

    def unchanged_since(self, version: int) -> None:
        """Refuse to act on a record that is no longer the one the user saw."""
        if self.merged_into is not None:
            raise Conflict(N_("This startup was merged into another: make your change there."))
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

    @property
    def search_text(self) -> str:
        numbers = (self.ice, self.rc_number, self.tax_id, self.trade_tax, self.cnss)
        return search_key(" ".join(filter(None, (self.legal_name, *numbers))))

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """``(field, message)`` of what is accepted and yet deserves a second look."""
        if self.ice is not None and not ice_checks(self.ice):
            return [("ice", ICE_CHECKSUM_WARNING)]
        return []

    def differences(self, before: "Startup") -> list[str]:
        """The fields that are not what they were; the contacts count as one."""
        changed = [name for name in COMPANY_FIELDS if getattr(self, name) != getattr(before, name)]
        return [*changed, "contacts"] if self.contacts != before.contacts else changed


def _checked(
    details: Mapping[str, Any], *, known: Mapping[uuid.UUID, Contact], new_id: Callable[[], uuid.UUID]
) -> dict[str, Any]:
    checks = Checks()
    values: dict[str, Any] = {
        "legal_name": checks.take(required_text, details.get("legal_name"), field="legal_name"),
        "site": checks.take(required_text, details.get("site"), field="site", maximum=40),
        "resident": bool(details.get("resident", False)),
        "status": checks.take(
            choice, details.get("status") or Status.ACTIVE.value, field="status", among=STATUSES
        ),
        "legal_form": checks.take(optional_text, details.get("legal_form"), field="legal_form", maximum=40),
        "sector": checks.take(optional_text, details.get("sector"), field="sector", maximum=40),
        "ice": checks.take(optional(ice), details.get("ice"), field="ice"),
        "rc_court": checks.take(optional_text, details.get("rc_court"), field="rc_court", maximum=80),
        "rc_number": checks.take(optional(rc_number), details.get("rc_number"), field="rc_number"),
        "tax_id": checks.take(optional(tax_id), details.get("tax_id"), field="tax_id"),
        "trade_tax": checks.take(optional(trade_tax), details.get("trade_tax"), field="trade_tax"),
        "cnss": checks.take(optional(cnss_affiliate), details.get("cnss"), field="cnss"),
        "address": checks.take(
            optional_text, details.get("address"), field="address", maximum=500, lines=True
        ),
        "space": checks.take(optional_text, details.get("space"), field="space", maximum=120),
        "contract_start": checks.take(
            optional(calendar_day), details.get("contract_start"), field="contract_start"
        ),
        "contract_end": checks.take(
            optional(calendar_day), details.get("contract_end"), field="contract_end"
        ),
        "notice_days": checks.take(
            optional(whole_number),
            details.get("notice_days"),
            field="notice_days",
            low=0,
            high=LONGEST_NOTICE_DAYS,
        ),
        "contacts": checked_contacts(checks, details.get("contacts") or (), known, new_id),
    }
    refused = {error.field for error in checks.errors}
    # The same trade register number exists in every court: one without the other names nobody.
    if values["rc_number"] and not values["rc_court"] and "rc_court" not in refused:
        checks.refuse(N_("Give the court that keeps this trade register number."), field="rc_court")
    if values["rc_court"] and not values["rc_number"] and "rc_number" not in refused:
        checks.refuse(N_("Give the trade register number that goes with this court."), field="rc_number")
    start, end = values["contract_start"], values["contract_end"]
    if start and end and end < start:
        checks.refuse(N_("The contract cannot end before it begins."), field="contract_end")
    checks.finish()
    return values
