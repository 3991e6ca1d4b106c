"""Who sells and who buys, as printed on a document and never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from .charge import Names


@dataclass(frozen=True, slots=True)
class Seller:
    """The identity one site invoices under (CGI art. 145-III)."""

    site: str
    site_name: Names
    series_code: str
    legal_name: str
    address: str
    ice: str
    tax_id: str
    trade_tax_id: str
    rc: str
    cnss: str
    email: str | None = None
    phone: str | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Buyer:
    startup_id: UUID
    legal_name: str
    ice: str | None
    address: str | None
