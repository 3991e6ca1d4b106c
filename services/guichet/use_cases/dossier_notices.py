"""Telling a startup that a step of its dossier waits for it: once of each step."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.bundles import BundleStep
from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.names import Names
from services.guichet.domain.requests import Request
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dossiers
from services.guichet.storage.dossiers import Opened
from services.guichet.use_cases import tracking
from shared.errors import InvalidInput
from shared.messaging.outbox import publish


def tell_answers_missing(
    session: Session, opened: Opened, step: BundleStep, wrong: Sequence[InvalidInput], *, at: datetime
) -> None:
    """The step cannot be filed before the startup has answered; its documents are named with that."""
    procedure = catalogue_storage.current(session).in_force.get(step.procedure)
    if procedure is None:
        return
    known = opened.bundle.step_answers(step, procedure, opened.dossier.answers, opened.dossier.outcomes())
    asked = {one.field or "": _question(one.field or "", opened, step, procedure) for one in wrong}
    answers = [names for names in asked.values() if names is not None]
    if answers:
        _tell(session, opened, step, procedure, answers, _needed(procedure, known), at=at)


def tell_documents_missing(
    session: Session, opened: Opened, step: BundleStep, request: Request, *, at: datetime
) -> None:
    """The step was filed by itself, so nobody has handed anything in for it yet."""
    procedure = catalogue_storage.current(session).in_force[step.procedure]
    needed = _needed(procedure, request.answers)
    if needed:
        _tell(session, opened, step, procedure, [], needed, request=request, at=at)


def _tell(
    session: Session,
    opened: Opened,
    step: BundleStep,
    procedure: Procedure,
    answers: Sequence[Names],
    needed: Sequence[Names],
    *,
    request: Request | None = None,
    at: datetime,
) -> None:
    dossier = opened.dossier
    if not dossiers.add_notice(session, dossier.id, step.code, at=at):
        return
    subject: UUID = request.id if request else dossier.id
    publish(
        session,
        published.DossierStepWaiting,
        subject=str(subject),
        data={
            "dossier_id": dossier.id,
            "number": dossier.number,
            "startup_id": dossier.startup_id,
            "bundle": dossier.bundle,
            "step": step.code,
            "procedure": procedure.code,
            "procedure_name": procedure.names.as_dict(),
            "site": dossier.site,
            "site_name": catalogue_storage.current(session).sites[dossier.site].names.as_dict(),
            "answers": [names.as_dict() for names in answers],
            "documents": [names.as_dict() for names in needed],
            "request_number": request.number if request else None,
            "tracking_url": tracking.new_link(session, request.id, at=at) if request else None,
            "waits_since": at,
        },
    )


def _needed(procedure: Procedure, answers: dict[str, object]) -> list[Names]:
    return [document.names for document in procedure.documents_for(answers) if document.required]


def _question(field: str, opened: Opened, step: BundleStep, procedure: Procedure) -> Names | None:
    """What a missing answer is called: by the dossier, or by the procedure of the step."""
    place = field.partition("[")[0]
    fields, code = opened.bundle.fields, place.removeprefix("answers.")
    if place.startswith("steps."):
        fields, code = procedure.fields, place.removeprefix(f"steps.{step.code}.")
    return next((one.names for one in fields if one.code == code), None)
