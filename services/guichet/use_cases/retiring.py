"""What staff take off the counter, and put back: a procedure or a bundle, with the reason, on record.

Its versions are not touched, whoever published them, so that a new release's files do not bring it back.
A bundle that has a retired procedure as a step is not refused and not retired with it: it says why no
dossier can be opened, until the procedure is offered again or the bundle has a version without it. Having
to change every bundle first would keep something on the counter that an agency no longer does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.bundles import Bundle
from services.guichet.domain.names import Names
from services.guichet.domain.numbers import counter_day
from services.guichet.domain.offering import Retirement
from services.guichet.domain.text import required_text
from services.guichet.domain.workflow import Actor
from services.guichet.storage import dossiers, retirements, tables, versions
from services.guichet.use_cases import publishing
from services.guichet.use_cases.publishing import Kind
from shared.clock import now
from shared.errors import N_, Conflict

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether something is offered, every time it was not, and what else stands or falls with it."""

    code: str
    #: newest first
    retirements: Sequence[Retirement]
    #: the bundles on offer that have this procedure as a step
    bundles: Sequence[Bundle]

    @property
    def retired(self) -> Retirement | None:
        last = next(iter(self.retirements), None)
        return last if last is not None and last.ended_at is None else None


def offer_of(session: Session, kind: Kind[Any], code: str) -> Offer:
    """How it stands.

    Raises:
        NotFound: there is no such thing.
    """
    publishing.history(session, kind, code)
    using: list[Bundle] = []
    if kind.table is tables.procedures:
        offered = dossiers.bundles(session, today=counter_day(now())).values()
        using = [one for one in offered if any(step.procedure == code for step in one.steps)]
    return Offer(code, retirements.history(session, kind.table, code), using)


def retire(
    session: Session, kind: Kind[Any], code: str, *, reason: object, actor: Actor, at: datetime
) -> Offer:
    """Offer it no longer; what was begun goes on.

    Raises:
        Conflict: somebody has retired it already.
    """
    why = required_text(reason, field="reason", maximum=LONGEST_REASON)
    versions.lock(session)
    standing = offer_of(session, kind, code).retired
    if standing is not None:
        raise Conflict(N_("%(who)s has retired it already, on %(when)s."), who=standing.by, when=standing.at)
    retirements.add(session, kind.table, code, reason=why, actor=actor, at=at)
    kind.published(session)
    return offer_of(session, kind, code)


def offer_again(
    session: Session, kind: Kind[Any], code: str, *, reason: object, actor: Actor, at: datetime
) -> Offer:
    """Offer it as before, in the version that is in force.

    Raises:
        Conflict: it is offered.
    """
    why = required_text(reason, field="reason", maximum=LONGEST_REASON)
    versions.lock(session)
    if offer_of(session, kind, code).retired is None:
        raise Conflict(N_("“%(name)s” is on offer already."), name=_names(session, kind, code).as_dict())
    retirements.end(session, kind.table, code, reason=why, actor=actor, at=at)
    kind.published(session)
    return offer_of(session, kind, code)


def _names(session: Session, kind: Kind[Any], code: str) -> Names:
    return Names.of(publishing.history(session, kind, code)[0].definition["names"])
