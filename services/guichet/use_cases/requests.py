"""What happens to a request: filed, started, completed, rejected."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.answers import checked_answers
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.numbers import request_number
from services.guichet.domain.requests import Actor, Request
from services.guichet.domain.routing import route, unknown_site
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests
from services.guichet.storage.ids import new_id
from services.guichet.storage.requests import Filed
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.messaging.outbox import publish


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
) -> Receipt:
    """Submit a request and route it to a desk, in one transaction.

    ``sites`` are those the user may see startups of.
    """
    filing = requests.for_filing(session, startup_id, sites=sites)
    catalogue = filing.catalogue
    if filing.startup is None:
        raise InvalidInput(N_("There is no such startup on your sites."), field="startup_id")
    if procedure not in catalogue.procedures:
        raise InvalidInput(
            N_("There is no procedure called “%(procedure)s”."), field="procedure", procedure=procedure
        )
    if site not in catalogue.sites:
        raise unknown_site(site)
    chosen = catalogue.procedures[procedure]
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
    )
    request.route(
        route(agency=chosen.agency, site=site, desks=catalogue.desks.values(), sites=catalogue.sites), at=at
    )
    tracking = secrets.token_urlsafe(16)
    requests.add(session, request, tracking_sha256=hashlib.sha256(tracking.encode()).digest())
    common = _common(request, chosen)
    publish(
        session,
        published.RequestSubmitted,
        subject=str(request.id),
        data={
            **common,
            "site_name": catalogue.sites[site].names.as_dict(),
            "submitted_at": at,
            "due_at": request.due_at,
        },
    )
    publish(
        session,
        published.RequestRouted,
        subject=str(request.id),
        data={**common, "desk": request.desk, "reason": request.routing_reason, "routed_at": at},
    )
    filed = Filed(request, filing.startup.legal_name, filing.startup.ice)
    return Receipt(filed, chosen, catalogue, tracking)


def start(
    session: Session,
    key: UUID | str,
    *,
    actor: Actor,
    sites: Iterable[str],
    at: datetime,
    seen_version: int | None = None,
) -> Filed:
    """Somebody at the desk takes the request up."""
    return _act(session, key, sites, seen_version, lambda request, _: request.start(at=at, actor=actor))


def complete(
    session: Session,
    key: UUID | str,
    *,
    actor: Actor,
    sites: Iterable[str],
    at: datetime,
    outcome_reference: str | None = None,
    seen_version: int | None = None,
) -> Filed:
    """The agency delivered; what it costs is that of the version the request was filed under."""

    def act(request: Request, catalogue: Catalogue) -> None:
        request.complete(at=at, actor=actor, outcome_reference=outcome_reference)
        procedure = catalogue.versions[request.procedure, request.procedure_version]
        publish(
            session,
            published.RequestCompleted,
            subject=str(request.id),
            data={
                **_common(request, procedure),
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
            },
        )

    return _act(session, key, sites, seen_version, act)


def reject(
    session: Session,
    key: UUID | str,
    *,
    actor: Actor,
    sites: Iterable[str],
    at: datetime,
    motive: str | None,
    seen_version: int | None = None,
) -> Filed:
    """The agency refuses, with its motive."""

    def act(request: Request, catalogue: Catalogue) -> None:
        request.reject(at=at, actor=actor, motive=motive)
        procedure = catalogue.versions[request.procedure, request.procedure_version]
        publish(
            session,
            published.RequestRejected,
            subject=str(request.id),
            data={
                **_common(request, procedure),
                "site_name": catalogue.sites[request.site].names.as_dict(),
                "rejected_at": at,
                "motive": request.motive,
            },
        )

    return _act(session, key, sites, seen_version, act)


def request_not_found() -> NotFound:
    return NotFound(N_("There is no such request on your sites."))


def _act(
    session: Session,
    key: UUID | str,
    sites: Iterable[str],
    seen_version: int | None,
    act: Callable[[Request, Catalogue], None],
) -> Filed:
    places = list(sites)
    catalogue = catalogue_storage.current(session)
    filed = requests.get(session, key, sites=places)
    if filed is None:
        raise request_not_found()
    filed.request.unchanged_since(seen_version)
    act(filed.request, catalogue)
    if not requests.save(session, filed.request):
        # Two clerks pressed at the same moment; what the other one did is committed by now.
        winner = requests.get(session, key, sites=places)
        if winner is not None:
            winner.request.unchanged_since(0)
        raise Conflict(N_("Somebody else changed this request at the same moment. Reload it."))
    return filed


def _common(request: Request, procedure: Procedure) -> dict[str, Any]:
    return {
        "request_id": request.id,
        "number": request.number,
        "startup_id": request.startup_id,
        "procedure": request.procedure,
        "procedure_name": procedure.names.as_dict(),
        "agency": request.agency,
        "site": request.site,
    }
