"""The answers to a procedure's questions."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.guichet.domain import identifiers
from services.guichet.domain.catalogue import Field, FieldKind, Procedure
from services.guichet.domain.text import Checks, ascii_digits, choice, optional_text, required_text
from shared.errors import N_, InvalidFields, InvalidInput

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
MOST_ANSWERS = 200
MOST_ROWS = 100
_AMOUNT = re.compile(r"\d{1,9}([.,]\d{1,2})?", re.ASCII)
_GROUPING = re.compile(r"[\s\u00a0\u202f]")


def checked_answers(procedure: Procedure, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers in the form they are kept.

    Fields whose condition does not hold are not asked, so an answer to one is dropped: a form
    that changed its mind may still carry it.

    Raises:
        InvalidFields: every answer that cannot be accepted, as ``answers.<field>``.
    """
    return checked_fields(procedure.fields, answers)


def checked_fields(
    fields: Sequence[Field], answers: Mapping[str, Any], *, incomplete: bool = False
) -> dict[str, Any]:
    """The same for any list of questions; ``incomplete`` lets required ones wait.

    Raises:
        InvalidFields: as above.
    """
    checks = Checks()
    if len(answers) > MOST_ANSWERS:
        raise InvalidFields([InvalidInput(N_("There are too many answers."), field="answers")])
    known = {field.code for field in fields}
    for code in answers:
        if code not in known:
            checks.refuse(N_("This procedure does not ask for this."), field=f"answers.{code}")
    kept: dict[str, Any] = {}
    for field in fields:
        if field.when is not None and not field.when.holds(kept):
            continue
        value = answers.get(field.code)
        where = f"answers.{field.code}"
        if _is_empty(value, field):
            if field.required and not incomplete:
                checks.refuse(N_("This field is required."), field=where)
            continue
        answer = checks.take(_CHECKS[field.kind], value, field=where, definition=field)
        if answer is not None:
            kept[field.code] = answer
    checks.finish()
    return kept


def _is_empty(value: object, field: Field) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (value == [] and field.kind is FieldKind.LIST)


def _text(value: object, *, field: str, definition: Field) -> str:
    lines = definition.kind is FieldKind.LONG_TEXT
    return required_text(
        value, field=field, maximum=definition.maximum or (4000 if lines else 200), lines=lines
    )


def _integer(value: object, *, field: str, definition: Field) -> int:
    if isinstance(value, str):
        text = ascii_digits(value.strip())
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(N_("A whole number is expected here."), field=field)
    low = 0 if definition.minimum is None else definition.minimum
    high = 1_000_000 if definition.maximum is None else definition.maximum
    if not low <= value <= high:
        raise InvalidInput(N_("This must be between %(low)s and %(high)s."), field=field, low=low, high=high)
    return value


def _date(value: object, *, field: str, definition: Field) -> str:
    text = optional_text(value, field=field, maximum=40)
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        day = None
    if day is None or text != day.isoformat():
        raise InvalidInput(
            N_("This is not a date of the calendar. Example: 2026-11-23 for 23 November 2026."), field=field
        )
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise InvalidInput(N_("The year of this date cannot be right."), field=field)
    return day.isoformat()


def _choice(value: object, *, field: str, definition: Field) -> str:
    return choice(value, field=field, among=tuple(option.value for option in definition.options))


def _confirmation(value: object, *, field: str, definition: Field) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(N_("Answer true or false."), field=field)
    if definition.required and not value:
        raise InvalidInput(N_("This has to be confirmed before the request can be filed."), field=field)
    return value


def _amount(value: object, *, field: str, definition: Field) -> str:
    """An amount in dirhams, kept as text with its two decimals."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = ascii_digits(_GROUPING.sub("", required_text(value, field=field, maximum=40)))
    if not _AMOUNT.fullmatch(text):
        raise InvalidInput(
            N_("An amount with at most two decimals is expected here. Example: 1600,00."), field=field
        )
    amount = Decimal(text.replace(",", "."))
    low = 0 if definition.minimum is None else definition.minimum
    high = 999_999_999 if definition.maximum is None else definition.maximum
    if not low <= amount <= high:
        raise InvalidInput(N_("This must be between %(low)s and %(high)s."), field=field, low=low, high=high)
    return f"{amount:.2f}"


def _list(value: object, *, field: str, definition: Field) -> list[dict[str, Any]]:
    """Rows of answers; every fault of every row is told, as ``answers.<list>[<row>].<column>``."""
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise InvalidInput(N_("A list of rows is expected here."), field=field)
    low = definition.minimum if definition.minimum is not None else int(definition.required)
    high = min(MOST_ROWS, definition.maximum or MOST_ROWS)
    if not low <= len(value) <= high:
        raise InvalidInput(
            N_("Between %(low)s and %(high)s rows are expected here."), field=field, low=low, high=high
        )
    rows: list[dict[str, Any]] = []
    errors: list[InvalidInput] = []
    for place, row in enumerate(value):
        try:
            rows.append(checked_fields(definition.columns, row))
        except InvalidFields as refusal:
            errors.extend(
                InvalidInput(
                    error.message,
                    field=f"{field}[{place}].{(error.field or '').removeprefix('answers.')}",
                    **error.params,
                )
                for error in refusal.errors
            )
    if errors:
        raise InvalidFields(errors)
    return rows


def _identifier(check: Callable[..., str]) -> Callable[..., str]:
    def checked(value: object, *, field: str, definition: Field) -> str:
        return check(value, field=field)

    return checked


_CHECKS: Mapping[FieldKind, Callable[..., Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.CONFIRMATION: _confirmation,
    FieldKind.ICE: _identifier(identifiers.ice),
    FieldKind.CNIE: _identifier(identifiers.cnie),
    FieldKind.PASSPORT: _identifier(identifiers.passport),
    FieldKind.RIB: _identifier(identifiers.rib),
    FieldKind.RC_NUMBER: _identifier(identifiers.rc_number),
    FieldKind.TRADE_TAX: _identifier(identifiers.trade_tax),
    FieldKind.TAX_ID: _identifier(identifiers.tax_id),
    FieldKind.CNSS_AFFILIATE: _identifier(identifiers.cnss_affiliate),
    FieldKind.CNSS_EMPLOYEE: _identifier(identifiers.cnss_employee),
    FieldKind.IBAN: _identifier(identifiers.iban),
    FieldKind.AMOUNT: _amount,
    FieldKind.PHONE: _identifier(identifiers.phone),
    FieldKind.EMAIL: _identifier(identifiers.email),
    FieldKind.LIST: _list,
}
