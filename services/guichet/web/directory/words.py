"""Words for the codes of the directory."""

from collections.abc import Mapping

from flask_babel import gettext

from services.guichet.catalogue.directory import directory
from services.guichet.domain.names import Names
from shared.errors import N_
from shared.web import language

STATUSES: Mapping[str, str] = {"active": N_("Active"), "left": N_("Left")}
STATUS_TONES: Mapping[str, str] = {"active": "done", "left": "off"}
CHANNELS: Mapping[str, str] = {"email": N_("E-mail"), "sms": N_("SMS")}
PURPOSES: Mapping[str, str] = {
    "service": N_("Requests and bookings"),
    "invoices": N_("Invoices"),
    "newsletter": N_("Newsletter"),
    "events": N_("Events and trainings"),
}
#: what the form, the files and the merge call each part of a record
FIELDS: Mapping[str, str] = {
    "legal_name": N_("Legal name"),
    "legal_form": N_("Legal form"),
    "sector": N_("Sector"),
    "status": N_("Status"),
    "site": N_("Site"),
    "resident": N_("Rents space at this site"),
    "ice": N_("ICE"),
    "rc_court": N_("Court"),
    "rc_number": N_("Trade register number"),
    "tax_id": N_("Tax identifier (IF)"),
    "trade_tax": N_("Trade tax (TP)"),
    "cnss": N_("CNSS affiliate number"),
    "address": N_("Address"),
    "space": N_("Office or space"),
    "contract_start": N_("Contract from"),
    "contract_end": N_("Contract until"),
    "notice_days": N_("Notice, in days"),
    "contacts": N_("Contacts"),
}
ACTIONS: Mapping[str, str] = {
    "register": N_("Registered"),
    "change": N_("Changed"),
    "import": N_("Imported"),
    "merge": N_("Another record merged into this one"),
    "merged": N_("Merged into another record"),
    "export": N_("Data of its people handed out"),
    "erase": N_("People forgotten"),
}

REASONS: Mapping[str, str] = {
    "same_number": N_("same number"),
    "same_name": N_("same name"),
    "similar_name": N_("similar name"),
    "same_email": N_("same e-mail"),
    "same_phone": N_("same telephone"),
}


def status(code: str) -> str:
    return str(gettext(STATUSES[code]))


def yes_or_no(value: bool) -> str:
    return str(gettext(N_("Yes")) if value else gettext(N_("No")))


def seen(what: str) -> str:
    """What of a startup's people was seen: a copy of everything, or the request of this number."""
    return str(gettext(ACTIONS["export"])) if what == "export" else what


def of(message: str) -> str:
    return str(gettext(message))


def name_of(names: Names) -> str:
    return names.within(language())


def statuses() -> list[tuple[str, str]]:
    return [(code, gettext(word)) for code, word in STATUSES.items()]


def legal_forms() -> list[tuple[str, str]]:
    return _options(directory().legal_forms)


def sectors() -> list[tuple[str, str]]:
    return _options(directory().sectors)


def legal_form(code: str | None) -> str:
    return _name(directory().legal_forms, code)


def sector(code: str | None) -> str:
    return _name(directory().sectors, code)


def _options(names: Mapping[str, Names]) -> list[tuple[str, str]]:
    return [(code, name.within(language())) for code, name in names.items()]


def _name(names: Mapping[str, Names], code: str | None) -> str:
    known = names.get(code or "")
    return known.within(language()) if known else code or ""
