"""Bringing a file of startups on record: looked at first, then all of it or nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.directory.csv_reading import Fault, open_table
from services.guichet.domain.directory.duplicates import name_key
from services.guichet.domain.directory.importing import Reading, Vocabulary, identities, in_order, read
from services.guichet.domain.workflow import Actor
from services.guichet.storage import startup_history, startups
from services.guichet.storage.directory import importing
from services.guichet.storage.ids import new_id
from services.guichet.use_cases.startups import event_data
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.logging import get_logger
from shared.messaging.outbox import publish

log = get_logger()

KEPT_FOR = timedelta(days=1)
WRITTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Words:
    """What headings and codes are called, in every language of the counter."""

    headings: Mapping[str, str]
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class Check:
    """What importing a file would do: everything wrong with it, and what deserves a look."""

    reading: Reading
    faults: list[Fault]
    remarks: list[Fault]

    @property
    def bad_lines(self) -> int:
        return len({fault.line for fault in self.faults})


def check_file(session: Session, content: bytes, words: Words, *, sites: Collection[str]) -> Check:
    """Read a file and compare it with the base; nothing is stored."""
    table, faults = open_table(content, words.headings)
    if table is None:
        return Check(Reading(), faults, [])
    reading = read(table, words.vocabulary, sites, new_id=new_id)
    if not reading.lines:
        return Check(reading, [Fault(1, None, InvalidInput(N_("The file names no startup.")))], [])
    faults = in_order([*reading.faults, *_on_record(session, reading)])
    return Check(reading, faults, _remarks(session, reading, sites))


def keep_file(session: Session, content: bytes, *, file_name: str, actor: Actor, at: datetime) -> UUID:
    import_id = new_id()
    importing.keep(session, import_id, content=content, file_name=file_name, account=actor.id or "", at=at)
    return import_id


def import_file(
    session: Session,
    import_id: UUID,
    words: Words,
    *,
    sites: Collection[str],
    actor: Actor,
    at: datetime,
) -> int:
    """Put every startup of a checked file on record, in this one transaction.

    Raises:
        Conflict: it was imported before, or somebody registered one of them since it was checked.
    """
    kept = importing.get(session, import_id, account=actor.id or "", lock=True)
    if kept is None:
        raise import_not_found()
    if kept.content is None:
        raise Conflict(N_("This file has been imported already."))
    check = check_file(session, bytes(kept.content), words, sites=sites)
    if check.faults:
        raise Conflict(N_("This file cannot be imported as it is: look at its lines again."))
    new = [startup for _, startup in check.reading.startups]
    for start in range(0, len(new), WRITTEN_AT_ONCE):
        startups.add_all(session, new[start : start + WRITTEN_AT_ONCE], at=at)
    details = {"import_id": str(import_id)}
    startup_history.note(session, [one.id for one in new], "import", actor=actor, at=at, details=details)
    for startup in new:
        publish(session, published.StartupRegistered, subject=str(startup.id), data=event_data(startup))
    importing.done(session, import_id, startups=len(new), at=at)
    log.info("startups_imported", import_id=str(import_id), startups=len(new))
    return len(new)


def forget_old_files(session: Session, *, at: datetime) -> None:
    if forgotten := importing.forget(session, before=at - KEPT_FOR):
        log.info("import_files_forgotten", files=forgotten)


def import_not_found() -> NotFound:
    return NotFound(N_("This file is no longer here: send it again."))


def _on_record(session: Session, reading: Reading) -> list[Fault]:
    keys = [(line, column, key) for line, startup in reading.startups for column, key in identities(startup)]
    known = importing.taken(
        session,
        ices=[key[1] for _, _, key in keys if key[0] == "ice"],
        registers=[(key[1], key[2]) for _, _, key in keys if key[0] == "rc"],
    )
    messages = {
        "ice": N_("%(name)s is already on record with this ICE."),
        "rc": N_("%(name)s is already on record with this trade register number."),
    }
    return [
        Fault(line, column, InvalidInput(messages[key[0]], name=known[key]))
        for line, column, key in keys
        if key in known
    ]


def _remarks(session: Session, reading: Reading, sites: Collection[str]) -> list[Fault]:
    known = {name_key(name): name for name in importing.names(session, sites=sites)}
    remarks: list[Fault] = []
    for line, startup in reading.startups:
        same = known.get(name_key(startup.legal_name))
        if same is not None:
            error = InvalidInput(N_("%(name)s is on record under nearly the same name."), name=same)
            remarks.append(Fault(line, "legal_name", error))
        remarks += [Fault(line, column, InvalidInput(message)) for column, message in startup.warnings]
    return remarks
