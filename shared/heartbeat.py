"""A sign of life: a file touched while the loops of a worker or a relay turn.

Looking at the broker or the database instead would have healthy processes restarted whenever one
of those is down. Run as a script this file is the health command of every kind of process
(``python -I -S shared/heartbeat.py``): 0 while the file is fresh, or, where ``HEARTBEAT_FILE`` is
not set, while the web process of ``SERVICE`` answers. Standard library only, so that asking costs little.
"""

import os
import sys
import time

EVERY_SECONDS = 5.0
STALE_SECONDS = 30.0


def beat() -> None:
    """Touch ``HEARTBEAT_FILE``; without that setting nobody looks and nothing is written."""
    path = os.environ.get("HEARTBEAT_FILE", "")
    if path:
        with open(path, "w") as file:
            file.write("alive\n")


def fresh(path: str) -> bool:
    """Whether the file was touched lately."""
    try:
        return time.time() - os.stat(path).st_mtime < STALE_SECONDS
    except OSError:
        return False


def answers(service: str, port: int) -> bool:
    """Whether the web process on this machine says that it lives."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", f"/{service}/health/live")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    file = os.environ.get("HEARTBEAT_FILE", "")
    if file:
        return 0 if fresh(file) else 1
    return 0 if answers(os.environ.get("SERVICE", ""), int(os.environ.get("WEB_PORT", "8000"))) else 1


if __name__ == "__main__":
    sys.exit(main())
