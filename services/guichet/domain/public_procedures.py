"""Loi 55-19: what a public body may ask for is what it has published, one plain copy of each.

The law holds for public procedures only; a private fund, an insurer or an accountant asks for
what it likes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.guichet.domain.catalogue import Document, Procedure
from services.guichet.domain.terms import Unit
from services.guichet.domain.text import Checks
from shared.errors import N_

NOT_PUBLISHED = N_(
    "“%(document)s” is not on the published list of this procedure: loi 55-19 lets a public body ask "
    "for no other document."
)
TOO_MANY_COPIES = N_(
    "The published list asks for %(copies)s of “%(document)s”: loi 55-19 lets a public body ask for no more."
)
NOT_LEGALISED = N_(
    "The published list asks for no legalised copy of “%(document)s”: loi 55-19 lets a public body ask "
    "for a plain one only."
)
MORE_COPIES_UNPUBLISHED = N_(
    "loi 55-19: a public procedure asks for one copy of each document; say in “published_in” which "
    "published list asks for more"
)
LEGALISED_UNPUBLISHED = N_(
    "loi 55-19: a public procedure asks for no legalised copy; say in “published_in” which published "
    "list asks for one"
)

TERM_TOO_LONG = N_(
    "loi 55-19: a public procedure takes 60 days at most; what it really takes is its service target"
)
#: what 60 days are, however a term counts them; a working day has eight hours
LONGEST_LEGAL: Mapping[Unit, int] = {
    Unit.DAYS: 60,
    Unit.WORKING_DAYS: 60,
    Unit.HOURS: 60 * 24,
    Unit.WORKING_HOURS: 60 * 8,
}


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """One item of a request for completion.

    ``document`` is the code of a document of the procedure, or any name where there is no list to
    keep to; None when no paper is asked for but something has to be put right.
    """

    document: str | None
    copies: int = 1
    legalised: bool = False


def check_asked_documents(procedure: Procedure, items: Sequence[AskedDocument]) -> None:
    """Refuse what goes beyond the published list of a public procedure.

    Raises:
        InvalidFields: every item that may not be asked for, as ``items[<place>]…``, with the reason.
    """
    if not procedure.public:
        return
    published = {document.code: document for document in procedure.documents}
    checks = Checks()
    for place, item in enumerate(items):
        if item.document is None:
            continue
        document = published.get(item.document)
        if document is None:
            checks.refuse(NOT_PUBLISHED, field=f"items[{place}].document", document=item.document)
            continue
        called = document.names.as_dict()
        if item.copies > document.copies:
            checks.refuse(
                TOO_MANY_COPIES, field=f"items[{place}].copies", copies=document.copies, document=called
            )
        if item.legalised and not document.legalised:
            checks.refuse(NOT_LEGALISED, field=f"items[{place}].legalised", document=called)
    checks.finish()


def term_too_long(procedure: Procedure) -> bool:
    """Whether a version of a public procedure promises less than the law does.

    Asked of what is published; versions already in force are read as they are.
    """
    term = procedure.legal_term
    return procedure.public and term is not None and term.value > LONGEST_LEGAL[term.unit]


def unpublished_demands(procedure: Procedure) -> Iterator[tuple[int, str, str]]:
    """What a version of a public procedure asks for beyond one plain copy without saying where
    that is published: place in the list of documents, key, reason."""
    return _unpublished(procedure.documents) if procedure.public else iter(())


def _unpublished(documents: Iterable[Document]) -> Iterator[tuple[int, str, str]]:
    for place, document in enumerate(documents):
        if document.published_in is not None:
            continue
        if document.copies > 1:
            yield place, "copies", MORE_COPIES_UNPUBLISHED
        if document.legalised:
            yield place, "legalised", LEGALISED_UNPUBLISHED
