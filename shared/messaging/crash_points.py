"""Places where a test can have the process killed, to prove that nothing is lost there.

``CRASH_POINT=relay-after-confirm`` kills the process with SIGKILL the first time it gets there;
``CRASH_POINT=relay-after-confirm:3`` the third time. Unset, as in production, nothing happens.
"""

import os
import signal

_name, _, _count = os.environ.get("CRASH_POINT", "").partition(":")
_remaining = int(_count or 1)


def reach(name: str) -> None:
    """Note that the process got to ``name``; die if a test asked for it."""
    global _remaining
    if name == _name:
        _remaining -= 1
        if _remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)
