"""How much a client may send."""

from collections.abc import Callable
from typing import Any, TypeVar

MOST_BODY_BYTES = "gu_most_body_bytes"

View = TypeVar("View", bound=Callable[..., Any])


def accepts_body(*, up_to: int) -> Callable[[View], View]:
    """Let a view take a larger body than the app's others; it stands nearest to the function.

    The view reads ``request.stream`` itself, or a form's files: nothing collects the body for it.
    """

    def mark(view: View) -> View:
        setattr(view, MOST_BODY_BYTES, up_to)
        return view

    return mark
