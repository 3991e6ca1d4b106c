"""What an agency still needs before it can decide: itemised, and asked for once by a public body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.names import Names
from services.guichet.domain.public_procedures import AskedDocument, check_asked_documents
from services.guichet.domain.text import Checks, optional_text
from shared.errors import N_, InvalidInput

MOST_ITEMS = 30
MOST_COPIES = 20


@dataclass(frozen=True, slots=True)
class Item:
    """A document to bring, something to put right, or both.

    ``document`` is the code of a document of the procedure, or any name where there is no list
    to keep to.
    """

    document: str | None
    copies: int = 1
    legalised: bool = False
    note: str | None = None

    def names(self, procedure: Procedure) -> Names | None:
        """The document as the procedure calls it; a name somebody typed is the same in any language."""
        if self.document is None:
            return None
        listed = {document.code: document.names for document in procedure.documents}
        return listed.get(self.document) or Names(self.document, self.document, self.document)

    def as_dict(self) -> dict[str, Any]:
        return {
            "document": self.document,
            "copies": self.copies,
            "legalised": self.legalised,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Complement:
    """The last thing asked of the startup."""

    items: tuple[Item, ...]
    asked_at: datetime
    asked_by: str
    received_at: datetime | None = None


def checked_items(procedure: Procedure, given: Sequence[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Read the list of what is missing.

    Raises:
        InvalidFields: every item that says nothing, cannot be kept or may not be asked for, as
            ``items[<place>]…``.
    """
    if not given:
        raise InvalidInput(
            N_("Say what is missing, item by item: the startup has to know what to bring."), field="items"
        )
    if len(given) > MOST_ITEMS:
        raise InvalidInput(N_("At most %(maximum)s items."), field="items", maximum=MOST_ITEMS)
    checks = Checks()
    items = []
    for place, one in enumerate(given):
        where = f"items[{place}]"
        document = checks.take(optional_text, one.get("document"), field=f"{where}.document", maximum=120)
        note = checks.take(optional_text, one.get("note"), field=f"{where}.note", maximum=500, lines=True)
        copies = one.get("copies", 1)
        if not isinstance(copies, int) or isinstance(copies, bool) or not 1 <= copies <= MOST_COPIES:
            checks.refuse(
                N_("This must be between %(low)s and %(high)s."),
                field=f"{where}.copies",
                low=1,
                high=MOST_COPIES,
            )
        if document is None and note is None and not checks.errors:
            checks.refuse(N_("Name a document, or say what has to be put right."), field=f"{where}.document")
        items.append(Item(document, copies, bool(one.get("legalised", False)), note))
    checks.finish()
    check_asked_documents(
        procedure, [AskedDocument(item.document, item.copies, item.legalised) for item in items]
    )
    return tuple(items)
