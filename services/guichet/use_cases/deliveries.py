"""Sending requests to agencies and taking in what they answer, whatever the channel."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.deliveries import Answer, AnswerKind, DeliveryState
from services.guichet.domain.desks import ChannelKind
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import required_text
from services.guichet.domain.workflow import Actor, State
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deliveries
from services.guichet.storage import requests as request_storage
from services.guichet.storage.deliveries import Batch, Delivery
from services.guichet.use_cases import request_life, requests
from shared.errors import N_, Conflict, InvalidInput, NotFound


def delivery_not_found() -> NotFound:
    return NotFound(N_("There is no such delivery on your sites."))


def take_answer(
    session: Session,
    delivery_id: UUID,
    answer: Answer,
    *,
    at: datetime,
    actor: Actor | None = None,
    scope: Scope | None = None,
) -> Delivery:
    """Do to the request what the agency answered; the same answer again changes nothing.

    Without an ``actor`` the agency itself speaks, by its server.

    Raises:
        NotFound: there is no such delivery.
        Conflict: the request went elsewhere or was decided meanwhile.
        InvalidInput: what is asked for may not be asked for.
    """
    delivery = deliveries.get_locked(session, delivery_id)
    if delivery is None or (scope is not None and deliveries.get(session, delivery_id, scope=scope) is None):
        raise delivery_not_found()
    if delivery.state is DeliveryState.ANSWERED:
        if answer.repeats(delivery.answer or {}):
            return delivery
        raise Conflict(N_("The agency answered this dossier already."))
    if delivery.state is DeliveryState.CANCELLED:
        raise Conflict(N_("This dossier was called back: the request is no longer with this agency."))
    catalogue = catalogue_storage.current(session)
    desk = catalogue.desks[delivery.desk]
    speaker = actor or Actor(None, catalogue.agencies[desk.agency].names.fr)
    final = answer.final
    # First, for what it does to the request would otherwise settle the dossier with less said.
    deliveries.record(
        session,
        delivery_id,
        state=(DeliveryState.ANSWERED if final else DeliveryState.SENT).value,
        answer=answer.as_dict() if final else delivery.answer,
        answered_at=at if final else None,
        answered_by=speaker.name if final else None,
        sent_at=delivery.sent_at or at,
        last_error=None,
        in_doubt=False,
    )
    _apply(session, delivery, answer, speaker, Scope.whole(catalogue.sites), at)
    return delivery


def _apply(
    session: Session, delivery: Delivery, answer: Answer, speaker: Actor, scope: Scope, at: datetime
) -> None:
    doing: requests.Doing = {"actor": speaker, "scope": scope, "at": at}
    filed = request_storage.get(session, delivery.request_id, scope=scope)
    if filed is None:
        raise requests.request_not_found()
    if filed.request.state is State.ROUTED:
        requests.start(session, delivery.request_id, **doing)
    if answer.kind is AnswerKind.RETURNED:
        request_life.request_complement(session, delivery.request_id, items=answer.items, **doing)
    elif answer.kind is AnswerKind.REJECTED:
        requests.reject(session, delivery.request_id, motive=answer.motive, **doing)
    elif answer.kind is AnswerKind.COMPLETED:
        requests.complete(session, delivery.request_id, outcome_reference=answer.reference, **doing)


def try_again(session: Session, delivery_id: UUID, *, scope: Scope, at: datetime) -> None:
    """Somebody mended what was wrong: send it now. One being sent this very moment is left alone."""
    delivery = deliveries.get(session, delivery_id, scope=scope)
    if delivery is None:
        raise delivery_not_found()
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.DUE):
        raise Conflict(N_("This dossier has left already."))
    if deliveries.hurry(session, delivery_id, at=at):
        deliveries.wake(session)


def prepare_batch(
    session: Session, *, desk: str, site: str, scope: Scope, actor: Actor, at: datetime
) -> Batch:
    """Make the bordereau of everything a site has for an agency's courier."""
    found = catalogue_storage.current(session).desks.get(desk)
    if found is None or found.channel is not ChannelKind.COURIER:
        raise InvalidInput(N_("This desk is not reached by courier."), field="desk")
    if not scope.serves(found.agency):
        raise NotFound(N_("There is no such desk among those of your agencies."), field="desk")
    if site not in scope.sites:
        raise InvalidInput(N_("This site is not one of yours."), field="site")
    batch = deliveries.batch(session, desk=desk, site=site, by=actor.name, at=at)
    if batch is None:
        raise Conflict(N_("Nothing waits for this courier."))
    return batch


def hand_out(
    session: Session, number: str, *, courier: str | None, scope: Scope, actor: Actor, at: datetime
) -> Batch:
    """The courier leaves with the dossiers of a bordereau."""
    name = required_text(courier, field="courier", maximum=120)
    batch = deliveries.get_batch(session, number, scope=scope)
    if batch is None:
        raise NotFound(N_("There is no such bordereau on your sites."))
    if not deliveries.hand_out(session, batch.id, courier=name, by=actor.name, at=at):
        raise Conflict(N_("This bordereau has left already."))
    return batch
