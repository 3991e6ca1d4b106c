"""Reading a procedure, a site or a desk from plain data, with every fault found at once.

The same reading serves the catalogue's files, the versions kept in the database and what staff
write on the procedures' page.
"""

import re
from collections.abc import Mapping

from services.guichet.domain.catalogue import (
    Agency,
    Condition,
    Document,
    FeeKind,
    FeeLine,
    Field,
    FieldKind,
    FileType,
    Option,
    Procedure,
    Site,
)
from services.guichet.domain.catalogue_entries import Entry, Fault, Path, Unreadable, spell
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.public_procedures import unpublished_demands
from services.guichet.domain.workflow import STANDARD
from services.guichet.domain.workflow_reader import workflow_from
from shared.errors import N_

__all__ = [
    "Fault",
    "Path",
    "Unreadable",
    "agency_from",
    "procedure_from",
    "read_field",
    "site_from",
    "spell",
]

PROCEDURE_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}\.[a-z][a-z0-9-]{0,59}")
_PREFIX = re.compile(r"[A-Z]{2,4}")


def procedure_from(data: object) -> Procedure:
    """Read one version of a procedure.

    Raises:
        Unreadable: with all faults.
    """
    entry = Entry(data)
    agency = entry.code("agency")
    fields = tuple(entry.each("fields", read_field))
    procedure = Procedure(
        code=entry.text("code", matching=PROCEDURE_CODE),
        version=entry.integer("version", minimum=1),
        agency=agency,
        names=entry.names("names"),
        public=entry.boolean("public"),
        fields=fields,
        documents=tuple(entry.each("documents", _document)),
        fee_lines=None if entry.missing("fee_lines") else tuple(entry.each("fee_lines", _fee_line)),
        service_target=entry.term("service_target"),
        legal_term=entry.term("legal_term"),
        outcome=entry.optional_names("outcome"),
        outcome_validity=entry.validity("outcome_validity"),
        authority=entry.optional_names("authority"),
        note=entry.optional_names("note"),
        position=entry.integer("position", default=0),
        workflow=entry.part("workflow", workflow_from) or STANDARD,
    )
    if procedure.code and procedure.code.partition(".")[0] != agency:
        entry.fault("code", N_("must begin with the agency, “%(agency)s.”"), agency=agency)
    _check_references(entry, procedure)
    for position, key, message in unpublished_demands(procedure):
        entry.fault_at(("documents", position, key), message)
    entry.finish()
    return procedure


def agency_from(data: object) -> Agency:
    entry = Entry(data)
    agency = Agency(
        entry.code("code"), entry.names("names"), entry.boolean("public"), _language(entry) or "fr"
    )
    entry.finish()
    return agency


def _language(entry: Entry) -> str:
    if entry.missing("language"):
        return ""
    written = entry.text("language")
    if written and written not in LANGUAGES:
        entry.fault(
            "language", N_("“%(value)s” is none of: %(known)s"), value=written, known=", ".join(LANGUAGES)
        )
    return written


def site_from(data: object) -> Site:
    entry = Entry(data)
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


def check_fields(entry: Entry, fields: tuple[Field, ...]) -> dict[str, Field]:
    """The fields by code, every reference among them checked."""
    seen: dict[str, Field] = {}
    for position, field in enumerate(fields):
        if field.code in seen:
            entry.fault_at(("fields", position, "code"), N_("“%(code)s” is there twice"), code=field.code)
        if field.when is not None:
            _check_condition(entry, field.when, seen, ("fields", position, "when"))
        if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
            entry.fault_at(("fields", position, "minimum"), N_("is greater than the maximum"))
        seen[field.code] = field
    return seen


def _check_references(entry: Entry, procedure: Procedure) -> None:
    seen = check_fields(entry, procedure.fields)
    codes: set[str] = set()
    for position, document in enumerate(procedure.documents):
        if document.code in codes:
            entry.fault_at(
                ("documents", position, "code"), N_("“%(code)s” is there twice"), code=document.code
            )
        codes.add(document.code)
        if document.when is not None:
            _check_condition(entry, document.when, seen, ("documents", position, "when"))
    for position, line in enumerate(procedure.fee_lines or ()):
        if line.when is not None:
            _check_condition(entry, line.when, seen, ("fee_lines", position, "when"))
        multiplier = seen.get(line.per) if line.per else None
        if line.per and (
            multiplier is None or multiplier.kind is not FieldKind.INTEGER or not multiplier.required
        ):
            entry.fault_at(
                ("fee_lines", position, "per"), N_("names no required integer field of this procedure")
            )


def _check_condition(entry: Entry, condition: Condition, earlier: Mapping[str, Field], path: Path) -> None:
    field = earlier.get(condition.field)
    if field is None or field.kind is not FieldKind.CHOICE:
        entry.fault_at(path, N_("“%(name)s” is not a choice field that comes before"), name=condition.field)
    elif condition.equals not in {option.value for option in field.options}:
        entry.fault_at(
            path,
            N_("“%(value)s” is not an option of “%(name)s”"),
            value=condition.equals,
            name=condition.field,
        )


def read_field(entry: Entry) -> Field:
    kind = entry.member("kind", FieldKind)
    options = tuple(entry.each("options", _option)) if kind is FieldKind.CHOICE else ()
    if kind is FieldKind.CHOICE and not options:
        entry.fault("options", N_("a choice needs at least one option"))
    columns = tuple(entry.each("columns", _column)) if kind is FieldKind.LIST else ()
    if kind is FieldKind.LIST and not columns:
        entry.fault("columns", N_("a list needs at least one column"))
    return Field(
        code=entry.code("code"),
        kind=kind,
        names=entry.names("names"),
        required=entry.boolean("required", default=True),
        hint=entry.optional_names("hint"),
        minimum=entry.optional_integer("minimum"),
        maximum=entry.optional_integer("maximum"),
        options=options,
        when=entry.condition("when"),
        columns=columns,
    )


def _column(entry: Entry) -> Field:
    column = read_field(entry)
    if column.kind in (FieldKind.LIST, FieldKind.CONFIRMATION, FieldKind.LONG_TEXT):
        entry.fault("kind", N_("a column cannot be of this kind"))
    if column.when is not None:
        entry.fault("when", N_("a column is asked in every row"))
    return column


def _option(entry: Entry) -> Option:
    return Option(entry.code("value"), entry.names("names"))


def _document(entry: Entry) -> Document:
    return Document(
        code=entry.code("code"),
        names=entry.names("names"),
        copies=entry.integer("copies", minimum=1, default=1),
        required=entry.boolean("required", default=True),
        when=entry.condition("when"),
        original=entry.boolean("original", default=False),
        legalised=entry.boolean("legalised", default=False),
        accepts=entry.members("accepts", FileType),
        published_in=entry.optional_text("published_in"),
        kind=None if entry.missing("kind") else entry.code("kind"),
    )


def _fee_line(entry: Entry) -> FeeLine:
    return FeeLine(
        code=entry.code("code"),
        kind=entry.member("kind", FeeKind),
        names=entry.names("names"),
        amount=entry.decimal("amount", places=2),
        vat_rate=entry.decimal("vat_rate", places=2),
        per=entry.optional_code("per"),
        beyond=entry.integer("beyond", default=0),
        when=entry.condition("when"),
    )
