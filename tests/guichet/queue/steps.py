"""What people do at the queue, through its API."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from shared.clock import CASABLANCA, now
from tests.guichet.conftest import Caller

SITE = "casablanca"
Outbox = Callable[[], list[dict[str, Any]]]


def ticket(who: Caller, status: int = 201, **changes: Any) -> dict[str, Any]:
    answer = who.post("/tickets", {"site": SITE, "line": "A"} | changes)
    assert answer.status_code == status, answer.text
    return answer.get_json()  # type: ignore[no-any-return]


def window(who: Caller, label: str = "1", lines: str = "A") -> str:
    answer = who.post("/windows", {"site": SITE, "label": label, "lines": list(lines)})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def call(who: Caller, window_id: str) -> dict[str, Any] | None:
    answer = who.post(f"/windows/{window_id}/next")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] | None = answer.get_json()["ticket"]
    return found


def do(who: Caller, one: dict[str, Any], action: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = who.post(f"/tickets/{one['id']}/{action}", body)
    assert answer.status_code == status, answer.text
    return answer.get_json()  # type: ignore[no-any-return]


def later_today(*, minutes: int) -> datetime:
    """So many minutes from now, but not tomorrow, whenever the tests run."""
    at = now()
    end = datetime.combine(at.astimezone(CASABLANCA), time(23, 59, 59), CASABLANCA)
    return min(at + timedelta(minutes=minutes), end.astimezone(UTC))
