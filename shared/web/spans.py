"""A span for each request, where traces are on (shared/tracing)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from structlog.contextvars import bind_contextvars

from shared import tracing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SPAN = "gu.span"
#: asked every few seconds by whoever watches, or never of interest
QUIET = ("/health/", "/assets/", "/metrics")


def trace(app: Flask) -> None:
    """Have every request of ``app`` traced; what came with a ``traceparent`` belongs to that trace."""
    app.wsgi_app = _Traced(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_bind)
    app.after_request(_describe)


class _Traced:
    """Outermost, so that a request refused early has its span, too."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if any(quiet in path for quiet in QUIET):
            return self._app(environ, start_response)
        # The path itself may hold names and secret tokens: the rule replaces it once it is known.
        parent = environ.get("HTTP_TRACEPARENT")
        with tracing.span(
            method, "server", parent=parent, attributes={"http.request.method": method}
        ) as span:
            environ[SPAN] = span
            return self._app(environ, start_response)


def _bind() -> None:
    span = request.environ.get(SPAN)
    if span is not None:
        bind_contextvars(traceparent=span.traceparent)


def _describe(response: Response) -> Response:
    span: Any = request.environ.get(SPAN)
    if span is not None:
        rule = request.url_rule.rule if request.url_rule else None
        if rule:
            span.rename(f"{request.method} {rule}")
        span.note(
            http__route=rule,
            http__response__status_code=response.status_code,
            correlation_id=request.environ.get("gu.correlation_id"),
        )
        if response.status_code >= 500:
            span.fail(str(response.status_code))
    return response
