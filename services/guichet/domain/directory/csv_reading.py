"""A file as a spreadsheet saves it: which encoding, which separator, which columns, which lines."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.guichet.domain.directory.columns import REQUIRED
from services.guichet.domain.text import search_key
from shared.errors import N_, InvalidInput

DELIMITERS = (";", ",", "\t")
MOST_LINES = 10_000
LONGEST_CELL = 10_000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, on which line, in which column (its code) if it is one."""

    line: int
    column: str | None
    error: InvalidInput


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file; iterating reads it line by line."""

    content: bytes
    encoding: str
    delimiter: str
    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]] | Fault]:
        """Yield ``(line, {column: text})``, or what is wrong with the shape of a line."""
        reader = _reader(self.content, self.encoding, self.delimiter)
        try:
            next(reader)
            begins = reader.line_num + 1
            for cells in reader:
                line, begins = begins, reader.line_num + 1
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(self.columns) and any(
                    cell.strip() for cell in cells[len(self.columns) :]
                ):
                    yield Fault(line, None, _wrong_width(len(cells), len(self.columns)))
                    continue
                padded = cells + [""] * (len(self.columns) - len(cells))
                yield line, dict(zip(self.columns, padded, strict=False))
        except csv.Error:
            yield Fault(
                reader.line_num, None, InvalidInput(N_("This line cannot be read: check its quotes."))
            )


def open_table(content: bytes, known: Mapping[str, str]) -> tuple[Table | None, list[Fault]]:
    """Find out how the file is written; ``known`` gives the column for a folded heading."""
    encoding = encoding_of(content)
    if encoding is None:
        return None, [_fault(N_("This is not a text file: save it as CSV (UTF-8 or Windows)."))]
    best = max((_headings(content, encoding, mark, known) for mark in DELIMITERS), key=lambda one: one[0])
    matched, delimiter, headings = best
    if not headings or not matched:
        return None, [_fault(N_("The first line must name the columns, as in the file to fill in."))]
    faults: list[Fault] = []
    columns: list[str] = []
    for heading in headings:
        column = known.get(folded(heading))
        if column is None:
            faults.append(_fault(N_("There is no column called “%(heading)s”."), heading=heading.strip()))
        elif column in columns:
            faults.append(_fault(N_("The column “%(heading)s” is there twice."), heading=heading.strip()))
        columns.append(column or heading)
    faults += [
        Fault(1, column, InvalidInput(N_("This column is missing.")))
        for column in REQUIRED
        if column not in columns
    ]
    return (None, faults) if faults else (Table(content, encoding, delimiter, tuple(columns)), [])


def encoding_of(content: bytes) -> str | None:
    """By its mark, else UTF-8 when it is, else the Windows one; None when it is no text."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding if _decodes(content, encoding) else None
    if b"\x00" in content:
        return None
    return next((encoding for encoding in ("utf-8", "cp1252") if _decodes(content, encoding)), None)


def folded(heading: str) -> str:
    """A heading without case, accents and punctuation: ``Legal name *`` is ``legal_name``."""
    words = "".join(one if one.isalnum() else " " for one in search_key(heading))
    return " ".join(words.split())


def _headings(
    content: bytes, encoding: str, delimiter: str, known: Mapping[str, str]
) -> tuple[int, str, list[str]]:
    try:
        first: list[str] = next(_reader(content, encoding, delimiter), [])
    except csv.Error:
        first = []
    while first and not first[-1].strip():
        first.pop()
    return sum(folded(heading) in known for heading in first), delimiter, first


def _reader(content: bytes, encoding: str, delimiter: str) -> Any:
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(text, delimiter=delimiter, strict=True)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _wrong_width(count: int, expected: int) -> InvalidInput:
    return InvalidInput(
        N_("This line has %(count)s cells, the first line names %(expected)s."),
        count=count,
        expected=expected,
    )


def _fault(message: str, **params: object) -> Fault:
    return Fault(1, None, InvalidInput(message, field=None, **params))
