"""Requests that change desks: one by hand, or all of a desk that closes."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.requests import Actor, Request, changed_since
from services.guichet.domain.routing import Routing, by_hand, route
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import required_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import desks, requests
from services.guichet.storage.requests import Filed
from services.guichet.use_cases import sending
from services.guichet.use_cases.requests import common_facts, request_not_found
from shared.errors import N_, Conflict, InvalidInput
from shared.messaging.outbox import publish


def reroute(
    session: Session,
    key: UUID | str,
    *,
    desk: str | None,
    reason: str | None,
    actor: Actor,
    scope: Scope,
    at: datetime,
    seen_version: int | None = None,
) -> Filed:
    """Move a request to a desk of its agency; without one, to where the rule sends it now."""
    why = required_text(reason, field="reason", maximum=500, lines=True)
    catalogue = catalogue_storage.current(session)
    filed = requests.get(session, key, scope=scope)
    if filed is None:
        raise request_not_found()
    request = filed.request
    request.check_agency(actor, catalogue.agencies[request.agency].names)
    if seen_version is not None and seen_version != request.version:
        raise changed_since(requests.history(session, request.id), seen_version)
    decision = _decided(session, request, catalogue, desk)
    _move(session, request, decision, catalogue, at=at, actor=actor, reason=why)
    return filed


def empty_desk(session: Session, code: str, *, reason: str, actor: Actor, at: datetime) -> int:
    """Move every open request of a desk that has just closed; return how many moved.

    Raises:
        Conflict: no other desk of the agency is open, or somebody acts on one of them right now.
    """
    catalogue = catalogue_storage.current(session)
    waiting = desks.open_requests(session, code)
    loads = Counter(
        desks.loads(session, [one.code for one in catalogue.desks.values() if one.code != code])
        if waiting
        else {}
    )
    for turn, request_id in enumerate(waiting):
        filed = requests.get(session, request_id, scope=Scope.whole(catalogue.sites))
        if filed is None:
            raise request_not_found()
        decision = _ruled(session, filed.request, catalogue, loads=loads, turn=turn)
        if decision is None:
            raise Conflict(
                N_("%(count)s requests are open at this desk and no other desk of the agency is open."),
                field="open",
                count=len(waiting),
            )
        _move(session, filed.request, decision, catalogue, at=at, actor=actor, reason=reason)
        loads[decision.desk.code] += 1
    return len(waiting)


def _decided(session: Session, request: Request, catalogue: Catalogue, desk: str | None) -> Routing:
    ruled = _ruled(session, request, catalogue)
    if not desk:
        if ruled is None:
            raise InvalidInput(N_("This agency has no open desk to move the request to."), field="desk")
        return ruled
    chosen = catalogue.desks.get(desk)
    if chosen is None or chosen.agency != request.agency:
        raise InvalidInput(N_("This agency has no such desk."), field="desk")
    if not chosen.open:
        raise InvalidInput(N_("This desk is closed."), field="desk")
    return by_hand(chosen, ruled)


def _move(
    session: Session,
    request: Request,
    decision: Routing,
    catalogue: Catalogue,
    *,
    at: datetime,
    actor: Actor,
    reason: str,
) -> None:
    read_version = request.version
    request.reroute(decision, at=at, actor=actor, reason=reason)
    # The dossier before its request: an answer of the agency takes both in this order, too.
    sending.move(session, request, decision.desk, at=at)
    if not requests.save(session, request):
        raise changed_since(requests.history(session, request.id), read_version)
    procedure = catalogue.versions[request.procedure, request.procedure_version]
    publish(
        session,
        published.RequestRouted,
        subject=str(request.id),
        data={
            **common_facts(request, procedure),
            "desk": request.desk,
            "reason": request.routing_reason,
            "routed_at": at,
        },
    )


def _ruled(
    session: Session,
    request: Request,
    catalogue: Catalogue,
    *,
    loads: Counter[str] | None = None,
    turn: int = 0,
) -> Routing | None:
    """What the rule says today, leaving out the desk the request is at."""
    others = [one for one in catalogue.desks.values() if one.code != request.desk]
    try:
        return route(
            agency=request.agency,
            site=request.site,
            desks=others,
            sites=catalogue.sites,
            loads=desks.loads(session, [one.code for one in others if one.agency == request.agency])
            if loads is None
            else loads,
            turn=turn,
        )
    except InvalidInput:
        return None
