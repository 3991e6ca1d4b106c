"""Failing on demand: a mode, for the next few or until told otherwise."""

import threading
from collections.abc import Mapping
from typing import Any


class BadControl(ValueError):
    """The control request asks for something this stand-in cannot do."""


class Faults:
    """What the next deliveries meet. `{"mode": "451", "fail_next": 3}` fails three, then all is well."""

    def __init__(self, modes: tuple[str, ...], default: str) -> None:
        self._modes = modes
        self._default = default
        self._mode = "ok"
        self._left: int | None = None
        self._lock = threading.Lock()

    def set(self, wanted: Mapping[str, Any]) -> None:
        mode, left = wanted.get("mode"), wanted.get("fail_next")
        if mode is not None and mode not in ("ok", *self._modes):
            raise BadControl(f"mode is one of ok, {', '.join(self._modes)}")
        if left is not None and (not isinstance(left, int) or left < 0):
            raise BadControl("fail_next is a number of deliveries")
        with self._lock:
            self._mode = mode or (self._default if left else "ok")
            self._left = left

    def next(self) -> str:
        """The mode the delivery at hand meets."""
        with self._lock:
            if self._left is None:
                return self._mode
            if self._left == 0:
                return "ok"
            self._left -= 1
            return self._mode

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {"mode": self._mode, "fail_next": self._left, "modes": ["ok", *self._modes]}
