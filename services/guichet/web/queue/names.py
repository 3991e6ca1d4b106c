"""Words for the codes of the queue."""

from collections.abc import Mapping

from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import Outcome, State
from shared.errors import N_

#: state → (tone, word)
STATES: Mapping[State, tuple[str, str]] = {
    State.WAITING: ("new", N_("Waiting")),
    State.CALLED: ("waiting", N_("Called")),
    State.SERVING: ("progress", N_("At the window")),
    State.HELD: ("off", N_("On hold")),
    State.FINISHED: ("done", N_("Served")),
    State.NO_SHOW: ("failed", N_("Did not come")),
    State.LEFT: ("failed", N_("Left")),
    State.TURNED_AWAY: ("failed", N_("Documents missing")),
}

KINDS: Mapping[Kind, str] = {
    Kind.WALK_IN: N_("Walk-in"),
    Kind.PRIORITY: N_("Priority"),
    Kind.APPOINTMENT: N_("Appointment"),
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.RESOLVED: N_("Settled"),
    Outcome.FILED: N_("A request was filed"),
    Outcome.COME_BACK: N_("Has to come back"),
    Outcome.UNKNOWN: N_("Not recorded"),
}

#: what may be chosen when a visit ends
CHOSEN_OUTCOMES = (Outcome.RESOLVED, Outcome.FILED, Outcome.COME_BACK)

STEPS: Mapping[str, str] = {
    "give": N_("Ticket given"),
    "turn_away": N_("Sent for the missing documents"),
    "call": N_("Called"),
    "recall": N_("Called again"),
    "start": N_("Came to the window"),
    "hold": N_("Set aside at the window"),
    "resume": N_("Returned to the line"),
    "no_show": N_("Did not come"),
    "transfer": N_("Transferred"),
    "finish": N_("Served"),
    "leave": N_("Left without being served"),
    "identify": N_("Identified"),
    "close_day": N_("Ended with the day"),
}
