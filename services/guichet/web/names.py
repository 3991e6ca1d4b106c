"""Words for the codes the counter works with."""

from collections.abc import Mapping

from services.guichet.domain.dossiers import DossierState, StepState
from services.guichet.domain.requests import State
from shared.errors import N_

ROLE_NAMES: Mapping[str, str] = {
    "agent": N_("Front-desk agent"),
    "agency_officer": N_("Agency officer"),
    "billing_officer": N_("Billing officer"),
    "site_manager": N_("Site manager"),
    "operator": N_("Operations"),
}

#: state → (tone, word)
STATES: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("off", N_("Draft")),
    State.SUBMITTED: ("new", N_("Filed")),
    State.ROUTED: ("new", N_("New")),
    State.IN_PROGRESS: ("progress", N_("In progress")),
    State.COMPLEMENT_REQUESTED: ("waiting", N_("Documents awaited")),
    State.COMPLETED: ("done", N_("To be handed over")),
    State.HANDED_OVER: ("done", N_("Handed over")),
    State.REJECTED: ("failed", N_("Rejected")),
    State.WITHDRAWN: ("off", N_("Withdrawn")),
}
LATE = ("late", N_("Late"))

ACTIONS: Mapping[str, str] = {
    "submit": N_("Filed"),
    "route": N_("Sent to a desk"),
    "reroute": N_("Sent to another desk"),
    "start": N_("Started"),
    "complete": N_("Completed"),
    "reject": N_("Rejected"),
    "advance": N_("A step further"),
    "request_complement": N_("Completion requested"),
    "receive_complement": N_("Completion received"),
    "hand_over": N_("Handed over"),
    "withdraw": N_("Withdrawn"),
    "assign": N_("Assigned"),
    "draft": N_("Draft begun"),
}

LANGUAGE_NAMES = (("fr", "Français"), ("ar", "العربية"), ("en", "English"))

#: what became of a version → (tone, word)
VERSION_STATUSES: Mapping[str, tuple[str, str]] = {
    "in_force": ("done", N_("In force")),
    "announced": ("new", N_("Announced")),
    "superseded": ("off", N_("Superseded")),
    "never_in_force": ("off", N_("Replaced before it held")),
}

#: state of a dossier → (tone, word)
DOSSIER_STATES: Mapping[DossierState, tuple[str, str]] = {
    DossierState.ACTIVE: ("progress", N_("Under way")),
    DossierState.PAUSED: ("late", N_("Paused")),
    DossierState.COMPLETED: ("done", N_("Completed")),
    DossierState.ABANDONED: ("off", N_("Abandoned")),
}

#: state of a step → (tone, word)
STEP_STATES: Mapping[str, tuple[str, str]] = {
    StepState.WAITING: ("off", N_("Waits")),
    StepState.READY: ("waiting", N_("To be answered")),
    StepState.FILED: ("progress", N_("Filed")),
    StepState.COMPLETED: ("done", N_("Completed")),
    StepState.FAILED: ("failed", N_("Stopped")),
}
