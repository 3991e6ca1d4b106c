"""What staff do to the catalogue: write a procedure or a bundle, see what is wrong with it, publish it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Table
from sqlalchemy.orm import Session

from services.guichet.catalogue.source import NotYaml, Source, read_source, written
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.catalogue_entries import Fault, Path, Unreadable, spell
from services.guichet.domain.numbers import counter_day
from services.guichet.domain.requests import Actor
from services.guichet.domain.text import optional_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import versions
from services.guichet.storage.versions import Version
from shared.errors import N_, Conflict, InvalidFields, InvalidInput, NotFound

FURTHEST = timedelta(days=5 * 366)


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


T = TypeVar("T", bound=_Coded)


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one kind of thing."""

    none: str
    no_version: str
    code_stays: str
    code_taken: str
    nothing_to_build_on: str
    newest_is: str
    somebody_was_first: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What is published in versions: how it is kept, read, and held against the rest of the catalogue."""

    table: Table
    read: Callable[[object], T]
    #: what does not fit the catalogue as of the day the version is to hold from
    misfits: Callable[[Catalogue, T, date], list[Fault]]
    #: columns only its table has
    columns: Callable[[T], Mapping[str, Any]]
    #: after a version was stored
    published: Callable[[Session], None]
    #: where a new one begins: every part of one, with words to replace
    skeleton: str
    words: Words


@dataclass(frozen=True, slots=True)
class Place:
    """Something wrong with a draft: the sentence, the line where it is a text, the entry."""

    problem: InvalidInput
    line: int | None
    entry: str


@dataclass(frozen=True, slots=True)
class Draft(Generic[T]):
    """What somebody wrote, read: a procedure or a bundle, or what keeps it from being one."""

    result: T | None
    definition: Mapping[str, Any]
    source: str
    #: the day it was held against the catalogue for
    starts: date
    places: tuple[Place, ...] = ()


class DraftRefused(InvalidFields):
    """The draft is not ready; ``draft`` says where."""

    def __init__(self, draft: Draft[Any]) -> None:
        super().__init__([place.problem for place in draft.places])
        self.draft = draft


def history(session: Session, kind: Kind[Any], code: str) -> list[Version]:
    """Every version, newest first.

    Raises:
        NotFound: there is no such thing.
    """
    found = versions.history(session, kind.table, code)
    if not found:
        raise NotFound(kind.words.none)
    return found


def draft_from_text(
    session: Session, kind: Kind[T], text: str, *, code: str | None, starts: date
) -> Draft[T]:
    """Read YAML as typed; ``code`` is that of what is being changed, None for a new one."""
    text = text.replace("\r\n", "\n")
    try:
        source = read_source(text)
    except NotYaml as error:
        mistake = error.mistake
        problem = InvalidInput(N_("This is not YAML: %(problem)s"), field="source", problem=mistake.message)
        return Draft(None, {}, text, starts, (Place(problem, mistake.line, ""),))
    mistakes = [
        Place(InvalidInput(mistake.message, field="source"), mistake.line, "") for mistake in source.mistakes
    ]
    draft = _draft(session, kind, source.data, text, code=code, starts=starts, source=source)
    if not mistakes:
        return draft
    return replace(draft, result=None, places=(*mistakes, *draft.places))


def draft_from_data(
    session: Session, kind: Kind[T], definition: Mapping[str, Any], *, code: str | None, starts: date
) -> Draft[T]:
    draft = _draft(session, kind, definition, "", code=code, starts=starts, source=None)
    return draft if draft.result is None else replace(draft, source=written(dict(definition)))


def misnamed(kind: Kind[T], draft: Draft[T], code: str) -> Draft[T]:
    """The draft of another one than it was sent for."""
    problem = InvalidInput(kind.words.code_stays, field="definition.code", code=code)
    return replace(draft, result=None, places=(Place(problem, None, "code"),))


def publish(
    session: Session,
    kind: Kind[T],
    draft: Draft[T],
    *,
    based_on: int,
    note: object,
    actor: Actor,
    at: datetime,
) -> Version:
    """Make the draft the next version. What was filed or opened before keeps its own.

    Raises:
        DraftRefused: it has faults.
        Conflict: somebody published since ``based_on`` was read (0: there was none).
    """
    if draft.result is None:
        raise DraftRefused(draft)
    reason = optional_text(note, field="note", maximum=500)
    today = counter_day(at)
    if not today <= draft.starts <= today + FURTHEST:
        raise InvalidInput(
            N_("A version holds from today on, or from a day of the next five years."), field="valid_from"
        )
    versions.lock(session)
    code = draft.result.code
    known = versions.history(session, kind.table, code)
    if (known[0].version if known else 0) != based_on:
        raise _somebody_was_first(kind.words, known)
    if known and {**known[0].definition, "version": 0} == {**draft.definition, "version": 0}:
        raise InvalidInput(
            N_("This is what version %(version)s says already."), field="source", version=based_on
        )
    number = based_on + 1
    definition = {**draft.definition, "version": number}
    version = Version(code, number, definition, draft.source, draft.starts, reason, at, actor.name)
    versions.add(session, kind.table, version, actor, kind.columns(draft.result))
    kind.published(session)
    return version


def _draft(
    session: Session,
    kind: Kind[T],
    data: object,
    text: str,
    *,
    code: str | None,
    starts: date,
    source: Source | None,
) -> Draft[T]:
    faults: list[Fault] = []
    definition = dict(data) if isinstance(data, Mapping) else {}
    if "version" in definition:
        faults.append(Fault(("version",), N_("is given when the version is published: leave it out")))
    result = None
    try:
        result = kind.read({**definition, "version": 1} if isinstance(data, Mapping) else data)
    except Unreadable as error:
        faults.extend(error.faults)
    if result is not None:
        faults.extend(_misnamed(session, kind, result.code, code))
        faults.extend(kind.misfits(catalogue_storage.current(session), result, starts))
    places = tuple(_place(fault, source) for fault in faults)
    return Draft(None if faults else result, definition, text, starts, places)


def _misnamed(session: Session, kind: Kind[Any], written_code: str, code: str | None) -> list[Fault]:
    if code is not None and written_code != code:
        return [Fault(("code",), kind.words.code_stays, {"code": code})]
    if code is None and versions.history(session, kind.table, written_code):
        return [Fault(("code",), kind.words.code_taken, {"code": written_code})]
    return []


def _place(fault: Fault, source: Source | None) -> Place:
    entry = spell(fault.path)
    line = source.line_of(fault.path) if source else None
    return Place(InvalidInput(fault.message, field=_field(fault.path, line), **fault.params), line, entry)


def _field(path: Path, line: int | None) -> str:
    where = spell(path)
    return f"definition.{where}" if line is None else f"source, line {line}, {where}"


def _somebody_was_first(words: Words, known: list[Version]) -> Conflict:
    if not known:
        return Conflict(words.nothing_to_build_on)
    newest = known[0]
    if newest.published_at is None:
        return Conflict(words.newest_is, version=newest.version)
    return Conflict(
        words.somebody_was_first,
        who=newest.published_by_name,
        version=newest.version,
        when=newest.published_at,
    )
