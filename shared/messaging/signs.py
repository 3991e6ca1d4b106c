"""Signs of life: a row that worker and relay rewrite every few seconds.

A process that stops, dies or freezes leaves its row to age, which is how the web processes, which
have no address of the broker, can say since when nobody works.
"""

import os
import socket

#: ``SIGN_SECONDS`` is for tests, which would otherwise wait for a row to age
PERIOD_SECONDS = float(os.environ.get("SIGN_SECONDS", "5"))
STALE_AFTER_SECONDS = 3 * PERIOD_SECONDS

#: parameters: kind, instance, stale_after
GIVE = (
    "INSERT INTO signs_of_life (kind, instance, stale_after_seconds)"
    " VALUES (%(kind)s, %(instance)s, %(stale_after)s) ON CONFLICT (kind, instance) DO UPDATE"
    " SET seen_at = now(), stale_after_seconds = excluded.stale_after_seconds"
)


def parameters(kind: str) -> dict[str, object]:
    """Return what the statement above takes, for this process."""
    return {
        "kind": kind,
        "instance": f"{socket.gethostname()}:{os.getpid()}",
        "stale_after": STALE_AFTER_SECONDS,
    }
