"""What is done with documents; other topics use the functions named here."""

from services.guichet.use_cases.documents.by_link import asked_by_link, check_asked, hand_in_by_link
from services.guichet.use_cases.documents.filing import (
    attach,
    change_expiry,
    file_document,
    mark_seen,
    remove_document,
    take_back,
)
from services.guichet.use_cases.documents.keeping import erase_startup_documents
from services.guichet.use_cases.documents.reading import (
    RequestDocuments,
    checklist,
    of_request,
    offered,
    opened,
)

__all__ = [
    "RequestDocuments",
    "asked_by_link",
    "attach",
    "change_expiry",
    "check_asked",
    "checklist",
    "erase_startup_documents",
    "file_document",
    "hand_in_by_link",
    "mark_seen",
    "of_request",
    "offered",
    "opened",
    "remove_document",
    "take_back",
]
