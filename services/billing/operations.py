"""What billing says of itself on the operations page."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.clock import CASABLANCA, now
from shared.errors import N_, NN_
from shared.operations import ServiceOperations
from shared.operations.ended_sessions import PARKED
from shared.operations.sentences import SLOW, Sentence

_NOT_INVOICED = text(
    """
    SELECT count(*) AS invoices FROM (
        SELECT FROM charges WHERE state = 'open' AND operated_on < :month GROUP BY startup_id, site
    ) AS due
    """
)


def felt(session: Session) -> Iterator[Sentence]:
    """Yield the invoices that should exist: one a startup and site, by the end of the month (loi 69-21)."""
    month = now().astimezone(CASABLANCA).date().replace(day=1)
    invoices = session.execute(_NOT_INVOICED, {"month": month}).scalar_one()
    if invoices:
        yield Sentence(
            SLOW,
            *NN_(
                "%(num)s invoice not created for the months before this one",
                "%(num)s invoices not created for the months before this one",
            ),
            count=invoices,
        )


_BUYER = NN_("%(num)s change of a startup not taken over", "%(num)s changes of startups not taken over")
_CHARGE = NN_(
    "%(num)s charge not made, so its invoice cannot be created",
    "%(num)s charges not made, so their invoices cannot be created",
)

OPERATIONS = ServiceOperations(
    service="billing",
    title=N_("Invoices"),
    without_worker=N_("Nothing new is charged, so it cannot be invoiced."),
    without_relay=N_("Startups are not told of new invoices, and rooms do not learn of new tariffs."),
    felt=felt,
    parked={
        **{f"guichet.startup_{what}.v1": _BUYER for what in ("registered", "changed", "merged", "erased")},
        "guichet.account_changed.v1": PARKED,
        "guichet.request_completed.v1": _CHARGE,
        "booking.booking_confirmed.v1": _CHARGE,
        "booking.booking_cancelled.v1": NN_(
            "%(num)s cancelled booking still charged", "%(num)s cancelled bookings still charged"
        ),
    },
    plain=frozenset({"site_name", "space_name", "procedure_name", "label", "zone"}),
)
