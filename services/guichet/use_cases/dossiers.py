"""What happens to a dossier: opened, its steps started as their predecessors end, taken up again.

Starting a step is filing a request, by the same use case as everybody's; it is handed in as
``file`` because deciding a request comes here from there.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.answers import checked_answers, checked_fields
from services.guichet.domain.bundles import Bundle, BundleStep
from services.guichet.domain.dossiers import FAILED, Dossier, DossierState, StepState
from services.guichet.domain.numbers import counter_day, request_number
from services.guichet.domain.offering import not_offered, procedure_to_file, stopped
from services.guichet.domain.requests import COUNTER, Actor, Request
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import required_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dossiers, retirements, tables
from services.guichet.storage.dossiers import Opened
from services.guichet.storage.ids import new_id
from services.guichet.use_cases import dossier_notices
from services.guichet.use_cases.startups import startup_to_serve
from shared.errors import N_, Conflict, DomainError, InvalidFields, InvalidInput, NotFound
from shared.logging import get_logger

log = get_logger()


class _Filed(Protocol):
    @property
    def request(self) -> Request: ...


class _Receipt(Protocol):
    @property
    def filed(self) -> _Filed: ...


File = Callable[..., _Receipt]


def open_dossier(
    session: Session,
    *,
    startup_id: UUID,
    bundle: str,
    site: str,
    answers: Mapping[str, Any],
    scope: Scope,
    actor: Actor,
    at: datetime,
    file: File,
) -> Opened:
    """Open it and file the steps that wait for nothing; what they need has to be answered now.

    Raises:
        InvalidFields: the answers at fault, as the dossier calls them.
    """
    catalogue = catalogue_storage.current(session)
    chosen = bundle_to_open(session, bundle, at=at)
    startup = startup_to_serve(session, startup_id, sites=scope.sites)
    if startup is None:
        raise InvalidInput(N_("There is no such startup on your sites."), field="startup_id")
    if site not in catalogue.sites:
        raise InvalidInput(N_("There is no site called “%(site)s”."), field="site", site=site)
    number = request_number(
        prefix=catalogue.sites[site].prefix, submitted_at=at, serial=dossiers.next_serial(session)
    )
    dossier = Dossier(
        id=new_id(),
        number=f"D-{number}",
        startup_id=startup_id,
        bundle=chosen.code,
        bundle_version=chosen.version,
        site=site,
        answers=checked_fields(chosen.fields, answers),
        opened_at=at,
        opened_by=actor,
    )
    dossiers.add(session, dossier)
    opened = Opened(dossier, chosen, startup.legal_name, startup.ice, startup.site)
    for step in dossier.ready(chosen):
        _start(session, opened, step, file=file, actor=actor, at=at)
    return _again(session, dossier.id)


def follow(session: Session, request: Request, *, at: datetime, file: File) -> None:
    """A request was decided: start what waited for it, or say that the dossier stands still.

    Of two requests decided at the same moment the second waits here for the first, then reads what
    became of both: a step that waited for the two starts once.
    """
    dossier_id = dossiers.of_request(session, request.id)
    if dossier_id is None:
        return
    dossiers.lock(session, dossier_id)
    opened = _again(session, dossier_id)
    _go_on(session, opened, file=file, actor=COUNTER, at=at)


def answer(
    session: Session,
    key: UUID | str,
    answers: Mapping[str, Any],
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    seen_version: int | None,
    file: File,
) -> Opened:
    """Add or correct answers; steps that only waited for them start."""
    opened = _locked(session, key, scope, seen_version)
    dossier = opened.dossier
    dossier.answers = checked_fields(opened.bundle.fields, {**dossier.answers, **answers})
    _go_on(session, opened, file=file, actor=actor, at=at)
    return _again(session, dossier.id)


def file_step(
    session: Session,
    key: UUID | str,
    step: str,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    seen_version: int | None,
    file: File,
) -> Opened:
    """Start a step by hand: one that could not start by itself, or one that failed, once more.

    Raises:
        InvalidFields: what is still missing, as the dossier calls it.
    """
    opened = _locked(session, key, scope, seen_version)
    dossier = opened.dossier
    wanted = next((one for one in opened.bundle.steps if one.code == step), None)
    if wanted is None:
        raise NotFound(N_("This dossier has no such step."))
    state = dossier.step_state(wanted)
    if state not in (StepState.READY, StepState.FAILED):
        raise Conflict(N_("This step cannot be filed now: it is under way, done, or waits for another one."))
    _start(session, opened, wanted, file=file, actor=actor, at=at)
    opened = _again(session, dossier.id)
    _go_on(session, opened, file=file, actor=actor, at=at)
    return _again(session, dossier.id)


def abandon(
    session: Session,
    key: UUID | str,
    *,
    motive: object,
    scope: Scope,
    at: datetime,
    seen_version: int | None,
) -> Opened:
    """Nothing more starts; requests under way go on by themselves."""
    opened = _locked(session, key, scope, seen_version)
    dossier = opened.dossier
    dossier.motive = required_text(motive, field="motive", maximum=1000, lines=True)
    dossier.state = DossierState.ABANDONED
    dossier.closed_at = at
    dossier.version += 1
    dossiers.save(session, dossier)
    return opened


def missing(session: Session, opened: Opened, step: BundleStep) -> list[InvalidInput]:
    """What a step still needs, as the dossier calls it."""
    dossier = opened.dossier
    catalogue = catalogue_storage.current(session)
    try:
        procedure = procedure_to_file(catalogue, step.procedure, begun_at=dossier.opened_at)
    except InvalidInput as gone:
        return [gone]
    known = opened.bundle.step_answers(step, procedure, dossier.answers, dossier.outcomes())
    try:
        checked_answers(procedure, known)
    except InvalidFields as error:
        return [_renamed(one, opened.bundle, step) for one in error.errors]
    return []


def bundle_to_open(session: Session, code: str, *, at: datetime) -> Bundle:
    """The bundle in force.

    Raises:
        InvalidInput: there is none, or it is retired, or a procedure of its steps is.
    """
    found = dossiers.bundles_in_force(session, today=counter_day(at)).get(code)
    if found is None:
        raise no_bundle(code)
    retired = retirements.standing(session, tables.bundles).get(code)
    if retired is not None:
        raise not_offered(found.names, retired.at, field="bundle")
    refusal = stopped(found, catalogue_storage.current(session))
    if refusal is not None:
        raise refusal
    return found


def no_bundle(bundle: str) -> InvalidInput:
    return InvalidInput(N_("There is no bundle called “%(bundle)s”."), field="bundle", bundle=bundle)


def dossier_not_found() -> NotFound:
    return NotFound(N_("There is no such dossier on your sites."))


def _go_on(session: Session, opened: Opened, *, file: File, actor: Actor, at: datetime) -> None:
    """Settle where it stands and start what can start; what cannot waits for a hand."""
    dossier = opened.dossier
    dossier.settle(opened.bundle, at)
    for step in dossier.ready(opened.bundle):
        try:
            request = _start(session, opened, step, file=file, actor=actor, at=at)
            dossier_notices.tell_documents_missing(session, opened, step, request, at=at)
        except InvalidFields as refusal:
            dossier_notices.tell_answers_missing(session, opened, step, refusal.errors, at=at)
            log.info("dossier_step_waits", dossier=dossier.number, step=step.code, reason="answers")
        except DomainError as refusal:
            log.info("dossier_step_waits", dossier=dossier.number, step=step.code, reason=refusal.message)
    dossier.version += 1
    dossiers.save(session, dossier)


def _start(
    session: Session, opened: Opened, step: BundleStep, *, file: File, actor: Actor, at: datetime
) -> Request:
    dossier = opened.dossier
    wrong = missing(session, opened, step)
    if wrong:
        raise InvalidFields(wrong)
    procedure = catalogue_storage.current(session).in_force[step.procedure]
    before = dossier.requests.get(step.code)
    receipt = file(
        session,
        startup_id=dossier.startup_id,
        procedure=procedure.code,
        site=dossier.site,
        answers=opened.bundle.step_answers(step, procedure, dossier.answers, dossier.outcomes()),
        sites=(dossier.site, opened.startup_site),
        actor=actor,
        at=at,
        begun_at=dossier.opened_at,
    )
    attempt = before.attempt + 1 if before and before.state in FAILED else 1
    dossiers.link(session, dossier.id, step.code, attempt, receipt.filed.request.id)
    return receipt.filed.request


def _renamed(error: InvalidInput, bundle: Bundle, step: BundleStep) -> InvalidInput:
    """The fault of a step's answer under the question of the dossier it came from."""
    code, _, rest = (error.field or "").removeprefix("answers.").partition("[")
    origin = step.origin(code)
    question = origin.answer if any(one.code == origin.answer for one in bundle.fields) else None
    place = f"answers.{question}" if question else f"steps.{step.code}.{code}"
    return InvalidInput(error.message, field=f"{place}[{rest}" if rest else place, **error.params)


def _locked(session: Session, key: UUID | str, scope: Scope, seen_version: int | None) -> Opened:
    found = dossiers.get(session, key, scope=scope)
    if found is None:
        raise dossier_not_found()
    dossiers.lock(session, found.dossier.id)
    opened = _again(session, found.dossier.id)
    opened.dossier.unchanged_since(seen_version)
    opened.dossier.still_open()
    return opened


def _again(session: Session, dossier_id: UUID) -> Opened:
    opened = dossiers.get(session, dossier_id)
    if opened is None:
        raise dossier_not_found()
    return opened
