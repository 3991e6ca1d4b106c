"""What the counter says of itself on the operations page."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from services.guichet.metrics import DOSSIERS_STUCK, WITHOUT_DESK
from shared.errors import N_, NN_
from shared.operations import ServiceOperations
from shared.operations.sentences import Sentence, standing


def felt(session: Session) -> Iterator[Sentence]:
    """Yield the requests on which nobody can work."""
    yield from standing(
        session,
        DOSSIERS_STUCK,
        NN_(
            "%(num)s dossier not sent to its agency since %(since)s",
            "%(num)s dossiers not sent to their agencies since %(since)s",
        ),
    )
    yield from standing(
        session,
        WITHOUT_DESK,
        NN_(
            "%(num)s request without a desk since %(since)s",
            "%(num)s requests without a desk since %(since)s",
        ),
    )


OPERATIONS = ServiceOperations(
    service="guichet",
    title=N_("Requests"),
    without_worker=N_("The counter does not learn which messages failed, and dossiers do not leave."),
    without_relay=N_("Startups are not told of their requests, and outcomes are not charged."),
    felt=felt,
    parked={
        "notifications.message_failed.v1": NN_(
            "%(num)s failed message not shown on its request",
            "%(num)s failed messages not shown on their requests",
        ),
    },
)
