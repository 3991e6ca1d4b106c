"""Between the order to stop and the last answer: a pause in which a proxy learns to send nothing more.

The process that serves is a child of the one that gets the signal; a file named after the parent tells it.
"""

import os
import tempfile
import time
from pathlib import Path


def forget() -> None:
    """Begin as one who serves; a process of the same number may have left its mark."""
    _mark(os.getpid()).unlink(missing_ok=True)


def pause(seconds: float) -> None:
    """Be not ready for so long, and answer whoever asks all the same."""
    if seconds > 0:
        _mark(os.getpid()).touch()
        time.sleep(seconds)
        forget()


def under_way() -> bool:
    """Whether this process serves for one that is about to stop."""
    return _mark(os.getppid()).exists()


def _mark(process: int) -> Path:
    return Path(tempfile.gettempdir(), f"guichet-draining-{process}")
