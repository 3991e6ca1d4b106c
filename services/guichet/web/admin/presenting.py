"""Versions of procedures and bundles as the API and the pages show them."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.guichet.catalogue.source import without_version, written
from services.guichet.domain.catalogue_entries import Fault, spell
from services.guichet.storage.versions import Version
from services.guichet.use_cases.publishing import Draft
from shared.errors import InvalidInput
from shared.web import sentence

IN_FORCE, ANNOUNCED, SUPERSEDED, NEVER = "in_force", "announced", "superseded", "never_in_force"


def statuses(versions: Sequence[Version], today: date) -> dict[int, str]:
    """What became of each version; ``versions`` are all of one thing, newest first."""
    found: dict[int, str] = {}
    newer_starts: date | None = None
    for one in versions:
        starts = one.valid_from or date.min
        if newer_starts is not None and newer_starts < starts:
            found[one.version] = NEVER
        elif starts > today:
            found[one.version] = NEVER if newer_starts == starts else ANNOUNCED
        else:
            found[one.version] = SUPERSEDED if IN_FORCE in found.values() else IN_FORCE
        newer_starts = min(starts, newer_starts or starts)
    return found


def version_row(one: Version, status: str) -> dict[str, Any]:
    return {
        "code": one.code,
        "version": one.version,
        "status": status,
        "name": one.definition["names"],
        "valid_from": one.valid_from,
        "note": one.note,
        "published_at": one.published_at,
        "published_by": one.published_by_name,
    }


def source_of(one: Version) -> str:
    """The text to edit; what was stored before texts were kept is written anew."""
    if one.source is not None:
        return without_version(one.source)
    return written({key: value for key, value in one.definition.items() if key != "version"})


def changes(newer: Version, older: Version) -> list[tuple[str, str]]:
    """Lines with how each differs: added, removed or the same; only what is near a change."""
    lines = difflib.unified_diff(
        source_of(older).splitlines(), source_of(newer).splitlines(), lineterm="", n=2
    )
    kinds: Mapping[str, str] = {"+": "added", "-": "removed", "@": "gap"}
    return [
        (kinds.get(line[:1], "same"), "…" if line.startswith("@@") else line[1:]) for line in list(lines)[2:]
    ]


def places(draft: Draft[Any]) -> list[dict[str, Any]]:
    return [
        {"line": place.line, "entry": place.entry, "detail": sentence(place.problem)}
        for place in draft.places
    ]


def faults(found: Sequence[Fault]) -> list[dict[str, Any]]:
    """What does not fit, as places without lines: nobody is writing."""
    return [
        {
            "line": None,
            "entry": spell(fault.path),
            "detail": sentence(InvalidInput(fault.message, field=None, **fault.params)),
        }
        for fault in found
    ]
