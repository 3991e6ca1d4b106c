"""The kinds of documents, from ``document_kinds.yaml``."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.guichet.catalogue.faults import FOLDER, File
from services.guichet.domain.documents import OTHER, Kind
from services.guichet.domain.names import LANGUAGES, Names

_READERS = ("agent", "agency_officer", "site_manager", "operator")
_ROLES = frozenset({*_READERS, "billing_officer"})
_KEYS = frozenset({"code", "names", "identity", "reusable", "expires", "readers", "remind", "keep_days"})


@cache
def document_kinds(folder: Path = FOLDER) -> dict[str, Kind]:
    """Every kind by its code.

    Raises:
        CatalogueError: naming file, line and what is wrong.
    """
    file = File(folder / "document_kinds.yaml")
    entries = file.data if isinstance(file.data, list) else []
    found: dict[str, Kind] = {}
    for position, entry in enumerate(entries):
        kind = _kind(entry, position, file)
        if kind is not None and kind.code in found:
            file.fault((position, "code"), f"“{kind.code}” is there twice")
        elif kind is not None:
            found[kind.code] = kind
    if not file.messages and OTHER not in found:
        file.fault((), f"there must be a kind “{OTHER}”")
    file.finish()
    return found


def kind_of(code: str | None) -> Kind:
    """The kind a procedure names; documents of no particular kind, or of one since dropped, are “other”."""
    kinds = document_kinds()
    return kinds.get(code or OTHER) or kinds[OTHER]


def _kind(entry: Any, position: int, file: File) -> Kind | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
        file.fault((position,), "a mapping with a code is expected")
        return None
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
    for message in wrong:
        file.fault((position, message.split()[0]), f"{entry['code']}: {message}")
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
