"""What people type in pages, turned into what the rules read."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from services.guichet.domain.answers import MOST_ROWS
from services.guichet.domain.catalogue import Field, FieldKind, Procedure
from services.guichet.domain.text import ascii_digits
from shared.errors import InvalidFields, InvalidInput
from shared.web import field_errors

# A field named “form” or “method” would shadow a property of the form in the browser.
ANSWER_PREFIX = "answer-"
_TYPED_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_ROW = re.compile(r"\[(\d+)\]\.", re.ASCII)


def whole(typed: str) -> int | None:
    """The number typed, None of anything else: Python itself refuses to read one of thousands of digits."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


def answers_from(procedure: Procedure, form: MultiDict[str, str]) -> dict[str, Any]:
    """The answers of a sent form, ready to be checked."""
    return fields_from(procedure.fields, form)


def fields_from(fields: Sequence[Field], form: MultiDict[str, str]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for field in fields:
        name = ANSWER_PREFIX + field.code
        if field.kind is FieldKind.CONFIRMATION:
            answers[field.code] = name in form
        elif field.kind is FieldKind.LIST:
            answers[field.code] = _list(field, form)
        elif name in form:
            answers[field.code] = typed_date(form[name]) if field.kind is FieldKind.DATE else form[name]
    return answers


def typed_from(form: MultiDict[str, str]) -> dict[str, str]:
    """Everything typed so far, of this procedure or another: shared answers survive a change."""
    return {
        name.removeprefix(ANSWER_PREFIX): value
        for name, value in form.items()
        if name.startswith(ANSWER_PREFIX)
    }


def list_rows(field: Field, typed: Mapping[str, str], spare: int = 0) -> list[dict[str, str]]:
    """The rows of a list as they were typed (``employees-0-cnie``), and some empty ones.

    Rows left empty are left out, here and when the form is shown again: the places errors name
    are the same in both.
    """
    place = re.compile(re.escape(field.code) + r"-(\d{1,3})-.+")
    places = sorted({int(found[1]) for found in map(place.fullmatch, typed) if found})
    rows = [
        {column.code: typed.get(f"{field.code}-{row}-{column.code}", "").strip() for column in field.columns}
        for row in places[: MOST_ROWS + 1]
    ]
    filled = [row for row in rows if any(row.values())]
    room = max((field.maximum or MOST_ROWS) - len(filled), 0)
    empty = {column.code: "" for column in field.columns}
    return filled + [dict(empty) for _ in range(min(spare, room))]


def _list(field: Field, form: MultiDict[str, str]) -> list[dict[str, str]]:
    days = {column.code for column in field.columns if column.kind is FieldKind.DATE}
    return [
        {code: typed_date(value) if code in days else value for code, value in row.items()}
        for row in list_rows(field, typed_from(form))
    ]


def shown_fields(procedure: Procedure, typed: Mapping[str, str]) -> list[Field]:
    """The fields to ask for, given what has been chosen already."""
    return shown_of(procedure.fields, typed)


def shown_of(fields: Sequence[Field], typed: Mapping[str, str]) -> list[Field]:
    return [field for field in fields if field.when is None or field.when.holds(typed)]


def deciding_fields(procedure: Procedure) -> set[str]:
    """Fields whose answer makes others appear."""
    return {field.when.field for field in procedure.fields if field.when is not None}


def filing_errors(error: InvalidInput) -> list[dict[str, str]]:
    """Errors under the names the form uses."""
    found = page_errors(error)
    for one in found:
        if one["field"].startswith("answers."):
            name = _ROW.sub(r"-\1-", one["field"].removeprefix("answers."))
            one["field"] = ANSWER_PREFIX + name
    return found


def page_errors(error: InvalidInput) -> list[dict[str, str]]:
    return field_errors(error if error.field or isinstance(error, InvalidFields) else InvalidFields([error]))


def by_field(errors: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The first sentence for each field."""
    first: dict[str, str] = {}
    for error in errors:
        first.setdefault(error["field"], error["detail"])
    return first


def typed_date(text: str) -> str:
    """``23/11/2026`` as ISO; anything else is left for the rules to refuse."""
    found = _TYPED_DATE.fullmatch(ascii_digits(text.strip()))
    return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}" if found else text


def asked_items(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """What a clerk ticked and wrote as missing: ``doc-<code>`` with its note, and free lines."""
    items: list[dict[str, Any]] = []
    for name in form:
        if name.startswith("doc-"):
            code = name.removeprefix("doc-")
            items.append({"document": code, "note": form.get(f"note-{code}", "")})
        elif name.startswith("free-") and form[name].strip():
            items.append({"document": None, "note": form[name]})
    return items


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
