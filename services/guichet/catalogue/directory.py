"""The lists of ``directory.yaml``: what a startup can be and do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from services.guichet.catalogue.faults import File
from services.guichet.domain.names import LANGUAGES, Names

FILE = Path(__file__).parent / "directory.yaml"


@dataclass(frozen=True, slots=True)
class Directory:
    legal_forms: Mapping[str, Names]
    sectors: Mapping[str, Names]
    #: legal forms under which the business bears the name of a person
    natural_persons: frozenset[str]


@lru_cache(maxsize=1)
def directory() -> Directory:
    return load_directory(FILE)


def load_directory(path: Path) -> Directory:
    """Read and check the lists.

    Raises:
        CatalogueError: an entry lacks its code or a name in one of the languages.
    """
    file = File(path)
    data = file.data
    if not isinstance(data, dict) or set(data) != {"legal_forms", "sectors"}:
        file.fault((), "exactly the lists legal_forms and sectors are expected")
        data = {}
    for name, entries in data.items():
        _check(file, name, entries)
    file.finish()
    return Directory(
        legal_forms=_names(data["legal_forms"]),
        sectors=_names(data["sectors"]),
        natural_persons=frozenset(
            entry["code"] for entry in data["legal_forms"] if entry.get("natural_person")
        ),
    )


def _check(file: File, name: str, entries: Any) -> None:
    seen: set[str] = set()
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
            file.fault((name, position), "a code is missing")
            continue
        if entry["code"] in seen:
            file.fault((name, position, "code"), f"“{entry['code']}” is there twice")
        seen.add(entry["code"])
        names = entry.get("names")
        if not isinstance(names, dict) or set(names) != set(LANGUAGES) or not all(names.values()):
            file.fault((name, position, "names"), f"names are needed in {', '.join(LANGUAGES)}")


def _names(entries: list[dict[str, Any]]) -> dict[str, Names]:
    return {entry["code"]: Names.of(entry["names"]) for entry in entries}
