"""What the counter offers: procedures, the agencies behind them, sites and desks.

Fees, terms and lists change by circular: they are data read from the catalogue's files, and a
request keeps the version of the procedure it was filed under.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from services.guichet.domain.desks import Desk
from services.guichet.domain.names import Names
from services.guichet.domain.terms import Term, Validity
from services.guichet.domain.workflow import STANDARD, Workflow

if TYPE_CHECKING:
    from services.guichet.domain.routing import Surroundings


class FieldKind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DATE = "date"
    CHOICE = "choice"
    CONFIRMATION = "confirmation"
    ICE = "ice"
    CNIE = "cnie"
    PASSPORT = "passport"
    RIB = "rib"
    RC_NUMBER = "rc_number"
    TRADE_TAX = "trade_tax"
    TAX_ID = "tax_id"
    CNSS_AFFILIATE = "cnss_affiliate"
    CNSS_EMPLOYEE = "cnss_employee"
    IBAN = "iban"
    AMOUNT = "amount"
    PHONE = "phone"
    EMAIL = "email"
    LIST = "list"


#: Loi 09-08: what identifies a person or an account.
PERSONAL_KINDS = frozenset(
    {FieldKind.CNIE, FieldKind.PASSPORT, FieldKind.RIB, FieldKind.IBAN, FieldKind.CNSS_EMPLOYEE}
)


class FileType(StrEnum):
    """What a document may be handed in as, besides paper."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


class FeeKind(StrEnum):
    DISBURSEMENT = "disbursement"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when another answer has the given value."""

    field: str
    equals: str

    def holds(self, answers: Mapping[str, Any]) -> bool:
        return answers.get(self.field) == self.equals


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    names: Names


@dataclass(frozen=True, slots=True)
class Field:
    """One question; a list asks its ``columns`` once for each of its rows."""

    code: str
    kind: FieldKind
    names: Names
    required: bool = True
    hint: Names | None = None
    minimum: int | None = None
    maximum: int | None = None
    options: tuple[Option, ...] = ()
    when: Condition | None = None
    columns: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document to hand in.

    ``published_in`` names the list that asks for more than one plain copy. A document of a known ``kind``
    (catalogue/document_kinds.yaml) is offered again when it was filed before.
    """

    code: str
    names: Names
    copies: int = 1
    required: bool = True
    when: Condition | None = None
    original: bool = False
    legalised: bool = False
    accepts: tuple[FileType, ...] = tuple(FileType)
    published_in: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class FeeLine:
    """An amount due on completion.

    ``per`` names the answer that multiplies it, less the ``beyond`` first ones: the first class of
    a trade mark has its own line.
    """

    code: str
    kind: FeeKind
    names: Names
    amount: Decimal
    vat_rate: Decimal
    per: str | None = None
    beyond: int = 0
    when: Condition | None = None

    def due(self, answers: Mapping[str, Any]) -> Decimal:
        quantity = int(answers.get(self.per, 1)) if self.per else 1
        return self.amount * max(quantity - self.beyond, 0)

    def applies(self, answers: Mapping[str, Any]) -> bool:
        asked = self.when is None or self.when.holds(answers)
        return asked and (self.per is None or int(answers.get(self.per, 1)) > self.beyond)


@dataclass(frozen=True, slots=True)
class Procedure:
    """One version of a procedure; ``None`` where the agency publishes nothing."""

    code: str
    version: int
    agency: str
    names: Names
    public: bool
    fields: tuple[Field, ...]
    documents: tuple[Document, ...]
    fee_lines: tuple[FeeLine, ...] | None
    service_target: Term | None
    legal_term: Term | None
    outcome: Names | None
    outcome_validity: Validity | None
    #: who decides, where that is not the agency at whose desk it is handed in
    authority: Names | None = None
    #: what a clerk should know before filing
    note: Names | None = None
    #: its place among the procedures of its desk
    position: int = 0
    workflow: Workflow = STANDARD
    #: the first day it is offered, there
    valid_from: date | None = None

    def documents_for(self, answers: Mapping[str, Any]) -> list[Document]:
        return [
            document for document in self.documents if document.when is None or document.when.holds(answers)
        ]

    def fees_for(self, answers: Mapping[str, Any]) -> list[tuple[FeeLine, Decimal]]:
        return [(line, line.due(answers)) for line in self.fee_lines or () if line.applies(answers)]


@dataclass(frozen=True, slots=True)
class Agency:
    code: str
    names: Names
    public: bool
    #: what it is written to in
    language: str = "fr"


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the network; its coordinates only rank places by distance."""

    code: str
    prefix: str
    names: Names
    latitude: float
    longitude: float
    open: bool = True


class Catalogue:
    """Everything on offer on a day, and every version requests may still be pinned to.

    ``in_force`` are of the versions whose day has come the newest; ``procedures`` those of them that are
    offered, ``retired`` the others, with the moment. ``changes_on`` is the next day on which that will be
    others.
    """

    def __init__(
        self,
        agencies: Iterable[Agency],
        sites: Iterable[Site],
        desks: Iterable[Desk],
        procedures: Iterable[Procedure],
        *,
        today: date | None = None,
        retired: Mapping[str, datetime] | None = None,
    ) -> None:
        self.retired = dict(retired or {})
        self.agencies = {agency.code: agency for agency in agencies}
        self.sites = {site.code: site for site in sites}
        self.desks = {desk.code: desk for desk in desks}
        #: by agency and site, once somebody looked around from there
        self.surroundings: dict[tuple[str, str], Surroundings] = {}
        self.versions = {(procedure.code, procedure.version): procedure for procedure in procedures}
        order = list(self.agencies)
        self._newest_last = sorted(self.versions.values(), key=lambda one: one.version)
        announced = [
            one.valid_from for one in self._newest_last if today and one.valid_from and one.valid_from > today
        ]
        self.changes_on = min(announced, default=None)
        in_force = self._in_force_on(today)
        self.in_force = dict(
            sorted(
                in_force.items(), key=lambda item: (order.index(item[1].agency), item[1].position, item[0])
            )
        )
        self.procedures = {code: one for code, one in self.in_force.items() if code not in self.retired}

    def offered_on(self, day: date | None) -> dict[str, Procedure]:
        """Of the versions whose day will have come, the newest; without a day, of all; none retired."""
        return {code: one for code, one in self._in_force_on(day).items() if code not in self.retired}

    def _in_force_on(self, day: date | None) -> dict[str, Procedure]:
        return {
            one.code: one
            for one in self._newest_last
            if day is None or one.valid_from is None or one.valid_from <= day
        }
