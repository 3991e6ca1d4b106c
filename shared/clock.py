"""The present instant, and the check that local time is Morocco's."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

CASABLANCA = ZoneInfo("Africa/Casablanca")


class WrongTimeZoneData(RuntimeError):
    """The time-zone data in use predates Morocco's return to UTC+0."""


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def check_time_zone_data() -> None:
    """Refuse to go on with time-zone data that still puts Morocco at UTC+1.

    Source: Morocco is on UTC+0 for good since 20 September 2026 (tzdata 2026c).

    Raises:
        WrongTimeZoneData: local times would be stored one hour wrong.
    """
    offset = datetime(2026, 11, 23, 9, tzinfo=CASABLANCA).utcoffset()
    if offset != timedelta(0):
        raise WrongTimeZoneData(
            f"Africa/Casablanca is at {offset} on 2026-11-23 instead of UTC+0: "
            "the tzdata package is older than 2026c; install the pinned requirements"
        )
