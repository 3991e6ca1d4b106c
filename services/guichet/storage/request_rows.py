"""A request as a row of the database, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.guichet.domain.complements import Complement, Item
from services.guichet.domain.requests import Actor, Request, State, Transition


@dataclass(frozen=True, slots=True)
class Filed:
    """A request with the name and number of the startup it is for.

    ``files_came``: the startup sent files by its link and nobody has done anything since; lists know.
    """

    request: Request
    legal_name: str
    ice: str | None
    files_came: bool = False


def changing(request: Request) -> dict[str, Any]:
    """The columns that change in a request's life."""
    return {
        "state": request.state.value,
        "desk": request.desk,
        "desk_site": request.desk_site,
        "routing_reason": request.routing_reason,
        "due_at": request.due_at,
        "legal_due_at": request.legal_due_at,
        "near_at": request.near_at,
        "next_notice_at": request.next_notice_at,
        "started_at": request.started_at,
        "closed_at": request.closed_at,
        "outcome_reference": request.outcome_reference,
        "motive": request.motive,
        "handled_by": request.handled_by.id if request.handled_by else None,
        "handled_by_name": request.handled_by.name if request.handled_by else None,
        "assigned_to": request.assigned_to.id if request.assigned_to else None,
        "assigned_to_name": request.assigned_to.name if request.assigned_to else None,
        "step": request.step,
        "complement": _complement_row(request.complement),
        "handed_over_at": request.handed_over_at,
        "handed_over_to": request.handed_over_to,
    }


def line(request_id: UUID, one: Transition) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "version": one.version,
        "action": one.action,
        "state": one.state.value,
        "at": one.at,
        "actor": one.actor.id,
        "actor_name": one.actor.name,
        "note": one.note,
        "details": one.details,
    }


def transition(row: Mapping[Any, Any]) -> Transition:
    return Transition(
        row["version"],
        row["action"],
        State(row["state"]),
        row["at"],
        Actor(row["actor"], row["actor_name"]),
        row["note"],
        row["details"],
    )


def filed(row: Mapping[Any, Any]) -> Filed:
    return Filed(
        Request(
            id=row["id"],
            number=row["number"],
            serial=row["serial"],
            startup_id=row["startup_id"],
            procedure=row["procedure"],
            procedure_version=row["procedure_version"],
            agency=row["agency"],
            site=row["site"],
            answers=row["answers"],
            submitted_at=row["submitted_at"],
            due_at=row["due_at"],
            legal_due_at=row["legal_due_at"],
            near_at=row["near_at"],
            next_notice_at=row["next_notice_at"],
            filed_by=Actor(row["filed_by"], row["filed_by_name"]),
            state=State(row["state"]),
            desk=row["desk"],
            desk_site=row["desk_site"],
            routing_reason=row["routing_reason"],
            depositor=row["depositor"],
            handled_by=_actor(row["handled_by"], row["handled_by_name"]),
            assigned_to=_actor(row["assigned_to"], row["assigned_to_name"]),
            step=row["step"],
            complement=_complement(row["complement"]),
            handed_over_at=row["handed_over_at"],
            handed_over_to=row["handed_over_to"],
            started_at=row["started_at"],
            closed_at=row["closed_at"],
            outcome_reference=row["outcome_reference"],
            motive=row["motive"],
            version=row["version"],
        ),
        legal_name=row["legal_name"],
        ice=row["ice"],
        files_came=row.get("files_came", False),
    )


def _actor(id: str | None, name: str | None) -> Actor | None:
    return Actor(id, name) if name else None


def _complement_row(complement: Complement | None) -> dict[str, Any] | None:
    if complement is None:
        return None
    received = complement.received_at
    return {
        "items": [item.as_dict() for item in complement.items],
        "asked_at": complement.asked_at.isoformat(),
        "asked_by": complement.asked_by,
        "received_at": received.isoformat() if received else None,
    }


def _complement(row: dict[str, Any] | None) -> Complement | None:
    if row is None:
        return None
    received = row["received_at"]
    return Complement(
        tuple(Item(**item) for item in row["items"]),
        datetime.fromisoformat(row["asked_at"]),
        row["asked_by"],
        datetime.fromisoformat(received) if received else None,
    )
