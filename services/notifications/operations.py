"""What notifications says of itself on the operations page."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from services.notifications.metrics import NOT_TOLD, WITHOUT_RECORD
from shared.errors import N_, NN_
from shared.operations import ServiceOperations
from shared.operations.ended_sessions import PARKED
from shared.operations.sentences import Sentence, standing


def felt(session: Session) -> Iterator[Sentence]:
    """Yield who is not told what they should know."""
    yield from standing(
        session,
        NOT_TOLD,
        NN_(
            "%(num)s startup not told since %(since)s",
            "%(num)s startups not told since %(since)s",
        ),
    )
    yield from standing(
        session,
        WITHOUT_RECORD,
        NN_(
            "%(num)s startup not told since %(since)s: its record has not arrived",
            "%(num)s startups not told since %(since)s: their records have not arrived",
        ),
    )


_CONTACTS = NN_(
    "%(num)s change of a startup's contacts not taken over",
    "%(num)s changes of startups' contacts not taken over",
)
_UNTOLD = NN_(
    "%(num)s piece of news not told to its startup", "%(num)s pieces of news not told to their startups"
)
_ABOUT_STARTUPS = ("registered", "changed", "merged", "erased")
_NEWS = (
    *(f"guichet.request_{what}.v1" for what in ("submitted", "completed", "rejected", "withdrawn")),
    *("guichet.complement_requested.v1", "guichet.complement_received.v1", "guichet.ticket_near.v1"),
    "guichet.dossier_step_waiting.v1",
    *("guichet.visit_booked.v1", "guichet.visit_cancelled.v1", "guichet.document_expiring.v1"),
    *("booking.booking_confirmed.v1", "booking.booking_cancelled.v1"),
    *("billing.invoice_issued.v1", "billing.credit_note_issued.v1"),
)

OPERATIONS = ServiceOperations(
    service="notifications",
    title=N_("Notifications"),
    without_worker=N_("Startups are not told anything new."),
    without_relay=N_("The counter does not learn which messages failed."),
    felt=felt,
    parked={
        **{f"guichet.startup_{what}.v1": _CONTACTS for what in _ABOUT_STARTUPS},
        **dict.fromkeys(_NEWS, _UNTOLD),
        "guichet.account_changed.v1": PARKED,
    },
    plain=frozenset({"site_name", "space_name", "procedure_name", "agency_name", "label", "zone"}),
)
