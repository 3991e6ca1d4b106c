"""What happens to a request at its desk: filed, started, completed, rejected.

What else may happen to one is in ``request_life``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars

from services.guichet.contracts import published
from services.guichet.domain.answers import checked_answers
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.desks import Desk
from services.guichet.domain.numbers import request_number
from services.guichet.domain.offering import procedure_to_file
from services.guichet.domain.promises import deadlines
from services.guichet.domain.requests import Actor, Request, changed_since
from services.guichet.domain.routing import Surroundings, choose, full, surroundings, unknown_site
from services.guichet.domain.scope import Scope
from services.guichet.domain.workflow import UNDECIDED, Action
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import desks, requests
from services.guichet.storage.drafts import Draft
from services.guichet.storage.ids import new_id
from services.guichet.storage.requests import Filed
from services.guichet.use_cases import dossiers, sending, tracking
from services.guichet.use_cases.deadlines import settle
from services.guichet.use_cases.tracking import request_not_found as request_not_found
from shared.errors import N_, InvalidInput
from shared.messaging.outbox import publish


class Doing(TypedDict):
    """Who does it, within what they see, when, and on what they saw."""

    actor: Actor
    scope: Scope
    at: datetime
    seen_version: NotRequired[int | None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the depositor leaves with; ``tracking`` is told once and kept only as a digest."""

    filed: Filed
    procedure: Procedure
    catalogue: Catalogue
    tracking: str


def file_request(
    session: Session,
    *,
    startup_id: UUID,
    procedure: str,
    site: str,
    answers: Mapping[str, Any],
    sites: Collection[str],
    actor: Actor,
    at: datetime,
    depositor: str | None = None,
    draft: Draft | None = None,
    begun_at: datetime | None = None,
) -> Receipt:
    """Submit a request and route it to a desk, in one transaction.

    ``sites`` are those the user may see startups of; ``draft`` is what it was begun as, taken up already;
    ``begun_at`` when the dossier was opened that it is a step of.
    """
    expected = catalogue_storage.last_read()
    among = _to_count(expected, procedure, site)
    filing = requests.for_filing(session, startup_id, sites=sites, among=among)
    catalogue = filing.catalogue
    if filing.startup is None:
        raise InvalidInput(N_("There is no such startup on your sites."), field="startup_id")
    if draft is not None and draft.procedure == procedure:
        begun_at = draft.begun_at
    chosen = procedure_to_file(catalogue, procedure, begun_at=begun_at)
    if site not in catalogue.sites:
        raise unknown_site(site)
    request = Request.submit(
        id=new_id(),
        number=request_number(prefix=catalogue.sites[site].prefix, submitted_at=at, serial=filing.serial),
        serial=filing.serial,
        startup_id=startup_id,
        procedure=chosen,
        site=site,
        answers=checked_answers(chosen, answers),
        at=at,
        actor=actor,
        depositor=depositor,
        begun=(draft.begun_at, draft.author) if draft else None,
    )
    bind_contextvars(request_number=request.number)
    request.promise(deadlines(chosen, at, (), filing.calendars.of(site)))
    loads = filing.loads
    if catalogue is not expected:
        loads = desks.loads(session, _to_count(catalogue, procedure, site))
    decision = choose(
        _around(catalogue, chosen.agency, site),
        loads=_with_the_rest(session, catalogue, chosen.agency, site, loads),
        turn=filing.serial,
    )
    request.route(decision, at=at)
    token = tracking.new_token()
    requests.add(session, request, tracking_sha256=tracking.digest(token))
    sending.open_for(session, request, decision.desk, at=at)
    common = common_facts(request, chosen)
    publish(
        session,
        published.RequestSubmitted,
        subject=str(request.id),
        data={
            **common,
            "site_name": catalogue.sites[site].names.as_dict(),
            "submitted_at": at,
            "due_at": request.due_at,
            "tracking_url": tracking.address(token),
        },
    )
    publish(
        session,
        published.RequestRouted,
        subject=str(request.id),
        data={**common, "desk": request.desk, "reason": request.routing_reason, "routed_at": at},
    )
    filed = Filed(request, filing.startup.legal_name, filing.startup.ice)
    return Receipt(filed, chosen, catalogue, token)


def start(session: Session, key: UUID | str, **doing: Unpack[Doing]) -> Filed:
    """Somebody at the desk takes the request up."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.start(at=doing["at"], actor=doing["actor"])

    return act(session, key, Action.START, do, **doing)


def complete(
    session: Session, key: UUID | str, *, outcome_reference: str | None = None, **doing: Unpack[Doing]
) -> Filed:
    """The agency delivered; what it costs is that of the version the request was filed under."""
    at = doing["at"]

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.complete(at=at, actor=doing["actor"], outcome_reference=outcome_reference)
        publish(
            session,
            published.RequestCompleted,
            subject=str(request.id),
            data={
                **common_facts(request, procedure),
                "procedure_version": procedure.version,
                "site_name": catalogue.sites[request.site].names.as_dict(),
                "completed_at": at,
                "outcome_reference": request.outcome_reference,
                "fee_lines": [
                    {
                        "code": line.code,
                        "kind": line.kind.value,
                        "label": line.names.as_dict(),
                        "amount": amount,
                        "vat_rate": line.vat_rate,
                    }
                    for line, amount in procedure.fees_for(request.answers)
                ],
                "tracking_url": tracking.new_link(session, request.id, at=at),
            },
        )

    return act(session, key, Action.COMPLETE, do, **doing)


def reject(session: Session, key: UUID | str, *, motive: str | None, **doing: Unpack[Doing]) -> Filed:
    """The agency refuses, with its motive."""
    at = doing["at"]

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.reject(at=at, actor=doing["actor"], motive=motive)
        publish(
            session,
            published.RequestRejected,
            subject=str(request.id),
            data={
                **common_facts(request, procedure),
                "site_name": catalogue.sites[request.site].names.as_dict(),
                "rejected_at": at,
                "motive": request.motive,
                "tracking_url": tracking.new_link(session, request.id, at=at),
            },
        )

    return act(session, key, Action.REJECT, do, **doing)


def act(
    session: Session,
    key: UUID | str,
    action: Action,
    do: Callable[[Request, Procedure, Catalogue], None],
    *,
    actor: Actor,
    scope: Scope,
    at: datetime,
    seen_version: int | None = None,
) -> Filed:
    """Load a request of the user's sites, let them do one thing to it, and store it.

    Raises:
        NotFound: there is no such request on these sites.
        Forbidden: the action is for other roles, another agency or another site.
        Conflict: somebody else acted since ``seen_version`` was read; it says who did what.
    """
    catalogue = catalogue_storage.current(session)
    filed = requests.get(session, key, scope=scope)
    if filed is None:
        raise request_not_found()
    request = filed.request
    procedure = catalogue.versions[request.procedure, request.procedure_version]
    request.permit(action, procedure.workflow, actor, catalogue.agencies[request.agency].names)
    if seen_version is not None and seen_version != request.version:
        raise changed_since(requests.history(session, request.id), seen_version)
    read_version, was = request.version, request.state
    do(request, procedure, catalogue)
    if was in UNDECIDED and request.state is not was:
        sending.settle(session, request, actor=actor, at=at)
    settle(session, request, procedure, was=was)
    if not requests.save(session, request):
        # Two clerks pressed at the same moment; what the other one did is committed by now.
        raise changed_since(requests.history(session, request.id), read_version)
    if was in UNDECIDED and request.state not in UNDECIDED:
        dossiers.follow(session, request, at=at, file=file_request)
    return filed


def _to_count(catalogue: Catalogue | None, procedure: str, site: str) -> list[str]:
    """The desks whose load decides: several equals, or the only one unless it is known to have room."""
    found = _nearest(catalogue, procedure, site)
    if len(found) == 1 and desks.has_room(found[0]):
        return []
    return [desk.code for desk in found]


def _nearest(catalogue: Catalogue | None, procedure: str, site: str) -> Sequence[Desk]:
    chosen = catalogue.in_force.get(procedure) if catalogue else None
    if catalogue is None or chosen is None or site not in catalogue.sites:
        return ()
    found = _around(catalogue, chosen.agency, site).first
    return found.desks if found else ()


def _around(catalogue: Catalogue, agency: str, site: str) -> Surroundings:
    """The desks around a site; a catalogue never changes, so once is enough."""
    found = catalogue.surroundings.get((agency, site))
    if found is None:
        found = catalogue.surroundings[agency, site] = surroundings(
            agency=agency, site=site, desks=catalogue.desks.values(), sites=catalogue.sites
        )
    return found


def _with_the_rest(
    session: Session, catalogue: Catalogue, agency: str, site: str, loads: Mapping[str, int]
) -> Mapping[str, int]:
    """The loads as counted; those of the agency's other desks too when the nearest ones are full."""
    if not loads:
        return loads
    found = _around(catalogue, agency, site).first
    if found is None:
        return loads
    for desk in found.desks:
        desks.note_room(desk, loads.get(desk.code, 0))
    if not all(full(desk, loads) for desk in found.desks):
        return loads
    others = [one.code for one in catalogue.desks.values() if one.agency == agency and one.open]
    return desks.loads(session, others)


def common_facts(request: Request, procedure: Procedure) -> dict[str, Any]:
    """What every event about a request says."""
    return {
        "request_id": request.id,
        "number": request.number,
        "startup_id": request.startup_id,
        "procedure": request.procedure,
        "procedure_name": procedure.names.as_dict(),
        "agency": request.agency,
        "site": request.site,
    }
