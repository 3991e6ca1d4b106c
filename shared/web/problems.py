"""Every error leaves as an RFC 9457 problem document, or as a page that says the same."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import orjson
from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_smorest import Api
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from shared.errors import N_, DomainError, InvalidFields
from shared.logging import get_logger
from shared.web.access import SignInRequired, go_and_sign_in
from shared.web.i18n import sentence
from shared.web.state import web_state
from shared.web.validation import fields_at_fault

log = get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"

# status -> (slug of the type, title, what to tell when nothing more precise is known)
KINDS: dict[int, tuple[str, str, str]] = {
    400: ("bad-request", N_("Request not understood"), N_("The request could not be read.")),
    401: ("sign-in-required", N_("Sign-in required"), N_("Sign in to go on.")),
    403: ("forbidden", N_("Not allowed"), N_("You are not allowed to do this.")),
    404: ("not-found", N_("Not found"), N_("There is nothing at this address.")),
    405: ("method-not-allowed", N_("Not possible here"), N_("This address does not accept this method.")),
    409: (
        "conflict",
        N_("Conflict"),
        N_("Somebody else changed this at the same moment. Reload and try again."),
    ),
    411: (
        "length-required",
        N_("Length missing"),
        N_("Say how much is sent (Content-Length): without it, a half could be taken for the whole."),
    ),
    413: ("too-large", N_("Too large"), N_("What was sent is larger than allowed.")),
    415: ("unsupported-format", N_("Format not accepted"), N_("Send JSON (application/json).")),
    422: ("invalid-input", N_("Check what was entered"), N_("Some values are not acceptable.")),
    429: ("too-many-attempts", N_("Too many attempts"), N_("Wait a little before trying again.")),
    500: (
        "unexpected",
        N_("Unexpected error"),
        N_("Something went wrong on our side. It has been recorded under the number below."),
    ),
    503: (
        "unavailable",
        N_("Service unavailable"),
        N_("The service cannot answer at the moment. Try again in a few seconds."),
    ),
}
FALLBACK = {4: 400, 5: 500}
# Classes of SQLSTATE that mean "the value", not "our code": out of range, bad encoding…
DATA_EXCEPTION = "22"
CHECK_VIOLATION = "23514"
RACES = {"23505", "23P01", "23503", "40001", "40P01", "55P03"}


class TooManyAttempts(DomainError):
    """The caller must wait."""

    status = 429

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            N_("Too many attempts. Wait %(minutes)s min before trying again."),
            minutes=-(-retry_after_seconds // 60),
        )
        self.retry_after_seconds = retry_after_seconds


class FieldError(ma.Schema):
    """One value at fault."""

    field = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class Problem(ma.Schema):
    """Problem document (RFC 9457)."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    errors = ma.fields.List(ma.fields.Nested(FieldError))
    correlation_id = ma.fields.String(required=True)


class ProblemApi(Api):  # type: ignore[misc] # flask-smorest is untyped
    """flask-smorest whose errors are ours, in the documents too."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Leave errors to :func:`register`."""

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = MEDIA_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def register(app: Flask) -> None:
    """Have every error of ``app`` answered here."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(ma.ValidationError, _validation)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _pool)
    app.register_error_handler(Exception, _unexpected)


def _domain(error: DomainError) -> ResponseReturnValue:
    if isinstance(error, SignInRequired) and not _wants_problem():
        return go_and_sign_in()
    headers = {}
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return answer(error.status, sentence(error), field_errors(error), headers, error.extensions)


def _validation(error: ma.ValidationError) -> ResponseReturnValue:
    messages: Any = error.normalized_messages()  # type: ignore[no-untyped-call]
    return _domain(fields_at_fault(messages))


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestRedirect) or error.code is None or error.code < 400:
        return error
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return answer(error.code, headers=headers)


def _database(error: DBAPIError) -> ResponseReturnValue:
    sqlstate = str(getattr(error.orig, "sqlstate", None) or "")
    # psycopg itself refuses a NUL, before any server sees it.
    if sqlstate.startswith(DATA_EXCEPTION) or sqlstate == CHECK_VIOLATION or isinstance(error, DataError):
        # The field should have been refused by its schema: worth a look, not an alarm.
        log.warning("value_refused_by_database", sqlstate=sqlstate, rule=_rule())
        return answer(422)
    if sqlstate in RACES:
        log.warning("conflict_found_by_database", sqlstate=sqlstate, rule=_rule())
        return answer(409)
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        log.error("database_unavailable", sqlstate=sqlstate, rule=_rule())
        return answer(503, headers={"Retry-After": RETRY_SECONDS})
    return _unexpected(error)


def _pool(error: PoolTimeout) -> ResponseReturnValue:
    log.error("database_pool_exhausted", rule=_rule())
    return answer(503, headers={"Retry-After": RETRY_SECONDS})


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.error("request_failed", rule=_rule(), exc_info=error)
    return answer(500)


def _rule() -> str:
    return request.url_rule.rule if request.url_rule else ""


def field_errors(error: DomainError) -> list[dict[str, str]]:
    """Return ``[{field, detail}]`` of an error, translated."""
    if isinstance(error, InvalidFields):
        return [{"field": one.field or "", "detail": sentence(one)} for one in error.errors]
    if error.field is not None:
        return [{"field": error.field, "detail": sentence(error)}]
    return []


def answer(
    status: int,
    detail: str | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    extensions: Mapping[str, object] | None = None,
) -> Response:
    """Return the problem document, page or fragment for ``status``."""
    slug, title, default = KINDS.get(status) or KINDS[FALLBACK[status // 100]]
    title, detail = gettext(title), detail or gettext(default)
    if _wants_problem():
        document: dict[str, Any] = {
            "type": f"urn:guichet-unique:problem:{slug}",
            "title": title,
            "status": status,
            "detail": detail,
        }
        if errors:
            document["errors"] = errors
        document.update(extensions or {})
        document["correlation_id"] = g.get("gu_correlation_id", "")
        body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
        return Response(body, status, headers, content_type=MEDIA_TYPE)
    template = "error_fragment.html" if "HX-Request" in request.headers else "error.html"
    try:
        html = render_template(
            template,
            title=title,
            detail=detail,
            errors=errors or [],
            status=status,
            correlation_id=g.get("gu_correlation_id", ""),
        )
    except Exception as error:
        # What broke the page may well break its error page: the sentence still reaches the reader.
        log.error("error_page_failed", exc_info=error)
        return Response(detail, status, headers, content_type="text/plain; charset=utf-8")
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def _wants_problem() -> bool:
    state = web_state()
    if request.path.startswith((state.api_prefix, f"/{state.service}/health/")):
        return True
    return "text/html" not in request.headers.get("Accept", "") and "HX-Request" not in request.headers
