"""Documents of a startup: what each kind is, how files are named, what a request still lacks."""

import re
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.guichet.domain.catalogue import Document, Procedure
from services.guichet.domain.names import Names
from services.guichet.domain.requests import Actor, Request
from shared.errors import N_, InvalidInput

MEGABYTE = 1024 * 1024
LARGEST_BYTES = 15 * MEGABYTE
#: beyond this an image is refused unread: 50 million pixels are an A4 page scanned at 720 dpi
MOST_PIXELS = 50_000_000
#: file systems count bytes: an Arabic letter is two, an emoji four
LONGEST_NAME_BYTES = 200
LONGEST_VALIDITY = timedelta(days=366 * 50)
OTHER = "other"
#: the code under which a request receives what the agency delivered
OUTCOME = "outcome"

#: media type → (what people call it, the endings its files bear, the first being the usual one)
MEDIA_TYPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "application/pdf": ("PDF", ("pdf",)),
    "image/jpeg": ("JPEG", ("jpg", "jpeg", "jpe", "jfif")),
    "image/png": ("PNG", ("png",)),
    "image/webp": ("WebP", ("webp",)),
}
_BY_ENDING = {ending: media_type for media_type, (_, endings) in MEDIA_TYPES.items() for ending in endings}
#: what browsers and scripts say of a file they know nothing about
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf"}
_SEPARATORS = re.compile(r"[\\/]+")
_UNSAFE = re.compile(r'[<>:"|?*%;`$&\']+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)", re.ASCII)


class RefusedFile(InvalidInput):
    """A file that is not kept, and why; ``reason`` is the code of the rule."""

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(REFUSALS[reason], field="file", **params)
        self.reason = reason


REFUSALS: Mapping[str, str] = {
    "missing": N_("Choose a file."),
    "empty": N_("This file is empty."),
    "too_large": N_("This file is larger than %(limit)s MB."),
    "unknown_type": N_("Only PDF, JPEG, PNG and WebP files are accepted."),
    "mismatch": N_(
        "This file is named as %(declared)s but contains %(found)s: check that it is the right one."
    ),
    "not_what_it_says": N_("This file is named as %(declared)s but is something else."),
    "damaged": N_("This file is damaged or incomplete. Scan or save it again, then send the new file."),
    "encrypted": N_("This PDF is protected by a password. Save it without one, then send it again."),
    "attachments": N_("This PDF holds other files. Send each of them on its own."),
    "signed_and_active": N_(
        "This PDF is signed and holds scripts: they cannot be taken out without breaking the signature."
    ),
    "too_many_pixels": N_("This image is too large: %(limit)s million pixels at most."),
    "animated": N_("Moving images are not accepted."),
    "too_many_pages": N_("This PDF has more than %(limit)s pages."),
    "bomb": N_("This file unpacks to far more than a document needs, and was refused."),
    "unreadable": N_("This file cannot be read safely, and was refused."),
    "infected": N_("A virus was found in this file. It was not kept."),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a document is, whatever the procedure that asks for it."""

    code: str
    names: Names
    readers: frozenset[str]
    keep: timedelta
    identity: bool = False
    reusable: bool = True
    expires: bool = False
    #: days before the end of validity, the longest first
    remind: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VaultDocument:
    """A document on file for a startup; its content lies elsewhere, encrypted."""

    id: uuid.UUID
    startup_id: uuid.UUID
    kind: str
    file_id: uuid.UUID
    name: str
    media_type: str
    size: int
    pages: int | None
    sha256: bytes
    key_id: str
    wrapped_key: bytes
    expires_on: date | None
    filed_at: datetime
    filed_by: Actor

    def valid_on(self, day: date) -> bool:
        return self.expires_on is None or self.expires_on >= day


@dataclass(frozen=True, slots=True)
class Received:
    """One document handed in for a request: on file, or seen on paper at the counter."""

    id: uuid.UUID
    request_id: uuid.UUID
    code: str
    document_id: uuid.UUID | None
    on_paper: bool
    at: datetime
    by: Actor


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One document a request asks for, and what was handed in of it."""

    code: str
    names: Names
    copies: int
    required: bool
    received: bool
    document_ids: tuple[uuid.UUID, ...] = ()
    on_paper: bool = False
    kind: str | None = None

    @property
    def missing(self) -> bool:
        return self.required and not self.received


def asked_documents(request: Request, procedure: Procedure) -> list[Document]:
    """What the procedure wants for these answers, and what the agency asked for besides."""
    asked = procedure.documents_for(request.answers)
    known = {document.code for document in asked}
    listed = {document.code: document for document in procedure.documents}
    for item in request.complement.items if request.complement else ():
        names = item.names(procedure)
        if item.document is None or names is None or item.document in known:
            continue
        known.add(item.document)
        asked.append(listed.get(item.document) or Document(item.document, names, item.copies))
    return asked


def outcome_document(procedure: Procedure) -> Document | None:
    """What the agency delivers, to be filed like any other document."""
    return Document(OUTCOME, procedure.outcome, required=False) if procedure.outcome else None


def asked_again(request: Request) -> Mapping[str, datetime]:
    """Documents the agency asked for anew: what came before then does not count any more."""
    complement = request.complement
    if complement is None:
        return {}
    return {item.document: complement.asked_at for item in complement.items if item.document}


def checklist_of(
    asked: Sequence[Document], received: Iterable[Received], again: Mapping[str, datetime] | None = None
) -> list[ChecklistItem]:
    """What is asked for, in its order, each with what came (since it was last asked for)."""
    came: dict[str, list[Received]] = {}
    for one in received:
        since = (again or {}).get(one.code)
        if since is None or one.at >= since:
            came.setdefault(one.code, []).append(one)
    return [
        ChecklistItem(
            code=document.code,
            names=document.names,
            copies=document.copies,
            required=document.required,
            received=document.code in came,
            document_ids=tuple(
                one.document_id for one in came.get(document.code, ()) if one.document_id is not None
            ),
            on_paper=any(one.on_paper for one in came.get(document.code, ())),
            kind=document.kind,
        )
        for document in asked
    ]


def declared_type(media_type: str | None, name: str) -> str:
    """What the sender says the file is; its name decides when the sender says nothing.

    Raises:
        RefusedFile: none of the types that are accepted.
    """
    told = (media_type or "").partition(";")[0].strip().lower()
    told = _ALIASES.get(told, told)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    by_name = _BY_ENDING.get(ending)
    if told in _UNTOLD:
        told = by_name or ""
    if told not in MEDIA_TYPES or (ending and by_name is None and len(ending) <= 5 and ending.isalnum()):
        raise RefusedFile("unknown_type")
    if by_name is not None and by_name != told:
        raise RefusedFile("mismatch", declared=MEDIA_TYPES[by_name][0], found=MEDIA_TYPES[told][0])
    return told


def type_of_content(head: bytes) -> str | None:
    """What the first bytes say."""
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def safe_name(name: str | None, media_type: str) -> str:
    """A name that is harmless in a header, in a folder and on a screen, with the ending of its type."""
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name or ""))[-1]
    kept = "".join(" " if character.isspace() else character for character in last if _harmless(character))
    kept = re.sub(r" +", " ", _UNSAFE.sub("", kept)).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    endings = MEDIA_TYPES[media_type][1]
    if not dot or ending.lower() not in endings:
        stem, ending = kept, endings[0]
    # An inner ending (facture.php.pdf) means nothing here and something to a careless server.
    stem = stem.replace(".", "-").strip(" .-")
    stem = stem.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").strip(" .-")
    if not stem or _RESERVED.fullmatch(stem):
        stem = "document"
    return f"{stem}.{ending.lower()}"


def checked_expiry(expires_on: date | None, kind: Kind, today: date) -> date | None:
    """The end of validity as it is kept.

    Raises:
        InvalidInput: it has passed, or cannot be right.
    """
    if expires_on is None or not kind.expires:
        return None
    if expires_on < today:
        raise InvalidInput(N_("This document has expired."), field="expires_on")
    if expires_on > today + LONGEST_VALIDITY:
        raise InvalidInput(N_("The year of this date cannot be right."), field="expires_on")
    return expires_on


def may_read(kind: Kind, roles: Collection[str]) -> bool:
    return not kind.readers.isdisjoint(roles)


def _harmless(character: str) -> bool:
    # Cc: control; Cf: invisible, among them those that turn the reading direction; Cs, Co, Cn: no character.
    return character.isspace() or not unicodedata.category(character).startswith("C")
