"""What the counter says of itself on the operations page."""

from collections.abc import Iterator

from sqlalchemy import text
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


_OPERATOR = text("SELECT EXISTS (SELECT FROM accounts WHERE active AND 'operator' = ANY (roles))")


def advice(session: Session) -> Iterator[str]:
    """Yield what a new installation lacks that nobody can make on its pages."""
    if not session.scalar(_OPERATOR):
        yield (
            "no account is an operator's, so nobody can open accounts on the pages: in its web process,"
            ' python -m services.guichet.accounts add --role operator --email … --name "…"'
            " (docs/operations/staff.md)"
        )


OPERATIONS = ServiceOperations(
    service="guichet",
    title=N_("Requests"),
    without_worker=N_("The counter does not learn which messages failed, and dossiers do not leave."),
    without_relay=N_("Startups are not told of their requests, and outcomes are not charged."),
    felt=felt,
    advice=advice,
    parked={
        "notifications.message_failed.v1": NN_(
            "%(num)s failed message not shown on its request",
            "%(num)s failed messages not shown on their requests",
        ),
    },
)
