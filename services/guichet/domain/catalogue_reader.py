"""Reading a procedure, a site or a desk from plain data, with every fault found at once.

The same reading serves the catalogue's files and the versions kept in the database.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from services.guichet.domain.catalogue import (
    Agency,
    Condition,
    Desk,
    Document,
    FeeKind,
    FeeLine,
    Field,
    FieldKind,
    Option,
    Procedure,
    Site,
)
from services.guichet.domain.names import LANGUAGES, Names
from services.guichet.domain.terms import Term

Path = tuple[str | int, ...]

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_PROCEDURE_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}\.[a-z][a-z0-9-]{0,59}")
_PREFIX = re.compile(r"[A-Z]{2,4}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where in the data."""

    path: Path
    message: str


class Unreadable(ValueError):
    """The data is not a catalogue entry; ``faults`` says everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{spell(fault.path)}: {fault.message}" for fault in faults))
        self.faults = list(faults)


def spell(path: Path) -> str:
    """``fields[2].kind``, the way people point at a place in a file."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "file"


def procedure_from(data: object) -> Procedure:
    """Read one version of a procedure.

    Raises:
        Unreadable: with all faults.
    """
    entry = _Entry(data)
    agency = entry.code("agency")
    fields = tuple(entry.each("fields", _field))
    procedure = Procedure(
        code=entry.text("code", matching=_PROCEDURE_CODE),
        version=entry.integer("version", minimum=1),
        agency=agency,
        names=entry.names("names"),
        public=entry.boolean("public"),
        fields=fields,
        documents=tuple(entry.each("documents", _document)),
        fee_lines=None if entry.missing("fee_lines") else tuple(entry.each("fee_lines", _fee_line)),
        service_target=entry.term("service_target"),
        legal_term=entry.term("legal_term"),
        outcome=None if entry.missing("outcome") else entry.names("outcome"),
        outcome_validity=entry.duration("outcome_validity"),
    )
    if procedure.code and procedure.code.partition(".")[0] != agency:
        entry.fault("code", f"must begin with the agency, “{agency}.”")
    _check_references(entry, procedure)
    entry.finish()
    return procedure


def agency_from(data: object) -> Agency:
    entry = _Entry(data)
    agency = Agency(entry.code("code"), entry.names("names"), entry.boolean("public"))
    entry.finish()
    return agency


def site_from(data: object) -> Site:
    entry = _Entry(data)
    site = Site(
        code=entry.code("code"),
        prefix=entry.text("prefix", matching=_PREFIX),
        names=entry.names("names"),
        latitude=entry.number("latitude", -90, 90),
        longitude=entry.number("longitude", -180, 180),
        open=entry.boolean("open", default=True),
    )
    entry.finish()
    return site


def desk_from(data: object) -> Desk:
    entry = _Entry(data)
    desk = Desk(
        code=entry.code("code"),
        agency=entry.code("agency"),
        site=entry.code("site"),
        names=entry.names("names"),
        open=entry.boolean("open", default=True),
    )
    entry.finish()
    return desk


def _check_references(entry: "_Entry", procedure: Procedure) -> None:
    seen: dict[str, Field] = {}
    for position, field in enumerate(procedure.fields):
        if field.code in seen:
            entry.fault_at(("fields", position, "code"), f"“{field.code}” is there twice")
        if field.when is not None:
            _check_condition(entry, field.when, seen, ("fields", position, "when"))
        seen[field.code] = field
    for position, document in enumerate(procedure.documents):
        if document.when is not None:
            _check_condition(entry, document.when, seen, ("documents", position, "when"))
    for position, line in enumerate(procedure.fee_lines or ()):
        multiplier = seen.get(line.per) if line.per else None
        if line.per and (
            multiplier is None or multiplier.kind is not FieldKind.INTEGER or not multiplier.required
        ):
            entry.fault_at(
                ("fee_lines", position, "per"), "names no required integer field of this procedure"
            )


def _check_condition(entry: "_Entry", condition: Condition, earlier: Mapping[str, Field], path: Path) -> None:
    field = earlier.get(condition.field)
    if field is None or field.kind is not FieldKind.CHOICE:
        entry.fault_at(path, f"“{condition.field}” is not a choice field that comes before")
    elif condition.equals not in {option.value for option in field.options}:
        entry.fault_at(path, f"“{condition.equals}” is not an option of “{condition.field}”")


def _field(entry: "_Entry") -> Field:
    kind = entry.member("kind", FieldKind)
    options = tuple(entry.each("options", _option)) if kind is FieldKind.CHOICE else ()
    if kind is FieldKind.CHOICE and not options:
        entry.fault("options", "a choice needs at least one option")
    return Field(
        code=entry.code("code"),
        kind=kind,
        names=entry.names("names"),
        required=entry.boolean("required", default=True),
        hint=None if entry.missing("hint") else entry.names("hint"),
        minimum=None if entry.missing("minimum") else entry.integer("minimum"),
        maximum=None if entry.missing("maximum") else entry.integer("maximum"),
        options=options,
        when=entry.condition("when"),
    )


def _option(entry: "_Entry") -> Option:
    return Option(entry.code("value"), entry.names("names"))


def _document(entry: "_Entry") -> Document:
    return Document(
        code=entry.code("code"),
        names=entry.names("names"),
        copies=entry.integer("copies", minimum=1, default=1),
        required=entry.boolean("required", default=True),
        when=entry.condition("when"),
    )


def _fee_line(entry: "_Entry") -> FeeLine:
    return FeeLine(
        code=entry.code("code"),
        kind=entry.member("kind", FeeKind),
        names=entry.names("names"),
        amount=entry.decimal("amount", places=2),
        vat_rate=entry.decimal("vat_rate", places=2),
        per=None if entry.missing("per") else entry.code("per"),
    )


class _Entry:
    """One mapping of the data: read key by key, then asked whether anything was left over."""

    def __init__(self, data: object, path: Path = (), faults: list[Fault] | None = None) -> None:
        self._path = path
        self._faults: list[Fault] = [] if faults is None else faults
        self._read: set[str] = set()
        self._is_mapping = isinstance(data, Mapping)
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        if not self._is_mapping:
            self.fault_at((), "a mapping of names to values is expected")

    def fault(self, key: str, message: str) -> None:
        self.fault_at((key,), message)

    def fault_at(self, path: Path, message: str) -> None:
        self._faults.append(Fault(self._path + path, message))

    def missing(self, key: str) -> bool:
        self._read.add(key)
        return self._data.get(key) is None

    def text(self, key: str, *, matching: re.Pattern[str] | None = None) -> str:
        self._read.add(key)
        value = self._data.get(key)
        if not isinstance(value, str) or not value.strip():
            if self._is_mapping:
                self.fault(key, "text is expected")
            return ""
        if matching is not None and not matching.fullmatch(value):
            self.fault(key, f"“{value}” is not of the form {matching.pattern}")
        return value

    def code(self, key: str) -> str:
        return self.text(key, matching=_CODE)

    def integer(self, key: str, *, minimum: int = 0, default: int | None = None) -> int:
        self._read.add(key)
        value = self._data.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            self.fault(key, f"a whole number of at least {minimum} is expected")
            return minimum
        return value

    def number(self, key: str, low: float, high: float) -> float:
        self._read.add(key)
        value = self._data.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self.fault(key, f"a number between {low} and {high} is expected")
            return 0.0
        return float(value)

    def boolean(self, key: str, *, default: bool | None = None) -> bool:
        self._read.add(key)
        value = self._data.get(key, default)
        if not isinstance(value, bool):
            self.fault(key, "true or false is expected")
        return value is True

    def decimal(self, key: str, *, places: int) -> Decimal:
        """An amount is written as text: YAML would read 0.10 as a binary fraction."""
        self._read.add(key)
        value = self._data.get(key)
        try:
            amount = Decimal(value) if isinstance(value, str) else None
        except InvalidOperation:
            amount = None
        if amount is None or not amount.is_finite() or amount < 0 or round(amount, places) != amount:
            self.fault(key, f'an amount in quotes with at most {places} decimals is expected, as in "230.00"')
            return Decimal(0)
        return amount

    def member(self, key: str, kinds: Callable[[str], Any]) -> Any:
        self._read.add(key)
        value = self._data.get(key)
        try:
            return kinds(value)  # type: ignore[arg-type]
        except ValueError:
            known = ", ".join(kinds)  # type: ignore[arg-type]
            self.fault(key, f"“{value}” is none of: {known}")
            return next(iter(kinds))  # type: ignore[call-overload]

    def names(self, key: str) -> Names:
        self._read.add(key)
        entry = _Entry(self._data.get(key), (*self._path, key), self._faults)
        names = Names(*(entry.text(language) for language in LANGUAGES))
        entry.leftovers()
        return names

    def duration(self, key: str) -> timedelta | None:
        if self.missing(key):
            return None
        entry = _Entry(self._data[key], (*self._path, key), self._faults)
        days = entry.integer("days", default=0)
        hours = entry.integer("hours", default=0)
        entry.leftovers()
        if days == hours == 0:
            self.fault(key, "days or hours are expected; leave it null when nothing is published")
        return timedelta(days=days, hours=hours)

    def term(self, key: str) -> Term | None:
        if self.missing(key):
            return None
        value = self._data[key]
        try:
            return Term.of(value if isinstance(value, Mapping) else {})
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def condition(self, key: str) -> Condition | None:
        if self.missing(key):
            return None
        entry = _Entry(self._data[key], (*self._path, key), self._faults)
        condition = Condition(entry.code("field"), entry.text("equals"))
        entry.leftovers()
        return condition

    def each(self, key: str, read: Callable[["_Entry"], Any]) -> list[Any]:
        self._read.add(key)
        values = self._data.get(key)
        if not isinstance(values, Sequence) or isinstance(values, str):
            if self._is_mapping:
                self.fault(key, "a list is expected")
            return []
        results = []
        for position, value in enumerate(values):
            entry = _Entry(value, (*self._path, key, position), self._faults)
            results.append(read(entry))
            entry.leftovers()
        return results

    def leftovers(self) -> None:
        for key in self._data:
            if key not in self._read:
                self.fault(str(key), "is not known here")

    def finish(self) -> None:
        self.leftovers()
        if self._faults:
            raise Unreadable(self._faults)
