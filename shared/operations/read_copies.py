"""Read copies held against their owner, and rebuilt from what it announces.

An owner's archive of events is pruned; what it knows now is not. So a copy is rebuilt from the owner's
present state, told as events like any other: in the outbox, in order with changes made meanwhile, to
one service.
"""

import importlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema
from sqlalchemy.orm import Session

from shared.db import Database
from shared.messaging.contracts import consumed_by, contract_of
from shared.messaging.outbox import publish
from shared.messaging.reading import read
from shared.messaging.writing import write
from shared.settings import SERVICES

PAGE = 500
#: differences named one by one; the rest is counted
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Said:
    """An event about a row as it stands. What has a later turn is said once all of the earlier is."""

    schema: type[Schema]
    data: Mapping[str, Any]
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the owner, as its events tell of it."""

    key: uuid.UUID
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Owned:
    """What a service can announce: ``page(session, after, limit)`` in the order of the keys.

    ``settle`` is called before: where no version tells an announcement from a later change, it locks.
    """

    name: str
    page: Callable[[Session, uuid.UUID | None, int], Sequence[Item]]
    settle: Callable[[Session], None] = lambda _session: None


@dataclass(frozen=True, slots=True)
class ReadCopy:
    """What a service keeps of another's.

    ``expected`` makes a row of what the events say, as this service reads them, by type; ``kept`` returns
    rows it has; ``doubt`` has them believe the next thing they are told, whatever its version.
    """

    name: str
    owner: str
    expected: Callable[[Mapping[str, Mapping[str, Any]]], Mapping[str, Any]]
    kept: Callable[[Session, Sequence[uuid.UUID]], Mapping[uuid.UUID, Mapping[str, Any]]]
    keys: Callable[[Session], Iterable[uuid.UUID]]
    doubt: Callable[[Session, Sequence[uuid.UUID]], None]


@dataclass(slots=True)
class Comparison:
    """How a copy stands: rows of the owner, and what of them the copy lacks or has otherwise."""

    rows: int = 0
    missing: list[uuid.UUID] = field(default_factory=list)
    different: dict[uuid.UUID, list[str]] = field(default_factory=dict)
    unknown: list[uuid.UUID] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.different or self.unknown)


def kept_by(service: str) -> Sequence[ReadCopy]:
    """Return the read copies a service keeps."""
    found: Sequence[ReadCopy] = getattr(_module(service), "KEPT", ())
    return found


def every() -> Iterator[tuple[str, ReadCopy]]:
    """Yield (service, copy) for all there are."""
    for service in SERVICES:
        for copy in kept_by(service):
            yield service, copy


def compare(owner: Database, keeper: Database, service: str, copy: ReadCopy) -> Comparison:
    """Hold the copy ``service`` keeps against its owner's present state, a page at a time."""
    found, seen = Comparison(), set()
    readings = {contract.type: contract.schema for contract in consumed_by(service)}
    with owner.read() as ours, keeper.read() as theirs:
        for page in _pages(_owned(copy), ours):
            kept = copy.kept(theirs, [item.key for item in page])
            for item in page:
                seen.add(item.key)
                found.rows += 1
                expected = copy.expected(_as_read(item, readings))
                if (row := kept.get(item.key)) is None:
                    found.missing.append(item.key)
                elif wrong := [name for name, value in expected.items() if row[name] != value]:
                    found.different[item.key] = wrong
        found.unknown = [key for key in copy.keys(theirs) if key not in seen]
    return found


def doubt(session: Session, copy: ReadCopy, comparison: Comparison) -> None:
    """Have the rows that differ believe what they are told next."""
    if comparison.different:
        copy.doubt(session, list(comparison.different))


def announce(owner: Database, service: str, copy: ReadCopy) -> int:
    """Publish the owner's present state to ``service`` alone; return how many events that took."""
    owned, events = _owned(copy), 0
    turns = {0}
    for turn in range(10):
        if turn not in turns:
            break
        after: uuid.UUID | None = None
        while True:
            # A page is a transaction: the outbox fills no faster than the relay carries.
            with owner.transaction() as session:
                owned.settle(session)
                page = owned.page(session, after, PAGE)
                for item in page:
                    turns |= {said.turn for said in item.said}
                    for said in item.said:
                        if said.turn == turn and _is_read(service, said):
                            publish(
                                session,
                                said.schema,
                                subject=str(item.key),
                                data=said.data,
                                to_service=service,
                            )
                            events += 1
            if len(page) < PAGE:
                break
            after = page[-1].key
    return events


def _pages(owned: Owned, session: Session) -> Iterator[Sequence[Item]]:
    after: uuid.UUID | None = None
    while page := owned.page(session, after, PAGE):
        yield page
        after = page[-1].key


def _as_read(item: Item, readings: Mapping[str, Schema]) -> dict[str, Mapping[str, Any]]:
    told: dict[str, Mapping[str, Any]] = {}
    for said in item.said:
        contract = contract_of(said.schema)
        if contract.type in readings:
            told[contract.type] = read(readings[contract.type], write(contract.schema, said.data))
    return told


def _is_read(service: str, said: Said) -> bool:
    return contract_of(said.schema).type in {contract.type for contract in consumed_by(service)}


def _owned(copy: ReadCopy) -> Owned:
    found: Sequence[Owned] = _module(copy.owner).OWNED
    return next(owned for owned in found if owned.name == copy.name)


def _module(service: str) -> Any:
    return importlib.import_module(f"services.{service}.read_copies")
