"""How much a client may send, and that all of it has come."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import abort, current_app, request

from shared.web.access import SAFE_METHODS

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


def expect_whole_body() -> None:
    """Have a body that ends before its announced length refused (400) when it is read.

    granian reports a connection that was cut as the end of what was sent and says that this end can be
    trusted. A proxy that asks again after having lost what it had read sends such halves, of requests
    that mean something else without the rest. Sent in chunks no length is announced: half a JSON text
    cannot be read, but nothing or half of anything else may look whole (411).
    """
    if request.content_length is not None:
        request.environ.pop("wsgi.input_terminated", None)
        return
    in_chunks = "Transfer-Encoding" in request.headers and request.method not in SAFE_METHODS
    # What a view reads piece by piece is not collected for it here.
    piecewise = hasattr(current_app.view_functions.get(request.endpoint or ""), MOST_BODY_BYTES)
    if in_chunks and (piecewise or not (request.is_json and request.get_data())):
        abort(411)
