"""What the counter's pages show of a request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from flask_babel import gettext, ngettext

from services.guichet.domain.catalogue import Catalogue, Field, FieldKind, Procedure
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import DECIDED, Request
from services.guichet.domain.terms import Term, Validity
from services.guichet.storage.requests import Filed
from services.guichet.web import names, presenters
from shared.web import User, language
from shared.web.i18n import clock, day, day_short, money


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    id: str
    number: str
    serial: int
    startup: str
    procedure: str
    tone: str
    word: str
    due: str
    near: bool
    handled_by: str
    received: str
    files_came: bool


@dataclass(frozen=True, slots=True)
class Answer:
    label: str
    value: str


def rows(found: Iterable[Filed], catalogue: Catalogue, now: datetime) -> list[Row]:
    # What is the same in every line is worked out once: fifty lines have five words between them.
    today, reader, word_of = now.astimezone(ZONE).date(), language(), cache(gettext)

    def row(filed: Filed) -> Row:
        request = filed.request
        tone, word = _standing(request, now)
        return Row(
            id=str(request.id),
            number=request.number,
            serial=request.serial,
            startup=filed.legal_name,
            procedure=presenters.pinned(request, catalogue).names.within(reader),
            tone=tone,
            word=word_of(word),
            due=_short(request.due_at, today),
            near=near(request, now),
            handled_by=request.handled_by.name if request.handled_by else "—",
            received=_short(request.submitted_at, today),
            files_came=filed.files_came,
        )

    return [row(filed) for filed in found]


def status(request: Request, now: datetime) -> tuple[str, str]:
    """Tone and word; a request past its promise is first of all late."""
    tone, word = _standing(request, now)
    return tone, gettext(word)


def near(request: Request, now: datetime) -> bool:
    """Whether most of a term is used up and none has run out."""
    if request.state in DECIDED or request.due_at is None or request.near_at is None:
        return False
    return request.near_at <= now <= request.due_at


def answers(version: Procedure, given: dict[str, Any], user: User) -> list[Answer]:
    """Question and answer in words, personal numbers masked for whoever does not need them."""
    shown = presenters.shown_answers(version, given, user)
    return written_answers(version, shown)


def written_answers(version: Procedure, given: Mapping[str, Any]) -> list[Answer]:
    return written_fields(version.fields, given)


def written_fields(fields: Sequence[Field], given: Mapping[str, Any]) -> list[Answer]:
    return [
        Answer(field.names.within(language()), _written(field, given[field.code]))
        for field in fields
        if field.code in given
    ]


def _written(field: Field, value: Any) -> str:
    if field.kind is FieldKind.CHOICE:
        return next(
            (option.names.within(language()) for option in field.options if option.value == value), str(value)
        )
    if field.kind is FieldKind.DATE:
        return str(day(date.fromisoformat(value)))
    if field.kind is FieldKind.CONFIRMATION:
        return str(gettext("Yes") if value else gettext("No"))
    if field.kind is FieldKind.AMOUNT:
        return str(money(value))
    if field.kind is FieldKind.LIST:
        return " — ".join(
            " · ".join(_written(column, row[column.code]) for column in field.columns if column.code in row)
            for row in value
        )
    return str(value)


def published_fee(procedure: Procedure) -> str:
    """What the list of procedures says of the fee: the amount when there is only one."""
    lines = procedure.fee_lines
    if not lines:
        return fee(None if lines is None else Decimal(0))
    amounts = sorted({line.amount for line in lines})
    return money(amounts[0]) if len(amounts) == 1 else f"{money(amounts[0])} – {money(amounts[-1])}"


def term(value: Term | Validity | None) -> str:
    if value is None:
        return str(gettext("None published"))
    number = value.value
    if value.unit == "hours":
        return str(ngettext("%(num)s hour", "%(num)s hours", number))
    if value.unit == "days":
        return str(ngettext("%(num)s day", "%(num)s days", number))
    if value.unit == "working_hours":
        return str(ngettext("%(num)s working hour", "%(num)s working hours", number))
    if value.unit == "working_days":
        return str(ngettext("%(num)s working day", "%(num)s working days", number))
    if value.unit == "months":
        return str(ngettext("%(num)s month", "%(num)s months", number))
    return str(ngettext("%(num)s year", "%(num)s years", number))


def procedure_facts(procedure: Procedure) -> list[tuple[str, str]]:
    """What a version says besides its questions, documents and fees."""
    facts = [
        (gettext("Law"), gettext("Public (loi 55-19)") if procedure.public else gettext("Private")),
        (gettext("Service target"), term(procedure.service_target)),
        (gettext("Legal term"), term(procedure.legal_term)),
        (gettext("Fee"), published_fee(procedure)),
    ]
    if procedure.authority:
        facts.append((gettext("Who decides"), procedure.authority.within(language())))
    if procedure.outcome:
        facts.append((gettext("Outcome"), procedure.outcome.within(language())))
    if procedure.outcome_validity:
        facts.append((gettext("Valid for"), term(procedure.outcome_validity)))
    return [(str(label), str(value)) for label, value in facts]


def fee(amount: Decimal | None) -> str:
    if amount is None:
        return str(gettext("Not published"))
    return money(amount) if amount else str(gettext("Free of charge"))


def minutes(seconds: Any) -> str:
    """``7 min``, or ``1 h 05`` beyond the hour; a dash when there is nothing to measure."""
    if seconds is None:
        return "–"
    whole = round(float(seconds) / 60)
    if whole < 60:
        return str(gettext("%(minutes)s min", minutes=whole))
    return str(gettext("%(hours)s h %(minutes)s", hours=whole // 60, minutes=f"{whole % 60:02d}"))


@dataclass(frozen=True, slots=True)
class Counter:
    """One desk of the hall with what can be asked for there."""

    code: str
    name: str
    procedures: list[tuple[str, str]]


def counters(catalogue: Catalogue, chosen: Procedure | None = None) -> list[Counter]:
    """The desks with what they offer, and with what was chosen before it was retired."""
    offered = list(catalogue.procedures.values())
    if chosen is not None and chosen.code not in catalogue.procedures:
        offered.append(chosen)
    found = [
        Counter(
            agency.code,
            agency.names.within(language()),
            [(one.code, one.names.within(language())) for one in offered if one.agency == agency.code],
        )
        for agency in catalogue.agencies.values()
    ]
    return [one for one in found if one.procedures]


def site_options(catalogue: Catalogue, codes: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (site.code, site.names.within(language())) for site in catalogue.sites.values() if site.code in codes
    ]


def _standing(request: Request, now: datetime) -> tuple[str, str]:
    late = request.state not in DECIDED and request.due_at is not None and request.due_at < now
    return names.LATE if late else names.STATES[request.state]


def _short(moment: datetime | None, today: date) -> str:
    """The hour of today, the day of any other date."""
    if moment is None:
        return "—"
    local = moment.astimezone(ZONE)
    day = local.date()
    return clock(local.time()) if day == today else day_short(day)
