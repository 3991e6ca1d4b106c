"""The queue's public API: reception, windows, tickets, wall screens."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.queue.reception import Decision
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import Outcome
from services.guichet.storage.queue import tickets as ticket_storage
from services.guichet.storage.queue import windows as window_storage
from services.guichet.use_cases.queue import reception, windows
from services.guichet.use_cases.queue.visits import Visits
from services.guichet.web.access import ACT, FILE, actor, may, own_scope, own_site
from services.guichet.web.queue import presenting, schemas
from services.guichet.web.queue.seeing import own_board
from shared.clock import now
from shared.errors import N_, NotFound
from shared.web import ApiBlueprint, current_user, idempotent, requires, transaction

MANAGE = ("site_manager", "operator")

blp = ApiBlueprint("queue", __name__, description="Tickets, windows and wall screens")


@blp.route("/queue", methods=["GET"])
@requires()
@blp.arguments(schemas.QueueQuery, location="query")
@blp.response(200, schemas.QueueOut)
def show_queue(query: dict[str, Any]) -> dict[str, Any]:
    """Who waits, in the order they will be called, and for how long."""
    with transaction() as session:
        own_site(session, query["site"])
        found = own_board(session, query["site"])
    return presenting.queue(found, queue_rules())


@blp.route("/tickets", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.TicketIn)
@idempotent
@blp.response(201, schemas.Received)
def give_ticket(data: dict[str, Any]) -> Any:
    """Give a ticket once the documents were looked at.

    A required document that is not shown is 422, unless `decision` says to turn the visitor
    away (recorded, no number) or to give the ticket anyway for a `reason`.
    """
    with transaction() as session:
        own_site(session, data["site"])
        received = reception.receive(
            session,
            queue_rules(),
            site=data["site"],
            kind=Kind(data["kind"]),
            procedure=data["procedure"],
            request=data["request"],
            line=data["line"],
            shown=data["documents"],
            decision=Decision(data["decision"]) if data["decision"] else None,
            reason=data["reason"],
            appointment_at=data["appointment_at"],
            startup_id=data["startup_id"],
            contact_id=data["contact_id"],
            scope=own_scope(),
            actor=actor(),
            at=now(),
        )
    location = f"/guichet/api/v1/tickets/{received.visit.ticket.id}"
    return presenting.received(received), {"Location": location}


@blp.route("/tickets/<uuid:ticket_id>", methods=["GET"])
@requires()
@blp.response(200, schemas.TicketDetail)
def show_ticket(ticket_id: UUID) -> dict[str, Any]:
    """One visit with its steps."""
    with transaction() as session:
        visit = ticket_storage.get(session, ticket_id, sites=current_user().sites)
        if visit is None:
            raise NotFound(N_("There is no such ticket on your sites."))
        return presenting.detail(visit, ticket_storage.steps(session, ticket_id))


@blp.route("/tickets/<uuid:ticket_id>/recall", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.SeenTicket)
@idempotent
@blp.response(200, schemas.TicketOut)
def recall(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Call once more."""
    with transaction() as session:
        return presenting.ticket(_visits(session, data).recall(ticket_id))


@blp.route("/tickets/<uuid:ticket_id>/start", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.SeenTicket)
@idempotent
@blp.response(200, schemas.TicketOut)
def start(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """The visitor stands at the window."""
    with transaction() as session:
        return presenting.ticket(_visits(session, data).start(ticket_id))


@blp.route("/tickets/<uuid:ticket_id>/hold", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.Noted)
@idempotent
@blp.response(200, schemas.TicketOut)
def hold(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """The visitor steps aside and keeps their place."""
    with transaction() as session:
        return presenting.ticket(_visits(session, data).hold(ticket_id, data["note"]))


@blp.route("/tickets/<uuid:ticket_id>/resume", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.SeenTicket)
@idempotent
@blp.response(200, schemas.TicketOut)
def resume(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Back in line, at the place kept."""
    with transaction() as session:
        return presenting.ticket(_visits(session, data).resume(ticket_id))


@blp.route("/tickets/<uuid:ticket_id>/no-show", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.SeenTicket)
@idempotent
@blp.response(200, schemas.TicketOut)
def no_show(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """The visitor did not come, however often they were called."""
    with transaction() as session:
        return presenting.ticket(_visits(session, data).no_show(ticket_id))


@blp.route("/tickets/<uuid:ticket_id>/leave", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.SeenTicket)
@idempotent
@blp.response(200, schemas.TicketOut)
def leave(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """The visitor gave up waiting."""
    with transaction() as session:
        return presenting.ticket(_visits(session, data).leave(ticket_id))


@blp.route("/tickets/<uuid:ticket_id>/transfer", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.Transfer)
@idempotent
@blp.response(200, schemas.TicketOut)
def transfer(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """To another line or window, with the same number and the same place."""
    with transaction() as session:
        visit = _visits(session, data).transfer(
            ticket_id, line=data["line"], window=data["window"], note=data["note"]
        )
        return presenting.ticket(visit)


@blp.route("/tickets/<uuid:ticket_id>/finish", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.Finish)
@idempotent
@blp.response(200, schemas.TicketOut)
def finish(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """The visit is over; what came of it, and the request filed in it."""
    with transaction() as session:
        visit = _visits(session, data).finish(
            ticket_id, outcome=Outcome(data["outcome"]), request=data["request"], note=data["note"]
        )
        return presenting.ticket(visit)


@blp.route("/tickets/<uuid:ticket_id>/identify", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.Identity)
@idempotent
@blp.response(200, schemas.TicketOut)
def identify(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Say which startup an unknown visitor comes for."""
    with transaction() as session:
        visit = _visits(session, data).identify(
            ticket_id, startup_id=data["startup_id"], contact_id=data["contact_id"]
        )
        return presenting.ticket(visit)


@blp.route("/windows", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.WindowIn)
@idempotent
@blp.response(201, schemas.WindowOut)
def open_window(data: dict[str, Any]) -> dict[str, Any]:
    """Sit down at a window and say which lines it serves."""
    with transaction() as session:
        own_site(session, data["site"])
        return presenting.window(windows.open_window(session, queue_rules(), **data, actor=actor(), at=now()))


@blp.route("/windows/<uuid:window_id>", methods=["PUT"])
@requires(*ACT)
@blp.arguments(schemas.WindowLines)
@idempotent
@blp.response(200, schemas.WindowOut)
def change_window(data: dict[str, Any], window_id: UUID) -> dict[str, Any]:
    """Serve other lines."""
    with transaction() as session:
        window = windows.change_lines(
            session,
            queue_rules(),
            window_id,
            lines=data["lines"],
            actor=actor(),
            sites=current_user().sites,
        )
        return presenting.window(window)


@blp.route("/windows/<uuid:window_id>", methods=["DELETE"])
@requires(*ACT)
@idempotent
@blp.response(204)
def close_window(window_id: UUID) -> None:
    """Get up; a manager closes anybody's."""
    user = current_user()
    with transaction() as session:
        windows.close_window(
            session,
            window_id,
            actor=actor(),
            sites=user.sites,
            at=now(),
            anybodys=may(user, *MANAGE),
        )


@blp.route("/windows/<uuid:window_id>/next", methods=["POST"])
@requires(*ACT)
@idempotent
@blp.response(200, schemas.Called)
def call_next(window_id: UUID) -> dict[str, Any]:
    """Call whoever is first in the lines of this window."""
    with transaction() as session:
        window = windows.own_window(session, window_id, actor=actor(), sites=current_user().sites)
        visit = _visits(session, {}).call_next(window)
        return {"ticket": None if visit is None else presenting.ticket(visit)}


@blp.route("/wall-screens", methods=["GET"])
@requires(*FILE)
@blp.response(200, schemas.ScreenList)
def list_screens() -> dict[str, Any]:
    """The screens that may show the calls of your sites."""
    with transaction() as session:
        return {"items": window_storage.screens(session, sites=current_user().sites)}


@blp.route("/wall-screens", methods=["POST"])
@requires(*MANAGE)
@blp.arguments(schemas.ScreenIn)
@idempotent
@blp.response(201, schemas.ScreenCreated)
def add_screen(data: dict[str, Any]) -> dict[str, Any]:
    """A token for one wall screen: it shows the calls of one site and nothing else."""
    with transaction() as session:
        own_site(session, data["site"])
        screen_id, token = windows.add_screen(session, **data, actor=actor(), at=now())
    return {"id": screen_id, "token": token, "address": f"/guichet/queue/display?token={token}"}


@blp.route("/wall-screens/<uuid:screen_id>", methods=["DELETE"])
@requires(*MANAGE)
@idempotent
@blp.response(204)
def revoke_screen(screen_id: UUID) -> None:
    """The screen shows nothing any more."""
    with transaction() as session:
        windows.revoke_screen(session, screen_id, sites=current_user().sites, at=now())


def _visits(session: Session, data: dict[str, Any]) -> Visits:
    return Visits(
        session,
        queue_rules(),
        actor=actor(),
        scope=own_scope(),
        at=now(),
        seen_version=data.get("version"),
    )
