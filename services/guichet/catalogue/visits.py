"""What ``visits.yaml`` says of officers' visits."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from services.guichet.catalogue.faults import File

FILE = Path(__file__).parent / "visits.yaml"
LONGEST_HOLD = 24 * 14


@lru_cache(maxsize=1)
def hold() -> timedelta:
    """How long the next place is held for a startup whose visit was cancelled."""
    return load_hold(FILE)


def load_hold(path: Path) -> timedelta:
    """Read and check the file.

    Raises:
        CatalogueError: there is no such number of hours.
    """
    file = File(path)
    hours = file.data.get("hold_hours") if isinstance(file.data, dict) else None
    if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= LONGEST_HOLD:
        file.fault(("hold_hours",), f"a whole number between 1 and {LONGEST_HOLD} is expected")
    file.finish()
    return timedelta(hours=int(hours or 0))
