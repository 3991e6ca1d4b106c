"""Keeping what days added up to, so that a year of figures is read and not worked out."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from services.guichet.domain.numbers import counter_day
from services.guichet.storage import dashboard
from services.guichet.storage.dashboard import Progress

#: A day is kept this long after it ended: whatever carries an instant of it has committed by then
#: (a statement may take 30 s, an idle transaction 60), and clocks of servers may differ.
SETTLED = timedelta(minutes=15)
#: so that catching up with years never holds a transaction for long
DAYS_AT_ONCE = timedelta(days=61)
MARKS_AT_ONCE = 1000
#: of one site each
MONTHS_AT_ONCE = 100


def keep_figures(session: Session, *, at: datetime) -> int:
    """Add up days that are over, and kept ones that changed; return how many days were added up.

    To be called again and again: days are kept one call after marks are asked for them. Months follow
    their days in the same transaction, so that whoever reads finds them whole.
    """
    progress = dashboard.progress(session, lock=True)
    settled = counter_day(at - SETTLED)
    if progress is None:
        oldest = dashboard.first_instant(session)
        first = min(settled, counter_day(oldest)) if oldest is not None else settled
        dashboard.advance(session, _next(first, settled))
        return 0
    followed = _follow_marks(session)
    dashboard.keep_days(session, progress.kept, progress.marked)
    dashboard.advance(session, _next(progress.marked, settled))
    dashboard.keep_months(session, before=progress.marked, most=MONTHS_AT_ONCE)
    return followed + (progress.marked - progress.kept).days


def keep_again(session: Session, first: date, end: date) -> int:
    """Add up the kept days from ``first`` to before ``end`` from nothing; return how many."""
    progress = dashboard.progress(session, lock=True)
    until = first if progress is None else min(end, progress.kept)
    dashboard.keep_days(session, first, until)
    if progress is not None:
        dashboard.keep_months(session, before=progress.kept, most=MONTHS_AT_ONCE)
    return max((until - first).days, 0)


def _next(kept: date, settled: date) -> Progress:
    return Progress(kept, max(kept, min(kept + DAYS_AT_ONCE, settled)))


def _follow_marks(session: Session) -> int:
    sites: dict[date, set[str]] = defaultdict(set)
    for mark in dashboard.take_marks(session, most=MARKS_AT_ONCE):
        sites[counter_day(mark.at)].add(mark.site)
    for day, changed in sorted(sites.items()):
        dashboard.keep_days(session, day, day + timedelta(days=1), sites=sorted(changed))
    return len(sites)
