"""psycopg among green threads: one that waits for PostgreSQL lets the others run.

psycopg's own waiting stops every green thread of the process. Its ``wait_select`` does not, but asks
eventlet's ``select`` for what the hub is told directly here, at a third of the cost.
"""

import select
from typing import Any

import psycopg
from eventlet.hubs import trampoline
from psycopg import waiting

_READ, _WRITE = waiting.Wait.R, waiting.Wait.W


def let_psycopg_wait() -> None:
    """Have every connection of this process wait that way; call it after ``monkey_patch``."""
    waiting.wait = _wait


def _wait(gen: Any, fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """Drive ``gen`` to its end. ``interval`` is for Ctrl-C, which the hub takes at any time."""
    if timeout is not None:
        return waiting.wait_select(gen, fileno, timeout, timeout)
    try:
        wanted = next(gen)
        while True:
            wanted = gen.send(_ready(fileno, wanted))
    except OSError as error:
        raise psycopg.OperationalError("connection socket closed") from error
    except StopIteration as end:
        return end.value


def _ready(fileno: int, wanted: int) -> int:
    if wanted == _READ:
        trampoline(fileno, read=True)
        return waiting.Ready.R
    readable, writable, _ = select.select([fileno], [fileno], [])
    return (waiting.Ready.R if readable and wanted & _READ else 0) | (
        waiting.Ready.W if writable and wanted & _WRITE else 0
    )
