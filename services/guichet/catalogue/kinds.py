"""The kinds of documents, from ``document_kinds.yaml``."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.guichet.catalogue.loader import FOLDER, CatalogueError
from services.guichet.domain.documents import OTHER, Kind
from services.guichet.domain.names import LANGUAGES, Names

_READERS = ("agent", "agency_officer", "site_manager", "operator")
_ROLES = frozenset({*_READERS, "billing_officer"})
_KEYS = frozenset({"code", "names", "identity", "reusable", "expires", "readers", "remind", "keep_days"})


@cache
def document_kinds(folder: Path = FOLDER) -> dict[str, Kind]:
    """Every kind by its code.

    Raises:
        CatalogueError: naming the entry and what is wrong with it.
    """
    entries = yaml.safe_load((folder / "document_kinds.yaml").read_text(encoding="utf-8"))
    faults: list[str] = []
    kinds = [kind for position, entry in enumerate(entries) if (kind := _kind(entry, position, faults))]
    found = {kind.code: kind for kind in kinds}
    if not faults and len(found) < len(kinds):
        faults.append("document_kinds.yaml: a code is there twice")
    if not faults and OTHER not in found:
        faults.append(f"document_kinds.yaml: there must be a kind “{OTHER}”")
    if faults:
        raise CatalogueError(faults)
    return found


def kind_of(code: str | None) -> Kind:
    """The kind a procedure names; documents of no particular kind, or of one since dropped, are “other”."""
    kinds = document_kinds()
    return kinds.get(code or OTHER) or kinds[OTHER]


def _kind(entry: Any, position: int, faults: list[str]) -> Kind | None:
    where = f"document_kinds.yaml, entry {position + 1}"
    if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
        faults.append(f"{where}: a mapping with a code is expected")
        return None
    where = f"{where} ({entry['code']})"
    names: Any = entry.get("names")
    readers, remind = entry.get("readers", list(_READERS)), entry.get("remind", [])
    keep: Any = entry.get("keep_days")
    checks = {
        "unknown keys": _KEYS.issuperset(entry),
        "names in fr, ar and en are expected": isinstance(names, dict)
        and all(isinstance(names.get(language), str) and names[language] for language in LANGUAGES),
        "readers must be roles": isinstance(readers, list) and _ROLES.issuperset(readers) and bool(readers),
        "remind must be a list of whole days": isinstance(remind, list)
        and all(isinstance(days, int) and 0 <= days <= 365 for days in remind),
        "keep_days must be a whole number": isinstance(keep, int) and keep > 0,
        "identity, reusable and expires are true or false": all(
            isinstance(entry.get(key, False), bool) for key in ("identity", "reusable", "expires")
        ),
    }
    wrong = [message for message, holds in checks.items() if not holds]
    faults.extend(f"{where}: {message}" for message in wrong)
    if wrong:
        return None
    return Kind(
        code=entry["code"],
        names=Names.of(names),
        readers=frozenset(readers),
        keep=timedelta(days=keep),
        identity=entry.get("identity", False),
        reusable=entry.get("reusable", True),
        expires=entry.get("expires", False),
        remind=tuple(sorted(remind, reverse=True)),
    )
