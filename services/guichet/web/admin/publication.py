"""What the API of procedures' versions and that of bundles' have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.numbers import counter_day
from services.guichet.storage.versions import Version
from services.guichet.use_cases import publishing
from services.guichet.use_cases.publishing import Kind
from services.guichet.web.access import actor
from services.guichet.web.admin import presenting
from services.guichet.web.admin.editing import chosen
from shared.clock import now


def publish(session: Session, kind: Kind[Any], code: str, data: Mapping[str, Any]) -> Version:
    """Publish what was sent as the next version of ``code``."""
    at = now()
    known = code if data["based_on"] else None
    starts = data["valid_from"] or counter_day(at)
    if data["source"] is not None:
        draft = publishing.draft_from_text(session, kind, data["source"], code=known, starts=starts)
    else:
        draft = publishing.draft_from_data(session, kind, data["definition"], code=known, starts=starts)
    if draft.result is not None and draft.result.code != code:
        draft = publishing.misnamed(kind, draft, code)
    return publishing.publish(
        session, kind, draft, based_on=data["based_on"], note=data["note"], actor=actor(), at=at
    )


def rows(versions: Sequence[Version], counted: str, counts: Mapping[int, int]) -> list[dict[str, Any]]:
    """The versions, newest first; ``counted`` is what stands open under each."""
    statuses = presenting.statuses(versions, counter_day(now()))
    return [
        presenting.version_row(one, statuses[one.version]) | {counted: counts.get(one.version, 0)}
        for one in versions
    ]


def one(
    kind: Kind[Any], versions: Sequence[Version], version: int, counted: str, counts: Mapping[int, int]
) -> dict[str, Any]:
    found = chosen(kind, versions, version)
    row = next(row for row in rows(versions, counted, counts) if row["version"] == version)
    return {**row, "definition": dict(found.definition), "source": found.source}
