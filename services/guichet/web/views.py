"""What the counter's pages show of a request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext

from services.guichet.domain.catalogue import Catalogue, Field, FieldKind, Procedure
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import DECIDED, Request
from services.guichet.storage.requests import Filed
from services.guichet.web import names, presenters
from shared.web import User, language
from shared.web.i18n import clock, date_long, day, day_short, money


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
    handled_by: str
    received: str


@dataclass(frozen=True, slots=True)
class Answer:
    label: str
    value: str


def rows(found: Iterable[Filed], catalogue: Catalogue, now: datetime) -> list[Row]:
    return [_row(filed, catalogue, now) for filed in found]


def status(request: Request, now: datetime) -> tuple[str, str]:
    """Tone and word; a request past its promise is first of all late."""
    late = request.state not in DECIDED and request.due_at is not None and request.due_at < now
    tone, word = names.LATE if late else names.STATES[request.state]
    return tone, gettext(word)


def answers(version: Procedure, given: dict[str, Any], user: User) -> list[Answer]:
    """Question and answer in words, personal numbers masked for whoever does not need them."""
    shown = presenters.shown_answers(version, given, user)
    return written_answers(version, shown)


def written_answers(version: Procedure, given: Mapping[str, Any]) -> list[Answer]:
    return [
        Answer(field.names.within(language()), _written(field, given[field.code]))
        for field in version.fields
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


def due(request: Request) -> str:
    """The promised day, with its hour when the promise is a matter of hours."""
    if request.due_at is None:
        return ""
    soon = request.due_at - request.submitted_at <= timedelta(days=2)
    return f"{date_long(request.due_at)} {clock(request.due_at)}" if soon else date_long(request.due_at)


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


def counters(catalogue: Catalogue) -> list[Counter]:
    found = [
        Counter(
            agency.code,
            agency.names.within(language()),
            [
                (one.code, one.names.within(language()))
                for one in catalogue.procedures.values()
                if one.agency == agency.code
            ],
        )
        for agency in catalogue.agencies.values()
    ]
    return [one for one in found if one.procedures]


def site_options(catalogue: Catalogue, codes: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (site.code, site.names.within(language())) for site in catalogue.sites.values() if site.code in codes
    ]


def _row(filed: Filed, catalogue: Catalogue, now: datetime) -> Row:
    request = filed.request
    tone, word = status(request, now)
    return Row(
        id=str(request.id),
        number=request.number,
        serial=request.serial,
        startup=filed.legal_name,
        procedure=presenters.pinned(request, catalogue).names.within(language()),
        tone=tone,
        word=word,
        due=_short(request.due_at, now),
        handled_by=request.handled_by.name if request.handled_by else "—",
        received=_short(request.submitted_at, now),
    )


def _short(moment: datetime | None, now: datetime) -> str:
    """The hour of today, the day of any other date."""
    if moment is None:
        return "—"
    same_day = moment.astimezone(ZONE).date() == now.astimezone(ZONE).date()
    return clock(moment) if same_day else day_short(moment)
