"""What booking says of itself on the operations page."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from services.booking.metrics import OPTIONS_LAPSED
from shared.errors import N_, NN_
from shared.operations import ServiceOperations
from shared.operations.ended_sessions import PARKED
from shared.operations.sentences import Sentence, standing


def felt(session: Session) -> Iterator[Sentence]:
    """Yield the spaces that options keep from others although their time is over."""
    yield from standing(
        session,
        OPTIONS_LAPSED,
        NN_(
            "%(num)s option over since %(since)s still keeps its space",
            "%(num)s options, the first over since %(since)s, still keep their spaces",
        ),
    )


_HOLDER = NN_("%(num)s change of a startup not taken over", "%(num)s changes of startups not taken over")

OPERATIONS = ServiceOperations(
    service="booking",
    title=N_("Rooms"),
    without_worker=N_(
        "New startups cannot book; new tariffs and corrections of the calendar are not taken over."
    ),
    without_relay=N_("Bookings are neither confirmed to startups nor charged."),
    felt=felt,
    parked={
        **{f"guichet.startup_{what}.v1": _HOLDER for what in ("registered", "changed", "merged", "erased")},
        "guichet.account_changed.v1": PARKED,
        "guichet.calendar_changed.v1": NN_(
            "%(num)s correction of the calendar not taken over",
            "%(num)s corrections of the calendar not taken over",
        ),
        "billing.tariff_changed.v1": NN_("%(num)s tariff not taken over", "%(num)s tariffs not taken over"),
    },
    plain=frozenset({"site_name", "space_name", "zone"}),
)
