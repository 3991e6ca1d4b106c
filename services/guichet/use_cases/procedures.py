"""What staff do to the catalogue: write a procedure, see what is wrong with it, publish it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import document_kinds
from services.guichet.catalogue.source import NotYaml, Source, read_source, written
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.catalogue_entries import Fault, Path, Unreadable, spell
from services.guichet.domain.catalogue_reader import procedure_from
from services.guichet.domain.numbers import counter_day
from services.guichet.domain.requests import Actor
from services.guichet.domain.text import optional_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import procedures
from services.guichet.storage.procedures import Version
from shared.errors import N_, Conflict, InvalidFields, InvalidInput, NotFound

_SKELETON = """\
code: ompic.example
agency: ompic
public: true
names:
  fr: Nom de la démarche
  ar: اسم المسطرة
  en: Name of the procedure
fields:
  - code: representative_name
    kind: text
    maximum: 120
    names: {fr: Nom du représentant légal, ar: اسم الممثل القانوني, en: Legal representative’s name}
documents:
  - code: representative-cnie
    names: {fr: CNIE du gérant, ar: البطاقة الوطنية للمسير, en: Manager’s identity card}
fee_lines: []
service_target: null
legal_term: {days: 60}
outcome: {fr: Attestation, ar: شهادة, en: Attestation}
outcome_validity: null
"""
FURTHEST = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class Place:
    """Something wrong with a draft: the sentence, the line where it is a text, the entry."""

    problem: InvalidInput
    line: int | None
    entry: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wrote, read: a procedure, or what keeps it from being one."""

    procedure: Procedure | None
    definition: Mapping[str, Any]
    source: str
    places: tuple[Place, ...] = ()


class DraftRefused(InvalidFields):
    """The draft is no procedure yet; ``draft`` says where."""

    def __init__(self, draft: Draft) -> None:
        super().__init__([place.problem for place in draft.places])
        self.draft = draft


def history(session: Session, code: str) -> list[Version]:
    """Every version, newest first.

    Raises:
        NotFound: there is no such procedure.
    """
    found = procedures.versions(session, code)
    if not found:
        raise NotFound(N_("There is no such procedure."))
    return found


def draft_from_text(session: Session, text: str, *, code: str | None) -> Draft:
    """Read YAML as typed; ``code`` is that of the procedure being changed, None for a new one."""
    text = text.replace("\r\n", "\n")
    try:
        source = read_source(text)
    except NotYaml as error:
        mistake = error.mistake
        problem = InvalidInput(N_("This is not YAML: %(problem)s"), field="source", problem=mistake.message)
        return Draft(None, {}, text, (Place(problem, mistake.line, ""),))
    mistakes = [
        Place(InvalidInput(mistake.message, field="source"), mistake.line, "") for mistake in source.mistakes
    ]
    draft = _draft(session, source.data, text, code=code, source=source)
    return Draft(None if mistakes else draft.procedure, draft.definition, text, (*mistakes, *draft.places))


def skeleton() -> str:
    """Where a new procedure begins: every part of one, with words to replace."""
    return _SKELETON


def draft_from_data(session: Session, definition: Mapping[str, Any], *, code: str | None) -> Draft:
    draft = _draft(session, definition, "", code=code, source=None)
    return draft if draft.procedure is None else replace(draft, source=written(dict(definition)))


def misnamed(draft: Draft, code: str) -> Draft:
    """The draft of another procedure than the one it was sent for."""
    problem = InvalidInput(
        N_("the code of a procedure never changes: “%(code)s”"), field="definition.code", code=code
    )
    return replace(draft, procedure=None, places=(Place(problem, None, "code"),))


def publish(
    session: Session,
    draft: Draft,
    *,
    based_on: int,
    valid_from: date | None,
    note: object,
    actor: Actor,
    at: datetime,
) -> Version:
    """Make the draft the next version. Requests filed before keep theirs.

    Raises:
        DraftRefused: it has faults.
        Conflict: somebody published since ``based_on`` was read (0: there was none).
    """
    if draft.procedure is None:
        raise DraftRefused(draft)
    reason = optional_text(note, field="note", maximum=500)
    today = counter_day(at)
    starts = valid_from or today
    if not today <= starts <= today + FURTHEST:
        raise InvalidInput(
            N_("A version holds from today on, or from a day of the next five years."), field="valid_from"
        )
    procedures.lock(session)
    code = draft.procedure.code
    known = procedures.versions(session, code)
    if (known[0].version if known else 0) != based_on:
        raise _somebody_was_first(known)
    if known and {**known[0].definition, "version": 0} == {**draft.definition, "version": 0}:
        raise InvalidInput(
            N_("This is what version %(version)s says already."), field="source", version=based_on
        )
    version = based_on + 1
    definition = {**draft.definition, "version": version}
    procedures.add(
        session,
        code=code,
        version=version,
        agency=draft.procedure.agency,
        definition=definition,
        source=draft.source,
        valid_from=starts,
        note=reason,
        at=at,
        actor=actor,
    )
    return Version(code, version, definition, draft.source, starts, reason, at, actor.name)


def _draft(session: Session, data: object, text: str, *, code: str | None, source: Source | None) -> Draft:
    faults: list[Fault] = []
    definition = dict(data) if isinstance(data, Mapping) else {}
    if "version" in definition:
        faults.append(Fault(("version",), N_("is given when the version is published: leave it out")))
    procedure = None
    try:
        procedure = procedure_from({**definition, "version": 1} if isinstance(data, Mapping) else data)
    except Unreadable as error:
        faults.extend(error.faults)
    if procedure is not None:
        faults.extend(_misfits(catalogue_storage.current(session), procedure, code))
    places = tuple(_place(fault, source) for fault in faults)
    return Draft(None if faults else procedure, definition, text, places)


def _misfits(catalogue: Catalogue, procedure: Procedure, code: str | None) -> list[Fault]:
    faults = []
    if procedure.agency not in catalogue.agencies:
        faults.append(Fault(("agency",), N_("there is no agency “%(agency)s”"), {"agency": procedure.agency}))
    for place, document in enumerate(procedure.documents):
        if document.kind is not None and document.kind not in document_kinds():
            path = ("documents", place, "kind")
            faults.append(Fault(path, N_("there is no kind of document “%(kind)s”"), {"kind": document.kind}))
    if code is not None and procedure.code != code:
        faults.append(
            Fault(("code",), N_("the code of a procedure never changes: “%(code)s”"), {"code": code})
        )
    if code is None and any(known == procedure.code for known, _ in catalogue.versions):
        faults.append(
            Fault(("code",), N_("there is a procedure “%(code)s” already"), {"code": procedure.code})
        )
    return faults


def _place(fault: Fault, source: Source | None) -> Place:
    entry = spell(fault.path)
    line = source.line_of(fault.path) if source else None
    return Place(InvalidInput(fault.message, field=_field(fault.path, line), **fault.params), line, entry)


def _field(path: Path, line: int | None) -> str:
    where = spell(path)
    return f"definition.{where}" if line is None else f"source, line {line}, {where}"


def _somebody_was_first(known: list[Version]) -> Conflict:
    if not known:
        return Conflict(N_("There is no version of this procedure to build on."))
    newest = known[0]
    if newest.published_at is None:
        return Conflict(
            N_(
                "Version %(version)s of this procedure is the newest one. Open it and make your change again."
            ),
            version=newest.version,
        )
    return Conflict(
        N_(
            "%(who)s published version %(version)s of this procedure on %(when)s. Open it and make your "
            "change again."
        ),
        who=newest.published_by_name,
        version=newest.version,
        when=newest.published_at,
    )
