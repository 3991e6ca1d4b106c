"""Dossiers as the API and the pages show them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.bundles import Bundle
from services.guichet.domain.dossiers import StepState
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.dossiers import Opened
from services.guichet.use_cases import dossiers
from services.guichet.web import presenters
from shared.web import User, sentence


def bundle(one: Bundle, retired: Collection[str] = ()) -> dict[str, Any]:
    return {
        "code": one.code,
        "version": one.version,
        "name": one.names.as_dict(),
        "note": one.note.as_dict() if one.note else None,
        "fields_": [presenters.field(field) for field in one.fields],
        "steps": [
            {"code": step.code, "procedure": step.procedure, "after": list(step.after)} for step in one.steps
        ],
        "stopped_by": [step.procedure for step in one.steps if step.procedure in retired],
    }


def row(opened: Opened) -> dict[str, Any]:
    dossier = opened.dossier
    states = [dossier.step_state(step) for step in opened.bundle.steps]
    return {
        "id": dossier.id,
        "number": dossier.number,
        "state": dossier.state.value,
        "bundle": dossier.bundle,
        "bundle_version": dossier.bundle_version,
        "bundle_name": opened.bundle.names.as_dict(),
        "startup_id": dossier.startup_id,
        "startup_name": opened.legal_name,
        "site": dossier.site,
        "opened_at": dossier.opened_at,
        "opened_by": dossier.opened_by.name,
        "closed_at": dossier.closed_at,
        "motive": dossier.motive,
        "completed_steps": states.count(StepState.COMPLETED),
        "step_count": len(states),
        "version": dossier.version,
    }


def detail(session: Session, opened: Opened, user: User) -> dict[str, Any]:
    return {
        **row(opened),
        "answers": presenters.shown_of_dossier(opened.bundle.fields, opened.dossier.answers, user),
        "steps": steps(session, opened, user),
    }


def steps(session: Session, opened: Opened, user: User) -> list[dict[str, Any]]:
    """Where each stands; of other agencies' steps an officer learns no more than that."""
    catalogue = catalogue_storage.current(session)
    newest = {code: version for (code, _), version in sorted(catalogue.versions.items())}
    found = []
    for step in opened.bundle.steps:
        state = opened.dossier.step_state(step)
        theirs = not user.parties or newest[step.procedure].agency in user.parties
        request = opened.dossier.requests.get(step.code) if theirs else None
        waits = theirs and state in (StepState.READY, StepState.FAILED)
        errors = dossiers.missing(session, opened, step) if waits else []
        found.append(
            {
                "code": step.code,
                "procedure": step.procedure,
                "after": list(step.after),
                "procedure_name": newest[step.procedure].names.as_dict(),
                "state": state.value,
                "attempt": request.attempt if request else 0,
                "request_id": request.request_id if request else None,
                "request_number": request.number if request else None,
                "request_state": request.state.value if request else None,
                "motive": request.motive if request else None,
                "missing": [{"field": one.field, "detail": sentence(one)} for one in errors],
            }
        )
    return found
