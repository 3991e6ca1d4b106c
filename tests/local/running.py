"""What is done with a running stack while it is watched."""

import threading
from collections.abc import Callable

from deploy.local.stack import Stack
from deploy.local.story import Story


def watched(stack: Stack, action: Callable[[], None]) -> None:
    """Do something while the stack is watched, as `make run` does."""
    failures: list[Exception] = []
    ended = threading.Event()

    def act() -> None:
        try:
            action()
        except Exception as failure:
            failures.append(failure)
        ended.set()

    threading.Thread(target=act, daemon=True).start()
    stack.watch(ended)
    assert failures == []


def play(stack: Stack) -> list[str]:
    """Play the story; return what it told."""
    lines: list[str] = []
    watched(stack, Story(stack.addresses, tell=lines.append).play)
    return lines
