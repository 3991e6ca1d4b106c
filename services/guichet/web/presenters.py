"""Domain objects as the API and the pages show them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.guichet.domain.catalogue import (
    PERSONAL_KINDS,
    Catalogue,
    Condition,
    Document,
    FeeLine,
    Field,
    FieldKind,
    Procedure,
)
from services.guichet.domain.identifiers import masked
from services.guichet.domain.names import Names
from services.guichet.domain.requests import Request
from services.guichet.domain.terms import Term, Validity
from services.guichet.domain.workflow import Actor
from services.guichet.storage.requests import Filed
from services.guichet.use_cases.requests import Receipt
from shared.web import User
from shared.web.fields import utc_text

INSTANTS = ("submitted_at", "due_at", "started_at", "closed_at", "handed_over_at")
SEE_PERSONAL_NUMBERS = frozenset({"agency_officer"})


def procedure(one: Procedure) -> dict[str, Any]:
    return {
        "code": one.code,
        "version": one.version,
        "agency": one.agency,
        "name": one.names.as_dict(),
        "public": one.public,
        "fields_": [field(asked) for asked in one.fields],
        "documents": [_document(document) for document in one.documents],
        "fee_lines": None
        if one.fee_lines is None
        else [_fee_line(line, line.amount) for line in one.fee_lines],
        "service_target": _amount_of(one.service_target),
        "legal_term": _amount_of(one.legal_term),
        "outcome": _names(one.outcome),
        "outcome_validity": _amount_of(one.outcome_validity),
        "authority": _names(one.authority),
        "note": _names(one.note),
    }


def request_row(filed: Filed, catalogue: Catalogue) -> dict[str, Any]:
    request = filed.request
    return {
        "id": request.id,
        "number": request.number,
        "state": request.state.value,
        "startup_id": request.startup_id,
        "startup_name": filed.legal_name,
        "procedure": request.procedure,
        "procedure_version": request.procedure_version,
        "procedure_name": pinned(request, catalogue).names.as_dict(),
        "agency": request.agency,
        "site": request.site,
        "desk": request.desk,
        "routing_reason": request.routing_reason,
        "submitted_at": request.submitted_at,
        "due_at": request.due_at,
        "started_at": request.started_at,
        "closed_at": request.closed_at,
        "outcome_reference": request.outcome_reference,
        "motive": request.motive,
        "handled_by": request.handled_by.name if request.handled_by else None,
        "assigned_to": request.assigned_to.name if request.assigned_to else None,
        "step": request.step,
        "handed_over_at": request.handed_over_at,
        "version": request.version,
    }


def request_detail(
    filed: Filed, catalogue: Catalogue, user: User, actor: Actor, history: Any, failures: Any
) -> dict[str, Any]:
    request = filed.request
    version = pinned(request, catalogue)
    return {
        **request_row(filed, catalogue),
        "answers": shown_answers(version, request.answers, user),
        "actions": request.possible(version.workflow, actor),
        "depositor": request.depositor,
        "complement": _complement(request, version),
        "handed_over_to": request.handed_over_to,
        "documents": [_document(document) for document in version.documents_for(request.answers)],
        "fee_lines": [_fee_line(line, amount) for line, amount in version.fees_for(request.answers)],
        "history": [
            {
                "action": line.action,
                "state": line.state.value,
                "at": line.at,
                "actor": line.actor.name,
                "note": line.note,
                "details": line.details,
            }
            for line in history
        ],
        "failed_messages": failures,
    }


def filed_request(receipt: Receipt) -> dict[str, Any]:
    """The answer to a filing, ready to be written as JSON."""
    request = receipt.filed.request
    catalogue = receipt.catalogue
    desk = catalogue.desks[request.desk or ""]
    fee = total_fee(receipt.procedure, request.answers)
    row = request_row(receipt.filed, catalogue)
    for name in INSTANTS:
        row[name] = utc_text(row[name]) if row[name] else None
    row["receipt"] = {
        "number": request.number,
        "received_at": row["submitted_at"],
        "site": request.site,
        "site_name": catalogue.sites[request.site].names.as_dict(),
        "desk": desk.code,
        "desk_name": desk.names.as_dict(),
        "agent": request.filed_by.name,
        "startup_name": receipt.filed.legal_name,
        "ice": receipt.filed.ice,
        "procedure_name": row["procedure_name"],
        "documents": [
            document.names.as_dict() for document in receipt.procedure.documents_for(request.answers)
        ],
        "fee": None if fee is None else f"{fee:.2f}",
        "due_at": row["due_at"],
        "tracking": receipt.tracking,
    }
    return row


def pinned(request: Request, catalogue: Catalogue) -> Procedure:
    """The version of the procedure the request was filed under."""
    return catalogue.versions[request.procedure, request.procedure_version]


def total_fee(version: Procedure, answers: Mapping[str, Any]) -> Decimal | None:
    """What completion will cost; None where the agency publishes no fee."""
    if version.fee_lines is None:
        return None
    return sum((amount for _, amount in version.fees_for(answers)), Decimal(0))


def shown_answers(version: Procedure, answers: Mapping[str, Any], user: User) -> dict[str, Any]:
    """Loi 09-08: numbers of persons and accounts are read only by the desk that needs them."""
    if _sees_personal_numbers(user, version.agency):
        return dict(answers)
    return _masked(version.fields, answers)


def shown_of_dossier(fields: Sequence[Field], answers: Mapping[str, Any], user: User) -> dict[str, Any]:
    """Answers several agencies are given: an officer of one of them reads its own on its request."""
    if user.parties:
        return {}
    return dict(answers) if _sees_personal_numbers(user) else _masked(fields, answers)


def shows_personal_numbers(version: Procedure, answers: Mapping[str, Any], user: User) -> bool:
    """Whether :func:`shown_answers` hides something from others that it shows to this user."""
    if not _sees_personal_numbers(user, version.agency):
        return False
    return _masked(version.fields, answers) != dict(answers)


def _sees_personal_numbers(user: User, agency: str | None = None) -> bool:
    serves = not user.parties or agency in user.parties
    return serves and not SEE_PERSONAL_NUMBERS.isdisjoint(user.roles)


def _masked(fields: Sequence[Field], answers: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.code: field for field in fields}
    shown: dict[str, Any] = {}
    for code, value in answers.items():
        field = known.get(code)
        if field is not None and field.kind in PERSONAL_KINDS:
            shown[code] = masked(value)
        elif field is not None and field.kind is FieldKind.LIST:
            shown[code] = [_masked(field.columns, row) for row in value]
        else:
            shown[code] = value
    return shown


def field(asked: Field) -> dict[str, Any]:
    return {
        "code": asked.code,
        "kind": asked.kind.value,
        "name": asked.names.as_dict(),
        "hint": _names(asked.hint),
        "required": asked.required,
        "minimum": asked.minimum,
        "maximum": asked.maximum,
        "options": [{"value": option.value, "name": option.names.as_dict()} for option in asked.options],
        "when": _condition(asked.when),
        "columns": [field(column) for column in asked.columns],
    }


def _complement(request: Request, version: Procedure) -> dict[str, Any] | None:
    asked = request.complement
    if asked is None:
        return None
    return {
        "items": [
            {**item.as_dict(), "name": names.as_dict() if (names := item.names(version)) else None}
            for item in asked.items
        ],
        "asked_at": asked.asked_at,
        "asked_by": asked.asked_by,
        "received_at": asked.received_at,
    }


def _document(document: Document) -> dict[str, Any]:
    return {
        "code": document.code,
        "name": document.names.as_dict(),
        "copies": document.copies,
        "required": document.required,
        "when": _condition(document.when),
        "original": document.original,
        "legalised": document.legalised,
        "accepts": [kind.value for kind in document.accepts],
    }


def _fee_line(line: FeeLine, amount: Decimal) -> dict[str, Any]:
    return {
        "code": line.code,
        "kind": line.kind.value,
        "label": line.names.as_dict(),
        "amount": amount,
        "vat_rate": str(line.vat_rate),
        "per": line.per,
        "beyond": line.beyond,
        "when": _condition(line.when),
    }


def _condition(condition: Condition | None) -> dict[str, str] | None:
    return None if condition is None else {"field": condition.field, "equals": condition.equals}


def _amount_of(term: Term | Validity | None) -> dict[str, Any] | None:
    return None if term is None else term.as_dict()


def _names(names: Names | None) -> dict[str, str] | None:
    return None if names is None else names.as_dict()
