"""What the counter offers: procedures, the agencies behind them, sites and desks.

Fees, terms and lists change by circular: they are data read from the catalogue's files, and a
request keeps the version of the procedure it was filed under.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.guichet.domain.names import Names
from services.guichet.domain.terms import Term


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
    PHONE = "phone"
    EMAIL = "email"


PERSONAL_KINDS = frozenset({FieldKind.CNIE, FieldKind.PASSPORT, FieldKind.RIB})


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
    code: str
    kind: FieldKind
    names: Names
    required: bool = True
    hint: Names | None = None
    minimum: int | None = None
    maximum: int | None = None
    options: tuple[Option, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Document:
    code: str
    names: Names
    copies: int = 1
    required: bool = True
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class FeeLine:
    """An amount due on completion; ``per`` names the answer that multiplies it."""

    code: str
    kind: FeeKind
    names: Names
    amount: Decimal
    vat_rate: Decimal
    per: str | None = None

    def due(self, answers: Mapping[str, Any]) -> Decimal:
        quantity = answers.get(self.per, 1) if self.per else 1
        return self.amount * int(quantity)


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
    outcome_validity: timedelta | None

    def promised(self, submitted_at: datetime) -> datetime | None:
        """When the startup may expect the outcome: the service target, else the law's term."""
        term = self.service_target or self.legal_term
        return None if term is None else submitted_at + term.elapsed()

    def documents_for(self, answers: Mapping[str, Any]) -> list[Document]:
        return [
            document for document in self.documents if document.when is None or document.when.holds(answers)
        ]

    def fees_for(self, answers: Mapping[str, Any]) -> list[tuple[FeeLine, Decimal]]:
        return [(line, line.due(answers)) for line in self.fee_lines or ()]


@dataclass(frozen=True, slots=True)
class Agency:
    code: str
    names: Names
    public: bool


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the network; its coordinates only rank places by distance."""

    code: str
    prefix: str
    names: Names
    latitude: float
    longitude: float
    open: bool = True


@dataclass(frozen=True, slots=True)
class Desk:
    code: str
    agency: str
    site: str
    names: Names
    open: bool = True


class Catalogue:
    """Everything on offer, and every version requests may still be pinned to."""

    def __init__(
        self,
        agencies: Iterable[Agency],
        sites: Iterable[Site],
        desks: Iterable[Desk],
        procedures: Iterable[Procedure],
    ) -> None:
        self.agencies = {agency.code: agency for agency in agencies}
        self.sites = {site.code: site for site in sites}
        self.desks = {desk.code: desk for desk in desks}
        self.versions = {(procedure.code, procedure.version): procedure for procedure in procedures}
        order = list(self.agencies)
        newest_last = sorted(
            self.versions.values(), key=lambda one: (order.index(one.agency), one.code, one.version)
        )
        self.procedures = {procedure.code: procedure for procedure in newest_last}
