"""The queue as its API shows it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.guichet.domain.queue.rules import Line, QueueRules
from services.guichet.domain.queue.tickets import State, Step
from services.guichet.domain.queue.windows import Window
from services.guichet.storage.queue.tickets import Visit
from services.guichet.use_cases.queue.board import Board
from services.guichet.use_cases.queue.reception import Received
from services.guichet.web.access import own_scope
from services.guichet.web.queue.seeing import seen, seen_with


def ticket(visit: Visit) -> dict[str, Any]:
    """The ticket as the user may see it."""
    return shown(seen(visit))


def shown(visit: Visit) -> dict[str, Any]:
    one = visit.ticket
    return {
        "id": one.id,
        "number": one.number,
        "site": one.site,
        "day": one.day,
        "line": one.line,
        "kind": None if visit.hidden else one.kind.value,
        "state": one.state.value,
        "taken_at": one.taken_at,
        "appointment_at": one.appointment_at,
        "procedure": one.procedure,
        "startup_id": one.startup_id,
        "startup_name": visit.startup,
        "contact_id": one.contact_id,
        "missing": list(one.missing),
        "reason": one.reason,
        "window": one.window,
        "wanted_window": one.wanted_window,
        "calls": one.calls,
        "first_called_at": one.first_called_at,
        "handled_seconds": one.handled_seconds,
        "finished_at": one.finished_at,
        "outcome": one.outcome.value if one.outcome else None,
        "request_number": request_number(visit),
        "actions": one.actions,
        "version": one.version,
    }


def request_number(visit: Visit) -> str | None:
    """Of the request the visit is about, for whoever may see that request."""
    agency = visit.request_agency
    return visit.request_number if agency is None or own_scope().serves(agency) else None


def detail(visit: Visit, steps: Sequence[Step]) -> dict[str, Any]:
    visit, steps = seen_with(visit, steps)
    return {**shown(visit), "steps": [_step(step) for step in steps]}


def received(one: Received) -> dict[str, Any]:
    bring = [{"code": document.code, "name": document.names.as_dict()} for document in one.missing]
    return {**shown(one.visit), "bring": bring}


def window(one: Window) -> dict[str, Any]:
    return {
        "id": one.id,
        "site": one.site,
        "label": one.label,
        "lines": list(one.lines),
        "who": one.actor.name,
        "opened_at": one.opened_at,
    }


def queue(board: Board, rules: QueueRules) -> dict[str, Any]:
    return {
        "lines": [_line(line, board.lengths, board.next_wait) for line in rules.lines],
        "windows": [window(one) for one, _ in board.windows],
        "waiting": [
            {**shown(one.visit), "ahead": one.ahead, "wait_minutes": minutes(one.wait)}
            for one in board.waiting
        ],
        "others": [shown(visit) for visit in board.visits if visit.ticket.state is not State.WAITING],
    }


def minutes(wait: timedelta | None) -> int | None:
    """Whole minutes, rounded up: nobody minds being called early."""
    return None if wait is None else -int(-wait.total_seconds() // 60)


def _line(
    line: Line, lengths: Mapping[str, int], next_wait: Mapping[str, timedelta | None]
) -> dict[str, Any]:
    return {
        "letter": line.letter,
        "name": line.names.as_dict(),
        "agencies": list(line.agencies),
        "waiting": lengths[line.letter],
        "wait_minutes": minutes(next_wait[line.letter]),
        "promise_minutes": minutes(line.promise),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "version": step.version,
        "action": step.action,
        "state": step.state.value,
        "at": step.at,
        "actor": step.actor.name,
        "line": step.line,
        "window": step.window,
        "note": step.note,
    }
