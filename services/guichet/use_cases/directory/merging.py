"""Finding records that are one startup, and making them one."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.directory.duplicates import Likely, likely_duplicates
from services.guichet.domain.directory.merging import merge
from services.guichet.domain.startups import Startup
from services.guichet.domain.workflow import Actor
from services.guichet.storage import startup_history, startups
from services.guichet.storage.directory import merging
from services.guichet.use_cases.startups import save_changed, startup_not_found
from shared.errors import N_, Conflict
from shared.messaging.outbox import publish


def find_duplicates(session: Session, *, sites: Iterable[str]) -> list[Likely]:
    return likely_duplicates(merging.candidates(session, sites=sites))


def merge_startups(
    session: Session,
    *,
    winner: tuple[UUID, int],
    loser: tuple[UUID, int],
    chosen: Mapping[str, str],
    sites: Iterable[str],
    actor: Actor,
    at: datetime,
) -> Startup:
    """Make two records one; each is given as ``(id, version the clerk saw)``.

    Requests, contacts, documents and tickets of the loser are the winner's from then on, and the
    loser's record only leads there.
    """
    places = list(sites)
    seen = dict((winner, loser))
    # In one order, whoever merges what: two clerks merging the same pair wait instead of deadlocking.
    found = {one: startups.get(session, one, sites=places, lock=True) for one in sorted(seen)}
    kept_before, gone_before = found.get(winner[0]), found.get(loser[0])
    if kept_before is None or gone_before is None:
        raise startup_not_found()
    for one in (kept_before, gone_before):
        one.unchanged_since(seen[one.id])
    kept, gone = merge(kept_before, gone_before, chosen)
    # The loser first: the winner may take over a number that is only allowed once.
    if not startups.replace(session, gone, at=at):
        raise Conflict(N_("Somebody else saved this startup at the same moment. Reload it and try again."))
    moved = merging.hand_over(session, winner=kept.id, loser=gone.id)
    details = {
        "merged_id": str(gone.id),
        "fields": kept.differences(kept_before),
        "moved": moved,
        "version": kept.version,
    }
    save_changed(session, kept, action="merge", actor=actor, at=at, details=details)
    startup_history.note(
        session, [gone.id], "merged", actor=actor, at=at, details={"startup_id": str(kept.id)}
    )
    publish(
        session,
        published.StartupMerged,
        subject=str(kept.id),
        data={"startup_id": kept.id, "merged_id": gone.id, "site": kept.site, "merged_at": at},
    )
    return kept
