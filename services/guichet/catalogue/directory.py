"""The lists of ``directory.yaml``: what a startup can be and do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from services.guichet.domain.names import LANGUAGES, Names

FILE = Path(__file__).parent / "directory.yaml"


class DirectoryError(Exception):
    """The file is not what it should be; says where."""


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
        DirectoryError: an entry lacks its code or a name in one of the languages.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) != {"legal_forms", "sectors"}:
        raise DirectoryError(f"{path.name}: exactly the lists legal_forms and sectors are expected")
    for name, entries in data.items():
        _check(path.name, name, entries)
    return Directory(
        legal_forms=_names(data["legal_forms"]),
        sectors=_names(data["sectors"]),
        natural_persons=frozenset(
            entry["code"] for entry in data["legal_forms"] if entry.get("natural_person")
        ),
    )


def _check(file: str, name: str, entries: Any) -> None:
    seen: set[str] = set()
    for position, entry in enumerate(entries, start=1):
        where = f"{file}, {name}, entry {position}"
        if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
            raise DirectoryError(f"{where}: a code is missing")
        if entry["code"] in seen:
            raise DirectoryError(f"{where}: “{entry['code']}” is there twice")
        seen.add(entry["code"])
        names = entry.get("names")
        if not isinstance(names, dict) or set(names) != set(LANGUAGES) or not all(names.values()):
            raise DirectoryError(f"{where}: names are needed in {', '.join(LANGUAGES)}")


def _names(entries: list[dict[str, Any]]) -> dict[str, Names]:
    return {entry["code"]: Names.of(entry["names"]) for entry in entries}
