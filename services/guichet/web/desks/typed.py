"""Dates and hours as people type them."""

import re
from datetime import date, time

from shared.errors import N_, InvalidInput

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:h]([0-5]\d)", re.ASCII)


def day_typed(text: str | None, field: str) -> date:
    """``24/11/2026``, or the way a program writes it.

    Raises:
        InvalidInput: it is no date.
    """
    written = (text or "").strip()
    found = _DAY.fullmatch(written)
    try:
        day = date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(N_("Write a date like 24/11/2026."), field=field) from error
    if not 2000 <= day.year <= 2200:
        raise InvalidInput(N_("Write a date like 24/11/2026."), field=field)
    return day


def clock_typed(text: str | None, field: str) -> time | None:
    """``09:30`` or ``9h30``; nothing when nothing was typed.

    Raises:
        InvalidInput: it is no hour.
    """
    written = (text or "").strip()
    if not written:
        return None
    found = _CLOCK.fullmatch(written)
    if not found:
        raise InvalidInput(N_("Write an hour like 09:30."), field=field)
    return time(int(found[1]), int(found[2]))


def counted(text: str | None) -> int:
    """A figure of an address, as a redirect of ours wrote it; anything else is none."""
    written = text or ""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0


def whole_typed(text: str | None, field: str, *, most: int = 1000) -> int:
    """A number of things; nothing typed is none.

    Raises:
        InvalidInput: it is no such number.
    """
    written = (text or "").strip()
    if not written:
        return 0
    if not (written.isascii() and written.isdigit() and len(written) < 7 and int(written) <= most):
        raise InvalidInput(N_("Write a whole number up to %(most)s."), field=field, most=most)
    return int(written)
