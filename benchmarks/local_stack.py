"""The whole local stack, as ``make run`` starts it, in a folder of its own: ``… FOLDER``.

A process to itself, so that its memory is the stack's and nothing else's.
"""

import signal
import sys
import threading
import zoneinfo
from pathlib import Path
from types import FrameType

from deploy.local.stack import Stack


def main(folder: Path) -> None:
    """Start, stay up until SIGTERM, stop."""
    zoneinfo.reset_tzpath(to=())
    signal.signal(signal.SIGTERM, _interrupt)
    stack = Stack(folder, lasting=True)
    try:
        stack.start()
        stack.watch(threading.Event())
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(Path(sys.argv[1]))
