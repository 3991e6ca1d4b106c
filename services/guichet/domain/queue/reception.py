"""Reception: the documents are looked at before a ticket is given."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.documents import ChecklistItem
from services.guichet.domain.names import Names
from services.guichet.domain.text import required_text
from shared.errors import N_, InvalidInput


class Decision(StrEnum):
    """What reception does with a visitor whose documents are not complete."""

    TURN_AWAY = "turn_away"
    GIVE_ANYWAY = "give_anyway"


class Asked(Protocol):
    """A document somebody has to bring."""

    @property
    def code(self) -> str: ...
    @property
    def names(self) -> Names: ...
    @property
    def copies(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Check:
    """What a visitor showed; ``turned_away`` says they got no ticket."""

    missing: tuple[Asked, ...] = ()
    turned_away: bool = False
    reason: str | None = None


def check_documents(
    procedure: Procedure | None,
    shown: Collection[str],
    *,
    decision: Decision | None,
    reason: object = None,
) -> Check:
    """Hold what the visitor shows against the procedure's list.

    A document that depends on an answer cannot be asked for before the question: it may be
    shown, its absence does not count.

    Raises:
        InvalidInput: something is missing and nobody decided what to do; or the procedure has
            no such document; or a ticket is given anyway without saying why.
    """
    if procedure is None:
        return Check()
    _known(shown, {document.code for document in procedure.documents})
    missing = tuple(
        document
        for document in procedure.documents
        if document.required and document.when is None and document.code not in shown
    )
    return _decided(missing, decision, reason)


def check_request(
    items: Collection[ChecklistItem],
    shown: Collection[str],
    *,
    decision: Decision | None,
    reason: object = None,
) -> Check:
    """The same for somebody who comes about a request: only what it still lacks has to be shown.

    Raises:
        InvalidInput: as :func:`check_documents`.
    """
    _known(shown, {item.code for item in items})
    return _decided(
        tuple(item for item in items if item.missing and item.code not in shown), decision, reason
    )


def _known(shown: Collection[str], known: Collection[str]) -> None:
    for code in shown:
        if code not in known:
            raise InvalidInput(
                N_("This procedure has no document called “%(document)s”."),
                field="documents",
                document=code,
            )


def _decided(missing: tuple[Asked, ...], decision: Decision | None, reason: object) -> Check:
    if not missing:
        return Check()
    if decision is None:
        raise InvalidInput(
            N_("Documents are missing. The visitor has to bring: %(documents)s."),
            field="documents",
            documents=[document.names.as_dict() for document in missing],
        )
    if decision is Decision.TURN_AWAY:
        return Check(missing, turned_away=True)
    return Check(missing, reason=required_text(reason, field="reason", maximum=300))
