"""Document numbers: one series per kind of document, site and year, without a hole.

The numbers themselves are handed out by a counter row inside the transaction that stores the
document: an abandoned transaction gives its number back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DocumentKind(StrEnum):
    INVOICE = "FA"
    CREDIT_NOTE = "AV"


def series_of(kind: DocumentKind, series_code: str, year: int) -> str:
    return f"{kind}-{series_code}-{year}"


@dataclass(frozen=True, slots=True)
class Number:
    """The place of a document in its series; its text is what people quote."""

    series: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.series}-{self.sequence:05d}"
