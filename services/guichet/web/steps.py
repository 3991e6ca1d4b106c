"""The life of a request as a list of things to do, done or not."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.requests import DECIDED, Request, State
from services.guichet.web import names
from shared.web import language
from shared.web.i18n import clock, day


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; ``state`` is done, doing, waiting, failed or todo."""

    label: str
    state: str
    word: str
    detail: str = ""


def steps(
    request: Request, procedure: Procedure, catalogue: Catalogue, *, for_startup: bool = False
) -> list[Step]:
    """What the counter has to do, or, for the startup, what happens to its request."""
    labels = _told() if for_startup else _to_do()
    desk = catalogue.desks.get(request.desk or "")
    found = [
        _step(labels["file"], "done", moment(request.submitted_at)),
        _step(
            labels["send"],
            "done" if desk else "todo",
            desk.names.within(language()) if desk else "",
        ),
        _step(
            labels["take"],
            "done" if request.started_at else "todo",
            moment(request.started_at),
        ),
    ]
    found += _of_the_agency(request, procedure)
    asked = request.complement
    if asked is not None:
        waiting = request.state is State.COMPLEMENT_REQUESTED
        found.append(
            _step(
                labels["complement"],
                "waiting" if waiting else "done" if asked.received_at else "off",
                moment(asked.asked_at if waiting else asked.received_at),
            )
        )
    if request.state in (State.REJECTED, State.WITHDRAWN):
        word = gettext(names.STATES[request.state][1])
        return [*found, Step(labels["decide"], "failed", word, moment(request.closed_at))]
    decided = request.state in DECIDED
    at_work = request.state is State.IN_PROGRESS
    found.append(
        _step(
            labels["decide"],
            "done" if decided else "doing" if at_work else "todo",
            moment(request.closed_at),
        )
    )
    found.append(
        _step(
            labels["hand_over"],
            "done" if request.handed_over_at else "todo",
            moment(request.handed_over_at),
        )
    )
    return found


def _to_do() -> dict[str, str]:
    return {
        "file": gettext("File the request"),
        "send": gettext("Send it to a desk"),
        "take": gettext("Take it up at the desk"),
        "complement": gettext("Complete the file"),
        "decide": gettext("Decide"),
        "hand_over": gettext("Hand over the outcome"),
    }


def _told() -> dict[str, str]:
    return {
        "file": gettext("Request received"),
        "send": gettext("Sent to the desk"),
        "take": gettext("Taken up"),
        "complement": gettext("Your file completed"),
        "decide": gettext("Decision"),
        "hand_over": gettext("Result handed over"),
    }


def _of_the_agency(request: Request, procedure: Procedure) -> list[Step]:
    codes = [step.code for step in procedure.workflow.steps]
    reached = codes.index(request.step) if request.step in codes else -1
    decided = request.state in DECIDED and request.state not in (State.REJECTED, State.WITHDRAWN)
    return [
        _step(
            step.names.within(language()),
            "done" if decided or place < reached else "doing" if place == reached else "todo",
        )
        for place, step in enumerate(procedure.workflow.steps)
    ]


def _step(label: str, state: str, detail: str = "") -> Step:
    words = {
        "done": gettext("Done"),
        "doing": gettext("In progress"),
        "waiting": gettext("Awaited"),
        "off": gettext("Dropped"),
        "todo": gettext("To do"),
    }
    return Step(label, state, words[state], detail)


def moment(at: datetime | None) -> str:
    return "" if at is None else f"{day(at)} {clock(at)}"
