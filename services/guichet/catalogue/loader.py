"""Reads the catalogue's YAML files; a fault names the file, the line and the entry."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from services.guichet.catalogue.faults import FOLDER, CatalogueError
from services.guichet.catalogue.kinds import document_kinds
from services.guichet.catalogue.source import Mistake, NotYaml, Source, read_source, without_version
from services.guichet.domain.bundle_reader import bundle_from, check_against
from services.guichet.domain.bundles import Bundle
from services.guichet.domain.calendar import NETWORK
from services.guichet.domain.calendar_reader import WrittenCalendar, calendar_from
from services.guichet.domain.catalogue import Agency, Catalogue, Procedure, Site
from services.guichet.domain.catalogue_reader import (
    Fault,
    Unreadable,
    agency_from,
    procedure_from,
    site_from,
    spell,
)
from services.guichet.domain.catalogue_reader import Path as EntryPath
from services.guichet.domain.desk_reader import desk_from
from services.guichet.domain.desks import Desk
from services.guichet.domain.fees import unbillable
from services.guichet.domain.public_procedures import TERM_TOO_LONG, term_too_long

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoadedCatalogue:
    """``definitions`` are the procedures as data, ``sources`` as text: the database keeps both."""

    catalogue: Catalogue
    definitions: dict[str, dict[str, Any]]
    calendar: WrittenCalendar
    sources: dict[str, str]
    #: the bundles as data and as text, by code
    bundles: dict[str, dict[str, Any]]
    bundle_sources: dict[str, str]


def load(folder: Path = FOLDER) -> LoadedCatalogue:
    """Read and check every file.

    Raises:
        CatalogueError: all faults of all files.
    """
    reader = _Reader(folder)
    agencies = reader.entries("agencies.yaml", agency_from)
    sites = reader.entries("sites.yaml", site_from)
    desks = reader.entries("desks.yaml", desk_from)
    procedures: dict[str, tuple[_Document, Procedure]] = {}
    for path in sorted((folder / "procedures").glob("*.yaml")):
        document = reader.document(path)
        procedure = document and reader.read(document, (), procedure_from)
        if document and procedure:
            procedures[document.name] = document, procedure
    calendar = _calendar(reader, folder, sites)
    bundles: list[tuple[_Document, Bundle]] = []
    for path in sorted((folder / "bundles").glob("*.yaml")):
        document = reader.document(path)
        bundle = document and reader.read(document, (), bundle_from)
        if document and bundle:
            bundles.append((document, bundle))
    if not reader.messages:
        # Only now: one wrong line in agencies.yaml would be blamed on every procedure and desk.
        _check_references(reader, agencies, sites, desks, list(procedures.values()))
        _check_bundles(reader, bundles, {one.code: one for _, one in procedures.values()})
    if reader.messages or calendar is None:
        raise CatalogueError(reader.messages)
    return LoadedCatalogue(
        Catalogue(agencies, sites, desks, [procedure for _, procedure in procedures.values()]),
        {procedure.code: document.source.data for document, procedure in procedures.values()},
        calendar,
        {procedure.code: without_version(document.text) for document, procedure in procedures.values()},
        {bundle.code: document.source.data for document, bundle in bundles},
        {bundle.code: without_version(document.text) for document, bundle in bundles},
    )


def _calendar(reader: "_Reader", folder: Path, sites: list[Site]) -> WrittenCalendar | None:
    document = reader.document(folder / "calendar.yaml")
    written = reader.read(document, (), calendar_from) if document else None
    if document and written:
        known = (NETWORK, *(site.code for site in sites))
        for position, override in enumerate(written.overrides):
            if override.site not in known:
                fault = Fault(("overrides", position, "site"), f"there is no site “{override.site}”")
                reader.report(document, fault)
    return written


def demo_startups(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The invented startups of the demonstration."""
    details: list[dict[str, Any]] = yaml.safe_load((folder / "demo.yaml").read_text(encoding="utf-8"))
    return details


def _check_references(
    reader: "_Reader",
    agencies: list[Agency],
    sites: list[Site],
    desks: list[Desk],
    procedures: list[tuple["_Document", Procedure]],
) -> None:
    agency_codes = {agency.code for agency in agencies}
    site_codes = {site.code for site in sites}
    kinds = document_kinds()
    for document, procedure in procedures:
        for fault in unbillable(procedure):
            reader.report(document, fault)
        if document.name != f"procedures/{procedure.code}.yaml":
            reader.report(document, Fault(("code",), f"the file of “{procedure.code}” must bear its name"))
        if procedure.agency not in agency_codes:
            reader.report(document, Fault(("agency",), f"there is no agency “{procedure.agency}”"))
        if term_too_long(procedure):
            reader.report(document, Fault(("legal_term",), TERM_TOO_LONG))
        for place, asked in enumerate(procedure.documents):
            if asked.kind is not None and asked.kind not in kinds:
                path = ("documents", place, "kind")
                reader.report(document, Fault(path, f"there is no kind of document “{asked.kind}”"))
    for position, desk in enumerate(desks):
        if desk.agency not in agency_codes:
            reader.report_in("desks.yaml", Fault((position, "agency"), f"there is no agency “{desk.agency}”"))
        if desk.site is not None and desk.site not in site_codes:
            reader.report_in("desks.yaml", Fault((position, "site"), f"there is no site “{desk.site}”"))


def _check_bundles(
    reader: "_Reader", bundles: list[tuple["_Document", Bundle]], procedures: dict[str, Procedure]
) -> None:
    for document, bundle in bundles:
        if document.name != f"bundles/{bundle.code}.yaml":
            reader.report(document, Fault(("code",), f"the file of “{bundle.code}” must bear its name"))
        for fault in check_against(bundle, procedures):
            reader.report(document, fault)


@dataclass(frozen=True, slots=True)
class _Document:
    name: str
    text: str
    source: Source


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._documents: dict[str, _Document] = {}
        self.messages: list[str] = []

    def document(self, path: Path) -> _Document | None:
        name = path.relative_to(self._folder).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
            source = read_source(text)
        except NotYaml as error:
            self._mistake(name, error.mistake)
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.messages.append(f"{name}: {error}")
            return None
        self._documents[name] = document = _Document(name, text, source)
        for mistake in source.mistakes:
            self._mistake(name, mistake)
        return document

    def entries(self, name: str, read: Callable[[object], T]) -> list[T]:
        document = self.document(self._folder / name)
        if document is None:
            return []
        if not isinstance(document.source.data, list):
            self.messages.append(f"{name}: a list is expected")
            return []
        results: list[T] = []
        seen: set[str] = set()
        for position, entry in enumerate(document.source.data):
            result = self.read(document, (position,), read)
            if result is None:
                continue
            code = entry["code"]
            if code in seen:
                self.report(document, Fault((position, "code"), f"“{code}” is there twice"))
            seen.add(code)
            results.append(result)
        return results

    def read(self, document: _Document, place: EntryPath, read: Callable[[object], T]) -> T | None:
        data = document.source.data
        for step in place:
            data = data[step]
        try:
            return read(data)
        except Unreadable as error:
            for fault in error.faults:
                self.report(document, Fault(place + fault.path, fault.message, fault.params))
            return None

    def report_in(self, name: str, fault: Fault) -> None:
        self.report(self._documents[name], fault)

    def report(self, document: _Document, fault: Fault) -> None:
        line = document.source.line_of(fault.path)
        self.messages.append(f"{document.name}, line {line}, {spell(fault.path)}: {fault}")

    def _mistake(self, name: str, mistake: Mistake) -> None:
        place = name if mistake.line is None else f"{name}, line {mistake.line}"
        self.messages.append(f"{place}: {mistake.message}")
