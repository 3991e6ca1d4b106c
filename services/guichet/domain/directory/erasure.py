"""What remains of a startup whose people asked to be forgotten (loi 09-08)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.guichet.domain.catalogue import FieldKind, Procedure
from services.guichet.domain.startups import Startup, Status
from shared.errors import N_, Conflict

#: Answers that say nothing of a person. Anything else, free text first, may name somebody.
KEPT_KINDS = frozenset({FieldKind.INTEGER, FieldKind.AMOUNT, FieldKind.CHOICE, FieldKind.CONFIRMATION})


def erase(startup: Startup, *, natural_person: bool, open_requests: int, at: datetime) -> Startup:
    """The record without its people; of a sole trader, without the name and numbers either.

    Raises:
        Conflict: the startup is still served: somebody must be told how its requests end.
    """
    if startup.status != Status.LEFT:
        raise Conflict(
            N_("This startup is still active: remove single contacts from its record, or note that it left.")
        )
    if open_requests:
        raise Conflict(
            N_("%(count)s requests of this startup are still open: end or withdraw them first."),
            count=open_requests,
        )
    remains = replace(startup, contacts=(), erased_at=at, version=startup.version + 1)
    if not natural_person:
        return remains
    return replace(
        remains,
        legal_name=nameless(startup.id),
        ice=None,
        rc_court=None,
        rc_number=None,
        tax_id=None,
        trade_tax=None,
        cnss=None,
        address=None,
        space=None,
    )


def nameless(startup_id: UUID) -> str:
    """What a record is called when its name was somebody's."""
    return f"#{startup_id.hex[-8:]}"


def kept_answers(procedure: Procedure) -> list[str]:
    """The codes of the answers that may stay."""
    return [field.code for field in procedure.fields if field.kind in KEPT_KINDS]
